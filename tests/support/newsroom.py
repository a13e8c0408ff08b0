"""An editor with one story, and what readers see of it: words that tests of its life share."""

import time
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.conftest import Client

Json = dict[str, Any]
STORY = {
    "lang": "en",
    "headline": "Rain in the hills",
    "body": [
        {"type": "paragraph", "id": "b1", "text": "It rained."},
        {"type": "paragraph", "id": "b2", "text": "It will rain."},
    ],
}


class Newsroom:
    """An editor and one story of theirs."""

    def __init__(self, editor: Client) -> None:
        self.editor = editor
        self.story: Json = {}

    @property
    def url(self) -> str:
        return f"/v1/articles/{self.story['id']}"

    def make(self, **more: Any) -> Json:
        return self.keep(self.editor.post("/v1/articles", json=STORY | more))

    def save(self, **more: Any) -> Json:
        match = {"If-Match": f'"v{self.story["version"]}"'}
        return self.keep(self.editor.put(self.url, json=more, headers=match))

    def publish(self) -> Json:
        return self.keep(self.editor.put(f"{self.url}/publication"))

    def keep(self, answer: httpx.Response) -> Json:
        assert answer.is_success, answer.text
        self.story = {name: one for name, one in answer.json().items() if name != "warnings"}
        return self.story

    def body(self, **texts: str) -> list[Json]:
        """The blocks with other words."""
        return [
            {"type": "paragraph", "id": block["id"], "text": texts.get(block["id"], block["text"])}
            for block in self.story["body"]
        ]


def seen(client: Client, url: str) -> Json:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def numbers(client: Client, newsroom: Newsroom) -> list[int]:
    return [one["version"] for one in seen(client, f"{newsroom.url}/versions")["items"]]


def moment() -> str:
    """A time that nothing else happens at."""
    time.sleep(0.002)
    now = datetime.now(UTC).isoformat()
    time.sleep(0.002)
    return now


def at(client: Client, newsroom: Newsroom, when: str) -> httpx.Response:
    return client.get(newsroom.url, params={"as_of": when})
