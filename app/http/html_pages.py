"""The HTML pages `/` and `/docs`, with a strict Content Security Policy (CSP Level 3): inline
scripts and styles are allowed by their hashes."""

import base64
import hashlib
import re
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def page(which: str, public_url: str, **values: str) -> HTMLResponse:
    """Render a page of `app/pages/` with these values. All values are escaped except `links`,
    which is HTML."""
    told = {key: value if key == "links" else escape(value) for key, value in values.items()}
    template = Template(files("app").joinpath(f"pages/{which}.html").read_text("utf-8"))
    html = template.substitute(told)
    headers = {"Content-Security-Policy": policy(html, public_url), "X-Frame-Options": "DENY"}
    return HTMLResponse(html, headers=headers | {"Referrer-Policy": "no-referrer"})


def policy(html: str, public_url: str) -> str:
    """Return the Content-Security-Policy of a page: its own inline parts, files of this origin,
    requests to the public URL."""
    parts = urlsplit(public_url)
    inline: dict[str, str] = {"script": "", "style": ""}
    for kind, text in INLINE.findall(html):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        inline[kind] += f" 'sha256-{digest}'"
    return (
        f"default-src 'none'; script-src 'self'{inline['script']}; style-src 'self'{inline['style']};"
        f" img-src 'self' data:; connect-src 'self' {parts.scheme}://{parts.netloc};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
