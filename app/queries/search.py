"""Search in SQL: which stories match, which of them are worth ranking, how many there are of what.

Every statement joins the gate and the filters of the lists (`filter_conditions`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.db.fulltext import FIELDS, FulltextQuery, Words, words_for
from app.queries import articles, filter_conditions
from app.queries.counts import facets
from app.queries.filter_conditions import SelectiveFilter, distinct_article_ids
from app.request.filters import Filter, Values

TABLES = ("search_a", "search_b")
CANDIDATES = 100
ENOUGH = 20
"""Stories with every word, from which on those with only some of them are not looked for."""
MOST_COUNTED = 20_000
"""Entries of a term that are counted; a term that has so many is taken for a common one."""
FIRST = 1_000
"""Stories with some of the words that are looked at more closely, where nothing narrows them."""
STATE = "SELECT place, version, lexicon, making FROM search_state"
MARK = "SELECT place || ' ' || version || ' ' || lexicon FROM search_state"
"""Which index is asked, in a word."""
LEXICON = "SELECT words FROM search_lexicon WHERE id = :id"
SAMPLE = 1_000
"""Entries whose lengths stand for all."""
BITS = 24
"""Of a rank: those of what is behind the second."""


class Search:
    """Statements over one place of the index, for one caller and one filter."""

    def __init__(self, caller: Caller, dialect: Dialect, place: int, filter: Filter) -> None:
        self.caller, self.dialect, self.filter = caller, dialect, filter
        self.table = TABLES[place]
        self.first: SelectiveFilter | None = None
        """The side of the filter whose stories are found before their words are looked at."""
        self.words: Words = words_for(dialect)

    def matching(self, query: FulltextQuery, values: Values) -> str:
        """FROM and WHERE of the stories that match: `e` their entries, `a` their articles."""
        values["q"] = self.words.expression(query)
        if self.first:
            return self.among(self.first, values)
        conditions = [self.words.matches(self.table, "q"), *self.conditions(values)]
        return f"{self.words.source(self.table)} WHERE {' AND '.join(conditions)}"

    def among(self, part: SelectiveFilter, values: Values) -> str:
        """The same stories as those of one side that have the words."""
        found = distinct_article_ids(part, self.filter, values)
        entries, match = self.words.beside(self.table, "q")
        conditions = " AND ".join(["a.id = t.article_id", match, *self.conditions(values)])
        return f"({found}) t CROSS JOIN article a {entries} WHERE {conditions}"

    def conditions(self, values: Values, filtered: bool = True) -> list[str]:
        """The gate, and what the list was narrowed to."""
        conditions = [filter_conditions.in_state(self.caller, self.filter)]
        if not filtered:
            return conditions
        conditions += filter_conditions.column_conditions(self.filter, values)
        for at, term in enumerate(self.filter.terms):
            ids = filter_conditions.term_ids(term, at, values)
            conditions.append(filter_conditions.has_term(ids, excluded=term[1]))
        if self.filter.ids is not None:
            values["ids"] = self.filter.ids
            conditions.append(self.dialect.any_of("a.id", "ids"))
        return conditions

    @property
    def narrowed(self) -> bool:
        """Whether more than the words says which stories are wanted."""
        return len(self.conditions({})) > 1

    def having(self, terms: Sequence[str], since: int | None = None) -> tuple[str, Values]:
        """How many entries have each term, counted up to a bound. `since`: from this rank on."""
        values: Values = {"most": MOST_COUNTED}
        inside = self.newest(since, values)
        columns = []
        for at, term in enumerate(terms):
            values[f"t{at}"] = self.words.expression(FulltextQuery([[term]]))
            scan = f"{self.scan(f't{at}')}{inside} LIMIT :most"
            columns.append(f"(SELECT count(*) FROM ({scan}) x{at})")
        return f"SELECT {', '.join(columns)}", values

    def spread(self) -> tuple[str, Values]:
        """How many entries there are; and of about a thousand of all times, or of all, their ranks in
        order, and how many terms they have by field: a rank's last digits are of a hash."""
        count = f"SELECT count(*) FROM {self.table}"
        lengths = [f"length({name}) - length(replace({name}, ' ', '')) + 1" for name in FIELDS]
        chosen = f"SELECT rank FROM {self.table} WHERE rank % (({count}) / {SAMPLE} + 1) = 0"
        return (
            f"SELECT ({count}), rank, {', '.join(lengths)} FROM {self.table}"
            f" WHERE rank IN ({chosen}) ORDER BY rank"
        ), {}

    def scan(self, parameter: str, more: str = "") -> str:
        """Return SQL for the ranks of matching entries, regardless of visibility."""
        ranks = self.words.ranks(self.table, more)
        return f"{ranks} WHERE {self.words.matches(self.table, parameter)}"

    def some(self, query: FulltextQuery, words: Sequence[str]) -> tuple[str, Values]:
        """How many stories match whatever the filters, counted up to enough; and for each word
        whether the caller may see a story that has it: the newest one's id."""
        values: Values = {"enough": ENOUGH, "q": self.words.expression(query)}
        count = f"(SELECT count(*) FROM ({self.hits('q')} LIMIT :enough) found)"
        return f"SELECT {', '.join([count, *self.seen(words, values)])}", values

    def seen(self, words: Sequence[str], values: Values) -> list[str]:
        """Columns: the id of a story that this caller may see and that has the word."""
        for at, word in enumerate(words):
            values[f"s{at}"] = self.words.expression(FulltextQuery([[word]]))
        return [f"({self.hits(f's{at}')} LIMIT 1)" for at in range(len(words))]

    def hits(self, parameter: str) -> str:
        """SELECT of the articles that match, whatever the filters."""
        return self.words.hits(self.table, parameter, " AND ".join(self.conditions({}, False)))

    def newest(self, since: int | None, values: Values) -> str:
        """A condition that an entry is of this rank or a newer one; nothing where there is no bound."""
        if since is None:
            return ""
        values["since"] = since
        return f" AND {self.words.rank(self.table)} >= :since"

    def best(
        self, query: FulltextQuery, weights: Mapping[str, float], since: int | None
    ) -> tuple[str, Values]:
        """Candidates of the stories that match every way asked for, with their terms: first those
        with the words in title and summary, then the newest."""
        values: Values = {}
        source = self.matching(query, values) + self.newest(since, values)
        found = f"SELECT e.rank AS rank, e.title AS title, e.summary AS summary FROM {source}"
        return self.chosen(found, "0", weights, values), values

    def near(
        self,
        query: FulltextQuery,
        weights: Mapping[str, float],
        since: int | None,
        common: Sequence[str],
    ) -> tuple[str, Values]:
        """Candidates of the stories that have some of the words: first those with the rarest and
        the most of them. Of a common word the newest stories alone are looked at."""
        values: Values = {"first": 50 * FIRST if self.narrowed else FIRST}
        scans = []
        for at, [term] in enumerate(query.some):
            values[f"m{at}"] = self.words.expression(FulltextQuery([[term]], fields=query.fields))
            values[f"i{at}"] = weights.get(term, 0.0)
            scan = self.scan(f"m{at}", f", {real(f'i{at}')} AS weight")
            scans.append(scan + self.newest(since if term in common else None, values))
        summed = (
            f"SELECT rank, sum(weight) AS weight FROM ({' UNION ALL '.join(scans)}) x GROUP BY rank"
        )
        conditions = self.conditions(values)
        if query.never:
            values["never"] = self.words.expression(FulltextQuery((), query.never))
            conditions.append(f"e.rank NOT IN ({self.scan('never')})")
        found = (
            "SELECT e.rank AS rank, e.title AS title, e.summary AS summary, s.weight AS weight FROM"
            f" (SELECT rank, weight FROM ({summed}) y ORDER BY weight DESC, rank DESC LIMIT :first) s"
            f" CROSS JOIN {self.table} e WHERE e.rank = s.rank AND EXISTS (SELECT 1 FROM article a"
            f" WHERE a.id = e.article_id AND {' AND '.join(conditions)} LIMIT 1 OFFSET 0)"
        )
        return self.chosen(found, "weight", weights, values), values

    def chosen(self, found: str, base: str, weights: Mapping[str, float], values: Values) -> str:
        """The hundred of the found that are worth ranking, with their terms."""
        parts = [base]
        for at, (term, weight) in enumerate(weights.items()):
            values |= {f"h{at}": f" {term} ", f"g{at}": weight}
            for column, times in ("title", 0.8), ("summary", 0.5):
                inside = self.words.has(column, f"h{at}")
                parts.append(f"CASE WHEN {inside} THEN {real(f'g{at}')} * {times} ELSE 0 END")
        values["n"] = CANDIDATES
        return (
            f"WITH hit AS MATERIALIZED ({found}), kept AS MATERIALIZED"
            f" (SELECT rank FROM hit ORDER BY {' + '.join(parts)} DESC, rank DESC LIMIT :n)"
            " SELECT e.article_id, e.title, e.summary, e.body FROM kept"
            f" CROSS JOIN {self.table} e WHERE e.rank = kept.rank"
        )

    def page(
        self, query: FulltextQuery, n: int, here: tuple[datetime, str] | None, back: bool,
        bound: int | None, without: Sequence[str],
    ) -> tuple[str, Values]:  # fmt: skip
        """Ids of one page by time, with their times. `bound`: how far to look; None: to the end."""
        values: Values = {"n": n}
        source = self.matching(query, values)
        if here:
            values |= {"here_at": here[0], "here_id": here[1]}
            source += f" AND (a.published_at, a.id) {'>' if back else '<'} (:here_at, :here_id)"
        if bound is not None:
            values["bound"] = bound
            source += f" AND {self.words.rank(self.table)} {'<=' if back else '>='} :bound"
        if without:
            values["without"] = list(without)
            source += f" AND NOT ({self.dialect.any_of('a.id', 'without')})"
        way = "ASC" if back else "DESC"
        return (
            "WITH hit AS MATERIALIZED (SELECT a.id AS id, a.published_at AS at"
            f" FROM {source}) SELECT id, at FROM hit ORDER BY at {way}, id {way} LIMIT :n"
        ), values

    def stream(
        self,
        query: FulltextQuery,
        n: int,
        here: tuple[datetime, str] | None,
        up: bool,
        common: bool,
    ) -> tuple[str, Values]:
        """Cards of the stories that come next by the second of their time, with what is known of
        their documents, their ranks, and which index it is."""
        values: Values = {"n": n, "q": self.words.expression(query)}
        way, within, conditions = "ASC" if up else "DESC", "", self.conditions(values)
        if here:
            values |= {"here_at": here[0], "here_id": here[1], "start": edge_of(here[0], up)}
            conditions.append(f"(a.published_at, a.id) {'>' if up else '<'} (:here_at, :here_id)")
            within = f"{{}} {'>=' if up else '<='} :start"
        source, match = self.words.stream(self.table, "q", common, within, way)
        more = f"{articles.OF_DOCUMENT}, e.rank, ({MARK})"
        return (
            f"{articles.card(self.caller, more=more)} {source} CROSS JOIN card c CROSS JOIN document d"
            f" WHERE c.article_id = a.id AND d.article_id = a.id AND {match}"
            f" AND {' AND '.join(conditions)} ORDER BY {self.words.rank(self.table)} {way} LIMIT :n"
        ), values

    def counts(self, query: FulltextQuery, names: Sequence[str]) -> tuple[str, Values]:
        """Rows of facet, value and number of stories; the facet '' counts them all."""
        values: Values = {}
        return facets(self.matching(query, values), names), values


def edge_of(at: datetime, up: bool) -> int:
    """The lowest rank, or the highest, that an entry of this second can have."""
    second = int(at.timestamp() // 1)
    return second << BITS if up else ((second + 1) << BITS) - 1


def real(parameter: str) -> str:
    """A number that both databases know for one."""
    return f"CAST(:{parameter} AS double precision)"
