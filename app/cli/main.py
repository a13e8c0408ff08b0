"""The command `isnad`: what an operator types. docs/running.md."""

import asyncio
import time
from typing import Annotated

import typer
import yaml

from app import __version__, server, worker
from app.cache import cdn_purge
from app.cli import (
    backup,
    database,
    keys,
    kill,
    purge,
)
from app.cli import (
    check as checking,
)
from app.cli.import_pages import import_pages
from app.cli.reported_errors import reported_errors
from app.cli.serve import serve
from app.db.database import MOST_SECONDS
from app.desk.catalog import seed, verbs
from app.desk.transaction import BATCH, at_desk
from app.search import rebuild, upkeep

app = typer.Typer(
    name="isnad", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="A headless news content API with the chain of attribution as data.",
)  # fmt: skip
app.command()(serve)


def main() -> None:
    """Run a command. Operator errors are printed as one line, without a traceback."""
    with reported_errors():
        app()


@app.command()
def migrate() -> None:
    """Bring the database to the present schema, and add the sources of the catalogue."""
    db = database.migrated()
    added = seed.seed_sources(db)
    say(f"The schema is current. {added} sources added from the catalogue.")


@app.command()
def demo() -> None:
    """Load the demo stories; a second time changes nothing."""
    db = database.migrated()
    seed.seed_sources(db)
    from app.demo.load import load

    done = load(db)
    say(f"{done} demo stories loaded." if done else "The demo stories are there already.")


@app.command()
def work(
    once: Annotated[bool, typer.Option(help="Do what waits, then stop.")] = False,
) -> None:
    """Do the work that no request waits for; any number of these may run."""
    db = database.current()
    if once:
        say(f"{worker.work_through(db)} documents rendered.")
        if upkeep.rebuild_if_due(db):
            say("The search index was rebuilt.")
        if sent := cdn_purge.work_through(db):
            say(f"{sent} rows of the log sent to caches.")
    else:
        asyncio.run(worker.run(db))


@app.command()
def touch(ids: Annotated[list[str], typer.Argument(help="Ids of articles.")]) -> None:
    """Render stories again and tell the log, after a change by raw SQL."""
    db = database.current()
    for start in range(0, len(ids), BATCH):
        with at_desk(db, by="operator") as desk:
            verbs.rerender(desk, ids[start : start + BATCH], "touched")
    say(f"{len(ids)} rendered.")


@app.command()
def reindex(
    learn: Annotated[
        bool, typer.Option(help="Learn the words of the installation's own articles.")
    ] = False,
) -> None:
    """Make the search index anew; search goes on meanwhile."""
    db = database.current()
    count = rebuild.remake(db, learn=learn, report=say)
    time.sleep(MOST_SECONDS)  # until the last question to the place before is answered
    rebuild.clear(db)
    say(f"The search index has {count} stories.")


@app.command()
def check() -> None:
    """Look whether settings, schema, log and documents fit together; 1 if something doesn't."""
    db = database.current()
    faults = [*checking.setting_faults(db.settings), *checking.faults(db)]
    for fault in faults:
        say(fault)
    if faults:
        raise typer.Exit(1)
    say("Everything fits.")


@app.command()
def openapi() -> None:
    """Print the contract, as YAML."""
    from app.main import create_app  # everything is loaded for this one and `serve` alone

    contract = create_app(server.plain_settings()).openapi() | {"servers": [{"url": "/"}]}
    told = yaml.dump(contract, Dumper=Plain, sort_keys=False, allow_unicode=True, width=100)
    typer.echo(told, nl=False)


class Plain(yaml.SafeDumper):
    """YAML without anchors: what is the same twice is written twice."""

    def ignore_aliases(self, data: object) -> bool:
        return True


@app.command()
def version() -> None:
    """Print the release."""
    typer.echo(__version__)


app.command(name="import")(import_pages)
app.command(name="export")(backup.export)
app.command()(kill.kill)
app.command()(purge.purge)
app.add_typer(keys.app, name="key")


def say(line: str) -> None:
    """Print a line."""
    typer.echo(line)
