"""The stemmer's tables that are kept in a file."""

from importlib.resources import files

from app.language import prepared_stems
from app.language.lexicon import Lexicon
from app.language.stemmer import Stemmer


def test_the_file_has_what_the_stemmer_makes_of_the_tables() -> None:
    kept = files("app").joinpath(prepared_stems.FILE).read_bytes()
    assert kept == prepared_stems.made(), "run scripts/stems"


def test_a_stemmer_of_prepared_tables_is_the_one_that_was_made() -> None:
    lexicon = Lexicon()
    loaded, made = Stemmer(lexicon, prepared_stems.prepared(lexicon)), Stemmer(lexicon)
    assert vars(loaded) == vars(made)


def test_what_a_site_has_learnt_is_made_anew() -> None:
    assert prepared_stems.prepared(Lexicon({"مرفا": 3})) is None
    assert prepared_stems.prepared(Lexicon(own_spellings="مرفا|ميناء")) is None
    assert prepared_stems.prepared(Lexicon()) is not None
