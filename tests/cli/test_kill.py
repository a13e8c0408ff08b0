"""`isnad kill`: what an operator types at night, and what it prints."""

import pytest
from typer.testing import CliRunner, Result

from app.cli import main
from app.db.database import Database
from tests.cli.test_commands import environment
from tests.conftest import Client
from tests.desk.test_withdrawals import a_dispatch, an_image


def kill(client: Client, *given: str) -> Result:
    env = environment(client.served.settings) | {"ISNAD_PUBLIC_URL": client.served.url}
    return CliRunner().invoke(main.app, ["kill", *given], env=env)


@pytest.mark.parametrize("way", ["id", "slug", "page", "self", "imported"])
def test_a_story_is_found_by_id_slug_and_url(client: Client, db: Database, told, way: str) -> None:
    row = told(slug="قصة", lang="ar", headline="قصة")
    from app.desk.articles import publishing
    from app.desk.transaction import at_desk

    with at_desk(db) as desk:
        publishing.get(desk, row.id).identity = "url:elsewhere.example/a/story"
    story = client.get(f"/v1/articles/{row.id}").json()
    named = {
        "id": row.id, "slug": "قصة", "page": story["url"], "self": story["links"]["self"],
        "imported": "https://www.elsewhere.example/a/story/?utm_source=x",
    }  # fmt: skip
    done = kill(client, named[way], "--reason", "libel")
    assert done.exit_code == 0, done.output
    assert f"killed article {row.id} قصة ar (readers had seen it)" in done.stdout
    assert f"DELETE {client.served.url}/v1/articles/{row.id}/withdrawal" in done.stdout
    assert client.get(f"/v1/articles/{row.id}").status_code == 410
    again = kill(client, named[way])
    assert (again.exit_code, again.stderr) == (1, f"isnad: {row.id} is killed already.\n")


def test_stories_based_on_the_killed_one_are_printed(
    client: Client, editor: Client, db: Database, told
) -> None:
    image = an_image(db)
    row = told(slug="story", lead_image={"id": image.id})
    ar = told(slug="qissa", lang="ar", translation_of="story")
    naming = told(slug="naming", related=["story"])
    done = kill(client, "story", "--vanish")
    assert f"vanished article {row.id} story en" in done.stdout
    assert f"rests on it: {ar.id} qissa published (translation)" in done.stdout
    assert f"rests on it: {naming.id} naming published (related)" in done.stdout
    assert f"stays: image {image.id}" in done.stdout
    assert client.get("/v1/articles/story").status_code == 404
    both = kill(client, "qissa", "--translations")
    assert "killed article" in both.stdout and "story" not in both.stdout  # it went before
    listed = editor.get("/v1/withdrawals").json()["items"]
    assert {(one["slug"], one["withdrawn_by"]) for one in listed} == {
        ("story", "operator"), ("qissa", "operator"),
    }  # fmt: skip


def test_images_and_dispatches_can_be_killed(client: Client, db: Database, told) -> None:
    image, dispatch = an_image(db), a_dispatch(db, "1")
    told(slug="story", lead_image={"id": image.id}, body=[{"type": "paragraph", "text": "x"}],
         attributions=[{"source": "afp", "dispatch_id": dispatch.id}])  # fmt: skip
    done = kill(client, image.id)
    assert f"killed image {image.id}" in done.stdout and "story published (shows)" in done.stdout
    done = kill(client, f"{client.served.url}/v1/dispatches/{dispatch.id}")
    assert f"killed dispatch {dispatch.id}" in done.stdout
    story = client.get("/v1/articles/story").json()
    assert (story["lead_image"]["url"], story["body"][0]["text"]) == (None, None)


def test_an_unknown_name_prints_one_line(client: Client, told) -> None:
    row = told(slug="story")
    for which in ("nothing", "art_nothing", "img_nothing", "https://elsewhere.example/nothing"):
        done = kill(client, which)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1 and which in done.stderr
    done = kill(client, "https://elsewhere.example/en/story")
    assert f"Did you mean {row.id}?" in done.stderr
    assert client.get("/v1/articles/story").status_code == 200
