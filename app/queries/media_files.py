"""SQL for files of the media store, as far as an article that the caller may see shows their image."""

from app.access.authentication import Caller
from app.queries.visibility import shown_before, shown_image, visible
from app.request.filters import MOST_IDS


def file(caller: Caller, past: bool) -> str:
    """The file `:key`, its media type, and whether an image with this file was withdrawn. `past`:
    also files that only an earlier version of an article shows."""
    withdrawn = "(SELECT max(w.withdrawn) FROM image w WHERE w.file = i.file)"
    return (
        f"SELECT i.file, i.mime, {withdrawn} FROM image i"
        f" WHERE i.file = :key AND {may_see(caller, past)}"
    )


def surrogate_keys(caller: Caller, past: bool) -> str:
    """Ids of the images with the file `:key`, and of the articles that show one: in their current
    version, with `past` in an earlier one, or as a contributor's portrait. Of more than `MOST_IDS`
    articles one more."""
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
    return f"SELECT i.id FROM image i WHERE i.file = :key AND {may_see(caller, past)}{branches}"


def may_see(caller: Caller, past: bool) -> str:
    """SQL for "an article that the caller may see shows the image `i`"."""
    seen = shown_image(caller, "i.id")
    return f"({seen} OR {shown_before(caller, 'i.id')})" if past else seen
