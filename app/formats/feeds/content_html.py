"""A story as HTML inside another page or feed: https://html.spec.whatwg.org/

Each block has its id in `data-block`. The HTML states its direction, because feeds cannot.
"""

from collections.abc import Callable
from html import escape
from typing import Any

from app.formats.body import html_out
from app.formats.feeds.feed import Feed, best_name, credit_line, dicts_of, summary_of, text_of, uri
from app.json_types import Json
from app.models.base import direction

Block = dict[str, Any]


def render(feed: Feed, story: Json) -> str:
    """Return the whole story: lead image, blocks, correction notices, credit line."""
    lang = feed.lang_of(story)
    lead = story.get("lead_image")
    parts = [figure(lead) if isinstance(lead, dict) else ""]
    parts += [block_html(block) for block in dicts_of(story.get("body"))]
    if not any(parts):
        parts.append(f"<p>{escape(summary_of(story), quote=False)}</p>")
    parts += [aside(text) for text in notices(feed, story)]
    if credit := credit_line(feed, story):
        parts.append(f"<footer><p>{escape(credit, quote=False)}</p></footer>")
    way = story["dir"] if story.get("dir") in ("rtl", "ltr") else direction(lang)
    inside = "\n".join(filter(None, parts))
    return f'<div lang="{lang}" dir="{way}">\n{inside}\n</div>'


def notices(feed: Feed, story: Json) -> list[str]:
    """Return the texts of corrections that no block shows."""
    placed = {text_of(block.get("correction")) for block in dicts_of(story.get("body"))} - {None}
    texts = [
        best_name(one.get("text"), feed.lang_of(story), feed.default_lang)
        for one in dicts_of(story.get("corrections")) if text_of(one.get("id")) not in placed
    ]  # fmt: skip
    return [text for text in texts if text]


def aside(text: str) -> str:
    return f"<aside><p>{escape(text, quote=False)}</p></aside>"


def block_html(block: Block) -> str:
    """Return one block; nothing for a withheld one, the text of one with invalid fields."""
    if block.get("withheld"):
        return ""
    if own := OWN.get(str(block.get("type"))):
        return block_element(own(block), block)
    try:
        return html_out.block(block)
    except (KeyError, TypeError, AttributeError):  # a field that is missing, or no such thing
        return block_element(words(block), block)


def block_element(inside: str, block: Block) -> str:
    """Return a block's element with its common attributes."""
    if not inside:
        return ""
    tag, rest = inside[1:].split(">", 1)
    given = {"data-block": block.get("id"), "lang": block.get("lang"), "dir": block.get("dir")}
    best_name = "".join(f' {name}="{escape(str(one))}"' for name, one in given.items() if one)
    return f"<{tag}{best_name}>{rest}"


def words(block: Block) -> str:
    """Return a block's inline HTML, which was sanitised when the story was saved."""
    said = text_of(block.get("html")) or escape(text_of(block.get("text")) or "", quote=False)
    return f"<p>{said}</p>" if said else ""


def figure(use: Json) -> str:
    """Return an image with caption and credit; nothing without a file."""
    url = uri(use.get("url"))
    if url is None or use.get("withheld"):
        return ""
    sizes = "".join(
        f' {name}="{use[name]}"' for name in ("width", "height") if isinstance(use.get(name), int)
    )
    alt = escape(text_of(use.get("alt")) or "")
    said = captioned(use)
    return f'<figure><img src="{escape(url)}" alt="{alt}"{sizes}>{said}</figure>'


def captioned(use: Json) -> str:
    caption, credit = text_of(use.get("caption")), text_of(use.get("credit"))
    parts = [escape(caption, quote=False)] if caption else []
    parts += [f"<small>{escape(credit, quote=False)}</small>"] if credit else []
    return f"<figcaption>{' '.join(parts)}</figcaption>" if parts else ""


def picture(block: Block) -> str:
    image = block.get("image")
    return figure(image) if isinstance(image, dict) else ""


def gallery(block: Block) -> str:
    inside = "".join(figure(use) for use in dicts_of(block.get("images")))
    return f"<div>{inside}</div>" if inside else ""


def recording(block: Block) -> str:
    """Return a video or audio, with a link for readers that play none."""
    url = uri(block.get("url"))
    if url is None:
        return words(block)
    tag, address = str(block["type"]), escape(url)
    poster = uri(block.get("poster")) if tag == "video" else None
    still = f' poster="{escape(poster)}"' if poster else ""
    link = f'<a href="{address}">{escape(text_of(block.get("caption")) or url, quote=False)}</a>'
    player = f'<{tag} src="{address}" controls preload="none"{still}>{link}</{tag}>'
    return f"<figure>{player}{captioned(block)}</figure>"


def related(block: Block) -> str:
    """Return links to other stories that were filled in."""
    cards = dicts_of(block.get("articles"))
    links = "".join(
        f'<li><a href="{escape(url)}">{escape(text_of(card.get("headline")) or url, quote=False)}</a></li>'
        for card in cards if (url := uri(card.get("url")))
    )  # fmt: skip
    title = text_of(block.get("title"))
    told = f"<p>{escape(title, quote=False)}</p>" if title else ""
    return f"<aside>{told}<ul>{links}</ul></aside>" if links else ""


OWN: dict[str, Callable[[Block], str]] = {
    "figure": picture, "gallery": gallery, "video": recording, "audio": recording,
    "related": related,
}  # fmt: skip
"""Blocks that here are something only while there is a file, or a link, to show."""
