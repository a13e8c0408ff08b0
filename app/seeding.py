"""The catalogue of well-known sources, put into the database: what is missing, nothing else."""

from datetime import datetime

from sqlmodel import select

from app import catalogue, shared
from app.db import Database
from app.desk import BATCH, at_desk
from app.models.section import FormerSlug
from app.models.source import SourceRow


def seed_sources(db: Database, now: datetime | None = None) -> int:
    """Add the sources that the house has not got; what the desk changed stays. Returns how many.

    A source of the catalogue has the same id in every house.
    """
    with db.reading() as session:
        known = set(session.exec(select(SourceRow.slug)))
        former = select(FormerSlug.slug).where(FormerSlug.noun == "source")
        known |= set(session.exec(former))
    missing = [entry for entry in catalogue.entries() if entry.slug not in known]
    for start in range(0, len(missing), BATCH):
        with at_desk(db, by="catalogue", now=now) as desk:
            for entry in missing[start : start + BATCH]:
                id = f"src_{entry.slug.replace('-', '')}"
                row = SourceRow.model_validate(entry.model_dump() | stamps(desk.now) | {"id": id})
                shared.add_source(desk, row)
    return len(missing)


def stamps(now: object) -> dict[str, object]:
    return {"created_at": now, "modified_at": now}
