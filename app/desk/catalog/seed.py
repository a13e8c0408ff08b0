"""Adds the catalogue of well-known sources to the database."""

from datetime import datetime

from sqlmodel import Session, select

from app.attribution import known_sources
from app.attribution.known_sources import Entry
from app.db import dialects
from app.db.database import Database
from app.desk.catalog import verbs
from app.desk.transaction import BATCH, Desk, at_desk
from app.models.section import FormerSlug
from app.models.source import SourceRow


def seed_sources(db: Database, now: datetime | None = None) -> int:
    """Add the known sources that are missing; those that the desk changed stay. Returns how many
    were added. Of several processes at once, only one adds each source. A known source has the
    same id in every installation."""
    with db.reading() as session:  # a look first: what is complete takes no lock
        if not missing(session):
            return 0
    added = 0
    while count := add_some(db, now):
        added += count
    return added


def add_some(db: Database, now: datetime | None) -> int:
    """Add the next missing sources. Returns their number."""
    with at_desk(db, by="catalogue", now=now) as desk:
        dialects.wait_for_name(desk.session, "catalogue")
        some = missing(desk.session)[:BATCH]
        for entry in some:
            add(desk, entry)
        return len(some)


def missing(session: Session) -> list[Entry]:
    """Return the known sources whose slug no source has or had."""
    known = set(session.exec(select(SourceRow.slug)))
    known |= set(session.exec(select(FormerSlug.slug).where(FormerSlug.noun == "source")))
    return [entry for entry in known_sources.entries() if entry.slug not in known]


def add(desk: Desk, entry: Entry) -> None:
    """Add a source of the catalogue."""
    stamps = {"created_at": desk.now, "modified_at": desk.now}
    id = f"src_{entry.slug.replace('-', '')}"
    verbs.add_source(desk, SourceRow.model_validate(entry.model_dump() | stamps | {"id": id}))
