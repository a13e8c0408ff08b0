"""Records of withdrawals as JSON, and what depends on the items that were withdrawn."""

from collections.abc import Container, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Text, func, type_coerce
from sqlmodel import Session, col, select

from app import urls
from app.access.authentication import Caller
from app.attribution import chain as attribution
from app.attribution.chain import Link
from app.config import Settings
from app.json_types import Json
from app.models import publication_window
from app.models.article import ArticleRow, TermRow, VersionRow
from app.models.base import optional_timestamp, timestamp
from app.models.envelopes import envelope
from app.models.front import FrontRow
from app.models.image import ImageUseRow
from app.models.source import AttributionRow
from app.models.withdrawal import WithdrawalRow
from app.queries import dispatches
from app.queries.withdrawals import MOST, PATHS, SEALED, find, led
from app.rendering.catalog import Catalog
from app.rendering.documents import LIVE, links_of
from app.request import cursors


class WithdrawalRecords:
    """Withdrawals as JSON, for one caller."""

    def __init__(self, session: Session, settings: Settings, caller: Caller, now: datetime) -> None:
        self.session, self.settings, self.now = session, settings, now
        self.catalog = Catalog(session, settings, caller)
        self.stories: dict[str, tuple[ArticleRow, VersionRow]] = {}

    def page(self, noun: str | None, restored: bool, limit: int, cursor: str | None) -> Json:
        """A page of the list of withdrawals, in the envelope of all lists."""
        question, secrets = f"withdrawals {noun} {restored}", self.settings.secrets
        after = cursors.read(secrets, question, cursor, 1)[0] if cursor else None
        rows = find(self.session, noun, restored, limit + 1, after)
        more, rows = len(rows) > limit, rows[:limit]
        following = cursors.write(secrets, question, [rows[-1].id]) if more else None
        return envelope(self.records(rows), following)

    def records(self, rows: Sequence[WithdrawalRow]) -> list[Json]:
        """WithdrawalRecord as JSON, of each row."""
        named = {row.object_id for row in rows if row.noun == "article"}
        self.load(named | {row.replaced_by for row in rows if row.replaced_by})
        return [self.record(row) for row in rows]

    def load(self, ids: set[str]) -> None:
        """Load the articles with these ids, each with its current version."""
        if missing := sorted(ids - self.stories.keys()):
            for article, version in self.session.exec(LIVE, params={"ids": missing}):
                self.stories[article.id] = (article, version)

    def record(self, row: WithdrawalRow) -> Json:
        """WithdrawalRecord as JSON; the articles that it names are loaded."""
        home = urls.api(self.settings, PATHS[row.noun], row.object_id)
        return self.withdrawn(row) | {
            "withdrawal": row.id, "kind": row.kind, "reason": row.reason, "notice": row.notice,
            "replaced_by": self.replacement(row), "was": row.was,
            "withdrawn_at": timestamp(row.at), "withdrawn_by": row.by,
            "restored_at": optional_timestamp(row.restored_at),
            "restored_by": row.restored_by, "restore_reason": row.restore_reason,
            "links": {"self": f"{home}/withdrawal", row.noun: home},
        }  # fmt: skip

    def withdrawn(self, row: WithdrawalRow) -> Json:
        """The item that was withdrawn: its kind, id, language and slug, and whether readers had seen it."""
        story = self.stories[row.object_id][0] if row.noun == "article" else None
        return {
            "noun": row.noun, "id": row.object_id, "lang": story.lang if story else None,
            "slug": story.slug if story else None, "public": row.public,
        }  # fmt: skip

    def replacement(self, row: WithdrawalRow) -> Json | None:
        """The article that replaces the withdrawn one, unless it was withdrawn too."""
        if not row.replaced_by:
            return None
        article, version = self.stories[row.replaced_by]
        if article.state in SEALED:
            return None
        found = self.catalog.article(article, version.content)
        return {name: found[name] for name in ("id", "slug", "url")}

    def tombstone(self, row: WithdrawalRow) -> Json:
        """Return the fields of a 410."""
        [record] = self.records([row])
        return {name: record[name] for name in ("notice", "withdrawn_at", "replaced_by")}

    def whole(self, row: WithdrawalRow) -> Json:
        """Withdrawal as JSON: with what was withdrawn along, what depends on it, and what remains."""
        others = led(self.session, row.id)
        if row.restored_at:
            others = self.restored_together(row)
        [record, *_] = self.records([row, *others])
        resting, count = self.dependents(row)
        return record | {
            "went": [self.withdrawn(one) for one in (row, *others)],
            "resting": resting, "resting_count": count, "fronts": self.fronts(row.object_id),
            "beside": self.related_items(row),
        }  # fmt: skip

    def restored_together(self, row: WithdrawalRow) -> list[WithdrawalRow]:
        """Withdrawals that this one took along and that were restored with it."""
        wanted = select(WithdrawalRow).where(WithdrawalRow.lead == row.id)
        back = wanted.where(WithdrawalRow.restored_at == row.restored_at)
        return list(self.session.exec(back.order_by(WithdrawalRow.object_id).limit(MOST)))

    def dependents(self, row: WithdrawalRow) -> tuple[list[Json], int]:
        """The newest articles that depend on the withdrawn item and are not withdrawn themselves, and their
        number."""
        if row.noun == "dispatch":
            return self.dependents_of_dispatch(row.object_id)
        how = {"article": "related", "image": "shows"}[row.noun]
        naming = select(TermRow.article_id).where(TermRow.term == row.object_id)
        ids = dict.fromkeys(self.newest(col(ArticleRow.id).in_(naming)), how)
        count = self.count(col(ArticleRow.id).in_(naming))
        if row.noun == "article" and (group := self.stories[row.object_id][0].group_id):
            inside = col(ArticleRow.group_id) == group
            ids |= dict.fromkeys(self.newest(inside), "translation")
            count += self.count(inside & col(ArticleRow.id).not_in(naming))
        self.load(set(ids))
        return [self.dependent(id, how) for id, how in list(ids.items())[:MOST]], count

    def newest(self, which: ColumnElement[bool]) -> list[str]:
        """Ids of the newest articles, none of them withdrawn, that meet a condition."""
        wanted = select(ArticleRow.id).where(which, col(ArticleRow.state).not_in(SEALED))
        order = col(ArticleRow.published_at).desc(), col(ArticleRow.id).desc()
        return list(self.session.exec(wanted.order_by(*order).limit(MOST)))

    def count(self, which: ColumnElement[bool]) -> int:
        """The number of articles, none of them withdrawn, that meet a condition."""
        wanted = select(func.count()).select_from(ArticleRow)
        return self.session.exec(wanted.where(which, col(ArticleRow.state).not_in(SEALED))).one()

    def dependent(self, id: str, how: str, part: str | None = None) -> Json:
        """One dependent article as JSON. `how`: its relation; `part`: the id of its block or image that depends
        on the item."""
        article, version = self.stories[id]
        return {
            "how": how, "part": part, "state": publication_window.state_at(article, self.now),
            "article": self.catalog.article(article, version.content),
        }  # fmt: skip

    def dependents_of_dispatch(self, id: str) -> tuple[list[Json], int]:
        """Articles, blocks and images that rest on a dispatch, also through the chain of attribution, and their
        number."""
        ids = dispatches.passing_on(self.session, id)
        naming = select(AttributionRow.article_id).where(col(AttributionRow.dispatch_id).in_(ids))
        stories = self.newest(col(ArticleRow.id).in_(naming))
        self.load(set(stories))
        shown = [part for story in stories for part in self.parts(story, ids)]
        return shown[:MOST], self.count_parts(naming, ids)

    def parts(self, story: str, items: Container[str]) -> list[Json]:
        """The parts of an article that rest on these dispatches."""
        content = self.stories[story][1].content
        named = [one["id"] for one in content["attributions"] if one["dispatch_id"] in items]
        return [
            self.dependent(story, link.scope, None if link.scope == "article" else link.scope_id)
            for link, _ in attribution.dependents(links_of(content), named)
        ]

    def count_parts(self, naming: Any, items: Container[str]) -> int:
        """The number of attributions in these articles that rest on the dispatches. Only one article is in
        memory at a time."""
        link = AttributionRow
        wanted = (
            select(link.article_id, link.id, link.via, link.dispatch_id)
            .join(ArticleRow, col(ArticleRow.id) == link.article_id)
            .where(col(link.article_id).in_(naming), col(ArticleRow.state).not_in(SEALED))
            .order_by(link.article_id).execution_options(yield_per=500)
        )  # fmt: skip
        count = 0
        for _, rows in groupby(self.session.exec(wanted), itemgetter(0)):
            links = list(rows)
            chain = [Link(id, "", "", "", "", via, 0) for _, id, via, _ in links]
            named = [id for _, id, _, dispatch in links if dispatch in items]
            count += len(attribution.dependents(chain, named))
        return count

    def fronts(self, id: str) -> list[Json]:
        """Fronts that show the item: in a slot, as its image, or in the banner."""
        named = type_coerce(FrontRow.slots, Text).contains(f'"{id}"', autoescape=True)
        named |= type_coerce(FrontRow.banner, Text).contains(f'"{id}"', autoescape=True)
        rows = select(FrontRow.id, FrontRow.slug).where(named).order_by(FrontRow.slug).limit(MOST)
        return [{"id": front, "slug": slug} for front, slug in self.session.exec(rows)]

    def related_items(self, row: WithdrawalRow) -> list[Json]:
        """Images and dispatches that the article used; dispatches that pass the withdrawn dispatch on."""
        if row.noun == "image":
            return []
        if row.noun == "dispatch":
            passing = dispatches.passing_on(self.session, row.object_id)
            named = [("dispatch", id) for id in passing if id != row.object_id]
        else:
            named = self.used_by(row.object_id)
        others = self.elsewhere([id for _, id in named[:MOST]], row.object_id)
        return [
            {"noun": noun, "id": id, "elsewhere": others.get(id, 0)} for noun, id in named[:MOST]
        ]

    def used_by(self, article_id: str) -> list[tuple[str, str]]:
        """The images and dispatches that an article uses, as pairs of kind and id."""
        images = select(ImageUseRow.image_id).where(ImageUseRow.article_id == article_id)
        named = select(AttributionRow.dispatch_id).where(AttributionRow.article_id == article_id)
        there = named.where(col(AttributionRow.dispatch_id).is_not(None))
        found = [("image", id) for id in sorted(set(self.session.exec(images)))]
        return found + [
            ("dispatch", id) for id in sorted({str(one) for one in self.session.exec(there)})
        ]

    def elsewhere(self, ids: list[str], article_id: str) -> dict[str, int]:
        """The number of other articles that use each of these items."""
        if not ids:
            return {}
        wanted = select(TermRow.term, func.count()).where(
            col(TermRow.term).in_(ids), TermRow.article_id != article_id
        )
        return dict(self.session.exec(wanted.group_by(TermRow.term)).all())
