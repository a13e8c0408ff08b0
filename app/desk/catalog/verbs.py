"""Adds, changes and deletes catalog items, and renders the articles that show them: up to 20 in the same
transaction, more by the worker. The row of the change log has the surrogate key that drops all of them from
caches at once."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete as delete_from
from sqlmodel import col, func, select

from app.attribution import known_sources
from app.change_log import record
from app.db import dialects
from app.desk import confidential_sources
from app.desk.transaction import Desk
from app.errors import Conflict, Unprocessable
from app.language import slugs
from app.models import publication_window
from app.models.article import ArticleRow, TermRow
from app.models.change import Job
from app.models.image import ImageRow
from app.models.section import ContributorRow, FormerSlug, SectionRow, TagRow
from app.models.source import CONFIDENTIAL, DispatchRow, SourceAlias, SourceRow
from app.rendering import documents, live_updates
from app.rendering.confidential import TERM
from app.search_index import writer

AT_ONCE = 20
"""Documents re-rendered in the transaction that changes what they show."""

DEEPEST = 10
MOST_SECTIONS = 2_000
"""The tree is listed unpaged."""

NOUNS: dict[type[Any], str] = {
    SectionRow: "section", TagRow: "tag", ContributorRow: "contributor", ImageRow: "image",
    SourceRow: "source", DispatchRow: "dispatch",
}  # fmt: skip
SHOWN: dict[type[Any], set[str]] = {
    SectionRow: {"name"}, TagRow: {"slug", "type", "name"},
    ContributorRow: {"slug", "name", "title", "image_id"},
    SourceRow: {"slug", "kind", "name", "credit", "site", "confidential", "public_label"},
    ImageRow: set(ImageRow.model_fields) - {"origin_url"}, DispatchRow: {"via_id"},
}  # fmt: skip
"""Columns that stories show; the path of a section moves by `move_subtree`."""


SHOWN_LABELLED = {"confidential", "public_label"}
"""Of a confidential source."""

READ = {"name", "caption", "alt", "credit"}
"""Columns by whose words nouns are found."""


def logged_kind(row: Any) -> str:
    """The kind under which the change log and the index of names have an item."""
    return CONFIDENTIAL if is_confidential(row) else NOUNS[type(row)]


def is_confidential(row: Any) -> bool:
    """Whether this is a confidential source."""
    return isinstance(row, SourceRow) and row.confidential


def add(desk: Desk, row: Any) -> Any:
    """Add a new catalog item; sets `created_at` and `modified_at`."""
    row.created_at = row.modified_at = desk.now
    desk.session.add(row)
    desk.session.flush()
    writer.name(desk.session, logged_kind(row), row)
    desk.record("created", logged_kind(row), row.id, slug=getattr(row, "slug", None))
    return row


def add_source(desk: Desk, row: SourceRow) -> SourceRow:
    """Add a source, with every name that imports may find it by."""
    add(desk, row)
    learn_names(desk, row)
    return row


def learn_names(desk: Desk, row: SourceRow) -> None:
    """Let imports find the source by its names; a name that finds another source keeps doing so. Confidential
    sources are found by none."""
    if row.confidential:
        return
    names = {known_sources.key(name): name for name in names_of(row)}
    wanted = col(SourceAlias.folded).in_(names)
    held = {
        one.folded: one.source_id for one in desk.session.exec(select(SourceAlias).where(wanted))
    }
    for folded, name in names.items():
        if folded and folded not in held:
            desk.session.add(SourceAlias(folded=folded, source_id=row.id))
        elif folded and held[folded] != row.id:
            desk.warnings.append(f"Imports take {name!r} for {held[folded]}, which had it first.")
    desk.session.flush()


def names_of(row: SourceRow) -> list[str]:
    """Every name of a source: by language, in credits, and its aliases."""
    return [*row.name.values(), *row.credit.values(), *row.aliases]


def forget_aliases(desk: Desk, row: SourceRow, before: list[str]) -> None:
    """Let imports no longer find the source by aliases that were removed."""
    gone = {known_sources.key(name) for name in before} - {
        known_sources.key(n) for n in names_of(row)
    }
    mine = (col(SourceAlias.source_id) == row.id) & col(SourceAlias.folded).in_(gone)
    desk.session.execute(delete_from(SourceAlias).where(mine))


def add_section(desk: Desk, path: str, name: dict[str, str], **more: Any) -> SectionRow:
    """Add a section at a path whose parent exists."""
    parent_path, _, slug = path.rpartition("/")
    if wrong := slugs.fault(slug):
        raise Unprocessable.at("#/slug", wrong)
    parent = section_at(desk, parent_path) if parent_path else None
    row = SectionRow(
        slug=slug, path=path, name=name, parent_id=parent.id if parent else None,
        created_at=desk.now, modified_at=desk.now, **more,
    )  # fmt: skip
    add(desk, row)
    return row


def section_at(desk: Desk, path: str) -> SectionRow:
    """The section at a path; else 422."""
    row = desk.session.exec(select(SectionRow).where(SectionRow.path == path)).first()
    if row is None:
        raise Unprocessable(errors=[{"detail": f"There is no section {path!r}.",
                                     "pointer": "#/parent"}])  # fmt: skip
    return row


def change(
    desk: Desk, row: Any, reason: str | None = None, *, moved: bool = False,
    also: Iterable[str] = (), **fields: Any,
) -> int:  # fmt: skip
    """Change an item's columns and record it. `also`: ids of other items that show it; `moved`: a section's
    path changed. Returns how many articles show it and are rendered again."""
    changed = {name for name, value in fields.items() if getattr(row, name) != value}
    before = {name: getattr(row, name) for name in changed}
    for name in changed:
        setattr(row, name, fields[name])
    marked = "confidential" in changed
    if marked:
        confidential_sources.follow_mark(desk, row)
    elif "slug" in changed and not isinstance(row, SectionRow):
        record_former_slug(desk, NOUNS[type(row)], before["slug"], row.id)
    if isinstance(row, SourceRow) and (marked or changed & {"name", "credit", "aliases"}):
        forget_aliases(desk, row, before.get("aliases", []))
        learn_names(desk, row)
    if marked or changed & READ or (isinstance(row, ImageRow) and "source_id" in changed):
        writer.name(desk.session, logged_kind(row), row)
    row.version += 1
    row.modified_at = desk.now
    desk.session.add(row)
    keys = [row.id, *also]
    desk.record(
        "updated", logged_kind(row), row.id, reason=reason, version=row.version,
        slug=getattr(row, "slug", None), keys=" ".join(keys),
    )  # fmt: skip
    shown = SHOWN_LABELLED if is_confidential(row) else SHOWN[type(row)]
    if not (moved or changed & shown):
        return 0
    hidden = marked or is_confidential(row)
    if hidden or isinstance(row, DispatchRow):
        keys += [f"{TERM}{key}" for key in keys]
    if hidden:  # however many stories show it, nobody reads the old words
        documents.expire_showing(desk.session, keys, desk.now)
    return rerender_dependents(desk, keys, reason)


def remove(desk: Desk, row: Any) -> None:
    """Delete an item that nothing uses. Its names are never given to another item."""
    noun, name = NOUNS[type(row)], getattr(row, "path", getattr(row, "slug", None))
    if name is not None and not is_confidential(row):
        record_former_slug(desk, noun, name, row.id)
    if isinstance(row, SourceRow):
        own = col(SourceAlias.source_id) == row.id
        desk.session.execute(delete_from(SourceAlias).where(own))
    writer.unname(desk.session, row.id)
    desk.session.delete(row)
    desk.session.flush()
    listed = logged_kind(row) == "section" or (
        logged_kind(row) == "source" and not row.needs_review
    )
    slug = getattr(row, "slug", None)
    desk.record("deleted", logged_kind(row), row.id, version=row.version, slug=slug, public=listed)


def move_section(desk: Desk, row: SectionRow, parent: SectionRow | None, slug: str = "") -> int:
    """Move a section below another parent, or give it another slug, with everything below it."""
    move_subtree(desk, row, parent, slug or row.slug)
    return change(desk, row, "moved", moved=True)


def move_subtree(desk: Desk, row: SectionRow, parent: SectionRow | None, slug: str) -> None:
    """Set the paths of a section and of everything below it. Raises 409 for a move below itself."""
    if parent and (parent.id == row.id or parent.path.startswith(row.path + "/")):
        detail = f"{row.path!r} can't be moved below itself."
        raise Conflict(detail, errors=[{"detail": detail, "pointer": "#/parent"}])
    path = f"{parent.path}/{slug}" if parent else slug
    moving = {one.id: one for one in [row, *descendants(desk, row)]}
    paths = {id: path + one.path.removeprefix(row.path) for id, one in moving.items()}
    refuse_depth(*paths.values())
    refuse_taken(desk, "section", paths)
    for id, one in moving.items():
        record_former_slug(desk, "section", one.path, id)
        one.path, one.modified_at = paths[id], desk.now
        desk.session.add(one)
    row.slug, row.parent_id = slug, parent.id if parent else None
    desk.session.flush()


def refuse_depth(*paths: str) -> None:
    """Raise 422 for sections too deep in the tree."""
    if any(path.count("/") >= DEEPEST for path in paths):
        raise Unprocessable.at("#/parent", f"Sections stand at most {DEEPEST} deep.")


def descendants(desk: Desk, row: SectionRow) -> list[SectionRow]:
    """Every section below this one."""
    inside = col(SectionRow.path).startswith(row.path + "/", autoescape=True)
    return list(desk.session.exec(select(SectionRow).where(inside)))


NAMED: dict[str, Any] = {
    "section": SectionRow.path, "tag": TagRow.slug, "contributor": ContributorRow.slug,
    "source": SourceRow.slug,
}  # fmt: skip
"""By what a noun is named in addresses."""


def refuse_taken(desk: Desk, noun: str, names: dict[str, str]) -> None:
    """Raise 409 for slugs or paths that another item has or had. `names`: by the id of the item that is to have
    them."""
    owners = owners_of(desk, noun, list(names.values()))
    for id, name in names.items():
        if owners.get(slugs.key(name), id) != id:
            told = {"detail": f"Another {noun} has {name!r}, or had it.", "pointer": "#/slug"}
            raise Conflict(told["detail"], errors=[told])


def owners_of(desk: Desk, noun: str, names: list[str]) -> dict[str, str]:
    """Ids of the items that have or had these slugs or paths, by folded name."""
    keys = {slugs.key(name) for name in names}
    had = (col(FormerSlug.noun) == noun) & col(FormerSlug.slug).in_(keys)
    column = NAMED[noun]
    # those that have it first: who gives it up at this moment is then found among those that had it
    has = desk.session.exec(
        select(column, column.class_.id).where(column.in_({*keys, *names}))
    ).all()
    rows = desk.session.exec(select(FormerSlug.slug, FormerSlug.object_id).where(had))
    return dict(rows.all()) | {slugs.key(name): id for name, id in has}


def record_former_slug(desk: Desk, noun: str, slug: str, id: str) -> None:
    """Record a slug that the item had, so that it redirects."""
    desk.session.merge(FormerSlug(noun=noun, slug=slugs.key(slug), object_id=id, since=desk.now))


def rerender_dependents(desk: Desk, keys: list[str], reason: str | None) -> int:
    """Render every article that shows one of these keys: few now, many by the worker. Returns their number."""
    desk.session.flush()
    shows = col(TermRow.term).in_(keys)
    showing = select(TermRow.article_id).where(shows).distinct().order_by(TermRow.article_id)
    ids = desk.session.exec(showing.limit(AT_ONCE + 1)).all()
    # a story that is being written at this moment waits for this noun, so this can't wait for it
    wanted = select(ArticleRow.id).where(col(ArticleRow.id).in_(ids)).order_by(ArticleRow.id)
    free = desk.session.exec(wanted.with_for_update(skip_locked=True)).all()
    if len(ids) <= AT_ONCE and len(free) == len(ids):
        rerender(desk, list(ids), reason, keys)
        return len(ids)
    for key in keys:
        if not key.startswith(TERM):  # the job of a key goes through both
            desk.session.add(Job(kind="rerender", key=key, reason=reason, created_at=desk.now))
    count = select(func.count(func.distinct(TermRow.article_id)))
    return desk.session.exec(count.where(shows)).one()


def rerender(
    desk: Desk, ids: list[str], reason: str | None, keys: Sequence[str] | None = None
) -> None:
    """Render articles again after a change of what they show (`keys`): `modified_at` and ETag change, the
    version stays. One row of the change log names the articles that readers see, another one the rest."""
    named: dict[bool, list[str]] = {True: [], False: []}
    wanted = select(ArticleRow).where(col(ArticleRow.id).in_(ids))
    locked = desk.session.exec(wanted.order_by(ArticleRow.id).with_for_update()).all()
    stale = record.keys_of(desk.session, locked)
    for article in locked:
        article.modified_at = desk.now
        desk.render(article.id)
        named[publication_window.is_out(article, desk.now)].append(article.id)
    live_updates.forget(
        desk.session, ids, keys
    )  # now that the stories are locked, whoever posts waits
    apart = confidential_sources.any_confidential(desk.session, keys or ())
    for public, some in log_rows(named, apart):
        if some:
            touched = dict.fromkeys([*some, *(key for id in some for key in stale[id].split())])
            desk.record(
                "rerendered", "article", some[0], reason=reason, ids=some, keys=" ".join(touched),
                public=public,
            )  # fmt: skip


def log_rows(named: dict[bool, list[str]], apart: bool) -> list[tuple[bool, list[str]]]:
    """The articles that each row of the change log names. `apart`: one row an article, in random order, since
    no row may tell that articles share a confidential source."""
    if not apart:
        return list(named.items())
    rows = [(public, [id]) for public, some in named.items() for id in some]
    secrets.SystemRandom().shuffle(rows)
    return rows


def add_dispatch(desk: Desk, row: DispatchRow) -> DispatchRow:
    """Add a dispatch. Raises 409 if it came through itself, 422 if its source is confidential."""
    confidential_sources.refuse_dispatch(desk, row.source_id)
    refuse_circle(desk, row.id, row.via_id)
    row.received_at = row.modified_at = desk.now
    desk.session.add(row)
    desk.session.flush()
    desk.record("created", "dispatch", row.id)
    return row


def refuse_circle(desk: Desk, id: str, via_id: str | None) -> None:
    """Raise 409 for a dispatch that would come through itself."""
    if via_id is None:
        return
    dialects.wait_for_name(desk.session, "dispatches")
    seen = {id}
    while via_id:
        if via_id in seen:
            detail = f"The dispatch {id!r} would come through itself."
            raise Conflict(detail, errors=[{"detail": detail, "pointer": "#/via"}])
        seen.add(via_id)
        via_id = desk.session.get_one(DispatchRow, via_id).via_id
