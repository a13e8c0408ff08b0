"""How well pages are read: precision and recall of the paragraphs against truth files.

scripts/page_accuracy.py FOLDER     (of PAGE.html[.gz] and PAGE….truth.json)
"""

import gzip
import json
import sys
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from app.attribution import known_sources
from app.formats.page import parse
from app.formats.page.model import NotAPage, Page

ALIKE = 0.9


def plain(text: str) -> str:
    return " ".join(text.split())


def truth_of(path: Path) -> tuple[list[str], dict[str, Any]]:
    """The texts that a page has, in order, and all that is known of it."""
    whole = json.loads(path.read_text())
    known = whole.get("V1") or next(iter(whole.values()))
    body = known["body"]
    texts = list(body["summary"])
    for section in body["sections"]:
        texts += [*section["headline"], *section["paragraphs"]]
    return [plain(text) for text in texts if plain(text)], known


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
    true, _ = truth_of(truth)
    found = texts_of(page)
    if not json.loads(truth.read_text())["V1"]["body"]["summary"] and page.summary in found:
        found.remove(page.summary)
    hits = matched(found, true)
    precision, recall = hits / max(1, len(found)), hits / max(1, len(true))
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    missed = [text for text in true if not matched(found, [text])]
    extra = [text for text in found if not matched(true, [text])]
    return precision, recall, f1, missed, extra


def is_of_another(page: Page, truth: Path) -> bool:
    """Whether a truth file tells of another story: neither its title nor any text is on the page."""
    true, known = truth_of(truth)
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


if __name__ == "__main__":
    main(Path(sys.argv[1]), "-v" in sys.argv)
