"""The visibility condition: one SQL condition says what a caller may see.

Every route joins it; the clock is the parameter `:now`, so nothing needs a job to appear or go.
"""

from app.access.authentication import READER, Caller
from app.models.base import ENDING


def visible(caller: Caller, article: str = "a") -> str:
    """Return SQL for "this caller may see this article now"; the caller binds `:now`."""
    if caller.sees == "published":
        out = (
            f"{article}.state = 'published' AND {article}.live_from <= :now"
            f" AND {article}.live_to > :now"
        )
        return f"({out} OR {previewed(caller.previews, article)})" if caller.previews else out
    if caller.sees == "all":
        return f"{article}.state NOT IN ('killed', 'vanished')"
    return "1 = 0"


def by_key(condition: str) -> str:
    """Return the visibility condition for look-ups by id, written so that SQLite uses the primary
    key. Without statistics it would scan the index of published articles."""
    return condition.replace(".state = '", ".state || '' = '")


def previewed(id: str, article: str = "a") -> str:
    """SQL for the one story that a preview shows, unless it was withdrawn."""
    quoted = id.replace("'", "''")
    return f"{article}.id = '{quoted}' AND {article}.state NOT IN ('killed', 'vanished')"


def gone(caller: Caller, article: str = "a") -> str:
    """Return SQL for "it was killed, and this caller may know": readers if they could ever see
    it, editors always. Nothing reveals a vanished article."""
    if caller.sees == "none":
        return "1 = 0"
    seen = f" AND {article}.public_from <= :now" if caller.sees != "all" else ""
    return f"{article}.state = 'killed'{seen}"


def out_now(caller: Caller, article: str = "a") -> str:
    """SQL for "out for readers": what a list shows unless it is asked for another state. A key
    never changes that."""
    return visible(caller if caller.sees == "none" else READER, article)


def state_now(caller: Caller, article: str = "a") -> str:
    """SQL for the state that a story is in by the clock; readers see one state alone."""
    if caller.sees != "all":
        return "'published'"
    return (
        f"CASE WHEN {article}.state <> 'published' THEN {article}.state"
        f" WHEN {article}.live_to <= :now THEN 'expired'"
        f" WHEN {article}.live_from > :now THEN 'scheduled' ELSE 'published' END"
    )


def shown(caller: Caller, term: str) -> str:
    """SQL for "a story that this caller may see shows this section, tag, source, image …"; the
    desk sees what no story shows yet, too."""
    return "1 = 1" if caller.sees == "all" else shown_by_story(caller, term)


def shown_by_story(caller: Caller, term: str) -> str:
    """The same, for the desk too."""
    seen = f"EXISTS (SELECT 1 FROM article g WHERE g.id = gt.article_id AND {visible(caller, 'g')}"
    # the OFFSETs keep PostgreSQL from reading the whole term before it looks at its first story
    return (
        f"EXISTS (SELECT 1 FROM article_term gt WHERE gt.term = {term}"
        f" AND {seen} LIMIT 1 OFFSET 0) LIMIT 1 OFFSET 0)"
    )


def shown_image(caller: Caller, image: str) -> str:
    """SQL for "… shows this image, in itself or as the portrait of a contributor"."""
    portrait = (
        f"EXISTS (SELECT 1 FROM contributor gc WHERE gc.image_id = {image}"
        f" AND {shown(caller, 'gc.id')})"
    )
    return f"({shown(caller, image)} OR {portrait})"


def shown_before(caller: Caller, image: str) -> str:
    """SQL for "an old version of a story that this caller may see shows this image"."""
    return (
        "EXISTS (SELECT 1 FROM edition_image ge JOIN article g ON g.id = ge.article_id"
        f" WHERE ge.image_id = {image} AND {visible(caller, 'g')})"
    )


def named(caller: Caller, source: str) -> str:
    """SQL that goes on with "and the caller may read this source's name"."""
    return "" if caller.reads_confidential else f" AND NOT {source}.confidential"


def open_link(caller: Caller, link: str) -> str:
    """SQL that goes on with "and the caller may read the name of this attribution's source"."""
    if caller.reads_confidential:
        return ""
    return (
        f" AND NOT EXISTS (SELECT 1 FROM source gs WHERE gs.id = {link}.source_id"
        " AND gs.confidential)"
    )


def reviewed(caller: Caller, source: str) -> str:
    """SQL for "an editor has looked at this source, or a story that the caller may see names it"."""
    return f"(NOT {source}.needs_review OR {shown(caller, f'{source}.id')})"


def rested_on(caller: Caller, dispatch: str) -> str:
    """SQL for "a story that this caller may see rests on this dispatch, and the caller may see its
    source", which an attribution need not name."""
    if caller.sees == "all":
        return "1 = 1"
    return (
        "(EXISTS (SELECT 1 FROM attribution ga JOIN article g ON g.id = ga.article_id"
        f" WHERE ga.dispatch_id = {dispatch} AND {visible(caller, 'g')}{open_link(caller, 'ga')})"
        " AND EXISTS (SELECT 1 FROM dispatch gd JOIN source go ON go.id = gd.source_id"
        f" WHERE gd.id = {dispatch} AND {reviewed(caller, 'go')}))"
    )


UNSEALED = {
    noun: f" AND coalesce({noun}.withdrawn, '') <> 'vanish'" for noun in ("image", "dispatch")
}
"""SQL for images and dispatches of which there is a trace."""

HEAD = "(SELECT seq FROM log_head)"

MOMENT = "(SELECT min(at) FROM moment WHERE at > :now)"
"""The next moment at which a story appears or goes by itself."""

BOUNDARY = (
    f"(SELECT min(b.at) FROM (SELECT {MOMENT} AS at UNION ALL"
    f" SELECT min(valid_until) FROM document WHERE {ENDING}) b)"
)
"""The next moment at which what is published changes by the clock alone; one that has passed while
a document waits to be rendered again, for nobody knows yet until when that will hold."""
