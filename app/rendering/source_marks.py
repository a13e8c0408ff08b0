"""What of a story is flagged or held because of what it rests on."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from app.attribution import chain
from app.json_types import Json
from app.models.upstream import SOURCE_WITHDRAWN, FlagRow, Policy, SourceStatus


def worst(statuses: Iterable[str]) -> str | None:
    """killed before corrected."""
    known = set(statuses)
    return next(
        (one for one in (SourceStatus.killed, SourceStatus.corrected) if one in known), None
    )


@dataclass
class Marks:
    """What of a story is flagged, and what is withheld with the reason, because of its sources:
    by the id of a block, image, attribution or the story itself."""

    article: str | None = None
    status: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)


NO_MARKS = Marks()
"""Of an article that rests on nothing which was corrected, killed or withdrawn."""


def marks(
    article_id: str, links: Sequence[Json], withdrawn: Container[str], flags: Iterable[FlagRow]
) -> Marks:
    """Dispatches that the desk withdrew hold what rests on them; those that their source corrected
    or killed flag it, and hold it where the flag says so. `links`: attributions as JSON."""
    found = Marks()
    for flag in flags:
        resting = chain.resting_links(links, {flag.cause_id})
        if flag.cause_id.startswith("dsp_") and not resting:
            continue  # a later version rests on it no longer
        found.article = worst([flag.status, found.article or ""])
        for id in [one for link in resting for one in (link.id, link.scope_id)]:
            found.status[id] = worst([flag.status, found.status.get(id, "")]) or flag.status
        if flag.action == Policy.hold:
            found.held |= {link.scope_id: f"source.{flag.status}" for link in resting}
    found.held |= dict.fromkeys(chain.resting(links, withdrawn), SOURCE_WITHDRAWN)
    return found
