"""Stems of Arabic words: what is glued on before and behind taken off, by the word list's word.

The words are normalised (`words.normal`). A first letter that may be a conjunction or preposition
goes only where the list knows the rest clearly better: لبوتين is بوتين, but لبنان keeps its lam.
"""

from app.language import lexicon as tables
from app.language.lexicon import Lexicon, Pairs
from app.language.prepared_tables import Prepared

SHORTEST = 3
"""Letters that a stem keeps; words of so many are left alone."""

ARTICLES = ("وبال", "فبال", "وكال", "ولل", "فلل", "وال", "بال", "كال", "فال", "ال", "لل")
CLITICS = "وفبلكس"
BEGINS_TO_COME = "يتنا"
"""What a verb begins with, before which alone a sin says that it is to come."""
BEFORE_NAMES = (*ARTICLES, "وب", "ول", "فب", "فل", *"وفبلك")
PRONOUNS = ("هما", "ها", "هم", "هن", "نا", "كم")
CHECKED = (*PRONOUNS, "وا", "و")
"""Pronouns and the plural before a noun: endings that go only where the list knows the rest."""
ENDINGS = ("ان", "ات", "ون", "ين", "يه", "ه", "ي")
OF_ADJECTIVES = ("", "ه", "ات", "ون", "ين", "ان", "تان", "تين")
OF_SHORT = PRONOUNS[:3]
"""Pronouns behind a noun of two letters: حقها is حق, but حسنا is no حس."""
CLEARLY = 2
"""How many times better the rest must be known than the whole."""
DEFINED = 3
"""A word takes an article if it is written so at least once in so many times."""
COMMONER = 10
SEED = 30
"""What a word of the tables counts for, beside how often it is written."""

SETS = ("seed", "whole", "listed", "names")


class Stemmer:
    """Stems by the word list and the tables of a lexicon."""

    def __init__(self, lexicon: Lexicon, prepared: Prepared | None = None) -> None:
        """`prepared`: what `dump` gave for the same lexicon, whose making takes a fifth of a second."""
        self.counts = lexicon.counts
        self.spellings = prepared["spellings"] if prepared else lexicon.spellings
        self.places, self.short = tables.places(), tables.short()
        if prepared:
            self.load(prepared)
        else:
            self.build()

    def build(self) -> None:
        """Make the tables of the lexicon."""
        self.seed = tables.seed()
        self.whole = tables.whole() | {self.cut(word) for word in tables.whole()}
        self.listed = self.seed | self.whole
        self.seed |= {self.cut(word) for word in self.seed}
        self.names, self.forms, self.table = self.places.union(tables.other_places()), {}, {}
        forms, table = self.plurals()
        forms = self.adjectives() | forms
        self.names |= {form for form in forms if form.startswith("ال")}
        self.forms, self.table = forms, table

    def dump(self) -> Prepared:
        """The tables as JSON."""
        return {
            **{name: sorted(getattr(self, name)) for name in SETS},
            "spellings": self.spellings, "forms": self.forms, "table": self.table,
        }  # fmt: skip

    def load(self, prepared: Prepared) -> None:
        """Take tables that `dump` gave."""
        self.seed, self.whole, self.listed, self.names = (
            frozenset(prepared[name]) for name in SETS
        )
        self.forms, self.table = prepared["forms"], prepared["table"]

    def plurals(self) -> tuple[Pairs, Pairs]:
        """Stems of the singular by form and by stem of its broken plural, and of the noun by those of
        its verb: by form alone where another word of the tables has that stem too, so that المعارض is
        of معرض, and not المعارضة."""
        forms, table = Pairs(), Pairs()
        listed = self.by_stem()
        for many, one in (tables.verbs() | tables.plurals()).items():
            bare, stem, kept = self.bare(many), self.stem(many), self.stem(one)
            if stem == kept or stem in self.places:
                continue
            if listed.get(stem, set()) - {bare}:
                others = {f"{bare}{pronoun}" for pronoun in (*PRONOUNS, "ه")} - self.seed
                forms |= dict.fromkeys({bare} | others, kept)
            else:
                table[stem] = kept
        return forms, table

    def by_stem(self) -> dict[str, set[str]]:
        """The words of the tables, without article, by their stems."""
        found: dict[str, set[str]] = {}
        for word in map(self.bare, tables.seed()):
            found.setdefault(self.cut(word), set()).add(word)
        return found

    def adjectives(self) -> Pairs:
        """Names of countries by every form of their adjectives: cut further, ألماني would be ألم."""
        return {
            f"{one}{ending}": name
            for one, name in tables.adjectives().items()
            for ending in (OF_ADJECTIVES if one.endswith("ي") else OF_ADJECTIVES[:1])
            if one not in self.places
        }

    def stem(self, word: str) -> str:
        """The stem of one word."""
        word = self.spellings.get(word, word)
        if len(word) > SHORTEST:
            word = self.bare(word)
            word = self.spellings.get(word, word)
        if word in self.forms:
            return self.forms[word]
        word = self.cut(word)
        return self.table.get(word, word)

    def bare(self, word: str) -> str:
        """The word without article, conjunction and preposition."""
        if word in self.names:
            return word
        for before in BEFORE_NAMES:
            if word.startswith(before) and word[len(before) :] in self.names:
                return word[len(before) :]
        own = word[0] in CLITICS and self.is_whole(word)
        for many in (0, 1, 2):
            clitics = all(letter in CLITICS for letter in word[:many])
            if clitics and self.has_own(word[many:]) and not (many and own):
                return word[many:]
        for article in ARTICLES:
            rest = word[len(article) :]
            if not word.startswith(article) or not (len(rest) >= SHORTEST or rest in self.short):
                continue
            if article == "ال" or not own or rest in self.seed or self.defined(rest, word):
                return self.after(article, rest)
        return self.unbound(self.unbound(word))

    def more(self, word: str, other: str, times: float = 1) -> bool:
        """Whether a word is written more often than another, as it stands, by a factor."""
        return self.counts.get(word, 0) > times * self.counts.get(other, 0)

    def defined(self, word: str, other: str) -> bool:
        """Whether a word is written with an article more often than another."""
        form = f"ال{word}"
        return form not in self.whole and self.more(form, f"ال{other}")

    def is_whole(self, word: str) -> bool:
        """Whether all of its first letters are its own, in whatever form it stands."""
        return word in self.whole or self.cut(word) in self.whole or self.takes_article(word)

    def takes_article(self, word: str) -> bool:
        """Whether the word is written with an article before its first letter, which is then its own:
        البحرية says that بحرية begins with ب. A long word behind ف must not be far more common."""
        defined, rest = f"ال{word}", word[1:]
        if defined in self.whole or not self.counts.get(defined):
            return False
        common = word[0] == "ف" and len(rest) > SHORTEST and self.more(rest, defined, COMMONER)
        return not common and not self.more(word, defined, DEFINED)

    def has_own(self, word: str) -> bool:
        """Whether the word begins with an alef and a lam of its own, in whatever form it stands.
        What may be read both ways, as ألغاز and الغاز, is the word that the tables know, or the one
        that is written more often."""
        rest = word[2:]
        if not word.startswith("ال") or rest in (self.seed if len(word) > 4 else self.short):
            return False
        if word in self.whole:
            return rest[0] in "وف" or not self.more(rest, word)
        root = self.cut(word)
        return (
            len(root) > SHORTEST and root in self.whole and not self.more(rest, word, 1 / DEFINED)
        )

    def after(self, article: str, rest: str) -> str:
        """What follows an article; behind لل its own lam may be hidden: للبنان is ل and لبنان."""
        lam = f"ل{rest}"
        if not article.endswith("لل") or (rest in self.seed and lam not in self.seed):
            return rest
        known = self.defined(lam, rest) or (self.known(lam) and not self.known(rest))
        return lam if known or lam in self.places else rest

    def unbound(self, word: str) -> str:
        """The word without a conjunction or preposition of one letter, if that is what it has."""
        rest = word[1:]
        if word[0] not in CLITICS or word in self.listed or self.takes_article(word):
            return word
        if len(rest) < SHORTEST and rest not in self.short:
            return word
        if word[0] == "س" and rest[0] not in BEGINS_TO_COME:
            return word
        if self.better(rest, word):
            return rest
        # what nobody knows in any form more likely begins with "and" than with a waw of its own
        strange = word[0] == "و" and len(rest) > SHORTEST and self.cut(word) not in self.whole
        return rest if strange and not self.known(rest) and not self.known(word) else word

    def known(self, word: str) -> int:
        """How often the list has the word, bare or with the article; our own count a little."""
        counted = self.counts.get(word, 0) + self.counts.get(f"ال{word}", 0)
        return counted + SEED if word in self.seed else counted

    def better(self, rest: str, whole: str) -> bool:
        """Whether the list knows the rest clearly better than the whole."""
        return self.known(rest) > CLEARLY * self.known(whole)

    def cut(self, word: str) -> str:
        """The word without its endings."""
        while len(word) > SHORTEST and word not in self.places:
            shorter = self.shorter(word)
            if shorter == word:
                break
            word = shorter
        return word

    def shorter(self, word: str) -> str:
        """The word without its last ending; some only where the list knows the rest."""
        for ending in OF_SHORT:
            if word.endswith(ending) and word[: -len(ending)] in self.short:
                return word if word in self.seed else word[: -len(ending)]
        for ending in CHECKED:
            if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
                rest = self.closed(word[: -len(ending)])
                if self.better(rest, word):
                    return rest
        if word.endswith("اء"):
            return word[:-1]  # كهربائي is كهرباء
        for ending in ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
                rest = word[: -len(ending)]
                return self.closed(rest) if ending == "ه" else rest
        return word

    def closed(self, rest: str) -> str:
        """A feminine word before a pronoun: its ta is a ta marbuta again."""
        closed = f"{rest[:-1]}ه"
        return closed if rest.endswith("ت") and self.known(closed) > self.known(rest) else rest
