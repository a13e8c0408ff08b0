"""Stories for readers: documents by key, cards, and what filters mean as conditions. SQL text."""

from collections.abc import Sequence

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.errors import Forbidden
from app.language import slugs
from app.models.card import State
from app.queries.visibility import (
    BOUNDARY,
    HEAD,
    by_key,
    gone,
    out_now,
    reviewed,
    shown,
    shown_before,
    shown_image,
    state_now,
    visible,
)
from app.request.filters import MOST_IDS, NOUNS, TIMES, Filter, Term, Values

Ids = dict[tuple[str, str], str | None]
"""What names lead to: (noun, name) → id, or nothing."""
BESIDE = 50
"""Names on either side of one that there isn't, among which the nearest is looked for."""


SAVED = (
    "(SELECT v.content FROM article_version v WHERE v.article_id = a.id AND v.version = a.version)"
)
"""The content of an article's current version, as JSON."""


def whole(caller: Caller, by: str, encoded: str) -> str:
    """One story's document, and for editors the content that it was rendered from. `by`: a condition
    on `a`; `encoded`: zstd, gzip or nothing."""
    coded = f"d.{encoded}" if encoded else "NULL"
    content = SAVED if caller.sees == "all" else "NULL"
    return (
        f"SELECT d.body, {coded}, d.etag, d.keys, d.holes, d.stamp, d.valid_until, a.modified_at,"
        f" a.live_to, a.id, a.version, a.group_id, {HEAD}, {state_now(caller)}, {content}"
        " FROM article a JOIN document d ON d.article_id = a.id"
        f" WHERE ({by}) AND {by_key(visible(caller))}"
    )


def card(caller: Caller, order: str = "a.published_at", more: str = "") -> str:
    """What a page needs of each story."""
    return (
        f"SELECT c.body, c.etag, c.stamp, c.valid_until <= :now, a.id, a.group_id, {order},"
        f" {HEAD}, {BOUNDARY}, {state_now(caller)}{more} FROM"
    )


OF_DOCUMENT = ", d.etag, d.valid_until <= :now"
"""What tells whether a whole story is the one that was met before."""


BY_ARTICLE = "article a CROSS JOIN card c WHERE c.article_id = a.id"
"""CROSS JOIN: SQLite then walks the left table first, in its index's order, and stops at the limit."""


def matching(wanted: Filter, values: Values, ids: Ids | None = None) -> list[str]:
    """What was asked for as conditions on `a`, but for states, ids and the place in the list."""
    terms = [
        exists(term_condition(term, at, values, ids), excluded=term[1])
        for at, term in enumerate(wanted.terms)
    ]
    return [*column_conditions(wanted, values), *terms]


def in_state(caller: Caller, wanted: Filter) -> str:
    """SQL for the states that a list shows: what is out, unless the desk asks for another."""
    if shows_what_is_out(wanted):
        return out_now(caller)
    if caller.sees != "all":
        raise Forbidden("States other than published are for editors' keys.")
    return f"({' OR '.join(of_state(one) for one in wanted.states or ())})"


def of_state(state: str) -> str:
    """SQL for one state by the clock, so that an index finds it: what `gate.state_now` says."""
    if state in (State.draft, State.unpublished):
        return f"a.state = '{state}'"
    clock = {
        State.expired: "a.live_to <= :now",
        State.scheduled: "a.live_to > :now AND a.live_from > :now",
        State.published: "a.live_to > :now AND a.live_from <= :now",
    }[State(state)]
    return f"(a.state = 'published' AND {clock})"


def order_column(wanted: Filter) -> str:
    """The column that a list is sorted by; none of them is ever null for what is listed."""
    return moment(wanted.order[0], out=shows_what_is_out(wanted))


def shows_what_is_out(wanted: Filter) -> bool:
    return wanted.states is None or wanted.states == ["published"]


def moment(name: str, out: bool) -> str:
    """A time of `a` that is never null. What was never updated counts as of its first publication,
    what never was out as of its making."""
    if name == "first_published_at" and not out:
        return "coalesce(a.first_published_at, a.published_at)"
    return "a.updated_order" if name == "updated_at" else f"a.{name}"


def column_conditions(wanted: Filter, values: Values) -> list[str]:
    conditions = []
    for at, term in enumerate(wanted.columns):
        inside = of_column(term, at, values)
        # what has no urgency is none of those that are excluded
        conditions.append(f"(a.{term[0]} IS NULL OR NOT {inside})" if term[1] else inside)
    return [*conditions, *time_conditions(wanted, values)]


def of_column(term: Term, at: int, values: Values, article: str = "a") -> str:
    """SQL for "this column has one of the alternatives"."""
    name, _, alternatives = term
    places = []
    for number, one in enumerate(alternatives):
        values[f"c{at}_{number}"] = int(one) if name == "urgency" else one
        places.append(f":c{at}_{number}")
    return f"{article}.{name} IN ({', '.join(places)})"


def time_conditions(wanted: Filter, values: Values) -> list[str]:
    conditions = []
    for name, at in wanted.times.items():
        what = name.rpartition("_")[0]
        if what != "corrected":
            values[name] = at
            column = moment(f"{what}_at", out=shows_what_is_out(wanted))
            conditions.append(f"{column} {TIMES[name]} :{name}")
    if within := corrected(wanted, "k", values):
        conditions.append(
            f"EXISTS (SELECT 1 FROM correction k WHERE k.article_id = a.id AND {within})"
        )
    if wanted.source_status:
        conditions.append(flagged(wanted.source_status))
    return conditions


def corrected(wanted: Filter, notice: str, values: Values) -> str:
    """SQL for "the notice is of the time that is asked for"; nothing where none is."""
    names = [name for name in wanted.times if name.startswith("corrected_")]
    values |= {name: wanted.times[name] for name in names}
    return " AND ".join(f"{notice}.at {TIMES[name]} :{name}" for name in names)


def flagged(statuses: list[str]) -> str:
    """SQL for "its sources' items have this status", the worst of them: killed before corrected."""
    one = (
        "EXISTS (SELECT 1 FROM source_flag q WHERE q.article_id = a.id AND q.reviewed_at IS NULL"
        " AND q.status = '{}')"
    )
    killed, corrected = one.format("killed"), one.format("corrected")
    meets = {"killed": killed, "corrected": f"({corrected} AND NOT {killed})"}
    return f"({' OR '.join(meets[status] for status in statuses)})"


def term_condition(term: Term, at: int, values: Values, ids: Ids | None = None) -> str:
    """The term or terms as SQL. `ids`: what the names lead to; without them they are looked up in
    the statement itself."""
    noun, _, alternatives = term
    found = []
    for number, one in enumerate(alternatives):
        name, _, role = one.partition(":") if noun == "source" else (one, "", "")
        id = f":t{at}_{number}"
        if ids is not None:
            values[id[1:]] = f"{ids[noun, name] or ''}{f':{role}' if role else ''}"
        else:
            values |= {f"t{at}_{number}": name, f"k{at}_{number}": name.casefold()}
            id = look_up(noun, f":t{at}_{number}", f":k{at}_{number}")
        if role and ids is None:
            values[f"r{at}_{number}"] = f":{role}"
            id = f"({id} || CAST(:r{at}_{number} AS TEXT))"
        found.append(id)
    return found[0] if len(found) == 1 else "(" + ", ".join(found) + ")"


def look_up(noun: str, given: str, folded: str) -> str:
    """SQL for the id of a noun by id, slug or path, or by a former one. Both are expressions."""
    return (
        f"(SELECT coalesce((SELECT id FROM {noun} WHERE {NOUNS[noun]} = {given} OR id = {given}),"
        f" (SELECT n.id FROM former_slug f JOIN {noun} n ON n.id = f.object_id"
        f" WHERE f.noun = '{noun}' AND f.slug = {folded})))"
    )


def exists(condition: str, excluded: bool, each: bool = False) -> str:
    """Whether a story has one of these terms. `each`: story by story as they are walked; PostgreSQL
    would rather read the whole term first, but for the OFFSET."""
    inner = f"SELECT 1 FROM article_term x WHERE x.article_id = a.id AND x.term {among(condition)}"
    return f"{'NOT ' if excluded else ''}EXISTS ({inner}{' LIMIT 1 OFFSET 0' if each else ''})"


def among(condition: str) -> str:
    """What `term_condition` gave, as what a column is held against."""
    several = condition.startswith(("((", "(:"))
    return f"IN {condition}" if several else f"= {condition}"


def names(wanted: Filter) -> list[tuple[str, str]]:
    """The nouns that a filter names, each once."""
    pairs = [(noun, one) for noun, _, values in wanted.terms for one in values]
    return list(dict.fromkeys(
        (noun, one.partition(":")[0] if noun == "source" else one) for noun, one in pairs
    ))  # fmt: skip


def found(
    caller: Caller, dialect: Dialect, named: Sequence[tuple[str, str]], values: Values
) -> list[str]:
    """A column for each kind of noun, in the order of `named`: a JSON object with the id of each name, or
    null where the caller may not know that it is there: a tag that a draft alone has is as unknown as any
    other."""
    columns = []
    for noun in kinds_of(named):
        given = [name for kind, name in named if kind == noun]
        values |= {f"t_{noun}": given, f"k_{noun}": [name.casefold() for name in given]}
        id = look_up(noun, "x.name", "x.folded")
        one = f"SELECT n.id FROM {noun} n WHERE n.id = {id} AND {known(caller, noun)}"
        columns.append(dialect.by_name(one, f"t_{noun}", f"k_{noun}"))
    return columns


def kinds_of(named: Sequence[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(noun for noun, _ in named))


def like(caller: Caller, nouns: Sequence[str]) -> str:
    """For each of these kinds of noun, of the names that stand beside `:name0`, `:name1` … in their order,
    those that the caller may know: Arabic names begin alike, so that the first of a letter are seldom
    near. Rows of the place in `nouns` and a name."""
    return " UNION ALL ".join(beside_name(caller, noun, at) for at, noun in enumerate(nouns))


def beside_name(caller: Caller, noun: str, at: int) -> str:
    name = NOUNS[noun]
    sides = [
        f"SELECT * FROM (SELECT * FROM {noun} WHERE {name} {way} :name{at}"
        f" ORDER BY {name} {order} LIMIT {BESIDE}) {side}"
        for side, way, order in (("above", "<", "DESC"), ("below", ">=", "ASC"))
    ]
    both = " UNION ALL ".join(sides)
    return f"SELECT {at}, n.{name} FROM ({both}) n WHERE {known(caller, noun)}"


def known(caller: Caller, noun: str) -> str:
    """SQL for "the caller may know that there is this `n`"."""
    if noun == "section":
        return "1 = 1"
    if noun == "source":  # stories are not found by a confidential one, whoever asks
        return f"({reviewed(caller, 'n')} AND NOT n.confidential)"
    return f"({shown(caller, 'n.id')})"


def size(dialect: Dialect) -> str:
    """How many bytes these stories have together."""
    return (
        f"SELECT sum(length(d.body)) FROM document d WHERE {dialect.any_of('d.article_id', 'ids')}"
    )


def tombstones(caller: Caller, by: str) -> str:
    """What is told of killed stories. `by`: a condition on `a`."""
    return (
        "SELECT a.id, w.notice, w.at, w.replaced_by FROM article a JOIN withdrawal w"
        " ON w.object_id = a.id AND w.restored_at IS NULL"
        f" WHERE ({by}) AND {gone(caller)} ORDER BY a.id LIMIT 100"
    )


BY_ANY_SLUG = (
    "a.slug_key = :name OR a.id = (SELECT f.object_id FROM former_slug f"
    " WHERE f.noun = 'article' AND f.slug = :name)"
)


def column_of(name: str) -> tuple[str, str]:
    """The column that a story's name in an address is looked up in, its id or its slug, and as what."""
    return ("id", name) if name.startswith("art_") else ("slug_key", slugs.key(name))


def named(caller: Caller, name: str, lang: str | None) -> tuple[str, Values]:
    """The story of this id or slug, in a language where one is asked for: a condition on `a`, and its
    values."""
    column, key = column_of(name)
    if lang is None:
        return f"a.{column} = :name", {"name": key}
    by = f"(a.{column} = :name OR {beside(caller, column)})"
    return f"a.lang = :lang AND {by}", {"name": key, "lang": lang}


def beside(caller: Caller, column: str) -> str:
    """A translation of the story of this name, which the caller may see. A condition on `a`."""
    group = f"SELECT g.group_id FROM article g WHERE g.{column} = :name"
    return f"a.group_id = ({group} AND {visible(caller, 'g')})"


def moved(caller: Caller) -> str:
    """The story that had this slug formerly."""
    return (
        "SELECT a.id, a.slug FROM former_slug f JOIN article a ON a.id = f.object_id"
        f" WHERE f.noun = 'article' AND f.slug = :name AND {visible(caller)}"
    )


def translations(caller: Caller, dialect: Dialect) -> str:
    """Stories of these groups that the caller may open."""
    return (
        "SELECT a.group_id, a.id, c.body, c.stamp, c.valid_until"
        " FROM article a JOIN card c ON c.article_id = a.id"
        f" WHERE {dialect.any_of('a.group_id', 'groups')} AND {by_key(visible(caller))}"
        " ORDER BY a.lang, a.id"
    )


def cards(caller: Caller, dialect: Dialect) -> str:
    """Cards by id, for what is filled in at read."""
    mine = f"{dialect.any_of('a.id', 'ids')} AND {by_key(visible(caller))}"
    return f"{card(caller)} {BY_ARTICLE} AND {mine}"


def hits(caller: Caller, dialect: Dialect) -> str:
    """Cards by id, with what is known of their documents."""
    return (
        f"{card(caller, more=OF_DOCUMENT)} article a CROSS JOIN card c CROSS JOIN document d"
        " WHERE c.article_id = a.id AND d.article_id = a.id"
        f" AND {dialect.any_of('a.id', 'ids')} AND {by_key(visible(caller))}"
    )


def file(caller: Caller, past: bool) -> str:
    """A file of the media store, if a story that the caller may see shows its image (with `past`, if
    an earlier version of one does); and whether an image that is this file was withdrawn."""
    withdrawn = "(SELECT max(w.withdrawn) FROM image w WHERE w.file = i.file)"
    return (
        f"SELECT i.file, i.mime, {withdrawn} FROM image i"
        f" WHERE i.file = :key AND {seen_image(caller, past)}"
    )


def seen_image(caller: Caller, past: bool) -> str:
    """SQL for "an article that the caller may see shows the image `i`", or with `past` an earlier
    version of one."""
    seen = shown_image(caller, "i.id")
    return f"({seen} OR {shown_before(caller, 'i.id')})" if past else seen


def file_keys(caller: Caller, past: bool) -> str:
    """Ids of the images that are a file and of the articles that show one, as far as the caller may
    see them: now, with `past` in an earlier version, or whose people have it as a portrait."""
    shows = (
        ("article_term s ON s.term = i.id", ""),
        ("contributor p ON p.image_id = i.id", " JOIN article_term s ON s.term = p.id"),
        *([("edition_image s ON s.image_id = i.id", "")] if past else []),
    )
    branches = "".join(
        f" UNION SELECT * FROM (SELECT s.article_id FROM image i JOIN {first}{then} JOIN article a"
        f" ON a.id = s.article_id WHERE i.file = :key AND {visible(caller)} LIMIT {MOST_IDS + 1}) b{at}"
        for at, (first, then) in enumerate(shows)
    )
    return f"SELECT i.id FROM image i WHERE i.file = :key AND {seen_image(caller, past)}{branches}"


def wholes(dialect: Dialect) -> str:
    """Documents by id, of stories that were found through the gate."""
    return (
        "SELECT d.article_id, d.body, d.valid_until, d.etag FROM document d"
        f" WHERE {dialect.any_of('d.article_id', 'ids')}"
    )
