"""A client by openapi-generator; what it tells is what report.ts says."""

import importlib
import json
import sys
from typing import Any

BASE, KEY, STORY = sys.argv[1:]


def card(story: Any) -> dict[str, Any]:
    return {name: getattr(story, name) for name in ("id", "kind", "state", "headline")}


def block(one: Any) -> dict[str, Any]:
    return {"type": one.type, "html": one.html} | ({"level": one.level} if one.level else {})


def problem_of(articles: Any, failure: type[Exception]) -> Any:
    try:
        articles.get_article("absent")
    except failure as wrong:
        return wrong.data  # type: ignore[attr-defined]  # the generated class is not known here
    raise AssertionError("there is an absent story")


def run() -> dict[str, Any]:
    api = importlib.import_module("openapi_client")
    client = api.ApiClient(api.Configuration(host=BASE, access_token=KEY))
    articles = api.ArticlesApi(client)
    found = articles.list_articles(limit=5)
    search = api.SearchApi(client).list_search_results(q="harbour")
    changes = api.ChangesApi(client).list_changes(include="card")
    read = articles.get_article(STORY)
    patch = api.ArticlePatch(urgency=2)
    saved = articles.update_article(STORY, f'"v{read.version}"', patch)
    problem = problem_of(articles, api.ApiException)
    return {
        "list": [card(one) for one in found.items],
        "search": [card(one) for one in search.items],
        "read": card(read) | {"blocks": [block(one) for one in read.body]},
        "roles": [one.role for one in read.attributions],
        "changes": [{"type": one.type, "noun": one.noun} for one in changes.items],
        "patched": {"urgency": saved.urgency, "attributions": len(saved.attributions)},
        "problem": {"status": problem.status, "code": problem.code},
    }


print(json.dumps(run()))  # noqa: T201  (what it is run for)
