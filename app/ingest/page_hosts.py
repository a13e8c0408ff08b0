"""Whose page it is: the newsroom's own, a partner's, or another publisher's."""

from urllib.parse import urlsplit

from app.config import Settings


def host_of(url: str | None) -> str:
    """The host of an address, lower case, without `www.`; empty where there is none."""
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def is_foreign(url: str | None, settings: Settings) -> bool:
    """Whether a page is another publisher's: its host is known and is neither one of the
    installation's hosts nor one of `ISNAD_IMPORT_HOSTS`, nor below one of them."""
    ours = [host_of(settings.site), host_of(settings.public_url), *settings.allowed_import_hosts]
    host = host_of(url)
    return bool(host) and not any(host == one or host.endswith(f".{one}") for one in ours)
