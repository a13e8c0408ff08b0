"""The analyser's tables for the lexicon that has learnt nothing. `scripts/tables` makes them, so that the
first search of a process need not.
"""

from importlib.resources import files
from typing import Any

import orjson

from app.language.lexicon import Lexicon

FILE = "data/arabic/prepared.json"
Prepared = dict[str, Any]


def prepared(lexicon: Lexicon) -> Prepared | None:
    """What `Analyser.dump` gave for a lexicon; None where the tables have to be made."""
    if lexicon.words or lexicon.own_spellings:
        return None
    found: Prepared = orjson.loads(files("app").joinpath(FILE).read_bytes())
    return found if found["version"] == lexicon.version else None
