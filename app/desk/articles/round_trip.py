"""An article that was read and is sent back: which of its fields are new, in the form of ArticleWrite. Relations
come as objects, ids, slugs or paths. Fields of blocks that a GET does not show are kept. Computed fields that
come back unchanged are ignored."""

from typing import Any

from app.errors import Fault, Faults
from app.formats import markup_limits
from app.json_types import Json
from app.models.article import ArticleRow, ArticleWrite
from app.models.base import optional_timestamp
from app.models.block import COMMON, OWN_FIELDS, BlockWrite
from app.request import json_body
from app.request.json_body import changed_fields, pointer
from app.request.strict_json import equal

Path = tuple[str | int, ...]

WRITABLE = set(ArticleWrite.model_fields)
GIVEN_AT_FIRST = {"embargo_until", "expires_at", "corrections"}
"""Fields that a new story may bring along, and that have a resource of their own afterwards."""

MOVING = ("modified_at", "updates")
"""What changes while the version stays: whoever sends the story back may have read it before."""

INCLUDED = ("display", "translation_cards", "versions", "jsonld")
"""What a read tells beside the story where it is asked to: no part of it that could be changed."""

USE_FIELDS = {"id", "alt", "caption", "credit"}
BLOCK_ONLY = {"withheld", "kind", "source_status"}
GOVERNS = {
    "id": "it is assigned at creation", "state": "PUT …/publication and its neighbours change it",
    "version": "each save raises it", "dir": "it follows from lang",
    "url": "it follows from section, lang and slug", "short_url": "the server makes it",
    "byline": "it follows from contributors", "word_count": "it follows from body",
    "read_minutes": "it follows from body",
    "source_status": "what its sources do sets it; DELETE …/source-status ends it",
    "sources": "it follows from attributions",
    "credit_line": "it follows from attributions; credit_line_override has the last word",
    "translations": "it follows from translation_of", "links": "the server makes them",
    "created_at": "it is when the story was made",
    "first_published_at": "it is set once, at the first publication",
    "updated_at": "each save after publication moves it", "modified_at": "each change moves it",
    "embargo_until": "PUT …/embargo sets it", "expires_at": "PUT …/expiry sets it",
    "corrections": "POST …/corrections adds one", "updates": "POST …/updates adds one",
}  # fmt: skip
USE_GOVERNS = {"source": "the image has it: PATCH /v1/images/{id}"}


class Revision:
    """The result of a write to a story. `shown`: what a GET returns; `base`: the stored content,
    in the form of ArticleWrite."""

    def __init__(self, shown: Json, base: Json) -> None:
        self.shown, self.base = shown, base
        self.faults = Faults()

    def parse(self, sent: Any) -> ArticleWrite | None:
        """The article to be saved, as far as it can be read; errors are added to `faults`."""
        if not isinstance(sent, dict):
            self.faults.append(json_body.NO_OBJECT)
            return None
        left_out = {*INCLUDED, *(MOVING if self.shown else ())}
        sent = {name: value for name, value in sent.items() if name not in left_out}
        writable = WRITABLE - GIVEN_AT_FIRST if self.shown else WRITABLE
        new = changed_fields(sent, self.shown, writable, GOVERNS, (), self.faults)
        if self.shown:
            self.faults += json_body.null_faults(ArticleWrite, new)
        given = {name: self.written_form(name, value) for name, value in new.items()}
        kept = {name: value for name, value in self.base.items() if name not in given}
        whole = kept | {name: value for name, value in given.items() if value is not None}
        write, wrong = json_body.validate(ArticleWrite, whole)
        self.faults += wrong
        return write or self.parse_rest(whole, wrong)

    def parse_rest(self, whole: Json, wrong: list[Fault]) -> ArticleWrite | None:
        """Validate the story without its invalid fields, to find further errors."""
        faulty = {fault["pointer"].split("/")[1] for fault in wrong if "/" in fault["pointer"]}
        rest = {name: value for name, value in whole.items() if name not in faulty}
        needed = {"lang": "en", "headline": "-"}
        return json_body.validate(ArticleWrite, needed | rest)[0]

    def written_form(self, name: str, value: Any) -> Any:
        """A field's value in the form of ArticleWrite."""
        take = TAKERS.get(name)
        return take(self, value, (name,)) if take and value is not None else value

    def section(self, value: Any, at: Path) -> Any:
        """A section by id or path."""
        return self.reference(value, at, "id", "path")

    def references(self, value: Any, at: Path) -> Any:
        """A list of relations."""
        if not isinstance(value, list):
            return value
        return [self.reference(one, (*at, place)) for place, one in enumerate(value)]

    def reference(self, value: Any, at: Path, *names: str) -> Any:
        """An id, slug or path; an object stands for its id."""
        if not isinstance(value, dict):
            return value
        found = [value[name] for name in names or ("id", "slug", "path") if value.get(name)]
        if found:
            return found[0]
        self.faults.add(pointer(*at), "An object names itself by id.")
        return "-"

    def contributors(self, value: Any, at: Path) -> Any:
        """A list of contributors."""
        if not isinstance(value, list):
            return value
        return [self.contributor(one, (*at, place)) for place, one in enumerate(value)]

    def contributor(self, one: Any, at: Path) -> Any:
        """A contributor with a role, in the form of ArticleWrite."""
        if isinstance(one, str):
            return {"contributor": one}
        if not isinstance(one, dict) or "contributor" in one:
            return one
        role = {"role": one["role"]} if "role" in one else {}
        return {"contributor": self.reference(one, at)} | role

    def attributions(self, value: Any, at: Path) -> Any:
        """The chain of attribution; sources as objects stand for their ids."""
        if not isinstance(value, list):
            return value
        return [
            self.link(one, (*at, place)) if isinstance(one, dict) and "source" in one else one
            for place, one in enumerate(value)
        ]

    def link(self, one: Json, at: Path) -> Json:
        """An attribution without the fields that only reads have."""
        named = {"source": self.reference(one["source"], (*at, "source"))}
        return {name: value for name, value in one.items() if name != "source_status"} | named

    def lead(self, value: Any, at: Path) -> Any:
        """The lead image."""
        return self.use(value, self.shown.get("lead_image"), self.base.get("lead_image"), at)

    def use(self, sent: Any, shown: Json | None, kept: Json | None, at: Path) -> Any:
        """An image use. Fields equal to those shown stay the image's own; others belong to this use."""
        if isinstance(sent, str):
            return {"id": sent}
        if not isinstance(sent, dict):
            return sent
        same = shown is not None and sent.get("id") == shown["id"]
        if not same or shown is None or kept is None:
            return {
                name: one for name, one in sent.items() if name in USE_FIELDS
            } | self.report_unknown(sent, at)
        new = changed_fields(sent, shown, USE_FIELDS, USE_GOVERNS, at, self.faults)
        stays = {name: kept[name] for name in kept if name in sent and name not in new}
        return {"id": shown["id"]} | stays | {n: one for n, one in new.items() if one is not None}

    def report_unknown(self, sent: Json, at: Path) -> Json:
        """Report unknown fields of images."""
        known = {*USE_FIELDS, *IMAGE_FIELDS}
        for name in sent:
            if name not in known:
                json_body.add_unknown_field(name, known, pointer(*at, name), self.faults)
        return {}

    def body(self, value: Any, at: Path) -> Any:
        """The list of blocks."""
        if not isinstance(value, list):
            return value
        shown = {block["id"]: block for block in self.shown.get("body", [])}
        kept = {block["id"]: block for block in self.base.get("body", [])}
        return [
            self.block(one, shown.get(one.get("id")), kept.get(one.get("id")), (*at, place))
            if isinstance(one, dict) else one
            for place, one in enumerate(value)
        ]  # fmt: skip

    def block(self, sent: Json, shown: Json | None, kept: Json | None, at: Path) -> Json:
        """A block: a new one, or one that was shown, with the fields that changed."""
        self.check_markup(sent, at)
        if kept is not None and equal(sent, shown):
            return kept
        type = str(sent.get("type"))
        own = OWN_FIELDS.get(type, set()) | COMMON
        if shown is None or kept is None or shown["type"] != type:
            return self.new_block(sent, own, at)
        new = changed_fields(sent, shown, own, {}, at, self.faults)
        if "html" in new:
            new.pop("text", None)
        named = {*sent, "html"} if "text" in sent else set(sent)  # the text is kept as HTML
        stays = {name: kept[name] for name in kept if name in named and name not in new}
        if "text" in new:
            stays.pop("html", None)
        block = {"id": shown["id"], "type": type} | stays | new
        return self.with_images(block, new, shown, kept, at)

    def check_markup(self, sent: Json, at: Path) -> None:
        """Report inline HTML that would take too long to parse."""
        items = sent.get("items")
        lines: list[tuple[Path, Any]] = [(("html",), sent.get("html"))]
        for place, item in enumerate(items if isinstance(items, list) else ()):
            lines.append((("items", place), item))
        for where, html in lines:
            try:
                markup_limits.check_line(html if isinstance(html, str) else "")
            except markup_limits.TooMuch as much:
                self.faults.add(pointer(*at, *where), str(much))

    def with_images(self, block: Json, new: Json, shown: Json, kept: Json, at: Path) -> Json:
        """The block with its images and articles in the form of ArticleWrite."""
        if "image" in new:
            block["image"] = self.use(
                new["image"], shown.get("image"), kept.get("image"), (*at, "image")
            )
        if isinstance(new.get("images"), list):
            there = {one["id"]: one for one in shown.get("images", [])}
            stored = {one["id"]: one for one in kept.get("images", [])}
            block["images"] = [
                self.use(one, there.get(id_of(one)), stored.get(id_of(one)), (*at, "images", place))
                for place, one in enumerate(new["images"])
            ]
        if "articles" in new:
            block["articles"] = self.references(new["articles"], (*at, "articles"))
        return block

    def new_block(self, sent: Json, own: set[str], at: Path) -> Json:
        """A block that the article does not have; fields that only reads show are left out."""
        block = {name: value for name, value in sent.items() if name in own}
        known = {*BlockWrite.model_fields, *BLOCK_ONLY}
        for name in sent:
            if name not in known:
                json_body.add_unknown_field(name, known, pointer(*at, name), self.faults)
            elif name not in own and name not in {*BLOCK_ONLY, "html", "text"}:
                block[name] = sent[name]  # the model says that this type has it not
        if "html" in block and "text" in block:
            block.pop("text")
        return self.with_images(block, block, {}, {}, at)


IMAGE_FIELDS = {
    "photographer", "source", "copyright", "rights", "lang", "dir", "width", "height",
    "focal_point", "thumbhash", "color", "url", "srcset", "renditions", "withheld",
    "source_status",
}  # fmt: skip
TAKERS: dict[str, Any] = {
    "section": Revision.section, "sections": Revision.references, "tags": Revision.references,
    "contributors": Revision.contributors, "lead_image": Revision.lead, "body": Revision.body,
    "attributions": Revision.attributions, "related": Revision.references,
}  # fmt: skip


def id_of(one: Any) -> Any:
    """The id of an object; other values as they are."""
    return one.get("id") if isinstance(one, dict) else one


def as_write(article: ArticleRow, content: Json) -> Json:
    """Return the content of a version, in the form of ArticleWrite."""
    return {
        **{name: content[name] for name in WRITABLE & content.keys()},
        "contributors": [
            {"contributor": who["id"], "role": who["role"]} for who in content["contributors"]
        ],
        "slug": article.slug,
        "embargo_until": optional_timestamp(article.embargo_until),
        "expires_at": optional_timestamp(article.expires_at),
    }
