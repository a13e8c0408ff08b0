"""`isnad import`: pages from files and addresses, one line for each that was not taken."""

import re
import stat
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from app.attribution import known_sources
from app.backup import dump_format as dumps
from app.cli import backup
from app.cli.database import current
from app.config import Settings
from app.db.database import Database
from app.desk.catalog import seed
from app.desk.transaction import BATCH
from app.formats.page import parse
from app.formats.page.decode import MAX_BYTES
from app.formats.page.model import NotAPage, Page
from app.ingest import pages as importing
from app.outbound.addresses import Guard, Refused
from app.outbound.fetch import fetch
from app.request.filters import read_time

Format = Literal["auto", "page", "html", "text"]
Given = Literal["auto", "page", "html", "text", "export"]
notes = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def import_pages(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE-OR-URL…", help="Pages.")],
    format: Annotated[Given, typer.Option(help="What the inputs are.")] = "auto",
    id: Annotated[str | None, typer.Option(help="Identity of a single input.")] = None,
    publish: Annotated[bool, typer.Option(help="Publish what comes in new.")] = False,
    licensed: Annotated[
        bool, typer.Option(help="You may publish these pages of other publishers.")
    ] = False,
    published: Annotated[str | None, typer.Option(help="The time of publication.")] = None,
    section: Annotated[str | None, typer.Option(help="Path of the section.")] = None,
    explain: Annotated[bool, typer.Option(help="Say where each line went.")] = False,
) -> None:
    """Take news pages in. Run twice, nothing changes. Exit: 0 all in, 1 some refused, 2 none.
    What `isnad export` wrote goes, alone, into an empty database."""
    settings = Settings()
    if format == "export" or (format == "auto" and any(map(is_dump, inputs))):
        if len(inputs) > 1 or id or publish or licensed or published or section or explain:
            raise typer.BadParameter("An export is imported alone, and as it is: without options.")
        backup.restore(settings, Path(inputs[0]))
        return
    if id and len(inputs) > 1:
        raise typer.BadParameter("--id goes with a single input.")
    moment = read_time(published, settings.zone) if published else None
    if published and moment is None:
        raise typer.BadParameter("--published is a date or an RFC 3339 time with its offset.")
    options = importing.Options(
        id=id, publish=publish, licensed=licensed, published=moment, section=section
    )
    db = current()
    seed.seed_sources(db)
    refused = import_all(db, inputs, format, options, explain)
    raise typer.Exit(0 if not refused else 2 if refused == len(inputs) else 1)


def is_dump(given: str) -> bool:
    """Whether an input is what `isnad export` wrote."""
    path = Path(given)
    try:
        return path.is_file() and dumps.is_dump(path)
    except (OSError, ValueError):
        return False  # reading it as a page tells why


def import_all(
    db: Database, inputs: list[str], format: Format, options: importing.Options, explain: bool
) -> int:
    """Read, parse and import the inputs in batches. Returns how many were refused."""
    refused = 0
    with Progress(console=notes, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("importing", total=len(inputs))
        for start in range(0, len(inputs), BATCH):
            batch = inputs[start : start + BATCH]
            refused += import_batch(db, batch, format, options, explain)
            progress.advance(task, len(batch))
    return refused


def import_batch(
    db: Database, batch: list[str], format: Format, options: importing.Options, explain: bool
) -> int:
    """Import one batch in one transaction. Returns how many were refused."""
    pages: dict[str, Page] = {}
    refused = 0
    for given in batch:
        try:
            pages[given] = read(given, format, db.settings)
        except Exception as wrong:  # whatever is wrong with one page, the others come in
            refused += 1
            print_refused(given, why(wrong))
            if explain and not isinstance(wrong, NotAPage | OSError | Refused):
                show_traceback(wrong)
    results = importing.take(db, list(pages.values()), options)
    for (given, page), result in zip(pages.items(), results, strict=True):
        if isinstance(result, importing.Refused):
            refused += 1
            print_refused(given, result.why)
            if explain and result.error:
                show_traceback(result.error)
        else:
            print_imported(given, page, result, explain)
    return refused


def read(given: str, format: Format, settings: Settings) -> Page:
    """The page at a path or an address, taken apart."""
    url, kind = None, None
    if ADDRESS.match(given):
        guard = Guard(settings.fetched_networks)
        found = fetch(given, guard, accept="text/html,text/plain;q=0.9")
        data, url, kind = found.body, found.url, found.content_type
    else:
        data = read_file(Path(given))
    now = datetime.now(UTC)
    return parse.parse(
        data, content_type=kind, url=url, format=format, tz=settings.zone, now=now,
        known=known_sources.kind_of,
    )  # fmt: skip


def read_file(path: Path) -> bytes:
    """A file's bytes; one that is too large, or has no end, is refused unread."""
    about = path.stat()
    if not stat.S_ISREG(about.st_mode) and not stat.S_ISDIR(about.st_mode):
        raise NotAPage("This is not a file.")
    if about.st_size > MAX_BYTES:
        raise NotAPage(f"{about.st_size:,} bytes; a page has at most {MAX_BYTES:,}.")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def why(wrong: Exception) -> str:
    """What is wrong with an input, for the operator."""
    if isinstance(wrong, NotAPage | Refused):
        return str(wrong)
    if isinstance(wrong, OSError):
        return wrong.strerror or type(wrong).__name__
    return importing.unforeseen(wrong)


def print_refused(given: str, why: str) -> None:
    """Print that an input was refused, and why."""
    notes.print(f"[red]refused[/] {printable(given)}: {printable(why)}")


def printable(text: str) -> str:
    """Text from outside for a terminal: invalid bytes and control characters are replaced."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return escape("".join(one if one.isprintable() else "\ufffd" for one in plain))


def show_traceback(wrong: Exception) -> None:
    """Print where an unexpected error was raised."""
    notes.print(escape("".join(traceback.format_exception(wrong))))


def print_imported(given: str, page: Page, result: importing.Taken, explain: bool) -> None:
    """Print what became of an input, with its warnings."""
    out.print(f"[green]{result.did}[/] {result.id} {printable(result.slug)} ({printable(given)})")
    for warning in result.warnings:
        notes.print(f"  [yellow]warning[/] {printable(warning)}")
    if explain:
        explain_page(page)


def explain_page(page: Page) -> None:
    """Print where each line of the input went, its source mentions, and suggestions for the desk."""
    for line in page.lines:
        went = line.field or f"left out: {line.reason}"
        out.print(f"  {line.number:>5}  {escape(went):<28}  {escape(shortened(line.text))}")
    for mention in page.mentions:
        at = {"block": mention.block, "image": mention.picture}.get(mention.scope, "")
        out.print(f"  source  {escape(mention.name)} ({mention.role}, {mention.scope} {at})")
    for quoted in page.quoted:
        out.print(f"  suggested, not asserted: {escape(quoted.name)} (block {quoted.block})")


def shortened(text: str) -> str:
    """Text of at most 100 characters."""
    return text if len(text) <= 100 else text[:99] + "…"
