"""Bodies sent as HTML or Markdown, compared with the article's blocks. What a GET gives as HTML can be sent back:
the article's blocks are written and read in the same way, so that unchanged blocks are recognised."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import orjson
from sqlmodel import col, or_, select

from app.desk.articles import block_matching
from app.desk.transaction import Desk
from app.errors import Fault, Faults
from app.formats import inline_html
from app.formats.body import html_in, html_out, markdown_in, markdown_out
from app.formats.body.line import escaped
from app.formats.body.losses import Dropped
from app.formats.embeds import provider_of
from app.formats.markup_limits import TooMuch
from app.json_types import Json
from app.models.image import ImageRow
from app.rendering.blocks import images_of

Reading = tuple[list[Json], Dropped]
READERS: dict[str, Callable[[str, str, frozenset[str], str], Reading]] = {
    "html": html_in.read, "markdown": markdown_in.read,
}  # fmt: skip
WRITERS = {"html": html_out.block, "markdown": markdown_out.block}
ASIDE = ("id", "said")
"""What of a found block is no field of it."""
NEITHER = 'A body is a list of blocks, or {"html": "…"}, or {"markdown": "…"}.'


def as_blocks(desk: Desk, shown: Json, sent: Json, faults: Faults) -> Json:
    """Return the sent JSON with its HTML or Markdown body converted to blocks; what was left out
    becomes warnings."""
    body = sent.get("body")
    if not isinstance(body, dict):
        return sent
    form = next(iter(body), "")
    rest = {name: value for name, value in sent.items() if name != "body"}
    if len(body) != 1 or form not in READERS or not isinstance(body[form], str):
        faults.add("#/body", NEITHER)
        return rest
    lang = sent.get("lang") or shown.get("lang")
    coming = IncomingBody(desk, shown, form, lang if isinstance(lang, str) else "")
    try:
        blocks = coming.blocks(body[form])
    except TooMuch as much:
        faults.add(f"#/body/{form}", str(much))
        return rest
    desk.warnings += coming.dropped.sentences()
    return rest | {"body": blocks}


def point_faults_at_text(sent: Any, faults: list[Fault]) -> list[Fault]:
    """Errors of blocks that were made of a text, with the JSON Pointer of that text."""
    body = sent.get("body") if isinstance(sent, dict) else None
    if not isinstance(body, dict):
        return faults
    form = next(iter(body), "")
    return [
        {**one, "pointer": f"#/body/{form}"} if one["pointer"].startswith("#/body/") else one
        for one in faults
    ]


class IncomingBody:
    """Turns a text into blocks; the article's own blocks are read in the same way to be compared."""

    def __init__(self, desk: Desk, shown: Json, form: str, lang: str) -> None:
        self.desk, self.form, self.lang = desk, form, lang
        self.shown: dict[str, Json] = {block["id"]: block for block in shown.get("body", [])}
        self.notices = frozenset(one["id"] for one in shown.get("corrections", []))
        self.dropped = Dropped()

    def blocks(self, text: str) -> list[Json]:
        """Return the body as blocks: unchanged ones as a GET returns them, new ones as sent."""
        found, self.dropped = self.read(text)
        own = {id: self.read(WRITERS[self.form](block)) for id, block in self.shown.items()}
        images = Images(self.desk, [*found, *(one for some, _ in own.values() for one in some)])
        self.own = {id: self.with_images(images, *reading) for id, reading in own.items()}
        self.own_dropped = {id: dropped for id, (_, dropped) in own.items()}
        found = self.with_images(images, found, self.dropped)
        return self.match_to_shown(without_repeated_ids(found, self.own))

    def read(self, text: str) -> Reading:
        """The blocks of a text, and what was dropped."""
        return READERS[self.form](text, self.lang, self.notices, self.desk.settings.site)

    def with_images(self, images: "Images", found: list[Json], dropped: Dropped) -> list[Json]:
        """Blocks with images by id; images and corrections that do not exist become their text."""
        done: list[Json] = []
        for block in found:
            if block["type"] in ("figure", "gallery") and "withheld" not in block:
                done += images.with_ids(block, dropped)
            elif block["type"] == "correction" and block.get("correction") not in self.notices:
                done += paragraphs(block["said"], block.get("id"))
            else:
                done.append(block)
        return done

    def match_to_shown(self, found: list[Json]) -> list[Json]:
        """Each block as the article's block that it continues, or as a new one."""
        done: list[Json] = []
        waiting: list[tuple[int, Json]] = []
        free, at = dict(self.shown), 0
        while at < len(found):
            block = found[at]
            own = self.own.get(block.get("id") or "", [])
            if own and found[at : at + len(own)] == own:
                done.append(self.unchanged(block["id"], free))
                at += len(own)
                continue
            at += 1
            if "withheld" in block:
                self.dropped.note("withheld", block["type"])
            elif block["type"] == "empty":
                continue
            elif own:
                done.append(self.changed(block, own[0], free.pop(block["id"])))
            else:
                if "id" not in block:
                    waiting.append((len(done), block))
                done.append(new_block(block))
        self.match_by_likeness(done, waiting, free)
        return done

    def unchanged(self, id: str, free: dict[str, Json]) -> Json:
        """A block of the article that came back unchanged."""
        self.dropped.forgive(self.own_dropped[id])
        return free.pop(id)

    def match_by_likeness(
        self, done: list[Json], waiting: list[tuple[int, Json]], free: dict[str, Json]
    ) -> None:
        """Replace new blocks by the article's blocks that they are alike to."""
        ids = [id for id in free if len(self.own[id]) == 1 and "withheld" not in self.own[id][0]]
        pairs = block_matching.pairs(
            [piece(block) for _, block in waiting], [piece(self.own[id][0]) for id in ids]
        )
        for number, place in pairs.items():
            at, block = waiting[number]
            done[at] = self.changed(block, self.own[ids[place]][0], free[ids[place]])
            if done[at] == free[ids[place]]:
                self.dropped.forgive(self.own_dropped[ids[place]])

    def changed(self, found: Json, own: Json, shown: Json) -> Json:
        """A block of the article with the fields that changed."""
        if found["type"] != shown["type"]:
            return new_block(found) | {"id": shown["id"]}
        if found.get("said") != own.get("said"):
            self.dropped.note("said", found["type"])
        names = [name for name in found if name not in ASIDE and found[name] != own.get(name)]
        new = {name: changed_value(name, found[name], own, shown) for name in names}
        new |= {name: None for name in ("lang", "dir") if name in own and name not in found}
        if shown["type"] == "embed" and "url" in new and "provider" not in new:
            new["provider"] = provider_of(new["url"] or "")
        return shown | new


def changed_value(name: str, found: Any, own: Json, shown: Json) -> Any:
    """A changed field; parts of it that are equal stay as they were."""
    if name in ("items", "rows"):
        kept = {orjson.dumps(one): same for one, same in zip(own[name], shown[name], strict=False)}
        return [kept.get(orjson.dumps(one), one) for one in found]
    if name == "image":
        return changed_use(found, own[name], shown[name])
    if name == "images":
        there = {one["id"]: (one, same) for one, same in zip(own[name], shown[name], strict=False)}
        return [changed_use(one, *there.get(one["id"], ({}, {}))) for one in found]
    return found


def changed_use(found: Json, own: Json, shown: Json) -> Json:
    """An image use with the fields that changed."""
    if found["id"] != shown.get("id"):
        return without_nulls(found)
    return shown | {name: value for name, value in found.items() if value != own.get(name)}


def without_nulls(found: Json) -> Json:
    """The object without fields that are null."""
    return {name: value for name, value in found.items() if value is not None}


def new_block(found: Json) -> Json:
    """A new block in the form of ArticleWrite."""
    block = {name: value for name, value in without_nulls(found).items() if name != "said"}
    if "image" in block:
        block["image"] = without_nulls(block["image"])
    if "images" in block:
        block["images"] = [without_nulls(one) for one in block["images"]]
    return block


def paragraphs(lines: list[str], id: str | None = None) -> list[Json]:
    """Lines of text as paragraphs; the first may get an id."""
    found: list[Json] = [{"type": "paragraph", "html": escaped(line)} for line in lines if line]
    if id:
        found = found or [{"type": "empty"}]
        found[0]["id"] = id
    return found


def piece(found: Json) -> block_matching.Piece:
    """A block in the form in which blocks are compared."""
    content = {name: value for name, value in found.items() if name not in ASIDE}
    shows = [*(one["id"] for one in images_of(found)), found.get("url"), found.get("correction")]
    lines = [found.get("html") or "", *found.get("items", [])]
    cells = [cell for row in found.get("rows", []) for cell in row]
    return block_matching.Piece(
        found["type"], orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode(),
        " ".join([*map(inline_html.text_of, lines), *cells]),
        frozenset(one for one in [*shows, *found.get("articles", [])] if one),
    )  # fmt: skip


def without_repeated_ids(found: list[Json], own: dict[str, list[Json]]) -> list[Json]:
    """Blocks with each id once: a repeated id stays on the block most like the article's."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, block in enumerate(found):
        if "id" in block:
            places[block["id"]].append(at)
    for id, several in places.items():
        if len(several) > 1:
            kept = max(several, key=lambda at: (likeness(found[at], own.get(id, [])), -at))
            for at in several:
                if at != kept:
                    found[at].pop("id")
    return [block for block in found if block["type"] != "empty" or "id" in block]


def likeness(found: Json, own: list[Json]) -> float:
    """How alike a block is to the article's block, from 0 to 1."""
    if not own or own[0]["type"] != found["type"]:
        return 0
    return 1 if found == own[0] else block_matching.likeness(piece(found), piece(own[0]))


class Images:
    """The existing images that blocks refer to, by id or by the URL of their file."""

    def __init__(self, desk: Desk, found: list[Json]) -> None:
        self.bases = tuple(
            f"{url}/media/" for url in (desk.settings.public_url, desk.settings.site)
        )
        uses = [use for block in found for use in images_of(block)]
        ids = {use["id"] for use in uses if use["id"]}
        files = {self.file(use["src"]) for use in uses} - {None}
        self.ids: set[str] = set()
        self.files: dict[str, list[str]] = defaultdict(list)
        if ids or files:
            named = or_(col(ImageRow.id).in_(ids), col(ImageRow.file).in_(files))
            rows = desk.session.execute(select(ImageRow.id, ImageRow.file).where(named))
            for id, file in sorted(rows, key=lambda row: str(row[0])):
                self.ids.add(id)
                self.files[file or ""].append(id)

    def file(self, src: str | None) -> str | None:
        """The key in the media store that an address has, if it is one of ours."""
        base = next((one for one in self.bases if src and src.startswith(one)), None)
        return unquote(src.removeprefix(base).partition("?")[0]) if src and base else None

    def id_of(self, use: Json) -> str | None:
        """The id of the image: that of the file, else the id that was given."""
        there = self.files.get(self.file(use["src"]) or "", [])
        if use["id"] in self.ids and (use["id"] in there or not there):
            return str(use["id"])
        return there[0] if there else None

    def with_ids(self, block: Json, dropped: Dropped) -> list[Json]:
        """A figure or gallery of the images that exist, and the texts of those that do not."""
        known, words = [], list[str]()
        for use in images_of(block):
            if id := self.id_of(use):
                known.append(
                    {name: use[name] for name in ("alt", "caption", "credit")} | {"id": id}
                )
            else:
                name = use["src"] or use["id"] or "an img without an address"
                dropped.note("image", name, use["at"])
                words += [text for text in (use["caption"], use["credit"]) if text]
        if block["type"] == "figure":
            done = [{**block, "image": known[0]}] if known else []
        else:
            done = [{**block, "images": known}] if known or not words else []
        return done + paragraphs(words)
