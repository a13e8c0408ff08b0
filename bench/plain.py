"""A story and a list, without the response cache, beside the bare server and the usual route."""

from pathlib import Path
from urllib.parse import quote

import httpx
import orjson

from bench.figures import Figure
from bench.load import rate
from bench.servers import API, BARE, NAIVE
from bench.stories import SECTION, WORDS

LEAST = {"sqlite": {"article": 0.18, "list": 0.14}, "postgresql": {"article": 0.11, "list": 0.09}}
WHAT = {
    "article": "article by slug", "article by id": "article by id",
    "list": "list of 20 in a section",
}  # fmt: skip


def addresses(folder: Path, port: int = API) -> dict[str, str]:
    """What is asked for, by name; the bare server is given the same answers to the same paths."""
    listed = f"/v1/articles?section={SECTION}&limit=20"
    headers = {"Accept-Encoding": "identity"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
        first = client.get(listed).json()
        urls = {
            "article": f"/v1/articles/{quote(first['items'][0]['slug'])}",
            "article by id": f"/v1/articles/{first['items'][0]['id']}",
            "list": listed,
            "page": deep_page(client, listed, first["next"]),
            "search": f"/v1/search?q={quote(WORDS[0])}&limit=20",
            "feed": f"/feeds/{SECTION}.rss?limit=20",
        }
        answers = {name: client.get(url).raise_for_status().content for name, url in urls.items()}
    for name, body in answers.items():
        (folder / f"{name}.bytes").write_bytes(body)
    paths = {urls[name].partition("?")[0]: f"{name}.bytes" for name in urls if name != "page"}
    (folder / "bare.json").write_bytes(orjson.dumps(paths))
    return urls


def deep_page(client: httpx.Client, listed: str, cursor: str) -> str:
    """The address of page 500, or of the last full page of fewer stories."""
    for _ in range(498):
        following = client.get(f"{listed}&cursor={cursor}").raise_for_status().json()["next"]
        if following is None:
            break
        cursor = following
    return f"{listed}&cursor={cursor}"


def found(kind: str, urls: dict[str, str], seconds: float, rounds: int) -> list[Figure]:
    """Each address of the API and of the bare server in turn, some times over; the best of each,
    because another guest of the machine can only slow one down."""
    slug = urls["article"].rpartition("/")[2]
    targets = {(API, name): urls[name] for name in (*WHAT, "page")}
    targets |= {(BARE, name): urls[name] for name in WHAT}
    targets[NAIVE, "article"] = f"/articles/{slug}"
    best = dict.fromkeys(targets, 0.0)
    for _ in range(rounds):
        for (port, name), url in targets.items():
            one = rate(f"http://127.0.0.1:{port}{url}", seconds)
            best[port, name] = max(best[port, name], one)
    return told(kind, best)


def told(kind: str, best: dict[tuple[int, str], float]) -> list[Figure]:
    least = LEAST[kind]
    found = [Figure(kind, f"bare, {name}", best[BARE, name], "/s") for name in WHAT]
    for name, what in WHAT.items():
        value = best[API, name]
        share = value / best[BARE, name]
        found.append(Figure(kind, what, value, "/s", share, least[name.partition(" ")[0]]))
    page = best[API, "page"]
    found.append(Figure(kind, "page 500 beside page 1", page, "/s", page / best[API, "list"], 0.9))
    naive = best[NAIVE, "article"]
    share = naive / best[BARE, "article"]
    return [*found, Figure(kind, "naive ORM route", naive, "/s", share)]
