"""One bad input of an import is its own line; what is good beside it comes in."""

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from app.cli import main
from app.config import Settings
from app.db.database import Database
from app.formats.page import parse
from app.formats.page.model import NotAPage, Page
from app.ingest import pages
from app.models.article import ArticleRow
from tests.outbound.test_outbound import Web, page

WORDS = "Good words stand here. " * 20
GOOD = f"<html><head><title>A title</title></head><body><article><h1>A headline of it</h1><p>{WORDS}</p></article></body></html>"
Make = Callable[[Path], object]


def html(head: str = "", body: str = "", title: str = "A headline of it") -> bytes:
    found = GOOD.replace("A title", title).replace("A headline of it", title)
    return found.replace("<head>", f"<head>{head}").replace("</h1>", f"</h1>{body}").encode()


def file(data: bytes) -> Make:
    return lambda path: path.write_bytes(data)


def unreadable(path: Path) -> None:
    path.symlink_to(path)  # a loop, which not even root can read


BAD: dict[str, tuple[Make, str]] = {
    "charset": (
        file(b"<html><meta charset=nonesuch><h1>caf\xe9 \xff\xfe\xfa</h1>" * 50),
        "nonesuch",
    ),
    "codec": (
        file(b"<html><meta charset=undefined><h1>caf\xe9 \xff\xfe\xfa</h1>" * 50),
        "undefined",
    ),
    "folder": (Path.mkdir, "directory"),
    "broken-link": (lambda path: path.symlink_to("nowhere"), "No such file"),
    "loop": (unreadable, "symbolic links"),
    "absent": (lambda path: None, "No such file"),
    "pipe": (os.mkfifo, "not a file"),
    "empty": (file(b""), "empty"),
    "large": (file(b"word " * 2_000_001), "at most"),
    "markup": (file(b"<html><"), "refused"),
    "long-headline": (file(html(title="word " * 200)), "refused"),
}
ADDRESSES = {
    "http://[": "not known|not an address|host", "http://a:b@news.example/": "password",
    "ftp://news.example/": "Only http", "http://xn--/": "not an address",
    "http://10.0.0.1/": "not a public address", "HTTP://127.0.0.1:99999/": "65,535",
    "http://a\ud800b/": "refused",
}  # fmt: skip


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("ISNAD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("ISNAD_SECRET", "a secret of the tests")
    monkeypatch.setenv("ISNAD_FETCH_NETWORKS", "127.0.0.0/8")
    return lambda *inputs: CliRunner().invoke(main.app, ["import", *inputs])


def count(settings: Settings) -> int:
    made = Database(settings)
    with made.reading() as session:
        found = len(session.exec(select(ArticleRow)).all())
    made.engine.dispose()
    return found


def test_every_bad_input_is_a_line_and_the_good_ones_come_in(
    run: Callable[..., Any], settings: Settings, tmp_path: Path
) -> None:
    inputs = []
    for name, (make, _) in BAD.items():
        make(tmp_path / name)
        inputs.append(str(tmp_path / name))
    web = Web()
    web.paths["/good"] = page(html(title="A page of the web"), "Content-Type: text/html")
    web.paths["/charset"] = page(
        b"<h1>\xff\xfe\xfa</h1>" * 50, "Content-Type: text/html;charset=hex"
    )
    served = [f"{web.url}/charset", f"{web.url}/absent"]
    before, after = tmp_path / "before.html", tmp_path / "after.html"
    before.write_bytes(html())
    after.write_bytes(html(title="Another page here"))
    done = run(str(before), *inputs, *ADDRESSES, *served, f"{web.url}/good", str(after))
    web.listening.close()
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output
    lines = done.output.splitlines()
    refused = sum(line.startswith("refused ") for line in lines)
    assert refused == len(BAD) + len(ADDRESSES) + 2, done.output
    for name, (_, said) in BAD.items():
        [line] = [line for line in lines if f"{tmp_path / name}:" in line]
        assert said in line, line
    assert sum(line.startswith("created ") for line in lines) == 3
    assert count(settings) == 3


ODD = {
    "canonical": '<link rel=canonical href="http://[">', "og": '<meta property="og:url" content="http://[">',
    "date": '<meta property="article:published_time" content="9999-12-31T23:59:59-23:59">',
    "first date": '<meta property="article:published_time" content="0001-01-01T00:00:00+14:00">',
    "picture": '<meta property="og:image" content="http://[::1">',
    "json": '<script type="application/ld+json">{"@type":"NewsArticle","headline":</script>',
    "deep json": f'<script type="application/ld+json">{"[" * 5000}{"]" * 5000}</script>',
    "odd json": '<script type="application/ld+json">{"@type":["NewsArticle",{}],"author":[[{"name":{}}]],'
                '"image":{"url":[{}],"width":1e300},"datePublished":1e99,"keywords":{"a":1}}</script>',
    "surrogate": '<script type="application/ld+json">{"@type":"NewsArticle","headline":"A \\ud800 b"}</script>',
    "port": '<base href="http://a:b/">',
}  # fmt: skip


def test_what_is_odd_in_a_page_ends_nothing(
    run: Callable[..., Any], settings: Settings, tmp_path: Path
) -> None:
    """A field that can't be read is left out, or the page is refused by itself."""
    inputs = []
    for number, odd in enumerate(ODD.values()):
        path = tmp_path / f"{number}.html"
        path.write_bytes(html(odd, "<img src='http://[' width=900>", f"Page number {number}"))
        inputs.append(str(path))
    done = run(*inputs)
    lines = done.output.splitlines()
    created = sum(line.startswith("created ") for line in lines)
    assert created + sum(line.startswith("refused ") for line in lines) == len(ODD), done.output
    assert created == len(ODD) - 2, "two dates are none"
    assert count(settings) == created


def test_what_nobody_foresaw_is_told_by_its_class(db: Database) -> None:
    def made(title: str) -> Page:
        return parse.parse(html(title=title), tz=UTC, now=NOW)

    broken = made("Broken")
    broken.blocks = [None]  # type: ignore[list-item]  # as no parser leaves it
    done = pages.take(db, [made("First"), broken, made("Last")], pages.Options())
    assert [type(one) for one in done] == [pages.Taken, pages.Refused, pages.Taken]
    assert isinstance(done[1], pages.Refused) and done[1].error
    assert done[1].why.startswith("AttributeError: ")


NOW = datetime(2026, 1, 1, tzinfo=UTC)
PIECES = """
<p> </p> <div> </div> <table> <tr> <td~rowspan=99~colspan=-1> <td~colspan=999999> <ul> <li> <figure> <img~src=x> <figcaption>
<blockquote> <h1> </h1> <h2> text~words كلمات <iframe~src=https://youtube.com/embed/x> <svg> <math> <template> <noscript>
<!-- --> <script> </script> <![CDATA[ ]]> &#x110000; &#0; &nbsp; <a~href=//> <article> <main> <time~datetime=x>
<picture> <source~srcset=,,> <video~src=http://[> <audio> <base~href=:> <br> <select> <option> <plaintext> <frameset>
<h9> <x-y~z> <ol~start=99999999999999999999> <title> <link~rel=canonical~href=http://[> 9999-12-31T23:59:59-23:59
30/2/2024 <time~datetime=0001-01-01T00:00:00+14:00> ٣١/١٢/٩٩٩٩ <meta~charset=idna> Sat,~99~Nov~2024
""".split()


def test_no_page_raises_anything_but_that_it_is_none() -> None:
    chance = random.Random(14)
    pieces = [one.replace("~", " ").encode() for one in PIECES] + [b"\0", b"\xff", b"\xed\xa0\x80"]
    for number in range(600):
        data = b"".join(chance.choice(pieces) for _ in range(chance.randint(1, 40)))
        given = b"<html>" + data if number % 2 else data
        url = None if number % 3 else "http://news.example/a"
        try:
            parse.parse(given, tz=UTC, now=NOW, url=url)
        except NotAPage as why:
            assert str(why)
