"""`isnad key`: keys from a terminal. The first one is created here."""

from typing import Annotated

import typer

from app.cli.database import current
from app.desk import keys
from app.desk.transaction import at_desk
from app.models.key import KeyRole, KeyWrite, Scope

app = typer.Typer(no_args_is_help=True, help="Keys: make, list, disable.")


@app.command()
def create(
    role: Annotated[KeyRole, typer.Option(help="What it makes of its holder.")],
    partner: Annotated[str | None, typer.Option(help="Slug of its holder.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    scope: Annotated[list[Scope] | None, typer.Option(help="Only for this; may repeat.")] = None,
    network: Annotated[list[str] | None, typer.Option(help="Only from here, as CIDR.")] = None,
) -> None:
    """Make a key and print it, alone, on standard output. It is shown this once."""
    write = KeyWrite.model_validate({
        "role": role, "partner": partner, "name": name, "scopes": scope or [],
        "networks": network or [],
    })  # fmt: skip
    with at_desk(current(), by="operator") as desk:
        _, key = keys.make(desk, write)
    typer.echo(key)


@app.command(name="list")
def list_keys() -> None:
    """A line for each key: id, role, holder, name, and whether it works."""
    with at_desk(current()) as desk:
        for row in keys.find(desk):
            works = "disabled" if row.disabled_at else "expires" if row.expires_at else "works"
            holder = row.partner or "-"
            typer.echo(f"{row.id}  {row.role:8} {holder}  …{row.hint}  {works}  {row.name or ''}")


@app.command()
def disable(id: Annotated[str, typer.Argument(help="Id of the key.")]) -> None:
    """A key works no longer."""
    with at_desk(current(), by="operator") as desk:
        row = keys.get(desk, id)
        desk.match = f'"v{row.version}"'
        keys.disable(desk, row)
    typer.echo(f"{id} is disabled.")
