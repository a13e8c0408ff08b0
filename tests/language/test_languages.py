"""A story's language is written in one way, as its filters and the names of nouns are: else a story in
`AR` would be in no list of `lang=ar`."""

import pytest

from tests.conftest import Client

WRONG = [("AR", "'ar'"), ("ar-lb", "'ar-LB'"), ("zh-hant", "'zh-Hant'"), ("xx", "no language 'xx'")]


@pytest.mark.parametrize(("lang", "said"), WRONG)
def test_other_spellings_are_refused(editor: Client, lang: str, said: str) -> None:
    answer = editor.post("/v1/articles", json={"lang": lang, "headline": "A story"})
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == "#/lang" and said in fault["detail"]
    for path in ("/v1/articles?", "/v1/articles.ndjson?", "/v1/search?q=a&", "/feeds/all.rss?",
                 "/v1/tags?"):  # fmt: skip
        answer = editor.get(f"{path}lang=ar,{lang}")
        assert answer.status_code == 400, path
        [fault] = answer.json()["errors"]
        assert fault["parameter"] == "lang" and said in fault["detail"]


def test_a_story_is_in_the_list_of_its_language(editor: Client) -> None:
    for lang in ("ar", "ar-LB", "zh-Hant"):
        made = editor.post("/v1/articles", json={"lang": lang, "headline": "A story"})
        assert made.status_code == 201
        drafts = editor.get("/v1/articles", params={"state": "draft", "lang": lang}).json()
        assert [one["lang"] for one in drafts["items"]] == [lang]
