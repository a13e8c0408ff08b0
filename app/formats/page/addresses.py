"""Addresses in pages, which are often no addresses: `http://[`, a port of letters."""

from urllib.parse import urljoin, urlsplit


def joined(base: str, address: str) -> str:
    """An address as it is meant on a page; empty where it can't be read."""
    try:
        found = urljoin(base, address.strip())
        urlsplit(found).port  # noqa: B018  (it raises where the port is none)
        return found
    except ValueError:
        return ""


def path_of(address: str) -> str:
    """The path of an address; empty where it can't be read."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""
