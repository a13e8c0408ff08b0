"""Measure how well pages are read, beside other extractors where they are installed.

scripts/page_accuracy.py FOLDER [-v]    (of PAGE.html[.gz] and PAGE….truth.json: paragraphs)
scripts/page_accuracy.py FOLDER [even|odd] [-v]
                                        (with ground-truth.json and html/ID.html.gz: shingles of
                                        four words; even, odd: half of the pages, by their ids)

The others (trafilatura, newspaper4k, readability-lxml) are no dependencies: put a folder in which
they are installed into PYTHONPATH.
"""

import gzip
import importlib
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from app.attribution import known_sources
from app.formats.page import parse
from app.formats.page.model import NotAPage, Page

ALIKE = 0.9


def plain(text: str) -> str:
    return " ".join(text.split())


def truth_of(path: Path, headline: str) -> tuple[list[str], dict[str, Any]]:
    """The texts that a page has, in order, and all that is known of it: of the versions in a truth
    file the one whose title is the page's."""
    whole = json.loads(path.read_text())
    known = max(whole.values(), key=lambda one: likeness(one["title"], headline))
    body = known["body"]
    texts = list(body["summary"])
    for section in body["sections"]:
        texts += [*section["headline"], *section["paragraphs"]]
    return [plain(text) for text in texts if plain(text)], known


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def texts_of(page: Page) -> list[str]:
    """The texts that were found: summary, paragraphs, headings, items, quotes."""
    found = [page.summary or ""]
    for block in page.blocks:
        if block.type in ("paragraph", "heading", "quote"):
            found.append(block.text)
        elif block.type == "list":
            found += [block_text(item) for item in block.items]
    return [plain(text) for text in found if plain(text)]


def block_text(item: str) -> str:
    from app.formats.inline_html import text_of

    return text_of(item)


def matched(found: list[str], true: list[str]) -> int:
    """How many of the true texts were found, each once, letter for letter or nearly so."""
    left, count = list(found), 0
    for text in true:
        if text in left:
            left.remove(text)
            count += 1
            continue
        near = [other for other in left if alike(text, other)]
        if near:
            left.remove(near[0])
            count += 1
    return count


def alike(one: str, other: str) -> bool:
    longer, shorter = max(len(one), len(other)), min(len(one), len(other))
    if shorter < ALIKE * longer / (2 - ALIKE):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE


def score(page: Page, truth: Path) -> tuple[float, float, float, list[str], list[str]]:
    """Precision, recall, F1, what was missed, what was too much."""
    true, known = truth_of(truth, page.headline)
    found = texts_of(page)
    if not known["body"]["summary"] and page.summary in found:
        found.remove(page.summary)
    hits = matched(found, true)
    precision, recall = hits / max(1, len(found)), hits / max(1, len(true))
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    missed = [text for text in true if not matched(found, [text])]
    extra = [text for text in found if not matched(true, [text])]
    return precision, recall, f1, missed, extra


def is_of_another(page: Page, truth: Path) -> bool:
    """Whether a truth file tells of another story: neither its title nor any text is on the page."""
    true, known = truth_of(truth, page.headline)
    whole = plain(" ".join(line.text for line in page.lines))
    return known["title"][:30] not in page.headline and not any(
        text[:60] in whole for text in true if len(text) > 60
    )


def read(path: Path) -> Page:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return parse.parse(data, tz=UTC, now=datetime.now(UTC), known=known_sources.kind_of)


def main(folder: Path, verbose: bool) -> None:
    scores, others = [], 0
    for path in sorted([*folder.glob("*.html"), *folder.glob("*.html.gz")]):
        try:
            page = read(path)
        except NotAPage as wrong:
            print(f"{path.name:<34} REFUSED {wrong}")
            scores.append(0.0)
            continue
        told = (
            f"headline {page.headline[:30]!r} date {page.published_at} lead {bool(page.lead_image)}"
        )
        truth = path.with_name(path.name + ".truth.json")
        if truth.exists():
            precision, recall, f1, missed, extra = score(page, truth)
            if is_of_another(page, truth):
                print(f"{path.name:<34} the truth file is of another story  {told}")
                others += 1
                continue
            scores.append(f1)
            told = f"P {precision:.3f} R {recall:.3f} F1 {f1:.3f}  {told}"
        print(f"{path.name:<34} {told} blocks {len(page.blocks)}")
        if verbose and truth.exists():
            for text in missed:
                print(f"      - {text[:150]}")
            for text in extra:
                print(f"      + {text[:150]}")
    if scores:
        print(f"{'mean F1':<34} {sum(scores) / len(scores):.4f} over {len(scores)} pages", end="")
        print(f", {others} left out whose truth file is of another story" if others else "")


class Score(NamedTuple):
    """Precision and recall of shingles of four words, and whether the text is the same."""

    precision: float
    recall: float
    exact: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)))


def shingle_score(found: str, true: str) -> Score:
    got, wanted = shingles(found), shingles(true)
    common = (got & wanted).total()
    return Score(common / max(1, got.total()), common / max(1, wanted.total()), got == wanted)


def interval(values: list[float]) -> str:
    """The 95 % interval of a mean, from 1,000 resamples."""
    dice = random.Random(1)
    means = sorted(mean(dice.choices(values, k=len(values))) for _ in range(1000))
    return f"[{means[25]:.3f}-{means[975]:.3f}]"


def isnad(html: bytes) -> str:
    """The body as text, embedded posts included; "" where the page is refused."""
    try:
        page = parse.parse(html, tz=UTC, now=datetime.now(UTC), known=known_sources.kind_of)
    except NotAPage:
        return ""
    texts = []
    for block in page.blocks:
        texts += [block_text(item) for item in block.items] + [" ".join(row) for row in block.rows]
        if block.type != "embed" or block.provider in ("x", "instagram", "facebook"):
            texts.append(f"{block.text} {block.who or ''}")
    return "\n".join(texts)


def trafilatura(html: bytes) -> str:
    return importlib.import_module("trafilatura").extract(html.decode(errors="replace")) or ""


def newspaper4k(html: bytes) -> str:
    article = importlib.import_module("newspaper").Article("https://page.example/")
    article.download(input_html=html.decode(errors="replace"))
    article.parse()
    return str(article.text)


def readability(html: bytes) -> str:
    found = importlib.import_module("readability").Document(html.decode(errors="replace")).summary()
    return str(importlib.import_module("lxml.html").fromstring(found).text_content())


def compare(folder: Path, half: str | None, verbose: bool) -> None:
    """Print a line for each extractor that is installed: F1, exact matches, CPU a page."""
    truth = json.loads((folder / "ground-truth.json").read_text())
    ids = [id for id in sorted(truth) if half in (None, ("even", "odd")[int(id[-1], 16) % 2])]
    pages = {id: gzip.decompress((folder / "html" / f"{id}.html.gz").read_bytes()) for id in ids}
    for extract in (isnad, trafilatura, newspaper4k, readability):
        try:
            extract(pages[ids[0]])  # loads what it needs
        except ImportError:
            print(f"{extract.__name__:<14} not installed")
            continue
        began = time.process_time()
        texts = {id: attempt(extract, html) for id, html in pages.items()}
        spent = (time.process_time() - began) / len(ids)
        scores = {id: shingle_score(texts[id], truth[id]["articleBody"]) for id in ids}
        f1, exact = [one.f1 for one in scores.values()], [one.exact for one in scores.values()]
        print(
            f"{extract.__name__:<14} F1 {mean(f1):.4f} {interval(f1)} exact {mean(exact):.3f}",
            end=" ",
        )
        print(f"{interval(exact)} {1000 * spent:.1f} ms of CPU a page, {len(ids)} pages")
        for id, score in scores.items() if verbose and extract is isnad else ():
            print(f"    {id[:8]} P {score.precision:.3f} R {score.recall:.3f} {truth[id]['url']}")


def attempt(extract: Callable[[bytes], str], html: bytes) -> str:
    try:
        return extract(html)
    except Exception as wrong:  # other extractors raise on some pages: they found nothing
        print(f"{extract.__name__} raised {type(wrong).__name__}")
        return ""


if __name__ == "__main__":
    folder, verbose = Path(sys.argv[1]), "-v" in sys.argv
    half = next((one for one in sys.argv if one in ("even", "odd")), None)
    if (folder / "ground-truth.json").exists():
        compare(folder, half, verbose)
    else:
        main(folder, verbose)
