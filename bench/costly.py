"""The costliest questions that are allowed, one after the other, of a large house: each is answered
before the ceiling of a read, or refused at it with what to narrow."""

import time
from urllib.parse import urlencode

import httpx

from app.db.database import MOST_SECONDS
from bench.figures import Figure
from bench.stories import SECTION, SELDOM, WORDS

COMMON, MEDIUM = WORDS[0], SELDOM[0]
LATE = 1.0
"""Seconds beyond the ceiling in which a refusal is sent."""
ONE_DAY = "2026-10-30"

Question = tuple[str, dict[str, str]]
LIST, SEARCH = "/v1/articles", "/v1/search"
QUESTIONS: list[Question] = [
    (LIST, {"tag": "rare", "source": "reuters,afp,ap", "sort": "updated_at"}),
    (LIST, {"tag": "common", "source": "reuters:origin", "contributor": "writer-7", "lang": "en",
            "section": f"{SECTION}/east", "kind": "news", "sort": "-modified_at"}),
    (LIST, {"tag": "-common", "lang": "-ar", "source": "-reuters", "sort": "first_published_at"}),
    (LIST, {"tag": "tag2", "contributor": "writer-2", "limit": "100"}),
    (LIST, {"corrected_from": "2026-01-01"}),
    (LIST, {"corrected_from": "2026-01-01", "section": SECTION, "sort": "updated_at"}),
    (LIST, {"source_status": "killed", "section": SECTION}),
    (LIST, {"urgency": "1", "sort": "created_at"}),
    (LIST, {"lang": "fr", "modified_from": "2026-01-01", "sort": "-modified_at"}),
    (LIST, {"published_from": ONE_DAY, "tag": "tag4", "sort": "updated_at"}),
    (LIST, {"q": COMMON, "sort": "updated_at", "section": SECTION, "lang": "ar"}),
    (LIST, {"q": f"{COMMON} {MEDIUM}", "tag": "rare", "sort": "modified_at"}),
    (LIST, {"q": f"{COMMON} -{WORDS[1]}", "lang": "en", "count": "exact"}),
    (LIST, {"count": "estimate", "section": SECTION, "lang": "en", "tag": "common"}),
    (LIST, {"count": "exact", "section": SECTION}),
    (LIST, {"count": "exact", "tag": "-rare", "source": "-ap"}),
    (LIST, {"facets": "section,tag,source,contributor,lang,kind"}),
    (SEARCH, {"q": COMMON, "facets": "section,tag,source,contributor,lang,kind"}),
    (SEARCH, {"q": " ".join(WORDS[:12])}),
    (SEARCH, {"q": " ".join([*WORDS[:6], *SELDOM[:6]]), "sort": "newest", "limit": "100"}),
    (SEARCH, {"q": f'"{WORDS[0]} {WORDS[1]} {WORDS[2]}"', "sort": "newest"}),
    (SEARCH, {"q": f'"{WORDS[0]} {WORDS[1]} {WORDS[2]}"', "count": "exact"}),
    (SEARCH, {"q": COMMON, "tag": "rare", "contributor": "writer-7", "lang": "-en"}),
    (SEARCH, {"q": COMMON, "tag": "tag2", "contributor": "writer-2", "sort": "newest"}),
    (SEARCH, {"q": COMMON, "corrected_from": "2026-01-01", "sort": "newest"}),
    (SEARCH, {"q": COMMON, "sort": "published_at", "count": "exact"}),
    (SEARCH, {"q": f"{COMMON} -{WORDS[2]}", "sort": "newest"}),
    (SEARCH, {"q": f"{MEDIUM} {SELDOM[1]}", "q_fields": "headline"}),
    ("/v1/suggest", {"q": "ا"}),
]  # fmt: skip
DEEP = [
    (LIST, {"sort": "published_at", "source": "reuters,afp", "limit": "100"}),
    (SEARCH, {"q": COMMON, "sort": "newest", "limit": "100"}),
]
"""Of these the tenth page is asked for, too."""


def found(base: str, articles: int) -> list[Figure]:
    """The slowest answer, and the slowest refusal."""
    with httpx.Client(base_url=base, timeout=60) as client:
        asked = [*QUESTIONS, *(deep(client, *one) for one in DEEP)]
        times: dict[bool, list[float]] = {True: [0.0], False: [0.0]}
        for path, query in asked:
            status, took = ask(client, path, query)
            times[status == 200].append(took)
    return [
        Figure(
            "sqlite", f"{what} of {len(asked)} costly questions", max(took) * 1e3, "ms", most=most
        )
        for what, took, most in (
            ("slowest answer", times[True], MOST_SECONDS * 1e3),
            ("slowest refusal", times[False], (MOST_SECONDS + LATE) * 1e3),
        )
    ]


def ask(client: httpx.Client, path: str, query: dict[str, str]) -> tuple[int, float]:
    """Status and seconds; anything but an answer and a refusal that says why ends the run."""
    began = time.perf_counter()
    answer = client.get(path, params=query)
    took = time.perf_counter() - began
    if answer.status_code not in (200, 400, 503):
        raise SystemExit(f"{answer.url} was answered with {answer.status_code}: {answer.text}")
    said = "" if answer.status_code == 200 else f"  {answer.json()['detail']}"
    print(
        f"{took * 1e3:8.0f} ms  {answer.status_code}  {path}?{urlencode(query)}{said}", flush=True
    )
    return answer.status_code, took


def deep(client: httpx.Client, path: str, query: dict[str, str]) -> Question:
    """The tenth page."""
    for _ in range(9):
        following = client.get(path, params=query).raise_for_status().json()["next"]
        if following is None:
            break
        query = query | {"cursor": following}
    return path, query
