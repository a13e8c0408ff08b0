"""The stemmer's tables for the lexicon that has learnt nothing. `scripts/stems` makes them, so that the
first search of a process need not.
"""

from importlib.resources import files

import orjson

from app.language.lexicon import Lexicon
from app.language.stemmer import Prepared, Stemmer

FILE = "data/arabic/stems.json"


def prepared(lexicon: Lexicon) -> Prepared | None:
    """The tables of a lexicon; None where they have to be made."""
    if lexicon.words or lexicon.own_spellings:
        return None
    found: Prepared = orjson.loads(files("app").joinpath(FILE).read_bytes())
    return found if found["version"] == lexicon.version else None


def made() -> bytes:
    """The content of the file."""
    lexicon = Lexicon()
    content = {"version": lexicon.version, **Stemmer(lexicon).dump()}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
