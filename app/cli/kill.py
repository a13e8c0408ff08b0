"""`isnad kill`: a story taken back from a terminal, at night."""

from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer
from sqlmodel import select

from app import urls
from app.cli.database import current
from app.desk import withdrawals
from app.desk.articles import publishing
from app.desk.transaction import Desk, at_desk
from app.errors import NotFound, Problem
from app.json_types import Json
from app.models.article import ArticleRow
from app.models.withdrawal import WithdrawalKind, WithdrawalRow, WithdrawalWrite

PREFIXES = {"img": "image", "dsp": "dispatch"}
WHICH = "Id, slug or page address of a story; id of an image or dispatch."


def kill(
    which: Annotated[str, typer.Argument(metavar="ID-OR-URL", help=WHICH)],
    reason: Annotated[str | None, typer.Option(help="Why, for the desk alone.")] = None,
    vanish: Annotated[bool, typer.Option(help="Leave no trace: 404 instead of 410.")] = False,
    translations: Annotated[bool, typer.Option(help="Take the other languages too.")] = False,
) -> None:
    """Take a story back at once; an image or a dispatch wherever it is used."""
    kind = WithdrawalKind.vanish if vanish else WithdrawalKind.kill
    given = {"kind": kind, "translations": translations} | ({"reason": reason} if reason else {})
    try:
        with at_desk(current(), by="operator") as desk:
            row = withdrawn(desk, which.strip(), WithdrawalWrite.model_validate(given))
            desk.finish()
            record = withdrawals.records(desk).whole(row)
    except Problem as refused:
        faults = [fault["detail"] for fault in refused.errors]
        typer.echo(f"isnad: {' '.join(faults) or refused.detail}", err=True)
        raise typer.Exit(1) from refused
    for line in [*describe(record), *desk.warnings]:
        typer.echo(line)


def withdrawn(desk: Desk, which: str, sent: WithdrawalWrite) -> WithdrawalRow:
    """Withdraw the article, image or dispatch that is named."""
    id = which.removeprefix(f"{desk.settings.public_url}/v1/").partition("/")[2] or which
    if noun := PREFIXES.get(id.partition("_")[0]):
        return withdrawals.withdraw_use(desk, noun, id, sent)
    return withdrawals.withdraw(desk, named(desk, which), sent)


def named(desk: Desk, which: str) -> str:
    """The id or slug of the article that is named."""
    if not urls.is_web_url(which):
        return which
    api = f"{desk.settings.public_url}/v1/articles/"
    if which.startswith(api):
        return unquote(urlsplit(which.removeprefix(api)).path)
    if slug := urls.slug_in(desk.settings, which):
        return slug
    identity = f"url:{urls.normalised(which)}"
    id = desk.session.exec(select(ArticleRow.id).where(ArticleRow.identity == identity)).first()
    if id is None:
        raise NotFound(f"No story has the address {which}.{suggestion(desk, which)}")
    return id


def suggestion(desk: Desk, which: str) -> str:
    """A suggestion for an address whose host is not that of ISNAD_SITE_URL."""
    slug = unquote(urlsplit(which).path.rstrip("/").rpartition("/")[2])
    try:
        return f" Did you mean {publishing.get(desk, slug, lock=False).id}?"
    except NotFound:
        return ""


def describe(record: Json) -> list[str]:
    """What went, what rests on it, and how it comes back; a line each."""
    verb = "killed" if record["kind"] == "kill" else "vanished"
    lines = [" ".join([verb, one["noun"], *name(one), seen(one)]) for one in record["went"]]
    for one in record["resting"]:
        story = one["article"]
        part = f" ({one['how']} {one['part']})" if one["part"] else f" ({one['how']})"
        lines.append(f"rests on it: {story['id']} {story['slug']} {one['state']}{part}")
    if (more := record["resting_count"] - len(record["resting"])) > 0:
        lines.append(f"rests on it: {more} more")
    lines += [f"stood on the front {one['slug']}" for one in record["fronts"]]
    lines += [f"stays: {one['noun']} {one['id']}" for one in record["beside"]]
    return [*lines, f"to bring it back: DELETE {record['links']['self']}"]


def name(one: Json) -> list[str]:
    """The id, slug and language of an item, those that it has."""
    return [text for text in (one["id"], one["slug"], one["lang"]) if text]


def seen(one: Json) -> str:
    """Whether readers had seen the item, in words."""
    return "(readers had seen it)" if one["public"] else "(readers had not seen it)"
