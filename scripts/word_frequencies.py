"""Write app/data/arabic/frequencies.txt: how often each Arabic word is written, from wordfreq.

.tools/bin/uv run --with wordfreq==3.1.1 python scripts/word_frequencies.py
"""

import importlib
import re
from pathlib import Path

from app.language.stemmer import ARTICLES, CLEARLY
from app.language.tokens import normal

TABLE = Path(__file__).parent.parent / "app/data/arabic/frequencies.txt"
ARABIC = re.compile("[\u0621-\u064a]{2,15}")
LEAST = 1e-7
"""The smallest share of all words that a listed word has."""
HEADER = """\
# How often Arabic words are written: NUMBER WORDS, the number in units of 1.5 per ten million words.
# Words that the analyser reads as a listed word with a particle in front are left out.
# Derived from wordfreq 3.1.1 (c) Robyn Speer, licensed under CC BY-SA 4.0; so is this file. Its sources for
# Arabic: Wikipedia, OPUS OpenSubtitles 2018, NewsCrawl, GlobalVoices, OSCAR, Twitter. https://pypi.org/project/wordfreq
# Written by scripts/word_frequencies.py.
"""


def counts() -> dict[str, float]:
    """Shares of words in their normalised form."""
    found: dict[str, float] = {}
    shares = importlib.import_module("wordfreq").get_frequency_dict("ar", "large")
    for word, share in shares.items():
        form = normal(word)
        if ARABIC.fullmatch(form):
            found[form] = found.get(form, 0.0) + share
    return found


def needed(word: str, shares: dict[str, float]) -> bool:
    """Whether the analyser would read the word differently without it."""
    if f"ال{word}" in shares:
        return True
    if any(word.startswith(article) for article in ARTICLES if article != "ال"):
        return False
    rest = shares.get(word[1:], 0.0) + shares.get(f"ال{word[1:]}", 0.0)
    return word[0] not in "وف" or len(word) < 4 or rest <= CLEARLY * shares[word]


def rounded(share: float) -> int:
    """A share as the number of its line: few numbers, so that lines are few."""
    units = max(share / 1.5e-7, 1)
    return round(units) if units < 20 else int(float(f"{units:.2g}"))


def main() -> None:
    shares = {word: share for word, share in counts().items() if share >= LEAST}
    lines: dict[int, list[str]] = {}
    for word, share in sorted(shares.items()):
        if needed(word, shares):
            lines.setdefault(rounded(share), []).append(word)
    rows = [
        f"{number} {' '.join(words)}\n" for number, words in sorted(lines.items(), reverse=True)
    ]
    TABLE.write_text(HEADER + "".join(rows), "utf-8")
    print(f"{sum(map(len, lines.values()))} words, {TABLE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
