"""URLs: pages of the site (by pattern), this API's own, and the way back from a page's URL to its
story."""

import re
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from app.config import Settings

WILD = {"lang": r"[A-Za-z-]+", "section": r"(?:[^/]+/)*?[^/]+", "path": r".+?", "slug": r"[^/]+"}


def article(settings: Settings, lang: str, section: str | None, slug: str) -> str:
    """Return the URL of the story's page on the site."""
    pattern = settings.article_url
    if not section:
        pattern = pattern.replace("{section}/", "")
    return fill_pattern(settings, pattern, lang=lang, section=section or "", slug=slug)


def section(settings: Settings, path: str, lang: str | None = None) -> str:
    """Return the URL of a section's page on the site."""
    return fill_pattern(
        settings, settings.section_url, lang=lang or settings.default_lang, section=path
    )


def tag(settings: Settings, slug: str, lang: str | None = None) -> str:
    """Return the URL of a tag's page on the site."""
    return fill_pattern(settings, settings.tag_url, lang=lang or settings.default_lang, slug=slug)


def contributor(settings: Settings, slug: str, lang: str | None = None) -> str:
    """Return the URL of a contributor's page on the site."""
    return fill_pattern(
        settings, settings.contributor_url, lang=lang or settings.default_lang, slug=slug
    )


def api(settings: Settings, *parts: str) -> str:
    """Return a URL of this API: `api(settings, "articles", id)`. Slashes in a part stay."""
    return f"{settings.public_url}/v1/" + "/".join(quote(part, safe="/") for part in parts)


def media(settings: Settings, file: str) -> str:
    """Return the URL of an image file."""
    return f"{settings.public_url}/media/{quote(file, safe='/')}"


def fill_pattern(settings: Settings, pattern: str, **values: str) -> str:
    url = pattern.replace("{site}", settings.site)
    for name, value in values.items():
        url = url.replace("{" + name + "}", quote(value, safe="/" if name == "section" else ""))
    return url


def slug_in(settings: Settings, url: str) -> str | None:
    """Return the slug in a page's URL, if it has the form of our stories' URLs."""
    for matcher in matchers(settings.article_url, settings.site):
        found = matcher.fullmatch(normalised(url))
        if found:
            return found["slug"]
    return None


@lru_cache(maxsize=16)
def matchers(pattern: str, site: str) -> list[re.Pattern[str]]:
    variants = {pattern, pattern.replace("{section}/", "")}
    return [compile_pattern(variant, site) for variant in sorted(variants, key=len, reverse=True)]


def compile_pattern(pattern: str, site: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", pattern.replace("{site}", normalised(site)))
    wild = [
        f"(?P<{part[1:-1]}>{WILD.get(part[1:-1], '[^/]+')})" if part[:1] == "{" else re.escape(part)
        for part in parts
    ]
    return re.compile("".join(wild))


def is_web_url(url: str) -> bool:
    """Return whether this is an absolute http or https URL with a host."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def normalised(url: str) -> str:
    """Return a URL without what does not distinguish pages: scheme, `www.`, campaign parameters,
    fragment, last slash, percent-encoding."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:  # no address: it is only itself
        return url.strip()
    kept = [p for p in parts.query.split("&") if p and not CAMPAIGN.match(p)]
    query = "?" + "&".join(kept) if kept else ""
    host = parts.netloc.lower().removeprefix("www.")
    return host + unquote(parts.path).rstrip("/") + query


CAMPAIGN = re.compile(r"(utm_\w+|fbclid|gclid|mc_cid|mc_eid|ref)=", re.IGNORECASE)
