"""Import of pages: the first real page to the letter, identity, refusals."""

from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from app.attribution import known_sources
from app.cli import main
from app.config import Settings
from app.db.database import Database
from app.formats.page import parse
from app.formats.page.model import Page
from app.ingest import pages
from app.models.article import ArticleRow
from app.models.image import ImageRow
from app.models.source import SourceRow
from tests.conftest import Client

NEWS = """\
Thursday 12 March 2026

Ferry line reopens after the winter storms

Share

Passengers board the first ferry of the year - Reuters
Passengers board the first ferry of the year - Reuters

The line between the two islands is open again after four months.

The first ferry left the old harbour at seven in the morning, and the crew counted eighty
passengers on the deck, Interfax news agency reported.

Tickets

Tickets cost what they cost last year, the company said in a statement on its own website.

Sources: Al Araby - agencies
Close
""".replace("crew counted eighty\n", "crew counted eighty ")


def page_of(text: str, settings: Settings) -> Page:
    from datetime import UTC, datetime

    return parse.parse(
        text.encode(), tz=settings.zone, now=datetime.now(UTC), known=known_sources.kind_of
    )


def take(db: Database, text: str, **options) -> pages.Taken:
    [result] = pages.take(db, [page_of(text, db.settings)], pages.Options(**options))
    assert isinstance(result, pages.Taken), result
    return result


def test_the_first_real_page_to_the_letter(client: Client, db: Database, shared: Path) -> None:
    text = (shared / "samples/page-text/ar-news-page.txt").read_text()
    lines = [line.strip() for line in text.split("\n")]
    taken = take(db, text, publish=True)
    story = client.get(f"/v1/articles/{taken.slug}").json()
    assert (story["lang"], story["dir"]) == ("ar", "rtl")
    assert story["date_line"] == lines[0]
    assert story["headline"] == lines[2] == lines[4]
    assert story["summary"] == lines[10]
    lead = story["lead_image"]
    assert f"{lead['caption']} - {lead['credit']}" == lines[8]
    assert (lead["url"], lead["source"]["slug"]) == (None, "reuters")
    shown = [(12, "paragraph"), (14, "paragraph"), (16, "paragraph"), (18, "paragraph"), (20, "heading"),
             (22, "paragraph"), (24, "paragraph"), (26, "figure"), (29, "paragraph"), (31, "heading"),
             (33, "paragraph"), (35, "paragraph"), (37, "paragraph"), (39, "paragraph"), (41, "paragraph")]  # fmt: skip
    assert [block["type"] for block in story["body"]] == [kind for _, kind in shown]
    for block, (place, kind) in zip(story["body"], shown, strict=True):
        if kind == "figure":
            image = block["image"]
            assert f"{image['caption']} - {image['credit']}" == lines[place]
        else:
            assert block["text"] == lines[place]
    assert story["credit_line"] == {
        "ar": "المصادر: العربي - وكالات",
        "en": "Sources: Al Araby - agencies",
    }
    interfax = [one for one in story["attributions"] if one["source"]["slug"] == "interfax"]
    assert [(one["role"], one["scope"]) for one in interfax] == [
        ("reported", {"block": story["body"][10]["id"]})
    ]
    assert story["published_at"] == "2024-11-16T12:00:00Z"
    assert any("Saturday" in one and "Wednesday" in one for one in taken.warnings)


def test_the_same_again_changes_nothing_and_another_text_is_a_version(client, db) -> None:
    first = take(db, NEWS, publish=True)
    before = client.get(f"/v1/articles/{first.slug}")
    assert take(db, NEWS, publish=True).did == "unchanged"
    again = client.get(f"/v1/articles/{first.slug}")
    assert again.headers["etag"] == before.headers["etag"]
    assert again.headers["isnad-change"] == before.headers["isnad-change"]
    changed = take(db, NEWS.replace("eighty", "ninety"), publish=True)
    after = client.get(f"/v1/articles/{first.slug}").json()
    assert (changed.id, changed.did, after["version"]) == (first.id, "updated", 2)
    assert [b["id"] for b in after["body"]] == [b["id"] for b in before.json()["body"]]
    assert after["lead_image"]["id"] == before.json()["lead_image"]["id"]


def test_a_new_paragraph_moves_no_id(client, db) -> None:
    first = take(db, NEWS, publish=True)
    before = client.get(f"/v1/articles/{first.slug}").json()["body"]
    more = NEWS.replace(
        "Tickets\n\n", "A second ferry follows on Monday, if the weather holds.\n\nTickets\n\n"
    )
    take(db, more, publish=True)
    after = client.get(f"/v1/articles/{first.slug}").json()["body"]
    by_text = {block["text"]: block["id"] for block in after}
    assert all(by_text[block["text"]] == block["id"] for block in before)
    assert len(set(by_text.values())) == len(before) + 1


def test_a_corrected_credit_of_an_imported_image_shows(client, db) -> None:
    from app.desk.catalog import verbs as shared
    from app.desk.transaction import at_desk

    first = take(db, NEWS, publish=True)
    lead = client.get(f"/v1/articles/{first.slug}").json()["lead_image"]
    with at_desk(db) as desk:
        shared.change(desk, desk.session.get_one(ImageRow, lead["id"]), credit={"en": "A. Sailor"})
    assert client.get(f"/v1/articles/{first.slug}").json()["lead_image"]["credit"] == "A. Sailor"


def test_options(client, db) -> None:
    from app.desk.catalog import verbs as shared
    from app.desk.transaction import at_desk

    with at_desk(db) as desk:
        shared.add_section(desk, "sea", {"ar": "البحر", "en": "Sea"})
    moment = parsing_time("2026-02-01T08:00:00Z")
    one = take(db, NEWS, id="ferry", publish=True, published=moment, section="sea")
    two = take(db, NEWS.replace("Ferry line reopens", "Ferries sail"), id="ferry", publish=True,
               published=moment, section="sea")  # fmt: skip
    story = client.get(f"/v1/articles/{one.id}").json()
    assert one.id == two.id
    assert story["published_at"] == "2026-02-01T08:00:00Z"
    assert story["section"]["path"] == "sea"
    refused = pages.take(db, [page_of(NEWS, db.settings)], pages.Options(section="nowhere"))
    assert isinstance(refused[0], pages.Refused)
    assert "nowhere" in refused[0].why


def parsing_time(text: str):
    from datetime import datetime

    return datetime.fromisoformat(text)


def test_an_unknown_source_is_made_for_review(client, db) -> None:
    taken = take(db, NEWS.replace("Al Araby", "The Lighthouse Courier"), publish=True)
    story = client.get(f"/v1/articles/{taken.slug}").json()
    assert story["credit_line"]["en"] == "Sources: The Lighthouse Courier - agencies"
    with db.reading() as session:
        rows = session.exec(select(SourceRow).where(SourceRow.needs_review)).all()
    assert [row.name["en"] for row in rows] == ["The Lighthouse Courier"]
    assert any("Lighthouse" in warning for warning in taken.warnings)


def test_one_refused_page_does_not_hold_the_others(db) -> None:
    good, bad = page_of(NEWS, db.settings), page_of(NEWS, db.settings)
    bad.headline, bad.url = "x" * 600, "https://a.example/too-long"
    results = pages.take(db, [bad, good], pages.Options())
    assert isinstance(results[0], pages.Refused)
    assert isinstance(results[1], pages.Taken)
    with db.reading() as session:
        assert len(session.exec(select(ArticleRow)).all()) == 1


WRONG = {
    "empty.txt": (b"", "empty"),
    "blank.txt": (b" \n\n ", "empty"),
    "image.html": (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "PNG"),
    "page.pdf": (b"%PDF-1.7 ...", "PDF"),
    "binary.bin": (bytes(range(256)) * 20, "binary|encoding"),
    "wrong.txt": (b"caf\xe9 \xff\xfe\xfa " * 50, "encoding"),
    "large.txt": (b"word " * 10_000_000, "at most"),
    "short.txt": (b"hello", "no text"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_are_told_and_leave_nothing(
    name, kind, settings, tmp_path, monkeypatch
) -> None:
    data, said = WRONG[name]
    path = tmp_path / name
    path.write_bytes(data)
    good = tmp_path / "good.txt"
    good.write_text(NEWS)
    monkeypatch.setenv("ISNAD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("ISNAD_SECRET", "a secret of the tests")
    alone = CliRunner().invoke(main.app, ["import", str(path)])
    assert alone.exit_code == 2, alone.output
    import re

    assert re.search(said, " ".join(alone.output.split())), alone.output
    both = CliRunner().invoke(main.app, ["import", str(path), str(good), str(tmp_path / "absent")])
    assert both.exit_code == 1
    good_only = CliRunner().invoke(main.app, ["import", str(good), "--explain"])
    assert good_only.exit_code == 0
    assert "unchanged" in good_only.output
    assert "left out: share words" in good_only.output
    made = Database(settings)
    with made.reading() as session:
        assert len(session.exec(select(ArticleRow)).all()) == 1
    made.engine.dispose()
