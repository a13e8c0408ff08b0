"""The newsroom's verbs: check, change, record. Each reads as the newsroom says it.

The transaction that calls them (`desk.at_desk`) writes the documents and numbers the log.
"""

import itertools
import re
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import bindparam
from sqlmodel import col, select

from app.attribution import chain
from app.change_log import due_moments, record
from app.db import dialects
from app.desk import confidential_sources, flags
from app.desk.articles import picture_credits
from app.desk.articles.block_matching import with_matched_ids
from app.desk.resolver import Resolver, new_attribution_id
from app.desk.transaction import Desk
from app.errors import Conflict, NotFound, Unprocessable
from app.formats.body.losses import Dropped
from app.formats.markup_limits import TooMuch
from app.formats.table_grid import MOST_CELLS, TooManyCells
from app.language import slugs
from app.models import publication_window
from app.models.article import ArticleRow, ArticleWrite, CorrectionRow, CorrectionWrite, VersionRow
from app.models.base import new_id, optional_timestamp
from app.models.block import BlockWrite
from app.models.card import State  # fmt: skip
from app.models.image import ImageUseWrite
from app.models.section import FormerSlug, SectionRow
from app.models.source import AttributionWrite
from app.rendering import blocks, live_updates
from app.rendering.references import by_id

Content = dict[str, Any]


def create(
    desk: Desk, write: ArticleWrite, resolver: Resolver | None = None, id: str | None = None
) -> ArticleRow:
    """A new story, as a draft."""
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
    """A new version of a story; blocks that say the same keep their ids."""
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
    """Whether this time is a schedule's to say: a story that is out isn't put off by a save, nor
    does one come out by it."""
    return article.state == State.published and max(article.published_at, published_at) > now


def follow_slug(desk: Desk, article: ArticleRow, write: ArticleWrite, headline: str) -> None:
    """A slug set by hand; else, until the first publication, the one that follows the headline."""
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
    """What was withdrawn takes no change but its restoring."""
    if article.state in (State.killed, State.vanished):
        raise Conflict(
            f"{article.id} is withdrawn: DELETE …/withdrawal restores it.", state=article.state
        )


def publish(desk: Desk, article: ArticleRow, at: datetime | None = None) -> ArticleRow:
    """Put a story out, also one that waits for its schedule. Publishing what is already out is a
    conflict."""
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
    """A time of publication that lies ahead is a schedule, and is to be called so."""
    if published_at and published_at > desk.now:
        raise Unprocessable.at("#/published_at", "A time ahead is a schedule's: PUT …/schedule.")


def unpublish(desk: Desk, article: ArticleRow, reason: str | None = None) -> ArticleRow:
    """Take a story back; publishing it again is as if it had never been away."""
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
    """What a story is that is not to be out: a draft, until readers have seen it."""
    return State.unpublished if publication_window.has_been_out(article, now) else State.draft


def refuse_in_state(desk: Desk, article: ArticleRow, said: str) -> NoReturn:
    """409, with the state that the story is in by the clock."""
    state = publication_window.state_at(article, desk.now)
    raise Conflict(f"{article.slug!r} {said}; it is {state}.", state=state)


def touch(desk: Desk, article: ArticleRow) -> None:
    """After a change of state: when the story is out, and that it changed now."""
    article.modified_at = desk.now
    publication_window.set_window(article, desk.now)


def rename(desk: Desk, article: ArticleRow, slug: str) -> None:
    """Another slug; the former one, if anybody could have seen it, leads here for ever."""
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
    """The story, locked for this transaction."""
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
    """After these stories were locked: the clock as it is now, and what of them it has changed."""
    rows = due_moments.lock_moments(desk.session, ids)
    desk.timeless |= set(ids) - {row.article_id for row in rows}
    desk.tick()
    due_moments.log_moments(desk.session, [row for row in rows if row.at <= desk.now], desk.now)


def current_content(desk: Desk, article: ArticleRow) -> Content:
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
    """The live columns, from what was sent."""
    article.kind, article.lang, article.urgency = write.kind, write.lang, write.urgency
    article.section_id = content["section"]


def give_slug(desk: Desk, article: ArticleRow, write: ArticleWrite) -> None:
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
    """Whether another story has this slug, or had it."""
    key = slugs.key(slug)
    if key not in desk.slugs:
        look_up_slugs(desk, [key])
    return desk.slugs[key] not in (None, by_other_than)


def numbered_base(base: str) -> str:
    """What stands before the number of a slug that others have, too."""
    return base[: slugs.LONGEST - 6].rstrip("-")


def look_up_slugs(desk: Desk, keys: list[str]) -> None:
    """Remember who has these folded slugs, or had them, for the rest of this transaction. Another one that
    would give a slug of the same family waits until this one ends, so that what is free here stays so."""
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
    """What all slugs have in common that may be made of the same headline: neither number nor end."""
    short = NUMBERED.sub("", key)[: slugs.LONGEST - 6].rstrip("-")
    return NUMBERED.sub("", short)


def save_version(
    desk: Desk, article: ArticleRow, content: Content, note: str | None = None
) -> None:
    desk.add_row(
        VersionRow, article_id=article.id, version=article.version, content=content, at=desk.now,
        by=desk.by, note=note,
    )  # fmt: skip


def add_corrections(
    desk: Desk, article: ArticleRow, notices: list[CorrectionWrite]
) -> list[CorrectionRow]:
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
    """The row of the log, and the documents that it makes necessary. `public`: whether readers
    could see that it happened."""
    desk.render(article.id)
    keys = record.keys_of(desk.session, [article], desk.new, desk.left)[article.id]
    desk.record(
        type, "article", article.id, version=article.version, lang=article.lang,
        slug=article.slug, section=section_path(desk, article), public=public, **more, keys=keys,
    )  # fmt: skip


def section_path(desk: Desk, article: ArticleRow) -> str | None:
    """Where the story stands, for the address that it has now."""
    id = article.section_id
    if id and id not in desk.sections:
        desk.sections[id] = desk.session.exec(by_id(SectionRow), params={"ids": [id]}).one()
    return desk.sections[id].path if id else None


def join_group(desk: Desk, article: ArticleRow, write: ArticleWrite, resolver: Resolver) -> None:
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


def stored_content(
    id: str, write: ArticleWrite, resolver: Resolver, old: list[blocks.Stored]
) -> Content:
    """What the version keeps: the words as sent, relations by id."""
    primary = resolver.section(write.section, "#/section") if write.section else None
    others = [resolver.section(path, f"#/sections/{at}") for at, path in enumerate(write.sections)]
    tags = [resolver.tag(tag, f"#/tags/{at}") for at, tag in enumerate(write.tags)]
    people = [
        {"id": resolver.contributor(who.contributor, f"#/contributors/{at}"), "role": who.role}
        for at, who in enumerate(write.contributors)
    ]
    body = stored_body(write.body, resolver, old)
    return {
        "kind": write.kind, "lang": write.lang, "slug_latin": write.slug_latin,
        "kicker": write.kicker, "headline": write.headline,
        "short_headline": write.short_headline, "summary": write.summary,
        "urgency": write.urgency, "section": primary,
        "sections": list(dict.fromkeys(id for id in [primary, *others] if id)),
        "tags": list(dict.fromkeys(tags)), "contributors": people,
        "lead_image": stored_image_use(write.lead_image, resolver, "#/lead_image"),
        "body": body, "attributions": stored_attributions(id, write, resolver, body),
        "credit_line_override": write.credit_line_override,
        "related": stored_related(id, write, resolver),
        "date_line": write.date_line, "rights": write.rights.model_dump(mode="json"),
    }  # fmt: skip


def stored_related(id: str, write: ArticleWrite, resolver: Resolver) -> list[str]:
    found = []
    for at, one in enumerate(write.related):
        other = resolver.article(one, f"#/related/{at}")
        if other == id:
            resolver.faults.add(f"#/related/{at}", "A story isn't related to itself.")
        elif other:
            found.append(other)
    return list(dict.fromkeys(found))


def stored_body(
    sent: list[BlockWrite], resolver: Resolver, old: list[blocks.Stored]
) -> list[blocks.Stored]:
    """Blocks as a version keeps them, each with an id of its own; relations by id."""
    sent = without_omitted(sent, resolver)
    site = resolver.desk.settings.site
    whole = with_matched_ids(sent, old)
    warn_of_ragged(whole, resolver)
    kept = [blocks.keep(block, resolver.lang, site) for block in whole]
    seen: set[str] = set()
    for place, block in enumerate(kept):
        if block["id"] in seen:
            resolver.faults.add(f"#/body/{place}/id", f"The block id {block['id']!r} stands twice.")
        seen.add(block["id"])
        for use in blocks.images_of(block):
            use["id"] = resolver.image(use.get("id"), f"#/body/{place}/image/id")
        if block["type"] == "related":
            found = [
                resolver.article(one, f"#/body/{place}/articles/{at}")
                for at, one in enumerate(block.get("articles", []))
            ]
            block["articles"] = [id for id in found if id]
    return kept


def without_omitted(sent: list[BlockWrite], resolver: Resolver) -> list[BlockWrite]:
    """Blocks without the words that their HTML strikes; the desk is told which."""
    dropped, kept, site = Dropped(), [], resolver.desk.settings.site
    for place, block in enumerate(sent):
        try:
            kept.append(blocks.without_omitted(block, dropped, resolver.lang, site))
        except TooMuch as much:
            resolver.faults.add(f"#/body/{place}/html", str(much))
            kept.append(block)
    resolver.desk.warnings += dropped.sentences()
    return kept


def warn_of_ragged(sent: list[BlockWrite], resolver: Resolver) -> None:
    """Tables whose rows differ in length are filled up, with a warning; too large ones are a fault."""
    cells = 0
    for place, block in enumerate(sent):
        widths = [len(row) for row in block.rows or ()]
        cells += len(widths) * max(widths, default=0)
        if cells > MOST_CELLS:
            resolver.faults.add(f"#/body/{place}/rows", f"{TooManyCells()}")
            return
        if len(set(widths)) > 1:
            resolver.desk.warnings.append(
                f"The rows of the table in #/body/{place} have different lengths; empty cells were"
                " added at their ends."
            )


def stored_image_use(use: ImageUseWrite | None, resolver: Resolver, pointer: str) -> Content | None:
    if use is None:
        return None
    id = resolver.image(use.id, f"{pointer}/id")
    return use.model_dump(exclude_none=True) | {"id": id}


def stored_attributions(
    id: str, write: ArticleWrite, resolver: Resolver, body: list[blocks.Stored]
) -> list[Content]:
    """The chain by id; a link that speaks for nothing that is there, or a cycle, is refused."""
    links = [
        stored_attribution(id, one, resolver, f"#/attributions/{at}")
        for at, one in enumerate(write.attributions)
    ]
    places = {block["id"] for block in body}
    pictures = {use["id"] for block in body for use in blocks.images_of(block)}
    if write.lead_image:
        pictures.add(write.lead_image.id or "")
    for at, link in enumerate(links):
        [(kind, target)] = link["scope"].items()
        there = {"block": places, "image": pictures, "article": {id}}[kind]
        if target not in there:
            resolver.faults.add(
                f"#/attributions/{at}/scope", f"The story has no {kind} {target!r}."
            )
    check_chain(links, resolver)
    return links


def stored_attribution(id: str, one: AttributionWrite, resolver: Resolver, pointer: str) -> Content:
    scope = one.scope or {"article": id}
    if len(scope) != 1:
        resolver.faults.add(f"{pointer}/scope", "A scope has one key.")
        scope = {"article": id}
    return {
        "id": one.id or new_attribution_id(), "role": one.role,
        "source": resolver.source(one.source, f"{pointer}/source", story=id), "scope": dict(scope),
        "via": one.via, "url": one.url,
        "dispatch_id": resolver.dispatch(one.dispatch_id, f"{pointer}/dispatch_id"),
        "stated_at": optional_timestamp(one.stated_at), "note": one.note,
    }  # fmt: skip


def check_chain(links: list[Content], resolver: Resolver) -> None:
    try:
        chain.check(
            [
                chain.Link(
                    id=link["id"], source_id=link["source"] or "", role=link["role"],
                    scope=next(iter(link["scope"])), scope_id="", via=link["via"], position=at,
                )
                for at, link in enumerate(links)
            ]
        )  # fmt: skip
    except chain.BadChain as bad:
        resolver.faults.add("#/attributions", str(bad))
