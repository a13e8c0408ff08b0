"""What of a story is searched: its words by field, and what a reader may begin to type."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from app.language.analyzer import name_key, normal_words

TITLES = ("headline", "short_headline", "kicker")
MOST_STARTS = 8
"""Words of a headline at which what one types may begin."""
MOST_WORDS = 64
"""Different words of an image that it is found by."""


@dataclass(frozen=True)
class Texts:
    """A story's words by field."""

    title: str
    summary: str
    body: str

    @property
    def together(self) -> str:
        """All words, a line for each field."""
        return f"{self.title}\n{self.summary}\n{self.body}"


def texts_of(whole: bytes) -> Texts:
    """The words of a rendered story: what readers are shown, so nothing that is withheld."""
    story = orjson.loads(whole)
    return Texts(
        "\n".join(story[name] for name in TITLES if story[name]), story["summary"] or "",
        "\n".join(block["text"] for block in story["body"] if block["text"]),
    )  # fmt: skip


def keys_of(id: str, title: str) -> list[dict[str, Any]]:
    """Rows for the headline from each of its first words on."""
    headline = title.partition("\n")[0]
    return [
        {"article_id": id, "place": place, "key": key} for place, key in starts(headline)
    ]  # fmt: skip


def name_keys(noun: str, id: str, names: dict[str, str]) -> list[dict[str, Any]]:
    """Rows for a noun's name in each language, from each of its first words on."""
    return [
        {"object_id": id, "lang": lang, "place": place, "noun": noun, "key": key, "name": name}
        for lang, name in names.items() for place, key in starts(name)
    ]  # fmt: skip


def image_words(id: str, *texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows for the first of the different words that an image's texts have, in every language."""
    spoken = (word for names in texts for text in names.values() for word in normal_words(text))
    words = dict.fromkeys(name_key([word]) for word in spoken)
    return [{"image_id": id, "word": word} for word in islice(words, MOST_WORDS)]


def starts(text: str) -> Iterator[tuple[int, str]]:
    """A text from each of its first words on, folded; the first without its article."""
    words = normal_words(text)
    for place in range(min(len(words), MOST_STARTS)):
        if len(words[place]) > 1:
            yield place, name_key(words[place:])
