"""`isnad export`, and `isnad import` of what it wrote."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from app.backup.dump_format import BadDump
from app.backup.export import Export
from app.backup.restore import restore as take_back
from app.cli.database import current
from app.config import Settings
from app.db.database import Database


def export(
    output: Annotated[Path | None, typer.Option(help="A file; else standard output.")] = None,
    media: Annotated[bool, typer.Option(help="The originals of images too.")] = True,
    with_confidential: Annotated[
        bool,
        typer.Option("--with-confidential", help="The names of confidential sources too."),
    ] = False,
) -> None:
    """Write everything, sealed content included, as JSON lines; the names of confidential sources only
    where that is said. Exit 1: files were missing."""
    made = Export(current(), media, with_confidential)
    with written(output) as file:
        for line in made.lines():
            file.write(line)
    for key in made.missing:
        note(f"missing in the media store: {key}")
    told = f"{made.rows['article']} stories, {made.rows['change']} changes, {made.media} files"
    note(f"exported: {told}")
    raise typer.Exit(1 if made.missing else 0)


@contextmanager
def written(output: Path | None) -> Iterator[BinaryIO]:
    """The file to write to, readable by its owner only; it is complete or does not exist."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = output.with_name(f"{output.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(output)
    except BaseException:
        part.unlink()
        raise


def restore(settings: Settings, path: Path) -> None:
    """Restore an export into an empty database."""
    try:
        done = take_back(Database(settings), path)
    except BadDump as wrong:
        note(f"refused {path}: {wrong}")
        raise typer.Exit(2) from wrong
    for told in done.notes:
        note(told)
    stories, changes = done.rows.get("article", 0), done.rows.get("change", 0)
    told = f"{stories} stories, {changes} changes, {done.media} files; the log is at {done.log}"
    typer.echo(f"imported: {told}")


def note(line: str) -> None:
    """Print a line to standard error."""
    typer.echo(line, err=True)
