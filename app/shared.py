"""Nouns that many stories show: making them, and changing them with all that shows them.

A change re-renders every document that shows the noun: up to 20 in the same transaction, more
by the worker. The change's own row of the log carries the surrogate key that drops them at once.
"""

from typing import Any

from sqlmodel import col, func, select

from app import catalogue, publishing
from app.arabic import slugs
from app.desk import Desk
from app.errors import Conflict, Unprocessable
from app.models.article import ArticleRow, TermRow
from app.models.change import Job
from app.models.image import ImageRow
from app.models.section import ContributorRow, FormerSlug, SectionRow, TagRow
from app.models.source import DispatchRow, SourceAlias, SourceRow

AT_ONCE = 20
"""Documents re-rendered in the transaction that changes what they show."""

NOUNS: dict[type[Any], str] = {
    SectionRow: "section", TagRow: "tag", ContributorRow: "contributor", ImageRow: "image",
    SourceRow: "source", DispatchRow: "dispatch",
}  # fmt: skip


def add(desk: Desk, row: Any) -> Any:
    """A new noun. `created_at` and `modified_at` are set here."""
    row.created_at = row.modified_at = desk.now
    desk.session.add(row)
    desk.session.flush()
    desk.record("created", NOUNS[type(row)], row.id, slug=getattr(row, "slug", None))
    return row


def add_source(desk: Desk, row: SourceRow) -> SourceRow:
    """A new source, with every name that imports may find it by."""
    add(desk, row)
    learn_names(desk, row)
    return row


def learn_names(desk: Desk, row: SourceRow) -> None:
    names = [*row.name.values(), *row.credit.values(), *row.aliases]
    for folded in {catalogue.key(name) for name in names} - {""}:
        if desk.session.get(SourceAlias, folded) is None:
            desk.session.add(SourceAlias(folded=folded, source_id=row.id))
    desk.session.flush()


def add_section(desk: Desk, path: str, name: dict[str, str], **more: Any) -> SectionRow:
    """A section at a path whose parent is there."""
    parent_path, _, slug = path.rpartition("/")
    if wrong := slugs.fault(slug):
        raise Unprocessable(errors=[{"detail": wrong, "pointer": "#/slug"}])
    parent = section_at(desk, parent_path) if parent_path else None
    row = SectionRow(
        slug=slug, path=path, name=name, parent_id=parent.id if parent else None,
        created_at=desk.now, modified_at=desk.now, **more,
    )  # fmt: skip
    add(desk, row)
    return row


def section_at(desk: Desk, path: str) -> SectionRow:
    row = desk.session.exec(select(SectionRow).where(SectionRow.path == path)).first()
    if row is None:
        raise Unprocessable(errors=[{"detail": f"There is no section {path!r}.",
                                     "pointer": "#/parent"}])  # fmt: skip
    return row


def amend(desk: Desk, row: Any, reason: str | None = None, **fields: Any) -> int:
    """Change a noun's own fields: a source's name, an image's credit, a tag's label.
    Returns how many stories show it and so are rendered again."""
    before = getattr(row, "slug", None)
    for name, value in fields.items():
        setattr(row, name, value)
    if before and row.slug != before:
        keep_former(desk, NOUNS[type(row)], before, row.id)
    row.modified_at = desk.now
    desk.session.add(row)
    if isinstance(row, SourceRow):
        learn_names(desk, row)
    return ripple(desk, NOUNS[type(row)], row.id, reason)


def move_section(desk: Desk, row: SectionRow, parent: SectionRow | None, slug: str = "") -> int:
    """Put a section elsewhere in the tree, or under another slug, with all below it."""
    if parent and (parent.id == row.id or parent.path.startswith(row.path + "/")):
        raise Conflict(f"{row.path!r} can't stand below itself.")
    slug = slug or row.slug
    path = f"{parent.path}/{slug}" if parent else slug
    if (
        path != row.path
        and desk.session.exec(select(SectionRow.id).where(SectionRow.path == path)).first()
    ):
        raise Conflict(f"There is a section at {path!r} already.")
    for one in [row, *below(desk, row)]:
        keep_former(desk, "section", one.path, one.id)
        one.path = path + one.path.removeprefix(row.path) if one is not row else one.path
        one.modified_at = desk.now
    row.path, row.slug, row.parent_id = path, slug, parent.id if parent else None
    return ripple(desk, "section", row.id, "moved")


def below(desk: Desk, row: SectionRow) -> list[SectionRow]:
    inside = col(SectionRow.path).startswith(row.path + "/", autoescape=True)
    return list(desk.session.exec(select(SectionRow).where(inside)))


def keep_former(desk: Desk, noun: str, slug: str, id: str) -> None:
    desk.session.merge(FormerSlug(noun=noun, slug=slugs.key(slug), object_id=id, since=desk.now))


def ripple(desk: Desk, noun: str, key: str, reason: str | None) -> int:
    """Log the change under its key, and see to every document that shows it."""
    desk.session.flush()
    desk.record("updated", noun, key, reason=reason)
    showing = select(TermRow.article_id).where(TermRow.term == key)
    ids = desk.session.exec(showing.order_by(col(TermRow.article_id)).limit(AT_ONCE + 1)).all()
    if len(ids) <= AT_ONCE:
        rerender(desk, list(ids), reason)
        return len(ids)
    desk.session.add(Job(kind="rerender", key=key, reason=reason, created_at=desk.now))
    return desk.session.exec(select(func.count()).where(TermRow.term == key)).one()


def rerender(desk: Desk, ids: list[str], reason: str | None) -> None:
    """Render stories again because something that they show changed: `modified_at` and ETag
    move, the version stays. One row of the log names all that readers see, another the rest."""
    named: dict[bool, list[str]] = {True: [], False: []}
    wanted = select(ArticleRow).where(col(ArticleRow.id).in_(ids))
    for article in desk.session.exec(wanted.order_by(ArticleRow.id).with_for_update()):
        article.modified_at = desk.now
        desk.render(article.id)
        named[publishing.is_out(article, desk.now)].append(article.id)
    for public, some in named.items():
        if some:
            desk.record(
                "rerendered", "article", some[0], reason=reason, ids=some, keys=" ".join(some),
                public=public,
            )  # fmt: skip


def add_dispatch(desk: Desk, row: DispatchRow) -> DispatchRow:
    """An agency's item; one that comes through itself is refused."""
    seen, above = {row.id}, row.via_id
    while above:
        if above in seen:
            raise Conflict(f"The dispatch {row.id!r} would come through itself.")
        seen.add(above)
        above = desk.session.get_one(DispatchRow, above).via_id
    row.received_at = row.modified_at = desk.now
    desk.session.add(row)
    desk.session.flush()
    desk.record("created", "dispatch", row.id)
    return row
