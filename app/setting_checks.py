"""Whether the settings can work: what is refused at once, and what the operator is told. No value of a secret
is in what is said."""

import re
import secrets
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

PREFIX = "ISNAD_"

PLACEHOLDERS = {
    "article_url": ("{slug}", ("site", "lang", "section", "slug")),
    "section_url": ("{section}", ("site", "lang", "section")),
    "tag_url": ("{slug}", ("site", "lang", "slug")),
    "contributor_url": ("{slug}", ("site", "lang", "slug")),
    "short_url": ("{id}", ("site", "id")),
    "preview_url": ("{token}", ("site", "token", "id", "slug")),
}
"""For each pattern of addresses: what must stand in it, and what may."""

ADDRESS = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+")
"""An address as it may stand in a header and in HTML: ASCII without spaces, quotes, < and >."""

SHORTEST, ENOUGH = 4, 16
"""Characters of a secret below which it is refused, and below which the operator is told."""

EXAMPLES = frozenset(("changeme", "change-me", "change_me", "password", "your-secret", "...", "…"))


def refuse_address(name: str, url: str) -> None:
    """Raise ValueError unless this is an address that others can be put behind."""
    variable = PREFIX + name.upper()
    wanted = f"{variable} is an address such as https://news.example or https://news.example/api"
    if not ADDRESS.fullmatch(url):
        raise ValueError(f"{wanted}; letters that are not ASCII are percent-encoded.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise ValueError(f"{wanted}: {wrong}.") from wrong
    if not parts.hostname or port == 0:
        raise ValueError(f"{wanted}: it has no host.")
    if parts.username is not None or parts.query or parts.fragment or "?" in url or "#" in url:
        raise ValueError(f"{wanted}: without user, query and fragment.")


def refuse_pattern(name: str, pattern: str) -> None:
    """Raise ValueError unless this is a pattern of addresses with the placeholders that it needs."""
    variable, (needed, known) = PREFIX + name.upper(), PLACEHOLDERS[name]
    every = ", ".join(f"{{{one}}}" for one in known)
    for found in re.findall(r"\{([^{}]*)\}", pattern):
        if found not in known:
            near = get_close_matches(found, known, 1)
            meant = f" Did you mean {{{near[0]}}}?" if near else ""
            raise ValueError(f"{variable} has {{{found}}}; it may have {every}.{meant}")
    if re.search(r"[{}]", re.sub(r"\{\w+\}", "", pattern)):
        raise ValueError(f"{variable} has a brace without its other; it may have {every}.")
    if needed not in pattern:
        raise ValueError(f"{variable} needs {needed}, or all its addresses would be the same.")
    if not re.match(r"\{site\}|https?://[^/]", pattern) or re.search(r"[\s<>\"]", pattern):
        raise ValueError(
            f"{variable} begins with {{site}}, https:// or http://, and has no spaces."
        )


def refuse_database(url: str) -> None:
    """Raise ValueError unless this names a database; its password is in no message."""
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        if not path or path.startswith((":", "?")):
            raise ValueError("ISNAD_DATABASE_URL names a file: sqlite:///data/isnad.db")
        return
    try:
        parts = urlsplit(url)
        one_at = url.partition("?")[0].count("@") <= 1  # a password's is %40
        good = one_at and len(parts.path) > 1 and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ValueError(
            "ISNAD_DATABASE_URL is postgresql://USER:PASSWORD@HOST:5432/DATABASE; other signs than letters"
            " and digits in the password are percent-encoded."
        )


def refuse_media(url: str) -> None:
    """Raise ValueError unless files can be stored there."""
    if not url.startswith("file:") or not url.removeprefix("file:").strip():
        raise ValueError("ISNAD_MEDIA_URL is file:PATH, such as file:/var/lib/isnad/media.")
    folder = Path(url.removeprefix("file:"))
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir():
        raise ValueError(f"ISNAD_MEDIA_URL: {there} is no folder; write file:PATH of one.")


def refuse_secrets(given: str) -> None:
    """Raise ValueError for a list with an empty part, and for secrets that anybody would try."""
    if not given:
        return
    line = f"write {PREFIX}SECRET={secrets.token_urlsafe(32)}"
    for part in (one.strip() for one in given.split(",")):
        if not part:
            raise ValueError(
                f"ISNAD_SECRET has an empty part: a comma stands between two; or {line}"
            )
        if len(part) < SHORTEST or part.casefold() in EXAMPLES:
            raise ValueError(f"ISNAD_SECRET can be guessed; {line}")
