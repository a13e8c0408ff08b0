"""`isnad purge`: answers dropped from the caches in front, by hand."""

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cache import cdn_purge
from app.cache.cdn_targets import EVERYTHING, targets_of
from app.cli.database import current
from app.cli.kill import named
from app.config import ConfigError
from app.db.database import Database
from app.desk.articles import publishing
from app.desk.transaction import Desk
from app.errors import NotFound

ID = re.compile(r"[a-z]{3}_[a-z0-9]+")
COARSE = ("articles", "nouns", "changes")
"""Keys of lists: of stories, of what stories share, of the log."""

WHICH = "Ids, slugs or page addresses; `articles`, `nouns` or `changes` for their lists; or `all`."


def purge(which: Annotated[list[str], typer.Argument(metavar="ID…", help=WHICH)]) -> None:
    """Have the caches of ISNAD_PURGE drop every answer that shows these."""
    db = current()
    if not targets_of(db.settings):
        raise ConfigError("ISNAD_PURGE names no cache.")
    keys = None if EVERYTHING in which else keys_of(db, which)
    typer.echo(f"keys: {' '.join(keys) if keys else EVERYTHING}")
    told = cdn_purge.by_hand(db, keys)
    for name, what in told.items():
        typer.echo(f"{name}: {what}")
    if any(what.startswith("failed") for what in told.values()):
        raise typer.Exit(1)


def keys_of(db: Database, which: list[str]) -> list[str]:
    """The surrogate keys of what is named; exits with 1 for a name that nothing has."""
    with db.reading() as session:
        desk = Desk(session, db.settings, "operator", datetime.now(UTC))
        try:
            return list(dict.fromkeys(key_of(desk, one.strip()) for one in which))
        except NotFound as unknown:
            typer.echo(f"isnad: {unknown.detail}", err=True)
            raise typer.Exit(1) from unknown


def key_of(desk: Desk, one: str) -> str:
    """The surrogate key of a name: an id as it is (erased items have responses too), an article's id by its
    slug or address."""
    if one in COARSE or ID.fullmatch(one):
        return one
    return publishing.get(desk, named(desk, one), lock=False).id
