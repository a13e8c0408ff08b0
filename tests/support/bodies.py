"""Bodies that nobody wrote: blocks of every type with any text, as readers get them."""

from typing import Any, get_args

from hypothesis import strategies as st

from app.formats import inline_html
from app.models.block import BlockWrite, Marker
from app.rendering import blocks

Json = dict[str, Any]
IMAGES = ("img_one", "img_two")
LETTERS = st.sampled_from(
    [*"abc XY12.!?*_`~[]()<>&\"'#+-|\\/=:", "\n", "\t", "  ", "\u00a0", "\u200f", "\u2067", "\u202e", "ا",
     "لم", "é", "‏", "—", "&amp;", "&lt;b&gt;", "1. ", "- ", "http://x.y/", "😀", "\u2028", "\ufeff", "\x01"]
)  # fmt: skip
TEXT = st.lists(LETTERS, max_size=12).map("".join)
ADDRESS = st.sampled_from(
    [
        "https://example.com/a?b=1&c=2",
        "http://x.y/(z)",
        "mailto:a@b.c",
        "javascript:x",
        "rel/ative",
        "",
    ]
)


def marked(inside: str, tag: str, href: str) -> str:
    named = f' href="{blocks.html_attribute(href)}"' if tag == "a" else ""
    return f"<{tag}{named}>{inside}</{tag}>"


INLINE = st.recursive(
    TEXT.map(inline_html.escape) | st.just("<br>"),
    lambda inner: (
        st.builds(marked, inner, st.sampled_from("strong em a q bdi sup cite".split()), ADDRESS)
        | st.lists(inner, max_size=3).map("".join)
    ),
    max_leaves=5,
)
USE = st.fixed_dictionaries(
    {"id": st.sampled_from(IMAGES)},
    optional={"alt": TEXT, "caption": TEXT, "credit": TEXT},
)
FILM = {
    "url": ADDRESS, "mime": st.just("video/mp4"), "poster": ADDRESS, "duration": st.just(1.5),
    "caption": TEXT, "credit": TEXT,
    "tracks": st.just([{"kind": "captions", "lang": "ar", "url": "https://x.y/t.vtt"}]),
}  # fmt: skip
OWN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "paragraph": {"html": INLINE}, "heading": {"html": INLINE, "level": st.integers(2, 4)},
    "quote": {"html": INLINE, "who": TEXT}, "figure": {"image": USE},
    "gallery": {"images": st.lists(USE, max_size=3)}, "video": FILM, "audio": FILM,
    "list": {
        "items": st.lists(INLINE, max_size=4), "ordered": st.booleans(),
        "start": st.integers(-2, 12), "reversed": st.booleans(), "marker": st.sampled_from(get_args(Marker)),
    },
    "table": {
        "rows": st.lists(st.lists(TEXT, max_size=3), max_size=3), "header": st.booleans(),
        "caption": TEXT,
    },
    "embed": {
        "url": ADDRESS, "provider": st.just("x"), "ratio": st.just(1.77),
        "tracks": st.sampled_from(["yes", "no", "unknown"]), "fallback": TEXT,
    },
    "related": {"title": TEXT}, "correction": {}, "divider": {},
}  # fmt: skip


@st.composite
def outlines(draw: st.DrawFn, count: int, ordered: bool) -> list[Json]:
    """Places of the items of a list, as reading gives them; none where it is flat."""
    found: list[Json] = []
    for _ in range(count):
        level = draw(st.integers(1, 3))
        numbered = ordered if level == 1 else draw(st.booleans())
        value = draw(st.sampled_from([None, None, 7])) if numbered else None
        found.append({"level": level, "ordered": numbered, "value": value})
    return found if any(one["level"] != 1 or one["value"] for one in found) else []


@st.composite
def bodies(draw: st.DrawFn) -> list[Json]:
    """Blocks as they are kept, each with an id of its own."""
    kinds = draw(st.lists(st.sampled_from(sorted(OWN)), max_size=6))
    found = []
    for at, kind in enumerate(kinds):
        fields = draw(st.fixed_dictionaries(
            {name: one for name, one in OWN[kind].items() if name == "image"},
            optional={name: one for name, one in OWN[kind].items() if name != "image"},
        ))  # fmt: skip
        spoken = {
            "lang": draw(st.sampled_from([None, None, "fr", "ar"])),
            "dir": draw(st.sampled_from([None, None, "rtl", "ltr"])),
        }
        if kind == "list" and fields.get("items"):
            fields["outline"] = draw(outlines(len(fields["items"]), bool(fields.get("ordered"))))
        write = BlockWrite.model_validate({"type": kind, "id": f"b{at}", **spoken, **fields})
        found.append(blocks.keep(write, "en"))
    return found


def shown(kept: list[Json]) -> list[Json]:
    """The blocks as readers get them."""
    return [filled(blocks.show(one, image, {}, "en")) for one in kept]


def filled(block: Json) -> Json:
    if block["type"] == "related":
        card = {
            "id": "art_x",
            "url": "https://x.y/z",
            "headline": "A <b>",
            "lang": "en",
            "dir": "ltr",
        }
        block["articles"] = [card]
    return block


def image(use: Json) -> Json:
    words = {name: use.get(name) for name in ("alt", "caption", "credit")}
    address = f"http://127.0.0.1:8000/media/{use['id']}.jpg"
    return {
        "id": use["id"], **words, "url": address, "srcset": f"{address} 10w", "width": 10,
        "height": 5, "withheld": None, "rights": None,
    }  # fmt: skip
