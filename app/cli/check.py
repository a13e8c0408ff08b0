"""Whether settings, schema, log and documents fit together: `isnad check`."""

import re

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from app import setting_advice
from app.cache.policy import policy_of
from app.config import Settings
from app.db.database import Database
from app.db.migrate import METADATA
from app.models.search import ENTRIES
from app.search_index import writer
from app.search_index.writer import analyser_for

POSTINGS = re.compile(r"(ix_)?search_[ab]_words")
"""What each database has of its own for search, made in a migration: no model's matter."""


def faults(db: Database) -> list[str]:
    """A sentence for each inconsistency of the database."""
    differing = schema_faults(db)
    return differing or [*log_faults(db), *document_faults(db), *index_faults(db)]


def setting_faults(settings: Settings) -> list[str]:
    """Return settings that are probably mistakes; impossible ones are reported before."""
    settings.secrets  # noqa: B018  (raises where PostgreSQL has none)
    policy_of(settings)
    return list(setting_advice.advice(settings))


def schema_faults(db: Database) -> list[str]:
    """Return where the database differs from the models."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "compare_type": False, "include_object": lambda _, name, *rest: not POSTINGS.match(name or ""),
        })  # fmt: skip
        found = compare_metadata(context, METADATA)
    return [f"The schema differs ({one[0]}): run `isnad migrate`." for one in found]


def log_faults(db: Database) -> list[str]:
    """Report gaps in the numbers of the change log."""
    with db.reading() as session:
        sql = "SELECT (SELECT seq FROM log_head), count(*), coalesce(max(seq), 0) FROM change"
        head, count, newest = session.execute(text(sql)).one()
    if head == count == newest:
        return []
    return [f"The log's head is {head}, but it has {count} rows up to {newest}."]


def document_faults(db: Database) -> list[str]:
    """Report articles without card or document."""
    sql = (
        "SELECT a.id FROM article a LEFT JOIN document d ON d.article_id = a.id"
        " LEFT JOIN card c ON c.article_id = a.id"
        " WHERE d.article_id IS NULL OR c.article_id IS NULL ORDER BY a.id LIMIT 100"
    )
    with db.reading() as session:
        ids = session.execute(text(sql)).scalars().all()
    return [f"{id} has no document: run `isnad touch {id}`." for id in ids]


def index_faults(db: Database) -> list[str]:
    """Report an outdated search index, and articles that it lacks."""
    with db.reading() as session:
        state = writer.state_of(session)
        table = ENTRIES[state.place].__tablename__
        if state.version not in ("", analyser_for(session, db.settings, state.lexicon).version):
            return ["The search index is of another release: run `isnad reindex`."]
        sql = (
            f"SELECT a.id FROM article a LEFT JOIN {table} e ON e.article_id = a.id"
            " WHERE a.state NOT IN ('killed', 'vanished') AND e.article_id IS NULL"
            " ORDER BY a.id LIMIT 100"
        )
        ids = session.execute(text(sql)).scalars().all()
    return [f"{id} is not in the search index: run `isnad touch {id}`." for id in ids]
