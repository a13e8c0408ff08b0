"""Embedded content of other sites: the provider, by URL."""

import re
from urllib.parse import urlsplit

PROVIDERS = {
    "youtube": r"youtube(?:-nocookie)?\.com|youtu\.be", "x": r"(?:^|\.)(?:twitter|x)\.com",
    "instagram": r"instagram\.com", "facebook": r"facebook\.com|fb\.watch", "telegram": r"t\.me|telegram\.(?:org|me)",
    "tiktok": r"tiktok\.com", "vimeo": r"vimeo\.com", "dailymotion": r"dailymotion\.com|dai\.ly",
    "soundcloud": r"soundcloud\.com", "spotify": r"spotify\.com", "datawrapper": r"datawrapper|dwcdn\.net",
    "flourish": r"flourish\.studio|flo\.uri\.sh", "google": r"google\.[a-z.]+",
}  # fmt: skip
SOCIAL = re.compile(
    r"twitter-tweet|instagram-media|fb-(?:post|video)|tiktok-embed|telegram-post|bluesky-embed"
)
"""Classes of a quote that is somebody's post."""


def provider_of(url: str) -> str | None:
    """Return the name of a well-known site by a URL."""
    host = host_of(url)
    return next((name for name, form in PROVIDERS.items() if re.search(form, host)), None)


def host_of(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
