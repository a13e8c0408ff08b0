"""Bodies as HTML, Markdown and text: read into blocks, and written of blocks. Nothing is fetched,
nothing is looked up; a picture is named by its id or its address."""

from collections.abc import Callable
from typing import Any

from app.formats.body import html_out, markdown_out, text_out

Writer = Callable[[list[dict[str, Any]], list[dict[str, Any]], str], str]

WRITERS: dict[str, Writer] = {
    "html": html_out.whole, "text": text_out.whole, "markdown": markdown_out.whole,
}  # fmt: skip
"""What a body can be had as, beside its blocks."""
