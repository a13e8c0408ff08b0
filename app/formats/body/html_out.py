"""A body as HTML, from the blocks that readers get. Each element has `data-block`, and the HTML
can be sent back.

What HTML cannot express is in `data-` attributes, so that `html_in.read` returns the same blocks.
"""

from collections.abc import Callable

from app.formats import inline_html
from app.formats.body.line import quoted
from app.formats.body.style import OL_TYPES, allowed_url
from app.json_types import Json

Given = str | int | float | None


def whole(body: list[Json], corrections: list[Json], lang: str) -> str:
    """Return the body, one element for each block, followed by corrections that no block shows."""
    return "\n".join(
        [*map(block, body), *(notice_html(one, lang) for one in unplaced(body, corrections))]
    )


def unplaced(body: list[Json], corrections: list[Json]) -> list[Json]:
    placed = {one["correction"] for one in body if one["type"] == "correction"}
    return [one for one in corrections if one["id"] not in placed]


def notice_text(correction: Json, lang: str) -> str:
    """Return a notice in the story's language, else in any."""
    texts = correction["text"]
    return str(texts.get(lang) or next(iter(texts.values()), ""))


def notice_html(correction: Json, lang: str) -> str:
    text = paragraph_of(inline_html.escape(notice_text(correction, lang)))
    named = attributes(("data-notice", correction["id"]), ("data-kind", correction["kind"]))
    return f"<aside{named}>{text}</aside>"


def block(shown: Json) -> str:
    """Return one block as an element."""
    if shown["withheld"]:
        kind = ("data-type", shown["type"])
        reason = ("data-withheld", shown["withheld"]["reason"])
        return element("div", shown, "", kind, reason)
    return WRITERS.get(shown["type"], unknown_block)(shown)


def attributes(*pairs: tuple[str, Given]) -> str:
    """Return HTML attributes, without those that have no value."""
    return "".join(f' {name}="{quoted(str(one))}"' for name, one in pairs if one is not None)


def element(tag: str, shown: Json, inside: str, *pairs: tuple[str, Given]) -> str:
    """Return a block's element, with its id, and its language if it has its own."""
    spoken = (("lang", shown["lang"]), ("dir", shown["dir"]))
    named = attributes(("data-block", shown["id"]), *spoken, *pairs)
    return f"<{tag}{named}>{inside}</{tag}>"


def paragraph_of(html: str) -> str:
    return f"<p>{html}</p>" if html else ""


def paragraph(shown: Json) -> str:
    return element("p", shown, shown["html"])


def heading(shown: Json) -> str:
    return element(f"h{shown['level']}", shown, shown["html"])


def quote(shown: Json) -> str:
    who = (
        f"<footer><cite>{inline_html.escape(shown['who'])}</cite></footer>" if shown["who"] else ""
    )
    return element("blockquote", shown, paragraph_of(shown["html"]) + who)


TYPES = {style: letter for letter, style in OL_TYPES.items()}
"""The `type` of an `ol` by its list style."""


def listing(shown: Json) -> str:
    """Return a list. Documents stored by an earlier release lack `start` and `outline`."""
    tag = "ol" if shown["ordered"] else "ul"
    numbering = (
        ("start", shown.get("start")), ("reversed", "" if shown.get("reversed") else None),
        ("type", TYPES.get(shown.get("marker") or "")),
    )  # fmt: skip
    return element(tag, shown, items(shown, tag), *(numbering if shown["ordered"] else ()))


def items(shown: Json, tag: str) -> str:
    """Return the items of a list, deeper ones as lists inside the items before them."""
    if not shown.get("outline"):
        return "".join(f"<li>{item}</li>" for item in shown["items"])
    open, written, started = [tag], list[str](), False
    for item, place in zip(shown["items"], shown["outline"], strict=True):
        inner = "ol" if place["ordered"] else "ul"
        while len(open) > place["level"]:
            written.append(f"</li></{open.pop()}>")
        if place["level"] > 1 and len(open) == place["level"] and open[-1] != inner:
            written.append(f"</li></{open.pop()}>")
            started = True
        elif len(open) == place["level"] and started:
            written.append("</li>")
        while len(open) < place["level"]:
            written.append(f"<{inner}>" if started else f"<li><{inner}>")
            open.append(inner)
            started = len(open) == place["level"]
        written.append(f"<li{attributes(('value', place['value']))}>{item}")
        started = True
    return "".join(written) + "</li>" + "".join(f"</{one}></li>" for one in reversed(open[1:]))


def table(shown: Json) -> str:
    caption = (
        f"<caption>{inline_html.escape(shown['caption'])}</caption>" if shown["caption"] else ""
    )
    rows = shown["rows"]
    head = f"<thead>{row(rows[0], 'th')}</thead>" if shown["header"] and rows else ""
    rest = "".join(row(one, "td") for one in (rows[1:] if head else rows))
    return element("table", shown, f"{caption}{head}<tbody>{rest}</tbody>")


def row(cells: list[str], tag: str) -> str:
    inside = [inline_html.escape(cell).replace("\n", "<br>") for cell in cells]
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in inside) + "</tr>"


def picture(use: Json) -> str:
    """Return the image of a use; a withheld one has only its id."""
    return "<img{}>".format(
        attributes(
            ("src", use["url"]), ("srcset", use["srcset"]), ("alt", use["alt"] or ""),
            ("width", use["width"]), ("height", use["height"]), ("data-image", use["id"]),
        )
    )  # fmt: skip


def caption(said: str | None, credit: str | None) -> str:
    cite = f"<cite>{inline_html.escape(credit)}</cite>" if credit else ""
    words = " ".join(filter(None, [inline_html.escape(said or ""), cite]))
    return f"<figcaption>{words}</figcaption>" if words else ""


def figure(shown: Json) -> str:
    use = shown["image"]
    return element("figure", shown, picture(use) + caption(use["caption"], use["credit"]))


def gallery(shown: Json) -> str:
    inside = [
        f"<figure>{picture(use)}{caption(use['caption'], use['credit'])}</figure>"
        for use in shown["images"]
    ]
    return element("figure", shown, "".join(inside), ("data-type", "gallery"))


def film(shown: Json) -> str:
    tracks = "".join(
        f"<track{attributes(('kind', one['kind']), ('srclang', one['lang']), ('src', one['url']))}>"
        for one in shown["tracks"] if safe_url(one["url"])
    )  # fmt: skip
    named = attributes(
        ("src", safe_url(shown["url"])), ("poster", safe_url(shown["poster"])), ("data-mime", shown["mime"]),
        ("data-duration", shown["duration"]),
    )  # fmt: skip
    kind = shown["type"]
    played = f"<{kind}{named} controls>{tracks}</{kind}>"
    return element("figure", shown, played + caption(shown["caption"], shown["credit"]))


def safe_url(url: str | None) -> str | None:
    """Return a URL that a page may load, or None; the desk may have sent another."""
    return allowed_url(url, lambda *_: None, "", mail=False) if url else None


def embed(shown: Json) -> str:
    """Return a link to the embedded content, so that the page decides whether to load it."""
    return element(
        "figure", shown, shown["html"], ("data-type", "embed"),
        ("data-provider", shown["provider"]), ("data-ratio", shown["ratio"]),
        ("data-tracks", shown["tracks"]),
    )  # fmt: skip


def related(shown: Json) -> str:
    title = paragraph_of(inline_html.escape(shown["title"] or ""))
    items = "".join(f"<li>{link_to_card(card)}</li>" for card in shown["articles"])
    return element("aside", shown, f"{title}<ul>{items}</ul>", ("data-type", "related"))


def link_to_card(card: Json) -> str:
    named = attributes(
        ("href", card["url"]), ("data-article", card["id"]), ("lang", card["lang"]),
        ("dir", card["dir"]),
    )  # fmt: skip
    return f"<a{named}>{inline_html.escape(card['headline'])}</a>"


def correction(shown: Json) -> str:
    named = (("data-correction", shown["correction"]), ("data-kind", shown["kind"]))
    inside = paragraph_of(shown["html"])
    return element("aside", shown, inside, ("data-type", "correction"), *named)


def divider(shown: Json) -> str:
    return f"<hr{attributes(('data-block', shown['id']))}>"


def unknown_block(shown: Json) -> str:
    """Return a block of an unknown type."""
    return element("div", shown, shown["html"] or "")


WRITERS: dict[str, Callable[[Json], str]] = {
    "paragraph": paragraph, "heading": heading, "quote": quote, "list": listing, "table": table,
    "figure": figure, "gallery": gallery, "video": film, "audio": film, "embed": embed,
    "related": related, "correction": correction, "divider": divider,
}  # fmt: skip
