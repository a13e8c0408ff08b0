"""`isnad serve`, which is loaded without the other commands."""

from collections.abc import Sequence
from typing import Annotated

import typer

from app import server
from app.cli.reported_errors import reported_errors


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    access_log: Annotated[bool, typer.Option(help="A line for each request.")] = False,
    no_worker: Annotated[bool, typer.Option(help="Leave the work to `isnad work`.")] = False,
) -> None:
    """Serve the API; an embedded database is migrated first."""
    server.run(
        host,
        port,
        processes=workers,
        access_log=access_log,
        with_worker=not no_worker,
        say=typer.echo,
    )


def main(arguments: Sequence[str]) -> None:
    """Serve, with these arguments of the command line."""
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(serve)
    with reported_errors():
        alone(list(arguments), prog_name="isnad serve")
