"""The HTML of a news page, taken apart: what it says of itself first, then its article element.

The story's element is found by where the running text is, not by a site's names. Within it every
piece of text ends in one field, or in `lines` with the reason why it was left out.
"""

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo

from rapidfuzz.distance import Indel
from selectolax.lexbor import LexborHTMLParser

from app.formats import inline_html, markup_limits
from app.formats.body.losses import Dropped
from app.formats.body.omitted import ended_deletions
from app.formats.body.tree import leave_out
from app.formats.page import vocabulary
from app.formats.page.addresses import joined
from app.formats.page.attributions import credit
from app.formats.page.closing_credits import read_credits
from app.formats.page.html_body import Body
from app.formats.page.html_pictures import is_portrait, picture_of, stem
from app.formats.page.html_pieces import Piece
from app.formats.page.html_tree import (
    Node,
    children,
    drop,
    furniture_reason,
    label,
    tree_of,
    visible,
)
from app.formats.page.inline_text import plain_text
from app.formats.page.measures import Measures
from app.formats.page.metadata import Metadata, moment, read, without_site
from app.formats.page.model import Found, Line, Mention, NotAPage, Page, Picture
from app.formats.page.page_language import confirmed
from app.formats.page.source_mentions import MEDIA, Known, is_signature, nobody
from app.formats.page.weights import root_of, scope_of, weights
from app.language import date_reading
from app.language.folding import fold

STANDFIRST = re.compile(
    r"(?:^|[\s_-]|(?<=[a-z])(?=[A-Z]))(?:stand-?first|sub-?title|sub-?head(?:line|ing)?|sub-?line|deck|dek|lead|lede"
    r"|excerpt|intro\w*|summary|abstract|chapo|chapeau|description|ingress|preamble|sapo|spot|entradilla|bajada|teaser"
    r"|strap-?line|abstract|vorspann)(?=$|[\s_-]|[A-Z0-9])",
    re.IGNORECASE,
)
DATED = (
    "time,[itemprop=datePublished],[property$=date],[class*=date],[class*=time],[class*=publish]"
    ",[class*=created],[id*=date]"
)
"""Elements that are named as those of a date."""
MOST_DEPTH = 150
"""Elements of a page inside each other. News pages have up to 50."""
MOST_ELEMENTS = 20_000
"""Elements of a page. News pages have up to 5,000."""
MOST_AMPERSANDS = 5 * markup_limits.MOST_REFERENCES
"""Ampersands of a page: the sanitiser is slow at them."""
LONGEST_SUMMARY = 900
WRITER = re.compile(
    r"(?:By|BY|Written by)\s+((?:[A-Z][\w.'’-]+\s+){1,3}?[A-Z][\w.'’-]+)"
    r"(?:\s*[,|–-]?\s*(?:[\w&-]+\s+){0,2}(?i:correspondent|reporter|editor|writer|columnist|journalist))?"
)
"""The line of a writer's name, and perhaps office, above the text."""
MOST_HEADINGS, MOST_BETWEEN = 50, 300
"""Headings, and elements between the headline and the text, that are compared with the metadata."""
LEAST = 100
"""Letters of running text below which there is no article."""


def parse(
    html: str, *, url: str | None = None, tz: tzinfo, now: datetime, known: Known = nobody
) -> Page:
    """The page that this HTML holds; `NotAPage` says why it holds none."""
    dropped = Dropped()
    tree = text_of(html, dropped)
    told = read(tree, url, tz, dropped)
    first_base = tree.css_first("base[href]")
    href = (first_base.attributes.get("href") or "") if first_base is not None else ""
    title = tree.css_first("title")
    document_title = without_site(visible(title)) if title else ""
    drop(tree)
    if tree.body is None:
        raise NotAPage("The HTML has no body.")
    measures = Measures(tree.body)
    weight = weights(tree.body, measures)
    scope = scope_of(tree, weight)
    if scope is None:
        raise NotAPage("The HTML has no body.")
    root = root_of(tree, scope, weight)
    given = url or told.url or ""
    base = joined(given, href) if href else given
    reading = Reading(told, tz, known, document_title, base, measures, dropped)
    page = reading.page(tree.body, scope, root, weight)
    page.warnings[:0] = dropped.sentences()
    return page


def alike(one: str, other: str) -> float:
    """How far two texts are one, from 0 to 1."""
    one, other = fold(one[:600])[:300], fold(other[:600])[:300]
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    return Indel.normalized_similarity(one, other)


def text_of(html: str, dropped: Dropped) -> LexborHTMLParser:
    """The tree of a page within the limits, without what is no part of its text."""
    if html.count("&") > MOST_AMPERSANDS:
        raise NotAPage(f"There are more than {MOST_AMPERSANDS:,} ampersands in the page.")
    scan = markup_limits.Scan(html, MOST_DEPTH, MOST_ELEMENTS)
    try:
        scan.run()
        tree = tree_of(html)
        leave_out(tree, dropped, scan.styles, ended_deletions(html))
    except markup_limits.TooMuch as much:
        raise NotAPage(str(much)) from much
    return tree


class Reading:
    """One page on its way."""

    def __init__(
        self, told: Metadata, tz: tzinfo, known: Known, title: str, base: str,
        measures: Measures, dropped: Dropped,
    ) -> None:  # fmt: skip
        self.told, self.tz, self.known, self.title = told, tz, known, title
        self.base, self.measures, self.dropped = base, measures, dropped
        self.found = Page(format="html", headline="", lang=told.lang, url=told.url)

    def page(self, body: Node, scope: Node, root: Node, weight: dict[int, int]) -> Page:
        found, told = self.found, self.told
        self.lang = confirmed(found.lang, self.measures.text(root))
        heading = self.take_headline(body, scope)
        before = self.between(scope, heading, root) if heading is not None else []
        pieces = Body(self.base, self.known, weight, self.measures, self.lang, self.dropped).pieces(
            root
        )
        self.take_before(before)
        if heading is not None and found.date_line is None and told.published_at is None:
            self.take_marked_date(scope, heading)
        self.take_pieces(pieces)
        self.take_signature()
        self.use_article_body()
        self.refuse_what_is_none(root, pieces)
        self.take_metadata()
        self.take_lead_image(before)
        found.lang = self.lang
        credit(found, self.known, self.tz)
        self.credit_publisher()
        found.lines = [
            Line(number, line.text, line.field, line.reason)
            for number, line in enumerate(found.lines, 1)
        ]
        if found.published_at is None and found.date_line is None and told.updated_at:
            found.published_at = told.updated_at
            found.warnings.append("Only a time of change was found; it was taken as published.")
        return found

    # the headline

    def take_headline(self, body: Node, scope: Node) -> Node | None:
        """The h1 that the metadata names, else the metadata's, else the only h1, else the title."""
        stated = [self.told.headline or "", *self.told.alternatives, self.title]
        stated = [without_site(one) if at else one for at, one in enumerate(stated) if one]
        found = {node.mem_id: node for node in [*scope.css("h1"), *body.css("h1")]}
        headings = [node for node in found.values() if self.seen(node)][:MOST_HEADINGS]
        whole = [one for one in headings if stated and fold(stated[0]) in fold(self.seen(one))]
        if len(whole) == 1 and not any(self.fit(one, stated) == 1 for one in headings):
            stated = [self.seen(whole[0])]
        best = max(headings, key=lambda node: self.fit(node, stated), default=None)
        if best is not None and (not stated or self.fit(best, stated) >= 0.5):
            self.found.headline = self.text(best)
        elif stated:
            self.found.headline = stated[0]
            smaller = [node for node in scope.css("h2,h3,[class*=title],[itemprop=headline]")
                       [:MOST_BETWEEN] if alike(self.seen(node), stated[0]) > 0.85]  # fmt: skip
            best = smaller[0] if smaller else None
        elif best is None:
            raise NotAPage("No headline was found: no h1, no title, no metadata.")
        else:
            self.found.headline = self.text(best)
        self.line(self.found.headline, "headline")
        return best

    def fit(self, node: Node, stated: list[str]) -> float:
        return max((alike(self.seen(node), one) for one in stated[:10]), default=0.0)

    def seen(self, node: Node) -> str:
        """The letters of an element."""
        return self.measures.text(node)

    def text(self, node: Node) -> str:
        """The text of an element for a field without marks."""
        return plain_text(node, self.lang, self.measures)

    # between the headline and the text

    def between(self, scope: Node, heading: Node, root: Node) -> list[Node]:
        """Elements after the headline and before the text, outermost first, furniture left out."""
        found: list[Node] = []
        around = {one.mem_id for one in above(root)}
        stack, after = list(children(scope))[::-1], False
        while stack:
            node = stack.pop()
            if node.mem_id == root.mem_id:
                break
            if node.mem_id == heading.mem_id:
                after = True
                continue
            if node.tag in ("-text", "-comment", "_comment"):
                continue
            if len(found) == MOST_BETWEEN:
                break
            if after and node.mem_id not in around and not self.measures.holds(node, "h1"):
                found.append(node)
                reason = furniture_reason(node)
                if reason or node.tag in ("figure", "p", "picture"):
                    continue
            stack += list(children(node))[::-1]
        return found

    def take_before(self, before: list[Node]) -> None:
        """The standfirst and a date line, where they stand."""
        for node in before:
            if not 6 <= self.measures.letters(node) <= LONGEST_SUMMARY + 1:
                continue
            text = self.text(node)
            if self.found.summary is None and self.is_standfirst(node, text):
                self.found.summary = text
                self.line(text, "summary")
            elif self.found.date_line is None and 6 <= len(text) <= date_reading.LONGEST:
                if date_reading.is_date_line(text, self.tz):
                    self.found.date_line = text
                    self.line(text, "date_line")

    def take_marked_date(self, scope: Node, heading: Node) -> None:
        """The date of an element that is named one: the first after the headline, else the last
        before it in the story's element."""
        start = self.measures.extent(heading).first
        dated = [
            (self.measures.extent(node).first, node) for node in scope.css(DATED)[:MOST_HEADINGS]
        ]
        after = sorted((at, node.mem_id, node) for at, node in dated if at > start)
        before = sorted(((at, node.mem_id, node) for at, node in dated if at < start), reverse=True)
        for _, _, node in [*after, *(before if scope.tag != "body" else [])]:
            given = node.attributes.get("datetime") or node.attributes.get("content")
            text = self.seen(node)
            if stated := moment(given, self.tz):
                self.told.published_at = stated
                return
            if 6 <= len(text) <= date_reading.LONGEST and date_reading.read(text, self.tz):
                self.found.date_line = text
                self.line(text, "date_line")
                return

    def is_standfirst(self, node: Node, text: str) -> bool:
        if (
            not 25 <= len(text) <= LONGEST_SUMMARY
            or node.css_first("p p,figure,time,ul li a") is not None
        ):
            return False
        if alike(text, self.found.headline) > 0.9 or vocabulary.furniture(text):
            return False
        if node.tag in ("figure", "figcaption", "picture", "a", "button"):
            return False
        described = alike(text, self.told.description or "") > 0.85
        return described or bool(
            STANDFIRST.search(label(node)) and len(node.css("a")) * 40 <= len(text)
            and len(node.css("p")) <= 2
        )  # fmt: skip

    # the text

    def take_pieces(self, pieces: list[Piece]) -> None:
        headline, captions = fold(self.found.headline), set()
        started = False
        for piece in pieces:
            block = piece.block
            if block is None:
                self.line(piece.text, None, piece.reason)
                continue
            if block.type in ("figure", "gallery"):
                captions |= {fold(one.caption) for one in block.pictures if one.caption}
                if not started and self.found.lead_image is None and block.type == "figure":
                    self.found.lead_image = block.pictures[0]
                    self.line(piece.text, "lead_image")
                    continue
            reason = self.repeated(block, headline, captions) or self.special(block, started)
            if reason in ("sources_line", "byline", "date_line", "contributors"):
                self.line(block.text, reason)
            elif reason:
                self.line(block.text, None, reason)
            else:
                started = started or block.type == "paragraph"
                self.found.blocks.append(block)
                self.line(piece.text, f"blocks[{len(self.found.blocks) - 1}]")

    def repeated(self, block: Found, headline: str, captions: set[str]) -> str | None:
        if block.type not in ("paragraph", "heading"):
            return None
        text = fold(block.text)
        if text == headline and not self.found.blocks:
            return "repeated headline"
        if self.found.summary and text == fold(self.found.summary):
            return "repeated summary"
        return "repeated caption" if text in captions and block.type == "paragraph" else None

    def special(self, block: Found, started: bool) -> str | None:
        """The field that a paragraph is a line of, or why it is left out."""
        if block.type != "paragraph" or len(block.text) > 300:
            return None
        text = block.text
        if (said := vocabulary.labelled(text, vocabulary.SOURCE_WORDS)) and len(said) < 150:
            self.found.sources_line = said
            return "sources_line"
        if started and is_signature(text, self.known, bare=False):
            self.found.sources_line = self.found.sources_line or text.strip(" -–—.()[]")
            return "sources_line"
        if (said := vocabulary.labelled(text, vocabulary.TAG_WORDS)) is not None:
            return "tags"
        if people := read_credits(text):
            self.found.contributors += people
            return "contributors"
        if (said := vocabulary.labelled(text, vocabulary.BYLINE_WORDS)) and len(text) < 100:
            self.found.byline = self.found.byline or [said]
            return "byline"
        if not started or len(self.found.blocks) < 2:
            if date_reading.is_date_line(text, self.tz):
                self.found.date_line = self.found.date_line or text
                return "date_line"
            names = {fold(name) for name in self.told.authors}
            if fold(re.sub(r"^(?:by|von|par|por|بقلم)\s+", "", text, flags=re.IGNORECASE)) in names:
                return "byline"
        if not started and (writer := WRITER.fullmatch(text)):
            self.found.byline = self.found.byline or [writer[1]]
            return "byline"
        return None

    def take_signature(self) -> None:
        """A last paragraph that has nothing but known sources is the sources line."""
        last = self.found.blocks[-1] if len(self.found.blocks) > 1 else None
        if last and last.type == "paragraph" and is_signature(last.text, self.known):
            self.found.sources_line = self.found.sources_line or last.text.strip(" -–—.()[]")
            place = len(self.found.blocks) - 1
            del self.found.blocks[place]
            for line in self.found.lines:
                line.field = "sources_line" if line.field == f"blocks[{place}]" else line.field

    def use_article_body(self) -> None:
        """A page whose text is made in the browser: its JSON-LD has the text."""
        body = self.told.body or ""
        have = sum(len(block.text) for block in self.found.blocks)
        if len(body) < 2 * have + LEAST:
            return
        texts = [
            inline_html.text_of(one, self.lang).strip()
            for one in re.split(r"\n+|</p>|<br ?/?>", body)
        ]
        kept = [block for block in self.found.blocks if block.type not in ("paragraph", "heading")]
        told = [Found("paragraph", text=one, html=inline_html.escape(one)) for one in texts if one]
        self.found.blocks = told + kept
        self.found.lines = [
            line for line in self.found.lines if not (line.field or "").startswith("blocks")
        ]
        for place, block in enumerate(self.found.blocks):
            self.line(block.text, f"blocks[{place}]")

    def refuse_what_is_none(self, root: Node, pieces: list[Piece]) -> None:
        blocks = self.found.blocks
        running = sum(len(one.text) + sum(map(len, one.items)) for one in blocks)
        media = any(one.type in ("video", "audio", "gallery", "embed") for one in blocks)
        if self.told.is_article and (
            running or media or self.found.summary or self.told.description
        ):
            return
        if running < LEAST and not (media and self.told.is_article):
            raise NotAPage("No article was found: the page has too little running text.")
        linked = [
            one for one in root.css("h2,h3,h4") if self.measures.holds(one, "a") or inside_link(one)
        ]
        paragraphs = sum(1 for one in blocks if one.type == "paragraph")
        if len(linked) >= 5 and len(linked) * 2 >= paragraphs:
            raise NotAPage("This looks like a list of stories, not one story.")

    # metadata

    def take_metadata(self) -> None:
        found, told = self.found, self.told
        found.published_at, found.updated_at = told.published_at, told.updated_at
        found.site_name, found.section, found.tags = told.site_name, told.section, told.tags[:50]
        authors = told.authors or found.byline
        found.byline = [
            name
            for name in (author.strip(" ()[]") for author in authors)
            if not self.known(name) and not self.is_house(name)
        ]
        for name in authors:
            if self.known(name) in MEDIA:
                found.mentions.append(Mention(name, "origin", "article", phrase=name))
        text = told.description
        if found.summary is None and text and len(text) >= 20 and not self.stands_in_text(text):
            found.summary = text

    def is_house(self, name: str) -> bool:
        """Whether an author is the outlet itself, by one of the names that the page has for it."""
        squeezed = [fold(one).replace(" ", "") for one in re.split(r"\s*[|–—]\s*|\s+-\s+", name)]
        return any(one and one in self.told.houses for one in squeezed)

    def stands_in_text(self, description: str) -> bool:
        """Whether the description is only the beginning of the text, or a paragraph of it."""
        start = fold(description).rstrip(".… ")[:120]
        return any(start and start in fold(block.text) for block in self.found.blocks[:3])

    def take_lead_image(self, before: list[Node]) -> None:
        """The figure above the text, else the metadata's image; the same picture stands once."""
        found = self.found
        if found.lead_image is None:
            found.lead_image = self.figure_before(before)
        stated = next((one for one in self.told.images if not is_logo(one)), None)
        if found.lead_image is None and stated is not None:
            found.lead_image = self.same_in_body(stated) or stated
        elif (
            found.lead_image is not None
            and stated is not None
            and stem(found.lead_image.url or "") == stem(stated.url or "")
        ):
            found.lead_image.caption = found.lead_image.caption or stated.caption
        if found.lead_image is not None:
            self.drop_from_body(found.lead_image)

    def figure_before(self, before: list[Node]) -> Picture | None:
        for node in before:
            if furniture_reason(node):
                continue
            if node.tag in ("figure", "img", "picture", "amp-img") or (
                self.measures.count(node, "img") == 1 and self.measures.letters(node) < 400
            ):
                if is_portrait(node):
                    continue
                pictures = picture_of(node, self.base, self.known, self.measures, self.lang)
                if pictures:
                    text = self.seen(node) or pictures[0].alt or pictures[0].url or ""
                    self.line(text, "lead_image")
                    return pictures[0]
        return None

    def same_in_body(self, stated: Picture) -> Picture | None:
        for block in self.found.blocks:
            for one in block.pictures:
                if block.type == "figure" and stem(one.url or "") == stem(stated.url or ""):
                    return one
        return None

    def drop_from_body(self, lead: Picture) -> None:
        """Take the figure of the lead picture out of the body: it is shown once."""
        for place, block in enumerate(self.found.blocks):
            if block.type == "figure" and stem(block.pictures[0].url or "") == stem(lead.url or ""):
                lead.caption = lead.caption or block.pictures[0].caption
                lead.credit = lead.credit or block.pictures[0].credit
                del self.found.blocks[place]
                self.renumber(place)
                return

    def renumber(self, removed: int) -> None:
        for line in self.found.lines:
            if line.field and (number := re.match(r"blocks\[(\d+)\]", line.field)):
                place = int(number[1])
                line.field = (
                    "lead_image" if place == removed else f"blocks[{place - (place > removed)}]"
                )

    def credit_publisher(self) -> None:
        """Where no one else is named for the whole story, it rests on the outlet that put it out."""
        found = self.found
        if found.site_name and not any(one.scope == "article" for one in found.mentions):
            found.mentions.append(
                Mention(found.site_name, "origin", "article", phrase=found.site_name)
            )

    def line(self, text: str, field: str | None, reason: str | None = None) -> None:
        if text.strip():
            self.found.lines.append(Line(0, text, field, reason))


def above(node: Node) -> Iterator[Node]:
    """The elements that an element stands in."""
    around = node.parent
    while around is not None:
        yield around
        around = around.parent


def inside_link(node: Node) -> bool:
    return node.parent is not None and node.parent.tag == "a"


def is_logo(picture: Picture) -> bool:
    return bool(
        re.search(r"logo|default|placeholder|favicon", stem(picture.url or ""), re.IGNORECASE)
    )
