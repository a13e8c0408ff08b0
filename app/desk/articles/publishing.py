"""Creates, revises, publishes and unpublishes articles; finds and locks them; gives them slugs.

Each function checks, changes the rows and records the change. The transaction around it (`desk.transaction.at_desk`)
writes the documents and numbers the change log.
"""

import itertools
import re
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import bindparam
from sqlmodel import col, select

from app.change_log import due_moments, record
from app.db import dialects
from app.desk import confidential_sources, flags
from app.desk.articles import picture_credits
from app.desk.articles.content import Content, stored_content
from app.desk.resolver import Resolver
from app.desk.transaction import Desk
from app.errors import Conflict, NotFound, Unprocessable
from app.language import slugs
from app.models import publication_window
from app.models.article import ArticleRow, ArticleWrite, CorrectionRow, CorrectionWrite, VersionRow
from app.models.base import new_id
from app.models.card import State  # fmt: skip
from app.models.section import FormerSlug, SectionRow
from app.rendering import live_updates
from app.rendering.references import by_id


def create(
    desk: Desk, write: ArticleWrite, resolver: Resolver | None = None, id: str | None = None
) -> ArticleRow:
    """Create an article as a draft. Raises 422 with every error."""
    resolver = resolver or Resolver(desk, lang=write.lang)
    article = ArticleRow(
        id=id or new_id("art"), kind=write.kind, lang=write.lang, slug="", slug_key="",
        created_at=desk.now,
        published_at=write.published_at or desk.now, modified_at=desk.now,
        live_from=desk.now, urgency=write.urgency, embargo_until=write.embargo_until,
        expires_at=write.expires_at,
    )  # fmt: skip
    publication_window.set_window(article, desk.now)
    give_slug(desk, article, write)
    content = stored_content(article.id, write, resolver, [])
    resolver.faults.refuse()
    confidential_sources.warn_of_names(desk, content)
    set_columns(article, write, content)
    join_group(desk, article, write, resolver)
    resolver.faults.refuse()
    desk.session.add(article)
    desk.new.add(article.id)
    save_version(desk, article, content, write.note)
    add_corrections(desk, article, write.corrections)
    flags.flag_corrected_sources(
        desk, article, [link["dispatch_id"] for link in content["attributions"]]
    )
    record_change(desk, "created", article)
    return article


def revise(
    desk: Desk, article: ArticleRow, write: ArticleWrite, resolver: Resolver | None = None,
    note: str | None = None,
) -> ArticleRow:  # fmt: skip
    """Save a new version of an article; blocks that say the same keep their ids. Raises 422 with every error."""
    resolver = resolver or Resolver(desk, lang=write.lang)
    refuse_sealed(article)
    if article.id in desk.stale:
        desk.finish()  # the version that this one follows is rendered before it goes
    old, was_out = current_content(desk, article), publication_window.is_out(article, desk.now)
    content = stored_content(article.id, write, resolver, old["body"])
    links = content["attributions"], old["attributions"]
    confidential_sources.keep_hidden(desk, *links, resolver.faults)
    resolver.faults.refuse()
    confidential_sources.warn_of_names(desk, content)
    if article.state == State.published:
        picture_credits.check(desk, content, before=old)
    follow_slug(desk, article, write, old["headline"])
    if write.lang != article.lang or content["attributions"] != old["attributions"]:
        live_updates.forget(desk.session, [article.id])
    article.version += 1
    article.modified_at = desk.now
    if publication_window.has_been_out(article, desk.now):
        article.updated_at = desk.now
    if write.published_at and not is_put_off(article, write.published_at, desk.now):
        article.published_at = write.published_at
    set_columns(article, write, content)
    publication_window.set_window(article, desk.now)
    join_group(desk, article, write, resolver)
    resolver.faults.refuse()
    save_version(desk, article, content, note or write.note)
    flags.flag_corrected_sources(
        desk, article, [link["dispatch_id"] for link in content["attributions"]]
    )
    record_change(
        desk, "updated", article, public=was_out or publication_window.is_out(article, desk.now)
    )
    return article


def is_put_off(article: ArticleRow, published_at: datetime, now: datetime) -> bool:
    """Whether setting this time would postpone or schedule a published article, which only PUT …/schedule may."""
    return article.state == State.published and max(article.published_at, published_at) > now


def follow_slug(desk: Desk, article: ArticleRow, write: ArticleWrite, headline: str) -> None:
    """Set the slug that was sent; else, until the first publication, a slug made of a new headline."""
    if write.slug and slugs.key(write.slug) != article.slug_key:
        rename(desk, article, write.slug)
        return
    follows = article.first_published_at is None and is_made_of(article.slug, headline)
    if follows and write.headline != headline:
        give_slug(desk, article, write.model_copy(update={"slug": None}))


def is_made_of(slug: str, headline: str) -> bool:
    """Whether `free_slug` gives this slug for this headline: its own, or with a number behind."""
    base = slugs.slugify(headline)
    start, _, number = slug.rpartition("-")
    return slug == base or (number.isdigit() and start == numbered_base(base))


def refuse_sealed(article: ArticleRow) -> None:
    """Raise 409 for an article that was withdrawn: it can only be restored."""
    if article.state in (State.killed, State.vanished):
        raise Conflict(
            f"{article.id} is withdrawn: DELETE …/withdrawal restores it.", state=article.state
        )


def publish(desk: Desk, article: ArticleRow, at: datetime | None = None) -> ArticleRow:
    """Publish an article, also a scheduled one. Raises 409 if it is published already, 422 if a picture has no
    credit."""
    refuse_sealed(article)
    refuse_ahead(desk, at)
    waited = publication_window.waits(article, desk.now)
    if article.state == State.published and not waited:
        refuse_in_state(desk, article, "is already published")
    if not at and not waited and publication_window.wanted_time(article):
        at = article.published_at
    picture_credits.check(desk, current_content(desk, article))
    article.state = State.published
    article.published_at = at or max(desk.now, article.embargo_until or desk.now)
    article.before_schedule = article.created_at if at and at > desk.now else None
    touch(desk, article)
    state = publication_window.state_at(article, desk.now)
    record_change(desk, "scheduled" if state == State.scheduled else "published", article,
        public=state == State.published)  # fmt: skip
    return article


def refuse_ahead(desk: Desk, published_at: datetime | None) -> None:
    """Raise 422 for a time of publication in the future, which only PUT …/schedule sets."""
    if published_at and published_at > desk.now:
        raise Unprocessable.at("#/published_at", "A time ahead is a schedule's: PUT …/schedule.")


def unpublish(desk: Desk, article: ArticleRow, reason: str | None = None) -> ArticleRow:
    """Unpublish an article. Published again it keeps its first time of publication."""
    refuse_sealed(article)
    if article.state != State.published or publication_window.waits(article, desk.now):
        refuse_in_state(desk, article, "is not published")
    was_out = publication_window.is_out(article, desk.now)
    if publication_window.follows_embargo(article, desk.now):
        article.published_at = article.created_at
    article.state = resting_state(article, desk.now)
    touch(desk, article)
    record_change(desk, "unpublished", article, public=was_out, reason=reason)
    return article


def resting_state(article: ArticleRow, now: datetime) -> State:
    """The state of an article that is no longer published or scheduled: draft, unless readers have seen it."""
    return State.unpublished if publication_window.has_been_out(article, now) else State.draft


def refuse_in_state(desk: Desk, article: ArticleRow, said: str) -> NoReturn:
    """Raise 409 with the article's state by the clock."""
    state = publication_window.state_at(article, desk.now)
    raise Conflict(f"{article.slug!r} {said}; it is {state}.", state=state)


def touch(desk: Desk, article: ArticleRow) -> None:
    """After a change of state: set `modified_at`, and when readers see the article."""
    article.modified_at = desk.now
    publication_window.set_window(article, desk.now)


def rename(desk: Desk, article: ArticleRow, slug: str) -> None:
    """Set another slug. A former slug that readers could have seen redirects to the article for ever."""
    if wrong := slugs.fault(slug):
        raise Unprocessable.at("#/slug", wrong)
    if slug_is_taken(desk, slug, article.id):
        raise Conflict(f"The slug {slug!r} is taken.")
    if publication_window.has_been_out(article, desk.now):
        former = FormerSlug(
            noun="article", slug=article.slug_key, object_id=article.id, since=desk.now
        )
        desk.session.merge(former)
    set_slug(desk, article, slug)


def set_slug(desk: Desk, article: ArticleRow, slug: str) -> None:
    """Set a slug that is known to be free."""
    article.slug, article.slug_key = slug, slugs.key(slug)
    desk.slugs[article.slug_key] = article.id


NAMED = select(ArticleRow).where(
    (col(ArticleRow.id) == bindparam("id")) | (col(ArticleRow.slug_key) == bindparam("slug"))
)
LOCKED = NAMED.with_for_update()
VERSION = select(VersionRow).where(
    col(VersionRow.article_id) == bindparam("id"), col(VersionRow.version) == bindparam("version")
)


def get(desk: Desk, id_or_slug: str, lock: bool = True) -> ArticleRow:
    """The article with this id, slug or former slug, locked for this transaction; else 404."""
    named = {"id": id_or_slug, "slug": slugs.key(id_or_slug)}
    found = desk.session.exec(LOCKED if lock else NAMED, params=named).first()
    if found is not None and lock:
        after_locking(desk, [found.id])
    if found is None:
        former = desk.session.get(FormerSlug, ("article", slugs.key(id_or_slug)))
        if former is not None:
            return get(desk, former.object_id, lock)
        raise NotFound(f"There is no article {id_or_slug!r}.")
    return found


def after_locking(desk: Desk, ids: list[str]) -> None:
    """Call after articles were locked: refresh `desk.now`, and log their transitions that fell due meanwhile."""
    rows = due_moments.lock_moments(desk.session, ids)
    desk.timeless |= set(ids) - {row.article_id for row in rows}
    desk.tick()
    due_moments.log_moments(desk.session, [row for row in rows if row.at <= desk.now], desk.now)


def current_content(desk: Desk, article: ArticleRow) -> Content:
    """The content of the article's current version, also where this transaction has not written it yet."""
    for row in desk.waiting.get(VersionRow, []):
        if (row["article_id"], row["version"]) == (article.id, article.version):
            waiting: Content = row["content"]
            return waiting
    desk.flush()
    named = {"id": article.id, "version": article.version}
    version = desk.session.exec(VERSION, params=named).one()
    desk.version = version
    content: Content = version.content
    return content


def set_columns(article: ArticleRow, write: ArticleWrite, content: Content) -> None:
    """Set the columns that lists filter by."""
    article.kind, article.lang, article.urgency = write.kind, write.lang, write.urgency
    article.section_id = content["section"]


def give_slug(desk: Desk, article: ArticleRow, write: ArticleWrite) -> None:
    """Set the slug that was sent, else a free one made of the headline."""
    if write.slug:
        rename(desk, article, write.slug)
        return
    set_slug(desk, article, free_slug(desk, slugs.slugify(write.headline)))


def free_slug(desk: Desk, base: str) -> str:
    """The first of `base`, `base-2`, `base-3` … that no story has, or had. Each look-up asks for twice as many
    as the one before."""
    tried, numbers, many = [base], itertools.count(2), 8
    while True:
        look_up_slugs(desk, [slugs.key(slug) for slug in tried])
        for slug in tried:
            if not slug_is_taken(desk, slug, None):
                return slug
        tried = [f"{numbered_base(base)}-{number}" for number in itertools.islice(numbers, many)]
        many *= 2


def slug_is_taken(desk: Desk, slug: str, by_other_than: str | None) -> bool:
    """Whether an article has or had this slug, other than `by_other_than`."""
    key = slugs.key(slug)
    if key not in desk.slugs:
        look_up_slugs(desk, [key])
    return desk.slugs[key] not in (None, by_other_than)


def numbered_base(base: str) -> str:
    """The part of a slug before its number, short enough for one."""
    return base[: slugs.LONGEST - 6].rstrip("-")


def look_up_slugs(desk: Desk, keys: list[str]) -> None:
    """Load who has or had these slugs, for the rest of this transaction. Transactions that would
    assign a similar slug wait until this one ends, so a free slug stays free."""
    keys = [key for key in keys if key not in desk.slugs]
    if not keys:
        return
    dialects.lock_names(desk.session, (f"slug:{family(key)}" for key in keys))
    former = (col(FormerSlug.noun) == "article") & col(FormerSlug.slug).in_(keys)
    had = select(FormerSlug.slug, FormerSlug.object_id).where(former)
    has = select(ArticleRow.slug_key, ArticleRow.id).where(col(ArticleRow.slug_key).in_(keys))
    held = {row[0]: row[1] for row in desk.session.execute(has.union_all(had))}
    for key in keys:
        desk.slugs.setdefault(key, held.get(key))


NUMBERED = re.compile(r"(-\d+)+$")


def family(key: str) -> str:
    """Return the common part of all slugs that could be made from the same headline, without
    number and end."""
    short = NUMBERED.sub("", key)[: slugs.LONGEST - 6].rstrip("-")
    return NUMBERED.sub("", short)


def save_version(
    desk: Desk, article: ArticleRow, content: Content, note: str | None = None
) -> None:
    """Write the current version of the article, together with the transaction's other new rows."""
    desk.add_row(
        VersionRow, article_id=article.id, version=article.version, content=content, at=desk.now,
        by=desk.by, note=note,
    )  # fmt: skip


def add_corrections(
    desk: Desk, article: ArticleRow, notices: list[CorrectionWrite]
) -> list[CorrectionRow]:
    """Add public corrections; their versions are the last two unless they say others."""
    rows = [
        CorrectionRow(
            id=notice.id or new_id("cor"), article_id=article.id, kind=notice.kind,
            text=notice.text, blocks=notice.blocks, at=notice.at or desk.now,
            from_version=notice.from_version or article.version - 1 or None,
            to_version=notice.to_version or article.version,
        )
        for notice in notices
    ]  # fmt: skip
    if rows:
        desk.session.flush()  # the article first
        desk.session.add_all(rows)
    return rows


def record_change(
    desk: Desk, type: str, article: ArticleRow, public: bool = False, **more: Any
) -> None:
    """Record a change in the change log, and have the article's documents rendered. `public`: whether readers could
    see the change."""
    desk.render(article.id)
    keys = record.keys_of(desk.session, [article], desk.new, desk.left)[article.id]
    desk.record(
        type, "article", article.id, version=article.version, lang=article.lang,
        slug=article.slug, section=section_path(desk, article), public=public, **more, keys=keys,
    )  # fmt: skip


def section_path(desk: Desk, article: ArticleRow) -> str | None:
    """The path of the article's section, which its URL may contain."""
    id = article.section_id
    if id and id not in desk.sections:
        desk.sections[id] = desk.session.exec(by_id(SectionRow), params={"ids": [id]}).one()
    return desk.sections[id].path if id else None


def join_group(desk: Desk, article: ArticleRow, write: ArticleWrite, resolver: Resolver) -> None:
    """Make the article a translation of the one that `translation_of` names."""
    if not write.translation_of:
        return
    other_id = resolver.article(write.translation_of, "#/translation_of")
    if other_id is None:
        return
    if other_id == article.id:
        resolver.faults.add("#/translation_of", "A story isn't its own translation.")
        return
    other = desk.session.get_one(ArticleRow, other_id)
    if other.group_id is None:
        other.group_id = new_id("grp")
    if article.group_id and article.group_id != other.group_id:
        desk.left.add(article.group_id)
    article.group_id = other.group_id
