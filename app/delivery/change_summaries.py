"""What a reader sees changed between two versions of a story, and the words that say it.

The words are data: `data/changes.json`, by language, in the plural forms that each language has.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from babel import Locale

from app.delivery.diff import by_id, in_order, same, stays
from app.json_types import Json

WORDS = ("headline", "kicker", "short_headline", "summary", "kind", "lang")
PICTURES = ("figure", "gallery")


def summary(old: Json | None, new: Json) -> list[Json]:
    """Return what changed for readers; for the first version, that it is the first."""
    if old is None:
        return [change("first")]
    found = [
        change(name, old[name], new[name]) for name in WORDS if old[name] != new[name]
    ]  # fmt: skip
    for kind, (seen, words) in SEEN.items():
        if not same(seen(old), seen(new)):
            found.append(change(kind, words(old), words(new)))
    return found + notices(old, new) + passages(old["body"], new["body"])


def change(
    kind: str, before: str | None = None, after: str | None = None, block: Json | None = None
) -> Json:
    """One change as JSON; `before` and `after` are text that a reader can compare."""
    id, type = (block["id"], block["type"]) if block else (None, None)
    return {"kind": kind, "block": id, "type": type, "from": before, "to": after}


def nothing(_: Json) -> None:
    """No words for it."""


def picture(story: Json) -> Any:
    """What readers see of the lead image, to compare."""
    use = story["lead_image"]
    names = ("id", "alt", "caption", "credit", "photographer")
    return [use[name] for name in names] if use else None


def caption(story: Json) -> str | None:
    """The caption of the lead image, else its alternative text."""
    use = story["lead_image"]
    return (use["caption"] or use["alt"]) if use else None


def credit(story: Json) -> str | None:
    """The credit line in the language of the article."""
    line = story["credit_line_override"] or story["credit_line"]
    return line.get(story["lang"]) or next(iter(line.values()), None)


def ids(name: str) -> Any:
    """A function that gives the ids in a list of an article."""
    return lambda story: [one["id"] for one in story[name]]


def names(name: str) -> Any:
    """Names in the story's language, as a list in a line."""

    def said(story: Json) -> str | None:
        found = [
            one["name"].get(story["lang"]) or next(iter(one["name"].values()), "")
            for one in story[name]
        ]  # fmt: skip
        return ", ".join(found) or None

    return said


SEEN: dict[str, tuple[Any, Any]] = {
    "image": (picture, caption),
    "credit": (lambda story: [credit(story), story["attributions"]], credit),
    "byline": (ids("contributors"), lambda story: story["byline"]),
    "section": (ids("sections"), names("sections")),
    "tags": (ids("tags"), names("tags")),
    "related": (ids("related"), nothing),
    "date": (
        lambda story: [story["published_at"], story["date_line"]],
        lambda story: story["date_line"] or story["published_at"],
    ),
    "address": (lambda story: story["slug"], lambda story: story["url"]),
    "rights": (lambda story: story["rights"], nothing),
}
"""By kind: what of a story is compared, and the words that tell it."""


def notices(old: Json, new: Json) -> list[Json]:
    """Corrections and other notices that came."""
    known = by_id(old["corrections"])
    return [
        change("correction", None, one["text"].get(new["lang"]) or next(iter(one["text"].values())))
        for one in new["corrections"] if one != known.get(one["id"])
    ]  # fmt: skip


def passages(old: list[Json], new: list[Json]) -> list[Json]:
    """What happened to the blocks, in the order in which they stand."""
    before, after = by_id(old), by_id(new)
    found = [
        change("block_removed", words_of(block), None, block)
        for block in old if not stays(block, after.get(block["id"]))
    ]  # fmt: skip
    there = [block["id"] for block in old if stays(block, after.get(block["id"]))]
    still = in_order(there, [block["id"] for block in new])
    for block in new:
        was = before.get(block["id"])
        if was is None or not stays(block, was):
            found.append(change("block_added", None, words_of(block), block))
            continue
        if block["id"] not in still:
            found.append(change("block_moved", None, None, block))
        if not same(was, block):
            found.append(change("block_changed", words_of(was), words_of(block), block))
    return found


def words_of(block: Json) -> str | None:
    """The text of a block; None for one without."""
    return block["text"] or None


def in_words(changes: list[Json]) -> dict[str, str]:
    """The summary as a sentence or a few, by language."""
    counted: dict[str, int] = {}
    for one in changes:
        kind = one["kind"]
        if kind.startswith("block_"):
            kind += "_image" if one["type"] in PICTURES else "_text"
        counted[kind] = counted.get(kind, 0) + 1
    return {lang: said(lang, counted) for lang in phrases()}


def said(lang: str, counted: dict[str, int]) -> str:
    words = phrases()[lang]
    sentences = []
    for kind, count in (counted or {"none": 1}).items():
        phrase = words[kind]
        if isinstance(phrase, dict):
            phrase = phrase.get(Locale.parse(lang).plural_form(count)) or phrase["other"]
        sentences.append(phrase.replace("{n}", str(count)))
    return " ".join(sentences)


@cache
def phrases() -> dict[str, dict[str, Any]]:
    """The words, by language: adding a language is adding data."""
    found: dict[str, dict[str, Any]] = orjson.loads(
        files("app").joinpath("data/changes.json").read_bytes()
    )
    return found
