"""Settings that can't work are told at once, with their variable and what to write, and without secrets."""

import logging
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from app import server, setting_advice, setting_checks
from app.cli import main
from app.config import Settings

SECRET = "p4ssw0rd-of-somebody"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("public_url", "news.example", "https://news.example/api"),
        ("public_url", "", "https://news.example/api"),
        ("public_url", "https://news.example/api?x=1", "without user, query and fragment"),
        ("public_url", "https://a:b@news.example", "without user"),
        ("public_url", "https://news.example:99999", "Port"),
        ("public_url", 'https://news.example/"><script>', "address such as"),
        ("public_url", "https://news.example/\r\nX: y", "address such as"),
        ("site_url", "ftp://news.example", "address such as"),
        ("site_url", "https://", "address such as"),
        ("article_url", "{site}/{slgu}", "Did you mean {slug}?"),
        ("article_url", "{site}/news", "needs {slug}"),
        ("article_url", "{site}/{slug", "needs {slug}|brace"),
        ("section_url", "{site}/{slug}", "it may have {site}, {lang}, {section}"),
        ("tag_url", "/tags/{slug}", "begins with {site}"),
        ("contributor_url", "{site}/people/ {slug}", "no spaces"),
        ("short_url", "s.example/{id}", "begins with {site}"),
        ("preview_url", "{site}/{id}", "needs {token}"),
        ("database_url", "mysql://x", "sqlite:///PATH or postgresql://"),
        ("database_url", "sqlite:///", "sqlite:///data/isnad.db"),
        ("database_url", "sqlite:///:memory:", "sqlite:///data/isnad.db"),
        ("database_url", f"postgresql://u:{SECRET}@x@h/d", "percent-encoded"),
        ("database_url", f"postgresql://u:{SECRET}@h:54x/d", "percent-encoded"),
        ("database_url", f"postgresql://u:{SECRET}@h", "/DATABASE"),
        ("media_url", "s3://bucket", "file:PATH"),
        ("media_url", "file:", "file:PATH"),
        ("media_url", f"file:{__file__}/media", "is no folder"),
        ("secret", f"{SECRET},", "empty part"),
        ("secret", f"{SECRET}, changeme", "can be guessed"),
        ("secret", "abc", "ISNAD_SECRET="),
        ("cache_bytes", "many", "integer"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("ISNAD_DATABASE_URL", f"sqlite:///{tmp_path}/x.db")
    monkeypatch.setenv(f"ISNAD_{name.upper()}", value)
    for command in ("check", "migrate"):
        monkeypatch.setattr(sys, "argv", ["isnad", command])
        with pytest.raises(SystemExit) as ended:
            main.main()
        said = capsys.readouterr().err
        assert ended.value.code == 2
        assert said.startswith("isnad: ") and said.count("\n") == 1
        assert f"ISNAD_{name.upper()}" in said and any(one in said for one in says.split("|"))
        assert SECRET not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_url", "https://news.example/api/isnad/"), ("public_url", "http://[::1]:8000"),
        ("public_url", "https://xn--mgbh0fb.example/%D8%A7"),
        ("article_url", "https://news.example/أخبار/{slug}"), ("short_url", "https://s.example/{id}"),
        ("preview_url", "{site}/api/draft?token={token}&id={id}&slug={slug}"),
        ("database_url", "postgresql://u:p%40ss@/d?host=/var/run/postgresql"),
        ("database_url", "sqlite:////var/lib/isnad.db"), ("media_url", "file:/none/yet/media"),
        ("secret", f"{SECRET},{SECRET}"),
    ],
)  # fmt: skip
def test_a_valid_setting_is_accepted(name: str, value: str) -> None:
    assert getattr(Settings.model_validate({name: value}), name)


def test_probable_mistakes_are_reported_as_warnings() -> None:
    settings = Settings(secret=SECRET)
    told = list(setting_advice.advice(settings, {"ISNAD_PUBLIC_ULR": "x", "ISNAD_NAME": "x"}))
    assert told == [
        "ISNAD_PUBLIC_ULR is no setting and changes nothing. Did you mean ISNAD_PUBLIC_URL?"
    ]
    [short] = setting_advice.advice(Settings(secret=f"{SECRET},tests"), {})
    assert "fewer than 16" in short and SECRET not in short and "tests" not in short


def test_every_pattern_is_checked() -> None:
    patterns = {name for name in Settings.model_fields if name.endswith("_url")}
    checked = {*setting_checks.PLACEHOLDERS, "public_url", "site_url", "database_url", "media_url"}
    assert patterns == checked
    for name in patterns:
        with pytest.raises(ValidationError, match=f"ISNAD_{name.upper()}"):
            Settings.model_validate({name: " "})


def test_warnings_are_printed_at_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(server, "serve", lambda config: None)
    for name, value in {
        "ISNAD_DATABASE_URL": f"sqlite:///{tmp_path}/x.db", "ISNAD_SECRET": "tests", "ISNAD_NMAE": "x",
        "ISNAD_PUBLIC_URL": "https://news.example/api/", server.WITH_WORKER: "",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    told: list[str] = []
    with caplog.at_level(logging.WARNING):
        server.run(
            "127.0.0.1", 0, processes=1, access_log=False, with_worker=False, say=told.append
        )
    assert "Did you mean ISNAD_NAME?" in caplog.text and "ISNAD_SECRET has fewer" in caplog.text
    assert told == ["Isnad serves https://news.example/api (try https://news.example/api/docs)"]
