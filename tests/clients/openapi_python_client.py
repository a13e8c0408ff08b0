"""A client by openapi-python-client; what it tells is what report.ts says."""

import importlib
import json
import sys
from typing import Any

BASE, KEY, STORY = sys.argv[1:]


def made(name: str) -> Any:
    return importlib.import_module(f"isnad_client.{name}")


def card(story: Any) -> dict[str, Any]:
    return {name: getattr(story, name) for name in ("id", "kind", "state", "headline")}


def block(one: Any) -> dict[str, Any]:
    told = {"type": one.type_, "html": one.html}
    return told | ({"level": one.level} if one.type_ == "heading" else {})


def run() -> dict[str, Any]:
    client = made("client").AuthenticatedClient(base_url=BASE, token=KEY)
    articles = "api.articles"
    found = made(f"{articles}.list_articles").sync(client=client, limit=5)
    search = made("api.search.list_search_results").sync(client=client, q="harbour")
    get = made(f"{articles}.get_article")
    read = get.sync(STORY, client=client)
    included = made("models.list_changes_include").ListChangesInclude("card")
    changes = made("api.changes.list_changes").sync(client=client, include=included)
    patch = made("models.article_patch").ArticlePatch(urgency=2)
    update = made(f"{articles}.update_article")
    saved = update.sync(STORY, client=client, body=patch, if_match=f'"v{read.version}"')
    problem = get.sync("absent", client=client)
    return {
        "list": [card(one) for one in found.items],
        "search": [card(one) for one in search.items],
        "read": card(read) | {"blocks": [block(one) for one in read.body]},
        "roles": [one.role for one in read.attributions],
        "changes": [{"type": one.type_, "noun": one.noun} for one in changes.items],
        "patched": {"urgency": saved.urgency, "attributions": len(saved.attributions)},
        "problem": {"status": problem.status, "code": problem.code},
    }


print(json.dumps(run()))  # noqa: T201  (what it is run for)
