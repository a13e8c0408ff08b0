"""Statements that are made once, with lists in them: what they find, and by which index."""

from typing import Any

import pytest
from sqlalchemy import BigInteger, text
from sqlalchemy.dialects import sqlite
from sqlmodel import Session, col, select

from app.change_log import due_moments, record
from app.db.array_parameter import among
from app.db.database import Database
from app.desk.articles import publishing
from app.models.search import ENTRIES
from app.models.section import SectionRow, TagRow
from app.models.source import SourceRow
from app.queries import past_documents, upstream
from app.rendering import documents
from app.rendering.references import by_id
from app.search_index import writer

MADE_ONCE: dict[str, Any] = {
    "live": documents.LIVE, "notices": documents.NOTICES, "theirs": due_moments.THEIRS,
    "passed": due_moments.PASSED, "naming": record.NAMING, "open": upstream.OPEN,
    "known": past_documents.KNOWN, "named": publishing.NAMED, "version": publishing.VERSION,
    "sections": by_id(SectionRow), "tags": by_id(TagRow), "sources": by_id(SourceRow),
    **{f"standing in {table.__tablename__}": writer.STANDING[table] for table in ENTRIES},
}  # fmt: skip


def plan(session: Session, statement: Any) -> list[str]:
    compiled = statement.compile(dialect=sqlite.dialect())
    given = tuple('["x"]' for _ in compiled.positiontup)
    explained = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", given)
    return [row[3] for row in explained if "json_each" not in row[3]]


@pytest.mark.parametrize("name", MADE_ONCE)
def test_a_list_parameter_uses_an_index_of_every_table(db: Database, kind: str, name: str) -> None:
    if kind != "sqlite":
        return  # PostgreSQL plans by statistics
    with db.reading() as session:
        steps = plan(session, MADE_ONCE[name])
    assert any(step.startswith("SEARCH") for step in steps), steps
    assert not any(step.startswith("SCAN") for step in steps), steps


def test_lists_of_any_length_find_their_rows(db: Database, told: Any) -> None:
    ids = [told(slug=f"story-{number}").id for number in range(5)]
    with db.reading() as session:
        for wanted in ([], ids[:1], ids, set(ids[1:3]), [*ids, "art_nobody", 'art_"; --']):
            found = session.exec(documents.LIVE, params={"ids": wanted}).all()
            assert {row.id for row, _ in found} == set(ids) & set(wanted)


def test_lists_of_numbers_and_of_texts_work_in_one_statement(db: Database, told: Any) -> None:
    ids = [told(slug=f"story-{number}").id for number in range(4)]
    with db.reading() as session:
        [table] = [one for one in ENTRIES if session.exec(select(one)).first()]
        ranks = list(session.exec(select(table.rank).where(among(col(table.article_id), "ids")),
                                  params={"ids": ids}))  # fmt: skip
        assert len(ranks) == 4
        either = among(col(table.article_id)) | among(col(table.rank), "ranks", BigInteger)
        found = session.exec(
            select(table.article_id).where(either), params={"ids": ids[:1], "ranks": ranks[1:3]}
        )
        assert len(set(found)) in (2, 3)
        not_there = select(table.rank).where(~among(col(table.article_id)))
        assert not session.exec(not_there, params={"ids": ids}).all()
        assert session.execute(text("SELECT count(*) FROM article")).scalar_one() == 4
