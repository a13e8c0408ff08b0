"""Pages of other publishers, and pages without a date: what may be published."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.config import Settings
from app.db.database import Database
from app.ingest import pages
from app.ingest.page_hosts import is_foreign
from tests.conftest import Client
from tests.ingest.test_import_page import NEWS, page_of

THEIRS = "https://www.courier.example/2026/ferry?id=7"


def take(db: Database, url: str | None, text: str = NEWS, **options: Any) -> pages.Taken:
    page = replace(page_of(text, db.settings), url=url, site_name="The Courier")
    [taken] = pages.take(db, [page], pages.Options(publish=True, **options))
    assert isinstance(taken, pages.Taken), taken
    return taken


def test_a_page_of_another_publisher_stays_a_draft_with_unknown_rights(
    client: Client, editor: Client, db: Database
) -> None:
    taken = take(db, THEIRS)
    assert client.get(f"/v1/articles/{taken.id}").status_code == 404
    story = editor.get(f"/v1/articles/{taken.id}").json()
    assert story["state"] == "draft"
    assert story["rights"]["usage_terms"] == f"Unknown: taken from {THEIRS}"
    assert story["links"]["canonical"] == THEIRS
    assert any("--licensed" in warning for warning in taken.warnings)


def test_a_licensed_page_is_published_with_its_original_as_canonical(
    client: Client, db: Database
) -> None:
    story = client.get(f"/v1/articles/{take(db, THEIRS, licensed=True).id}").json()
    assert (story["links"]["canonical"], story["rights"]["usage_terms"]) == (THEIRS, None)
    assert story["url"] != THEIRS
    publisher = [one["source"]["name"] for one in story["attributions"] if one["url"] == THEIRS]
    assert [next(iter(name.values())) for name in publisher] == ["The Courier"]


def test_rights_that_the_desk_stated_survive_another_import(editor: Client, db: Database) -> None:
    taken = take(db, THEIRS)
    where = f"/v1/articles/{taken.id}"
    etag = editor.get(where).headers["etag"]
    terms = {"rights": {"usage_terms": "Bought for one year."}}
    assert editor.patch(where, json=terms, headers={"if-match": etag}).status_code == 200
    assert take(db, THEIRS, NEWS.replace("eighty", "ninety")).did == "updated"
    assert editor.get(where).json()["rights"]["usage_terms"] == "Bought for one year."


def test_a_page_of_ours_or_of_an_allowed_partner_is_published(db: Database) -> None:
    settings = db.settings.model_copy(update={"import_hosts": "WWW.Courier.example, wire.example"})
    for url in (THEIRS, "https://ar.courier.example/a", f"{db.settings.public_url}/a", None):
        assert not is_foreign(url, settings), url
    for url in ("https://notcourier.example/a", "https://courier.example.evil.example/a"):
        assert is_foreign(url, settings), url


def test_a_wrong_host_in_the_settings_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'https://courier.example' is none"):
        Settings(import_hosts="wire.example,https://courier.example")


def test_a_page_without_a_date_stays_a_draft_without_one(editor: Client, db: Database) -> None:
    undated = NEWS.partition("\n")[2]
    taken = take(db, None, undated)
    story = editor.get(f"/v1/articles/{taken.id}").json()
    assert (story["state"], story["published_at"]) == ("draft", None)
    assert any("No date was found" in warning for warning in taken.warnings)


def test_the_caller_can_date_a_page_without_a_date(client: Client, db: Database) -> None:
    moment = datetime(2026, 3, 12, 9, tzinfo=UTC)
    taken = take(db, None, NEWS.partition("\n")[2], published=moment)
    story = client.get(f"/v1/articles/{taken.id}").json()
    assert story["published_at"] == "2026-03-12T09:00:00Z"
