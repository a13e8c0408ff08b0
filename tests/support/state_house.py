"""A house with a story in every state, each with words, nouns and files of its own to betray it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import select

from app.db.database import Database
from app.desk import fronts, previews, withdrawals
from app.desk.articles import (
    corrections,
    live_updates,
    publishing,
    schedule,
)
from app.desk.catalog import verbs
from app.desk.transaction import Desk, at_desk
from app.media.storage import Storage
from app.models.article import ArticleRow, ArticleWrite, CorrectionWrite
from app.models.image import ImageRow
from app.models.preview import PreviewWrite
from app.models.section import ContributorRow, TagRow
from app.models.source import DispatchRow, SourceRow
from app.models.withdrawal import WithdrawalWrite

STATES = (
    "draft", "scheduled", "embargoed", "published", "unpublished", "expired", "killed", "vanished",
)  # fmt: skip
WAS_PUBLIC = ("published", "unpublished", "expired", "killed", "vanished")
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)


@dataclass
class Told:
    """A story of the house, and what it is known by."""

    id: str
    slug: str
    former: str
    page: str
    image: str
    file: str
    dispatch: str
    source: str
    correction: str
    preview: str
    update: str

    def secrets(self, state: str) -> set[str]:
        """What no answer holds that doesn't show the story."""
        return {f"words{state}", self.slug, self.former}


def word(state: str) -> str:
    """A word that stands in this story alone, in each of its fields."""
    return f"words{state}"


def noun_word(state: str) -> str:
    """A word that stands in the names of the nouns that this story alone shows."""
    return f"noun{state}"


def furnish(db: Database, base: str) -> dict[str, Told]:
    """The stories, by state; what happened to them happened hours ago."""
    now = datetime.now(UTC)
    with at_desk(db, now=now - 8 * HOUR) as desk:
        verbs.add_section(desk, "news", {"ar": "أخبار", "en": "News"})
    others = {state: story(db, base, state, now) for state in STATES if state != "published"}
    ids = [one.id for one in others.values()]
    told = others | {"published": story(db, base, "published", now, ids)}
    with at_desk(db, now=now - HOUR) as desk:
        slots = [{"article": one.id} for one in told.values()]
        fronts.create(desk, {
            "slug": "home", "name": {"ar": "الرئيسية"}, "curated": slots, "lang": "en",
            "banner": {"text": {"ar": "عاجل"}, "article": told["draft"].id},
        })  # fmt: skip
    return told


def story(db: Database, base: str, state: str, now: datetime, related: Sequence[str] = ()) -> Told:
    with at_desk(db, now=now - 7 * HOUR) as desk:
        image, dispatch, source = nouns(desk, state)
        former = f"former-{word(state)}"
        write = ArticleWrite.model_validate(content(state, image, dispatch, source, former))
        row = publishing.create(desk, write)
    if state in WAS_PUBLIC:
        with at_desk(db, now=now - 6 * HOUR) as desk:
            publishing.publish(desk, publishing.get(desk, row.id))
    with at_desk(db, now=now - 5 * HOUR) as desk:
        slug = f"now-{word(state)}"
        again = content(state, image, dispatch, source, slug) | {"related": list(related)}
        again["body"] += [{"type": "related", "articles": list(related)}]
        article = publishing.get(desk, row.id)
        publishing.revise(desk, article, ArticleWrite.model_validate(again))
        notice = corrected(desk, article, state)
        preview, _ = previews.make(desk, article, PreviewWrite())
        said = {"body": [{"type": "paragraph", "text": f"At noon: {word(state)}."}]}
        update = live_updates.post(desk, article, said)
    with at_desk(db, now=now - 4 * HOUR) as desk:
        become(desk, row.id, state, now)
    return Told(
        row.id, slug, former, f"{base}/en/news/{slug}", image.id, image.file or "", dispatch.id,
        source.slug, notice, preview.id, update.id,
    )  # fmt: skip


def nouns(desk: Desk, state: str) -> tuple[ImageRow, DispatchRow, SourceRow]:
    """What this story alone shows."""
    name = noun_word(state)
    times: dict[str, Any] = {"created_at": desk.now, "modified_at": desk.now}
    file = Storage(desk.settings).put(f"picture of {state}".encode(), "image/png")
    image = verbs.add(desk, ImageRow(
        file=file, mime="image/png", width=9, height=9, caption={"en": name}, credit={"en": "Us"},
        **times,
    ))  # fmt: skip
    source = SourceRow(slug=name, kind="outlet", name={"ar": name}, needs_review=True, **times)
    verbs.add_source(desk, source)
    dispatch = DispatchRow(
        source_id=source.id,
        item_id=f"item{state}",
        item_version=f"item{state}",
        headline=name,
        source_status_note=f"desk{state}",
        received_at=desk.now,
        modified_at=desk.now,
    )
    verbs.add_dispatch(desk, dispatch)
    verbs.add(desk, TagRow(slug=name, type="keyword", name={"ar": name}, **times))
    verbs.add(desk, ContributorRow(slug=name, name={"ar": name}, **times))
    return image, dispatch, source


def content(
    state: str, image: ImageRow, dispatch: DispatchRow, source: SourceRow, slug: str
) -> dict[str, Any]:
    said = word(state)
    return {
        "kind": "live", "lang": "en", "slug": slug, "headline": f"The {said} {slug}", "summary": f"Of {said}",
        "kicker": said, "section": "news", "tags": [noun_word(state)],
        "contributors": [{"contributor": noun_word(state)}], "lead_image": {"id": image.id},
        "body": [{"id": "b1", "type": "paragraph", "text": f"Here are the {said}."},
                 {"id": "b2", "type": "figure", "image": {"id": image.id}}],
        "attributions": [{"source": source.slug, "scope": {"block": "b1"},
                          "dispatch_id": dispatch.id, "note": f"desk{state}"}],
    }  # fmt: skip


def corrected(desk: Desk, article: ArticleRow, state: str) -> str:
    if state not in WAS_PUBLIC:
        return "cor_none"
    text = {"en": f"We were wrong about {word(state)}."}
    sent = CorrectionWrite.model_validate({"kind": "correction", "text": text})
    return corrections.correct(desk, article, sent).id


def become(desk: Desk, id: str, state: str, now: datetime) -> None:
    """The story's last step."""
    if state in ("killed", "vanished"):
        kind = {"kind": "kill" if state == "killed" else "vanish", "reason": word(state)}
        withdrawals.withdraw(desk, id, WithdrawalWrite.model_validate(kind))
        return
    article = publishing.get(desk, id)
    if state == "scheduled":
        schedule.schedule(desk, article, now + YEAR)
    elif state == "embargoed":
        schedule.embargo(desk, article, now + YEAR)
        publishing.publish(desk, article)
    elif state == "expired":
        schedule.expire(desk, article, now - HOUR)
    elif state == "unpublished":
        publishing.unpublish(desk, article)


def state_in(db: Database, id: str) -> tuple[str, int]:
    """The row's state and version, to see that nothing was changed."""
    with db.reading() as session:
        row = session.exec(select(ArticleRow).where(ArticleRow.id == id)).one()
        return row.state, row.version
