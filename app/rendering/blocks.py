"""Blocks: as sent, as kept in a version, as readers get them. docs/blocks.md."""

from collections.abc import Callable, Mapping
from itertools import compress
from typing import Any

from app.formats import inline_html
from app.formats.body import inline_in
from app.formats.body.losses import Dropped
from app.formats.table_grid import padded
from app.models.base import direction, new_id
from app.models.block import BlockWrite
from app.models.image import ImageUseWrite

Stored = dict[str, Any]
ShowImage = Callable[[Stored], dict[str, Any]]


def new_block_id() -> str:
    """A new id for a block."""
    return "b_" + new_id("b")[-10:]


def keep(block: BlockWrite, lang: str = "", site: str = "") -> Stored:
    """The block as its version keeps it: sanitised, with an id, nothing derived. `lang` is the
    story's; relative addresses are resolved against `site`."""
    kept = block.stored()
    kept["id"] = block.id or new_block_id()
    if kept.get("dir") == direction(block.lang or lang):
        del kept["dir"]
    if "html" in kept or "text" in kept:
        html = kept.pop("html", None)
        text = kept.pop("text", None)
        kept["html"] = (
            inline_html.clean(html, site) if html is not None else inline_html.escape(text or "")
        )
    if "items" in kept:
        kept["items"] = [inline_html.clean(item, site) for item in kept["items"]]
    if "rows" in kept:
        kept["rows"] = padded(kept["rows"])
    if kept["type"] in LINKED:
        tracks = kept["tracks"] if isinstance(kept.get("tracks"), list) else []
        for holder, name in [(kept, "url"), (kept, "poster"), *((one, "url") for one in tracks)]:
            if address := inline_html.resolve_url(holder.get(name) or "", site):
                holder[name] = address
    return kept


def without_omitted(sent: BlockWrite, dropped: Dropped, lang: str, site: str) -> BlockWrite:
    """The block without what its HTML says is no part of the text: struck words and the like."""
    new: dict[str, Any] = {}
    if sent.html is not None:
        new["html"] = inline_in.without_omitted(sent.html, dropped, sent.lang or lang, site)
    if sent.items is not None:
        items = [
            inline_in.without_omitted(one, dropped, sent.lang or lang, site) for one in sent.items
        ]
        stays = [bool(one) or not old for one, old in zip(items, sent.items, strict=True)]
        new["items"] = list(compress(items, stays))
        if sent.outline:
            new["outline"] = list(compress(sent.outline, stays))
    same = all(getattr(sent, name) == value for name, value in new.items())
    return sent if same else sent.model_copy(update=new)


LINKED = frozenset(["video", "audio", "embed"])
"""Blocks that name files and pages elsewhere."""


def images_of(kept: Stored) -> list[Stored]:
    """The image uses of a kept block."""
    if kept["type"] == "figure":
        return [kept["image"]] if kept.get("image") else []
    return list(kept.get("images", [])) if kept["type"] == "gallery" else []


def images_sent(block: BlockWrite) -> list[ImageUseWrite]:
    """The images of a block as the desk sent it."""
    return ([block.image] if block.image else []) + (block.images or [])


def show(
    kept: Stored, image: ShowImage, corrections: dict[str, Any], story_lang: str
) -> dict[str, Any]:
    """The block as readers get it; `related` is filled at read."""
    lang = kept.get("lang")
    shown = {
        "id": kept["id"], "type": kept["type"], "lang": lang,
        "dir": kept.get("dir") or (direction(lang) if lang else None), "html": "", "text": "", "withheld": None,
        "source_status": None,
    }  # fmt: skip
    SHOW[kept["type"]](kept, shown, image, corrections)
    shown["text"] = (
        shown["text"]
        if shown["withheld"]
        else inline_html.text_of(shown["html"], lang or story_lang)
    )
    return shown


def words_of(shown: dict[str, Any], html: str) -> None:
    """Set what a block shows as HTML."""
    shown["html"] = html


def lines_of(shown: dict[str, Any], lines: list[str | None]) -> None:
    """Set what a block shows as HTML: lines of plain text."""
    words_of(shown, "<br>".join(inline_html.escape(line) for line in lines if line))


def paragraph(kept: Stored, shown: dict[str, Any], *_: Any) -> None:
    """Add what a paragraph shows."""
    words_of(shown, kept.get("html", ""))


def heading(kept: Stored, shown: dict[str, Any], *_: Any) -> None:
    """Add what a heading shows: its HTML and level."""
    words_of(shown, kept.get("html", ""))
    shown["level"] = kept.get("level", 2)


def quote(kept: Stored, shown: dict[str, Any], *_: Any) -> None:
    """Add what a quote shows: its HTML and who said it."""
    words_of(shown, kept.get("html", ""))
    shown["who"] = kept.get("who")


def figure(kept: Stored, shown: dict[str, Any], image: ShowImage, _: Any) -> None:
    """Add what a figure shows: its image, caption and credit; withheld with its image."""
    shown["image"] = use = image(kept["image"])
    lines_of(shown, [use["caption"], use["credit"]])
    if use["withheld"]:
        shown |= {"withheld": use["withheld"], "html": None, "text": None}


def gallery(kept: Stored, shown: dict[str, Any], image: ShowImage, _: Any) -> None:
    """Add what a gallery shows: its images and their captions."""
    shown["images"] = uses = [image(use) for use in kept.get("images", [])]
    lines_of(shown, [use["caption"] for use in uses])


def media(kept: Stored, shown: dict[str, Any], *_: Any) -> None:
    """Add what a video or audio block shows."""
    for name in ("url", "mime", "poster", "duration", "caption", "credit"):
        shown[name] = kept.get(name)
    shown["tracks"] = kept.get("tracks") or []
    lines_of(shown, [shown["caption"], shown["credit"]])


def listing(kept: Stored, shown: dict[str, Any], *_: Any) -> None:
    """Add what a list shows: its items and how they are numbered."""
    shown["ordered"] = bool(kept.get("ordered"))
    shown["items"] = kept.get("items", [])
    for name in ("start", "marker"):
        shown[name] = kept.get(name)
    shown["reversed"] = bool(kept.get("reversed"))
    shown["outline"] = [{"value": None} | place for place in kept.get("outline") or ()]
    words_of(shown, "<br>".join(shown["items"]))


def table(kept: Stored, shown: dict[str, Any], *_: Any) -> None:
    """Add what a table shows: rows of equal length, caption, header."""
    shown["caption"] = kept.get("caption")
    shown["header"] = bool(kept.get("header"))
    shown["rows"] = padded(kept.get("rows", []))
    rows = [" · ".join(cell for cell in row if cell) for row in shown["rows"]]
    lines_of(shown, [shown["caption"], *rows])


def embed(kept: Stored, shown: dict[str, Any], *_: Any) -> None:
    """Add what an embed shows: provider, address and the text to show without it."""
    for name in ("provider", "url", "ratio", "fallback"):
        shown[name] = kept.get(name)
    shown["tracks"] = kept.get("tracks") or "unknown"
    label = inline_html.escape(shown["fallback"] or shown["url"] or "")
    link = inline_html.clean(f'<a href="{html_attribute(shown["url"])}">{label}</a>')
    words_of(shown, link if shown["url"] else label)


def related(kept: Stored, shown: dict[str, Any], *_: Any) -> None:
    """Add what a block of related articles shows: a title, and the placeholder of their cards."""
    shown["title"] = kept.get("title")
    shown["articles"] = {"$fill": kept["id"]}
    lines_of(shown, [kept.get("title")])


def correction(kept: Stored, shown: dict[str, Any], _: Any, corrections: dict[str, Any]) -> None:
    """Add what a correction block shows: the notice that it names."""
    notice = corrections.get(kept.get("correction") or "")
    shown["correction"] = notice["id"] if notice else None
    shown["kind"] = notice["kind"] if notice else "correction"
    lines_of(shown, [notice["shown_text"]] if notice else [])


def divider(kept: Stored, shown: dict[str, Any], *_: Any) -> None:
    """A divider has nothing of its own."""


SHOW: dict[str, Callable[..., None]] = {
    "paragraph": paragraph, "heading": heading, "quote": quote, "figure": figure,
    "gallery": gallery, "video": media, "audio": media, "list": listing, "table": table,
    "embed": embed, "related": related, "correction": correction, "divider": divider,
}  # fmt: skip


KEPT = {
    "id",
    "type",
    "lang",
    "dir",
    "level",
    "ordered",
    "reversed",
    "header",
    "kind",
    "source_status",
}
"""What a withheld block still says of itself."""

EMPTY: dict[str, Any] = {"items": [], "rows": [], "articles": [], "outline": []}


def withhold(shown: dict[str, Any], reason: str) -> None:
    """Leave nothing of a block but that it stood there."""
    for name in shown.keys() - KEPT:
        if name in ("image", "images"):
            for use in [shown[name]] if name == "image" else shown[name]:
                withhold_image(use, reason)
        elif name == "tracks":
            shown[name] = [] if isinstance(shown[name], list) else "unknown"
        else:
            shown[name] = EMPTY.get(name)
    shown["withheld"] = {"reason": reason}


def withhold_image(use: dict[str, Any], reason: str) -> None:
    """Leave nothing of an image's file in this use of it."""
    gone = dict.fromkeys(("url", "srcset", "thumbhash", "color"))
    use |= gone | {"renditions": [], "withheld": {"reason": reason}}


def withhold_parts(story: dict[str, Any], held: Mapping[str, str]) -> None:
    """Withhold of a story's JSON the blocks and images of these ids, or with its own id its body.
    `held` has the reason of each."""
    for block in story["body"]:
        names = [story["id"], block["id"], *([block["image"]["id"]] if "image" in block else [])]
        if reason := next((held[name] for name in names if name in held), None):
            withhold(block, reason)
    for use in uses_in(story):
        if use["id"] in held and not use["withheld"]:
            withhold_image(use, held[use["id"]])


def flag_parts(story: dict[str, Any], status: Mapping[str, str]) -> None:
    """Say of blocks and images what their sources did to the items that they rest on."""
    for part in [*story["body"], *uses_in(story)] if status else []:
        part["source_status"] = status.get(part["id"])


def uses_in(story: dict[str, Any]) -> list[dict[str, Any]]:
    """Every image use of a story's JSON: its lead, its figures and galleries."""
    lead = [story["lead_image"]] if story["lead_image"] else []
    figures = [block["image"] for block in story["body"] if "image" in block]
    return [*lead, *figures, *(use for block in story["body"] for use in block.get("images", []))]


def html_attribute(value: str | None) -> str:
    """Text escaped for a quoted HTML attribute."""
    return inline_html.escape(value or "").replace('"', "&quot;")
