"""Confidential sources at the desk: marking them, naming them in articles, warnings about their names in text.
`rendering/confidential.py` says what readers are shown."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, or_, select

from app.desk import idempotency
from app.desk.transaction import Desk
from app.errors import Conflict, Faults, Unprocessable
from app.json_types import Json
from app.models.change import ChangeRow
from app.models.image import ImageRow
from app.models.section import ContributorRow, FormerSlug, TagRow
from app.models.source import CONFIDENTIAL, AttributionRow, DispatchRow, SourceAlias, SourceRow
from app.rendering import confidential, documents
from app.rendering.confidential import HIDDEN, PREFIX, TERM
from app.search_index import writer

LEAKING = ("kicker", "headline", "short_headline", "summary", "slug_latin")
"""Texts of a story in which a name may stand, beside its body."""


def follow_mark(desk: Desk, row: SourceRow) -> None:
    """After `confidential` of a source changed: update what it is found by and its rows in the change log. A
    source that became confidential loses its former slugs and names."""
    desk.session.flush()
    if row.confidential:
        refuse_with_dispatches(desk, row)
        own = (col(FormerSlug.noun) == "source") & (col(FormerSlug.object_id) == row.id)
        desk.session.execute(delete(FormerSlug).where(own))
        mine = col(SourceAlias.source_id) == row.id
        desk.session.execute(delete(SourceAlias).where(mine))
        idempotency.forget_naming(desk.session, row.id)
    noun = CONFIDENTIAL if row.confidential else "source"
    mine = (col(ChangeRow.object_id) == row.id) & col(ChangeRow.noun).in_([CONFIDENTIAL, "source"])
    desk.session.execute(update(ChangeRow).where(mine).values(noun=noun))
    writer.name_images_of(desk.session, row)


def refuse_with_dispatches(desk: Desk, row: SourceRow) -> None:
    """Raise 409 for a source with dispatches, which cannot become confidential."""
    items = select(DispatchRow.id).where(DispatchRow.source_id == row.id)
    if desk.session.exec(items.limit(1)).first():
        detail = "A source with dispatches can't be confidential."
        raise Conflict(detail, errors=[{"detail": detail, "pointer": "#/confidential"}])


def refuse_dispatch(desk: Desk, source_id: str) -> None:
    """Raise 422 for a dispatch of a confidential source."""
    if desk.session.get_one(SourceRow, source_id).confidential:
        raise Unprocessable.at("#/source", "A confidential source has no dispatches.")


def any_confidential(session: Session, keys: Iterable[str]) -> bool:
    """Whether one of these terms belongs to a confidential source."""
    ids = {key.removeprefix(TERM) for key in keys if key.removeprefix(TERM).startswith("src_")}
    if not ids:
        return False
    named = select(SourceRow.id).where(col(SourceRow.id).in_(ids), col(SourceRow.confidential))
    return session.exec(named.limit(1)).first() is not None


def faults_of(desk: Desk, row: SourceRow | None, columns: Json) -> Faults:
    """Return the errors of a source: a confidential one needs a label that contains none of its
    names, and an opaque slug."""

    def value(name: str) -> Any:
        return columns[name] if name in columns else getattr(row, name, None)

    label, faults = value("public_label") or {}, Faults()
    if not value("confidential"):
        return faults
    if desk.settings.default_lang not in label:
        faults.add(
            "#/public_label",
            f"A confidential source needs its label in {desk.settings.default_lang!r}.",
        )
    names = [*value("name").values(), *(value("credit") or {}).values(), *(value("aliases") or [])]
    if any(confidential.tells(text, names) for text in label.values()):
        faults.add("#/public_label", "The label has a name of the source in it.")
    if columns.get("slug"):
        faults.add("#/slug", "A confidential source has no slug of its own.")
    return faults


def find_by_opaque_id(session: Session, article_id: str, opaque: str) -> str | None:
    """The id of the source that an article shows under this opaque id."""
    names = select(AttributionRow.source_id).where(AttributionRow.article_id == article_id)
    wanted = select(SourceRow).where(col(SourceRow.id).in_(names), col(SourceRow.confidential))
    found = (row.id for row in session.exec(wanted)
             if confidential.opaque_id(row, article_id) == opaque)  # fmt: skip
    return next(found, None)


def as_shown(desk: Desk, article_id: str, links: Sequence[Json]) -> list[Json]:
    """Attributions with the source ids that this caller is shown."""
    if desk.caller.reads_confidential:
        return list(links)
    rows = confidential_among(desk.session, links)
    opaque = {row.id: confidential.opaque_id(row, article_id) for row in rows}
    return [link | {"source": opaque.get(link["source"], link["source"])} for link in links]


def confidential_among(session: Session, links: Sequence[Json]) -> list[SourceRow]:
    """The confidential sources that these attributions name."""
    ids = {str(link["source"]) for link in links if link["source"]}
    if not ids:
        return []
    wanted = select(SourceRow).where(col(SourceRow.id).in_(ids), col(SourceRow.confidential))
    return list(session.exec(wanted))


def is_opaque(name: str) -> bool:
    """Whether this is an opaque id of a confidential source."""
    return name.startswith(PREFIX)


def keep_hidden(desk: Desk, links: Sequence[Json], before: Sequence[Json], faults: Faults) -> None:
    """Restore, in links of confidential sources, the fields that the editor was not shown. Who
    may not read them may not set them."""
    if desk.caller.reads_confidential:
        return
    secret = {row.id for row in confidential_among(desk.session, links)}
    old = {(link["id"], link["source"]): link for link in before}
    for place, link in enumerate(links):
        if link["source"] not in secret:
            continue
        kept = old.get((link["id"], link["source"]), {})
        for name in HIDDEN:
            if link[name] not in (None, kept.get(name)):
                detail = "Of a confidential source only a key with its scope sets this."
                pointer = f"#/attributions/{place}/{name}"
                faults.add(pointer, detail)
            link[name] = kept.get(name)


def warn_of_names(desk: Desk, content: Json) -> None:
    """Warn an editor who may read the names if the story's text contains one. Others get no
    warning."""
    if not desk.caller.reads_confidential:
        return
    ids = {link["source"] for link in content["attributions"]}
    pictures = col(ImageRow.id).in_(documents.image_ids(content))
    of_images = select(ImageRow.source_id).where(pictures)
    wanted = or_(col(SourceRow.id).in_(ids), col(SourceRow.id).in_(of_images))
    rows = list(desk.session.exec(select(SourceRow).where(wanted, col(SourceRow.confidential))))
    if not rows:
        return
    texts = list(texts_of(desk, content))
    for row in rows:
        names = confidential.names_of(row)
        places = [place for place, text in texts if confidential.tells(text, names)]
        if places:
            said = ", ".join(dict.fromkeys(places))
            desk.warnings.append(f"A name of the confidential source {row.id} stands in: {said}.")


def texts_of(desk: Desk, content: Json) -> Iterable[tuple[str, str]]:
    """Every text of an article, and the names of its tags and contributors, each with its field."""
    for name in LEAKING:
        yield name, content[name] or ""
    for block in content["body"]:
        yield "body", " ".join(strings(block))
    yield "lead_image", " ".join(strings(content["lead_image"]))
    yield "attributions", " ".join(link["id"] for link in content["attributions"])
    shown: list[tuple[str, Any, set[str]]] = [
        ("tags", TagRow, set(content["tags"])),
        ("contributors", ContributorRow, {who["id"] for who in content["contributors"]}),
    ]
    for field, table, ids in shown:
        for names in desk.session.exec(select(table.name).where(table.id.in_(ids))):
            yield field, " ".join(names.values())


def strings(value: Any) -> Iterable[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    for one in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from strings(one)
