"""Make the file of tables that the analyser reads. Run by scripts/tables."""

from pathlib import Path

import orjson

from app.language.analyzer import Analyser
from app.language.lexicon import Lexicon
from app.language.prepared_tables import FILE


def made() -> bytes:
    """The content of the file."""
    tables = Analyser(Lexicon(), fresh=True).dump()
    return orjson.dumps(tables, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


if __name__ == "__main__":
    Path("app", FILE).write_bytes(made())
