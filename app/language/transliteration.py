"""Names in Latin letters as Arabic writes them: Netflix is نتفليكس."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

LEAST = 4
"""Letters of a name; shorter ones meet too many words."""
KNOWN = 2
"""How often an Arabic spelling must be written; `Lexicon.counts`."""
UNUSUAL = 0.25
"""How much less likely the next spelling of a letter is."""
MOST = 3
"""Ranks of unusual spellings in one name."""
FIRST = {
    "a": "ا", "e": "ا اي", "i": "ا اي", "o": "او ا", "u": "او ا يو", "eu": "يو او", "y": "ي", "ai": "اي",
    "au": "او", "ou": "او و", "oo": "او",
}  # fmt: skip
"""Letters that begin a word, with their Arabic spellings."""
LAST = {
    "a": "ا ه",
    "e": " ي ا يه",
    "i": "ي",
    "o": "و",
    "u": "و",
    "ia": "يا يه",
    "ie": "ي",
    "s": "س ز",
}
INSIDE = {
    "a": "ا ", "e": "ي  ا", "i": "ي ", "o": "و ", "u": "و  ا", "ai": "اي ي", "ay": "اي ي", "ei": "اي ي",
    "ey": "اي ي", "ea": "ي ", "ee": "ي", "ie": "ي", "au": "او و", "aw": "او", "oo": "و", "ou": "و ", "ow": "او و",
    "b": "ب", "c": "ك س", "ch": "تش ش خ", "ck": "ك", "d": "د ض", "f": "ف", "g": "غ ج ق", "gh": "غ", "h": "ه ح ",
    "j": "ج ي خ", "k": "ك ق", "kh": "خ", "l": "ل", "m": "م", "n": "ن", "p": "ب", "ph": "ف", "q": "ق ك", "qu": "كو ك",
    "r": "ر", "s": "س ز ص ش", "sch": "ش", "sh": "ش", "t": "ت ط", "th": "ث ت ذ", "tion": "شن", "v": "ف", "w": "و ف",
    "x": "كس", "y": "ي", "z": "ز تس", "zh": "ج", "dj": "ج", "ng": "نغ نج نق", "nh": "ني ن",
}  # fmt: skip
LONGEST = max(map(len, [*FIRST, *LAST, *INSIDE]))


class Transliterator:
    """Arabic spellings of Latin names, among the words that are known."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts
        self.words = sorted(word for word, count in counts.items() if count >= KNOWN)

    def arabic(self, name: str) -> str | None:
        """The known Arabic word that most likely spells a name of ASCII letters."""
        found = [(self.counts[word] * UNUSUAL**rank, word) for word, rank in self.spellings(name)]
        return max(found, default=(0, None))[1]

    def spellings(
        self, name: str, at: int = 0, begun: str = "", rank: int = 0
    ) -> Iterator[tuple[str, int]]:
        """Known words that begin as `begun` and go on as the name does from `at`, each with the ranks
        of its letters among the usual spellings, added up."""
        place = bisect_left(self.words, begun)
        if place == len(self.words) or not self.words[place].startswith(begun) or rank > MOST:
            return
        if at == len(name) and self.words[place] == begun and len(begun) >= LEAST:
            yield begun, rank
        for size in range(1, LONGEST + 1):
            for more, letters in enumerate(self.letters(name, at, size)):
                yield from self.spellings(name, at + size, begun + letters, rank + more)

    def letters(self, name: str, at: int, size: int) -> Sequence[str]:
        """Arabic spellings of some of the name's letters; a doubled consonant is written once."""
        part, end = name[at : at + size], at + size
        if end > len(name):
            return ()
        if at == 0 and part == "h":
            return ("ه", "ح")
        if size == 2 and part[0] == part[1] and part[0] not in "aeiou":
            part = part[0]
        table = INSIDE
        if at == 0 and part in FIRST:
            table = FIRST
        elif end == len(name) and part in LAST:
            table = LAST
        return table[part].split(" ") if part in table else ()
