"""What is shown of a confidential source: the desk's words, and an id that belongs to one story.

The id is an HMAC of the owner (the story; for an image by itself the image) under a random key in the
source's row. It stays the same however often the story is rendered, by whichever process, whatever
becomes of `ISNAD_SECRET`; two stories have two ids, which nobody without the row can relate.
"""

import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.attribution import chain
from app.attribution.chain import Credited
from app.json_types import Json
from app.language.folding import fold
from app.models.base import letters, pick
from app.models.image import ImageRow
from app.models.source import SourceKind, SourceRow

PREFIX = "csr_"
"""How the opaque ids begin."""

TERM = "confidential:"
"""What stands before an id in `article_term` where only re-renderings look for it."""

KIND = SourceKind.generic
"""The kind that every confidential source is shown with."""

SOURCE = ("id", "kind", "name", "credit", "aliases", "confidential", "public_label", "opaque_key")
"""Columns of the sources that stored documents name."""

IN_JSON = ("name", "credit", "aliases", "public_label")
HIDDEN = ("dispatch_id", "url", "stated_at", "note")
"""Fields of an attribution that may tell who its confidential source is."""


def new_key() -> str:
    """A key for a source's opaque ids: 256 random bits, hexadecimal."""
    return secrets.token_hex(32)


def new_slug() -> str:
    """A slug that tells nothing of the name."""
    return f"confidential-{letters(secrets.randbits(80), 16)}"


def opaque_id(row: SourceRow, owner: str) -> str:
    """The id of a confidential source in one story, or of one image. A source that was restored from
    an export without names is of one story only, and its own id is the opaque one."""
    if row.opaque_key is None:
        return row.id
    digest = hmac.digest(row.opaque_key.encode(), owner.encode(), "sha256")
    return PREFIX + letters(int.from_bytes(digest), 26)


def hides(row: SourceRow, reveal: bool) -> bool:
    """Whether a source is shown by its label."""
    return row.confidential and not reveal


def source_ref(row: SourceRow, owner: str, reveal: bool = False) -> Json:
    """SourceRef as JSON. `owner`: id of the story or image that shows it; `reveal`: for a caller who
    reads the names of confidential sources."""
    if hides(row, reveal):
        return hidden_ref(opaque_id(row, owner), row.public_label)
    return {
        "id": row.id, "slug": row.slug, "kind": row.kind, "name": row.name, "url": row.site,
        "confidential": row.confidential,
    }  # fmt: skip


def hidden_ref(id: str, label: Mapping[str, str]) -> Json:
    """What readers get of a confidential source: its label, and an id that only this article has."""
    return {
        "id": id, "slug": id, "kind": KIND, "name": dict(label), "url": None, "confidential": True,
    }  # fmt: skip


def credited(row: SourceRow) -> Credited:
    """Return the names of a source for a credit line, which readers see for every caller."""
    if row.confidential:
        return Credited(id=row.id, kind=KIND, name=row.public_label, credit={})
    return Credited(id=row.id, kind=row.kind, name=row.name, credit=row.credit)


def without_hidden(link: Json) -> Json:
    """An attribution without what may tell who its source is."""
    return link | dict.fromkeys(HIDDEN)


def term(id: str, hidden: bool) -> str:
    """The term by which a story that shows this is found."""
    return TERM + id if hidden else id


def image_words(row: ImageRow, source: SourceRow | None, reveal: bool) -> Json:
    """An image's credit by language, its photographer and its copyright, as far as they do not tell
    who its confidential source is: the photographer never, the others where they have no name of it."""
    words: Json = {
        "credit": row.credit,
        "photographer": row.photographer,
        "copyright": row.copyright,
    }
    if source is None or not hides(source, reveal):
        return words
    names = names_of(source)
    told = {lang: text for lang, text in row.credit.items() if not tells(text, names)}
    kept = None if tells(row.copyright, names) else row.copyright
    return {"credit": told, "photographer": None, "copyright": kept}


def names_of(row: SourceRow) -> list[str]:
    """Every name that the desk knows a source by."""
    return list(dict.fromkeys([*row.name.values(), *row.credit.values(), *row.aliases]))


def tells(text: str | None, names: Iterable[str]) -> str | None:
    """The first of these names that a text has, however it is spelt, also inside a longer word:
    Arabic writes "and" and "to" as a part of it."""
    folded = fold(text or "")
    return next((name for name in names if (one := fold(name)) and one in folded), None)


@dataclass(frozen=True)
class Known:
    """The present data of the sources that stored documents name, by id."""

    sources: Mapping[str, SourceRow]
    default_lang: str

    def hidden(self, ref: Any) -> SourceRow | None:
        """The confidential source that a SourceRef of the document names, if it is one."""
        row = self.sources.get(str(ref.get("id"))) if isinstance(ref, dict) else None
        return row if row is not None and row.confidential else None

    def open_keys(self, keys: str) -> str:
        """Surrogate keys without those of confidential sources."""
        return " ".join(key for key in keys.split() if not self.hidden({"id": key}))


def known(rows: Iterable[Sequence[Any]], default_lang: str) -> Known:
    """Rows of `editions.sources` as either driver gives them."""
    found = {}
    for row in rows:
        told: Json = dict(zip(SOURCE, row, strict=True))
        texts = {name: orjson.loads(told[name]) for name in IN_JSON}
        found[told["id"]] = SourceRow(**told | texts, slug=told["id"])
    return Known(found, default_lang)


def sources_in(value: Any) -> set[str]:
    """Ids of all sources that a JSON document names."""
    return {str(one["source"]["id"]) for one in showing_sources(value)} | {
        str(one["id"]) for one in listed(value)
    }


def showing_sources(value: Any) -> Iterator[Json]:
    """Every object of a document that has a `source`: attributions and images."""
    if isinstance(value, dict):
        if isinstance(value.get("source"), dict) and "id" in value["source"]:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from showing_sources(one)


def listed(story: Any) -> list[Json]:
    """The sources in the JSON of an article."""
    found = story.get("sources") if isinstance(story, dict) else None
    return [one for one in found or () if isinstance(one, dict)]


def redact(story: Json, known: Known) -> None:
    """Put what may be shown today into a document that was made when a source was not confidential;
    `hide_links` does the rest, when it is known what its dispatches hold."""
    owner, lang = str(story["id"]), str(story["lang"])
    links = story.get("attributions") or []
    if not any(known.hidden({"id": id}) for id in sources_in(story)):
        return
    if story.get("credit_line"):
        story["credit_line"] = credit_line_of(story, known)
    for one in list(showing_sources(story)):
        if row := known.hidden(one["source"]):
            one["source"] = source_ref(row, owner)
            if one not in links:
                one |= redacted_image(one, row, lang, known)
    story["sources"] = [
        source_ref(row, owner) if (row := known.hidden(one)) else one for one in listed(story)
    ]


def hide_links(story: Json) -> None:
    """Take out of a document what may tell who the confidential sources of its attributions are."""
    for link in story.get("attributions") or ():
        if link["source"]["confidential"]:
            link |= without_hidden(link)


def is_hidden(link: Json) -> bool:
    """Whether an attribution shows an opaque id in place of its source."""
    return bool(link["source"]["id"].startswith(PREFIX))


def complete(story: Json) -> None:
    """Add `confidential` to every SourceRef of a document stored by an earlier release."""
    for ref in (*listed(story), *(one["source"] for one in showing_sources(story))):
        ref.setdefault("confidential", False)


def credit_line_of(story: Json, known: Known) -> Json:
    """The credit line of a stored document, with today's words for its sources. A card has the
    sources in the order of credit, and no attributions."""
    if "attributions" not in story:
        named = [credit_in(ref, known) for ref in listed(story)]
        return {lang: chain.sentence(named, lang) for lang in story["credit_line"]}
    links = [
        chain.Link(
            id=one["id"], source_id=one["source"]["id"], role=one["role"],
            scope=next(iter(one["scope"])), scope_id=next(iter(one["scope"].values())),
            via=one["via"], position=place,
        )
        for place, one in enumerate(story["attributions"])
    ]  # fmt: skip
    refs = {one["source"]["id"]: one["source"] for one in story["attributions"]}
    sources = {id: credit_in(ref, known) for id, ref in refs.items()}
    return chain.credit_lines(links, sources, story["credit_line"])


def credit_in(ref: Json, known: Known) -> Credited:
    """Return the present names of a source for a credit line; those in the stored document if the
    source is unknown."""
    if row := known.sources.get(str(ref["id"])):
        return credited(row)
    return Credited(id=ref["id"], kind=ref["kind"], name=ref["name"], credit={})


def redacted_image(use: Json, row: SourceRow, lang: str, known: Known) -> Json:
    """What changes in an image use of a stored document."""
    names = names_of(row)
    label = pick(row.public_label, lang, known.default_lang)
    return {
        "credit": label if tells(use.get("credit"), names) else use.get("credit"),
        "photographer": None,
        "copyright": None if tells(use.get("copyright"), names) else use.get("copyright"),
    }
