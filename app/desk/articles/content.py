"""What a version of an article keeps, made of what was sent: the words as sent, relations by id.

Errors are added to the resolver's `faults`, each with its JSON Pointer.
"""

from typing import Any

from app.attribution import chain
from app.desk.articles.block_matching import with_matched_ids
from app.desk.resolver import Resolver, new_attribution_id
from app.formats.body.losses import Dropped
from app.formats.markup_limits import TooMuch
from app.formats.table_grid import MOST_CELLS, TooManyCells
from app.models.article import ArticleWrite
from app.models.base import optional_timestamp
from app.models.block import BlockWrite
from app.models.image import ImageUseWrite
from app.models.source import AttributionWrite
from app.rendering import blocks

Content = dict[str, Any]


def stored_content(
    id: str, write: ArticleWrite, resolver: Resolver, old: list[blocks.Stored]
) -> Content:
    """The content of a version. `id`: of the article; `old`: the blocks of its version before."""
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
    """Ids of the related articles that the editor named, each once."""
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
    """Blocks with ids: those of `old` blocks that they continue, else new ones."""
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
    """Blocks without text that their HTML marks as deleted; a warning names it."""
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
    """Warn of tables whose rows differ in length, which are filled up; report tables that are too large."""
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
    """An image use with the texts that were sent for it; the others are the image's own."""
    if use is None:
        return None
    id = resolver.image(use.id, f"{pointer}/id")
    return use.model_dump(exclude_none=True) | {"id": id}


def stored_attributions(
    id: str, write: ArticleWrite, resolver: Resolver, body: list[blocks.Stored]
) -> list[Content]:
    """The chain of attribution; a scope that the article does not have is reported, and a cycle."""
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
    """An attribution with its relations by id; without a scope it speaks for the whole article."""
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
    """Report attributions whose `via` leads nowhere or in a circle."""
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
