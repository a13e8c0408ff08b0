"""The full-text index on the two databases: FTS5 on SQLite, tsvector with GIN on PostgreSQL.
Besides `dialects.py` the only module that names them.

Both store the analyser's terms as they are: no tokenizer, dictionary or locale of a server
changes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlmodel import Session

from app.db.dialects import Dialect
from app.db.write_batch import Batch
from app.models.search import Entry

FIELDS = ("title", "summary", "body")
LABELS = dict(zip(FIELDS, "ABD", strict=True))
GAP = 20
"""Places between fields, so that no phrase runs from one into the next."""
LAST_PLACE = 16_383
"""Of a tsvector; what is behind it is found, but in no phrase."""


@dataclass(frozen=True)
class FulltextQuery:
    """A query: words and phrases, each a list of terms, of which all (`every`), any (`some`) or
    none (`never`) must match, in these fields."""

    every: Sequence[Sequence[str]] = ()
    some: Sequence[Sequence[str]] = ()
    never: Sequence[Sequence[str]] = ()
    fields: Sequence[str] = field(default=FIELDS)


class SQLiteWords:
    """Contentless FTS5 tables, whose row numbers are the ranks of the entries."""

    @staticmethod
    def source(table: str) -> str:
        """Return FROM for matching entries `e` with their articles `a`, reading the index first."""
        return (
            f"{table}_words CROSS JOIN {table} e ON e.rank = {table}_words.rowid"
            " CROSS JOIN article a ON a.id = e.article_id"
        )

    @staticmethod
    def hits(table: str, parameter: str, visible: str) -> str:
        """SELECT of matching articles that meet the conditions `visible` on `a`."""
        match = SQLiteWords.matches(table, parameter)
        return f"SELECT a.id FROM {SQLiteWords.source(table)} WHERE {match} AND {visible}"

    @staticmethod
    def beside(table: str, parameter: str) -> tuple[str, str]:
        """Return the join and condition that check entries `e` of articles `a` found by other
        means."""
        words = f"{table}_words"
        entries = f"CROSS JOIN {table} e ON e.article_id = a.id CROSS JOIN {words}"
        return entries, f"{words}.rowid = e.rank AND {SQLiteWords.matches(table, parameter)}"

    @staticmethod
    def stream(table: str, parameter: str, common: bool, within: str, way: str) -> tuple[str, str]:
        """Return FROM and conditions for matching entries `e` with their articles `a`, readable
        in the order of ranks. `within`: a condition on the rank, with {} for the column."""
        rank = f"{table}_words.rowid"
        inside = f" AND {within.format(rank)}" if within else ""
        return SQLiteWords.source(table), f"{SQLiteWords.matches(table, parameter)}{inside}"

    @staticmethod
    def ranks(table: str, more: str = "") -> str:
        """Return SELECT for the ranks of entries, with further columns."""
        return f"SELECT rowid AS rank{more} FROM {table}_words"

    @staticmethod
    def matches(table: str, parameter: str) -> str:
        return f"{table}_words MATCH :{parameter}"

    @staticmethod
    def holds(table: str, article: str, parameter: str) -> str:
        """Return the condition that the entry of one article matches."""
        return (
            f"EXISTS (SELECT 1 FROM {table} w CROSS JOIN {table}_words"
            f" WHERE w.article_id = {article} AND {table}_words.rowid = w.rank"
            f" AND {table}_words MATCH :{parameter})"
        )

    @staticmethod
    def rank(table: str) -> str:
        return f"{table}_words.rowid"

    @staticmethod
    def has(column: str, parameter: str) -> str:
        """Return the condition that a column of terms contains a term, given with a blank on
        either side."""
        return f"instr(' ' || {column} || ' ', :{parameter}) > 0"

    @staticmethod
    def expression(asked: FulltextQuery) -> str:
        """Return the query in FTS5 syntax."""
        parts = [phrase(one) for one in asked.every]
        if asked.some:
            parts.append("(" + " OR ".join(phrase(one) for one in asked.some) + ")")
        found = " AND ".join(parts)
        if tuple(asked.fields) != FIELDS:
            found = f"{{{' '.join(asked.fields)}}} : ({found})"
        if asked.never:
            found = f"({found}) NOT (" + " OR ".join(phrase(one) for one in asked.never) + ")"
        return found

    @staticmethod
    def forget(batch: Batch, table: str, rows: Sequence[dict[str, object]]) -> None:
        """Remove entries from the index: a contentless table needs the old terms for that."""
        sql = f"INSERT INTO {table}_words ({table}_words, rowid, title, summary, body)"
        batch.add(f"{sql} VALUES ('delete', ?, ?, ?, ?)", entry_values(rows))

    @staticmethod
    def add(batch: Batch, table: type[Entry], rows: Sequence[dict[str, object]]) -> None:
        """Add entries and their terms to the index."""
        batch.insert(table, [row | {"words": ""} for row in rows])
        sql = f"INSERT INTO {table.__tablename__}_words (rowid, title, summary, body)"
        batch.add(f"{sql} VALUES (?, ?, ?, ?)", entry_values(rows))

    @staticmethod
    def empty(session: Session, table: str) -> None:
        session.execute(text(f"DELETE FROM {table}"))
        session.execute(text(f"INSERT INTO {table}_words ({table}_words) VALUES ('delete-all')"))

    @staticmethod
    def hold(session: Session, alone: bool) -> None:
        """Do nothing: a writing transaction on SQLite is alone."""


def entry_values(rows: Sequence[dict[str, object]]) -> list[tuple[object, ...]]:
    """Return the rank and texts of entries as values."""
    return [tuple(row[name] for name in ("rank", *FIELDS)) for row in rows]


def phrase(terms: Sequence[str]) -> str:
    """Quote terms as an FTS5 phrase."""
    return '"' + " ".join(terms) + '"'


class PostgreSQLWords:
    """A tsvector column, written by us, with a GIN index."""

    @staticmethod
    def source(table: str) -> str:
        return f"{table} e JOIN article a ON a.id = e.article_id"

    @staticmethod
    def hits(table: str, parameter: str, visible: str) -> str:
        """OFFSET keeps the planner from changing the order: postings first, then article by article.
        For the first few rows it would read entry after entry; it doesn't count what unpacking costs."""
        match = PostgreSQLWords.matches(table, parameter)
        seen = f"SELECT 1 FROM article a WHERE a.id = e.article_id AND {visible} OFFSET 0"
        entries = f"SELECT e.article_id FROM {table} e WHERE {match} OFFSET 0"
        return f"SELECT e.article_id AS id FROM ({entries}) e WHERE EXISTS ({seen})"

    @staticmethod
    def beside(table: str, parameter: str) -> tuple[str, str]:
        entries = f"JOIN {table} e ON e.article_id = a.id"
        return entries, PostgreSQLWords.holds(table, "a.id", parameter)

    @staticmethod
    def stream(table: str, parameter: str, common: bool, within: str, way: str) -> tuple[str, str]:
        """See `SQLiteWords.stream`. Entries of a common word are read along the ranks; those of
        others are collected and sorted first."""
        match = PostgreSQLWords.matches(table, parameter)
        inside = f"{match} AND {within.format('e.rank')}" if within else match
        if common:
            return PostgreSQLWords.source(table), inside
        hits = f"SELECT e.rank, e.article_id FROM {table} e WHERE {inside}"
        ordered = f"SELECT rank, article_id FROM hit ORDER BY rank {way} OFFSET 0"
        source = f"(WITH hit AS MATERIALIZED ({hits}) {ordered}) e"
        return f"{source} JOIN article a ON a.id = e.article_id", "1 = 1"

    @staticmethod
    def ranks(table: str, more: str = "") -> str:
        return f"SELECT e.rank AS rank{more} FROM {table} e"

    @staticmethod
    def matches(table: str, parameter: str) -> str:
        return f"e.words @@ CAST(CAST(:{parameter} AS text) AS tsquery)"

    @staticmethod
    def holds(table: str, article: str, parameter: str) -> str:
        match = f"w.words @@ CAST(CAST(:{parameter} AS text) AS tsquery)"
        inner = f"SELECT 1 FROM {table} w WHERE w.article_id = {article} AND {match}"
        return f"EXISTS ({inner} LIMIT 1 OFFSET 0)"  # story by story: OFFSET keeps it so

    @staticmethod
    def rank(table: str) -> str:
        return "e.rank"

    @staticmethod
    def has(column: str, parameter: str) -> str:
        return f"strpos(' ' || {column} || ' ', :{parameter}) > 0"

    @staticmethod
    def expression(asked: FulltextQuery) -> str:
        """Return the query as a tsquery literal."""
        labels = "".join(LABELS[one] for one in asked.fields)
        suffix = "" if tuple(asked.fields) == FIELDS else f":{labels}"
        parts = [tsquery_phrase(one, suffix) for one in asked.every]
        if asked.some:
            parts.append("(" + " | ".join(tsquery_phrase(one, suffix) for one in asked.some) + ")")
        parts += [f"!{tsquery_phrase(one, '')}" for one in asked.never]
        return " & ".join(parts)

    @staticmethod
    def forget(batch: Batch, table: str, rows: Sequence[dict[str, object]]) -> None:
        """Do nothing: the tsvector is deleted with its entry."""

    @staticmethod
    def add(batch: Batch, table: type[Entry], rows: Sequence[dict[str, object]]) -> None:
        batch.insert(table, [row | {"words": tsvector(row)} for row in rows])

    @staticmethod
    def empty(session: Session, table: str) -> None:
        session.execute(text(f"TRUNCATE {table}"))

    @staticmethod
    def hold(session: Session, alone: bool) -> None:
        """Lock the index against being swapped while an article is written (shared), or against
        writes (`alone`)."""
        shared = "" if alone else "_shared"
        session.execute(text(f"SELECT pg_advisory_xact_lock{shared}(7304101)"))


def tsquery_phrase(terms: Sequence[str], suffix: str) -> str:
    """Return terms as a tsquery phrase."""
    return "(" + " <-> ".join(f"'{term}'{suffix}" for term in terms) + ")"


def tsvector(row: dict[str, object]) -> str:
    """Return a tsvector literal: each term with its positions, labelled by field (D needs no
    label)."""
    places: dict[str, str] = {}
    at = 1
    for name, numbers in NUMBERS.items():
        terms = str(row[name]).split()
        for term, place in zip(terms, numbers[at : at + len(terms)], strict=False):
            places[term] = f"{places[term]},{place}" if term in places else place
        if at + len(terms) > LAST_PLACE:
            places |= {term: numbers[-1] for term in terms if term not in places}
            break
        at += len(terms) + GAP
    return " ".join([f"'{term}':{found}" for term, found in places.items()])


NUMBERS = {
    name: [f"{number}{label.removesuffix('D')}" for number in range(LAST_PLACE + 1)]
    for name, label in LABELS.items()
}


Words = SQLiteWords | PostgreSQLWords


def words_for(dialect: Dialect) -> Words:
    """Return the full-text index of a dialect."""
    return SQLiteWords() if dialect.name == "sqlite" else PostgreSQLWords()
