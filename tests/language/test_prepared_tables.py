"""The analyser's tables that are kept in a file."""

from pathlib import Path

from app.language.analyzer import Analyser
from app.language.lexicon import Lexicon
from app.language.prepared_tables import FILE, prepared
from scripts.tables import made


def test_the_file_has_what_the_analyser_makes() -> None:
    assert Path("app", FILE).read_bytes() == made(), "run scripts/tables"


def test_an_analyser_of_prepared_tables_is_the_one_that_is_made() -> None:
    loaded, fresh = Analyser(Lexicon()), Analyser(Lexicon(), fresh=True)
    assert loaded.prepared and vars(loaded.stemmer) == vars(fresh.stemmer)
    text = "منظمة الأمم المتحدة في الولايات المتحدة: NATO ينسحب من ألمانيا وللبنان كهربائي"
    assert loaded.terms(text) == fresh.terms(text)
    assert loaded.names.keys() == fresh.names.keys()


def test_tables_of_what_a_site_has_learnt_are_made() -> None:
    assert prepared(Lexicon({"مرفا": 3})) is None
    assert prepared(Lexicon(own_spellings="مرفا|ميناء")) is None
    assert prepared(Lexicon()) is not None
