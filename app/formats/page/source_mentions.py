"""Sources in the words of a page: credits, the sources line, and who is named in a paragraph."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.formats.page import vocabulary
from app.formats.page.model import MentionRole
from app.language.folding import fold

Known = Callable[[str], str | None]
"""The kind of a source that the catalogue has by this name ("agency", "outlet" …), or None."""

MEDIA = ("agency", "outlet", "house")
ARABIC = re.compile("[\u0621-\u064a]")
DASH = re.compile(r"\s+[-–—|ـ]\s+|\s*\|\s*")
BRACKETS = re.compile(r"\s*[(\[]\s*([^()\[\]]{2,60})\s*[)\]]\s*\.?$")
PICTURES = re.compile(r"\s+(?:photos?|images?|pictures?|pool|handout|file)$", re.IGNORECASE)
"""Words that follow an agency's name in credits: "AP Photo"."""
STOPS = re.compile(r"[.!?؟…]\s+(?=\S+(?:\s+\S+){0,5}$)")
NAME_WORD = re.compile(r"^(?:[A-Z][\w'’.&-]*|of|de|del|van|von|via|for|and|the|al|bin|el|/|&)$")
LABELS = "|".join(
    sorted(map(re.escape, vocabulary.phrases(vocabulary.PHOTO)), key=len, reverse=True)
)
PHOTO_LABEL = re.compile(
    rf"(?:^\W*|[.|\-–—]\s*|\s?[(\[])(?:{LABELS})\s*(?:[:：]|(?<=by)\s)\s*([^:：]{{2,80}}?)[)\]]?\.?$",
    re.IGNORECASE,
)
PICTURE_SOURCE = re.compile(
    r"^\W*(?:image source|photo source|م?صدر الصورة|تصویر کا ذریعہ|منبع تصویر)(?![^\W_])\W*(.{2,60})$",
    re.IGNORECASE,
)
PICTURE_CAPTION = re.compile(
    r"^\W*(?:image caption|photo caption|التعليق على الصورة|تصویر کا کیپشن|توضیح تصویر)(?![^\W_])\W*(.+)$",
    re.IGNORECASE,
)
LICENSING = re.compile(r"[,.\s]*(?:purchase|acquire) licensing rights.*$", re.IGNORECASE)
PICTURES_OF = re.compile(r"^((?:[A-Z]\w+\s){1,2}(?:Images|Photos?|Pictures))\s+(?=[^\W\d_a-z])")
"""A credit in front of a caption: an agency's name that says that it is one of pictures."""


def nobody(_: str) -> str | None:
    """The catalogue that knows no source."""
    return None


def split_credit(line: str, known: Known = nobody, loose: bool = False) -> tuple[str, str | None]:
    """A caption line as caption and credit. The credit is a tail that looks like one; `loose`
    takes any short tail, for lines whose place already says that they are captions."""
    line = LICENSING.sub("", line)
    if found := PICTURE_CAPTION.match(line):
        return found[1].strip(), None
    if found := PICTURE_SOURCE.match(line):
        return "", found[1].strip(" .")
    if found := PHOTO_LABEL.search(line):
        return line[: found.start()].strip(" .|-–—(["), found[1].strip(" .")
    if (found := PICTURES_OF.match(line)) and known(found[1]):
        return line[found.end() :], found[1]
    if (found := BRACKETS.search(line)) and is_credit(found[1], known, loose=False):
        return line[: found.start()].strip(), found[1].strip()
    places = list(DASH.finditer(line))
    for place in places:  # the longest tail that is a credit: "AFP - Getty" before "Getty"
        tail = line[place.end() :].strip()
        if tail and line[: place.start()].strip() and is_credit(tail, known, loose):
            return line[: place.start()].strip(), tail
    if stop := last(STOPS, line):
        tail = line[stop.end() :].strip(" .")
        if any(map(known, parts_of(tail))) and is_credit(tail, known, loose=False):
            return line[: stop.start() + 1].strip(), tail
    return line, None


def last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    places = list(pattern.finditer(text))
    return places[-1] if places else None


def parts_of(credit: str) -> list[str]:
    return [part for part in re.split(r"\s*[/+&،,|]\s*|\s+[-–—]\s+|\s+via\s+", credit) if part]


def is_credit(tail: str, known: Known, loose: bool) -> bool:
    """Whether a caption's tail names who made the picture."""
    tail = tail.strip(" .()[]")
    if not 2 <= len(tail) <= 60 or len(tail.split()) > 7 or re.search(r"[.!?؟:؛]\s", tail):
        return False
    parts = parts_of(tail)
    if any(known(part) or vocabulary.plain(part) in vocabulary.GENERIC_WORDS for part in parts):
        return len(tail.split()) <= 7
    if re.match(rf"^{vocabulary.MEDIA_NOUN}\s", tail):
        return True
    if ARABIC.search(tail):
        return loose and len(tail.split()) <= 4
    named = all(NAME_WORD.match(word) for word in re.split(r"[\s/]+", tail) if word)
    return named and len(tail.split()) <= (6 if loose else 4)


def split_sources_line(text: str, known: Known = nobody) -> list[str]:
    """The names of a sources line, in order: "Reuters, AFP and agencies"."""
    names: list[str] = []
    for part in re.split(r"\s+[-–—|ـ+]\s+|\s*[،,;؛|+]\s*|\s*/\s*|\n", text.strip(" .()[]")):
        names += joined(part.strip(" ."), known)
    if text.strip()[:1] in "([" and any(map(known, names)):  # "(Abu Dhabi - Al Bayan)": a dateline
        names = [name for name in names if known(name)]
    return list(dict.fromkeys(name for name in names if re.search(r"\w", name)))


def joined(part: str, known: Known) -> Iterator[str]:
    """Names joined by "and" or an attached و, unless together they are one known name."""
    if not known(part) and known(bare := PICTURES.sub("", part)):
        part = bare
    if not known(part):
        for pattern in (r"\s+and\s+", r"\s*&\s*", r"\s+و\s*(?=\S)", r"(?<=[ء-ي])[-–—](?=[ء-ي])"):
            first, *rest = re.split(pattern, part, maxsplit=1)
            if rest and (known(first) or known(rest[0])):
                yield from joined(first, known)
                yield from joined(rest[0], known)
                return
    yield part


@dataclass(frozen=True)
class Named:
    """A source named in a paragraph."""

    name: str
    role: MentionRole
    phrase: str


LONGEST = 20_000
QUOTED = re.compile(r"""^["“”«'‘]\s*([^"“”«»'’]{2,50}?)\s*["“”»'’]""")
ARABIC_CITE = re.compile(
    r"(?<![ء-ي])(?:و|ف)?(?P<cite>نقل(?:ًا|اً|ا)?\s+عن|ترجمة\s+عن|وفق(?:ًا|اً|ا)?|بحسب|حسب|استناد(?:ًا|اً|ا)?\s+إلى"
    r"|على\s+ذمة|في\s+(?:تصريح|حديث|مقابلة|بيان)(?:ات)?(?:\s+مع|\s+إلى)?)\s+(?:لـ?\s*(?=[\"«“]))?"
)
ARABIC_VERB = re.compile(
    r"(?<![ء-ي])(?:و|ف)?(?:أفادت?|ذكرت?|قالت|أوردت?|نقلت?|كشفت|نشرت|بثت|أعلنت|أكدت|أشارت|أوضحت|رصدت|أبلغت?|أخبرت?)\s+"
)
ARABIC_TO = re.compile(
    r"(?<![ء-ي])(?:قال|قالت|صرح|صرّح|صرحت|أكد|أوضح|تصريح|تصريحات|حديث|مقابلة)\s+(?:[^\s.،]+\s+){0,5}?(?=لـ?\s?\S)"
)
NOUN = re.compile(
    rf"^(?:لل|ل|ال|لـ\s?)?{vocabulary.MEDIA_NOUN}(?:\s+(?:أنباء|الأنباء|الأخبار|أخبار))?\s+",
    re.UNICODE,
)
ARABIC_STOP = frozenset(
    "أن إن عن في من على إلى أنه إنه أنها بأن التي الذي بعد قبل خلال مساء صباح اليوم أمس الإثنين الاثنين"
    " الثلاثاء الأربعاء الخميس الجمعة السبت الأحد كما حيث ما لم قد مع عبر نقلا نقلًا إنها".split()
)
PLURAL = re.compile(r"^(?:ل|لل|ال)?(?:وكالات|وسائل|تقارير|مصادر|صحف|مواقع|قنوات)\b")

ENGLISH_CITE = re.compile(
    r"\b(?P<cite>according to|as reported by|reported by|first reported by|citing|cited by|quoting|quoted by|told"
    r"|in (?:a statement|an interview|remarks|comments) (?:to|with)|speaking to|spoke to|translated from)\s+"
    r"(?:(?:a report (?:by|from|in)|reports? (?:by|from|in)|news agency|newspaper|broadcaster|state broadcaster"
    r"|(?:[A-Z]\w+(?:'s)?\s+)?state (?:news agency|media|television|tv))\s+)?(?:the\s+)?",
    re.IGNORECASE,
)
CAPITALS = r"[A-Z][\w'’.&-]*(?:\s+(?:of|de|and|the|al|[A-Z][\w'’.&-]*|\d+)){0,5}"
ENGLISH_NAME = re.compile(rf"({CAPITALS})(?:\s+({vocabulary.ENGLISH_NOUN})\b)?")
ENGLISH_VERB = re.compile(
    rf"({CAPITALS})(?:\s+({vocabulary.ENGLISH_NOUN}))?(?:\s+has)?\s+"
    r"(reported|reports|revealed|said in a report|wrote|said)\b"
)


def find_mentions(text: str, known: Known = nobody) -> list[Named]:
    """The media and institutions that a paragraph names as where its words come from."""
    text = text[:LONGEST]
    found = arabic(text, known) if ARABIC.search(text) else english(text, known)
    unique: dict[str, Named] = {}
    for named in found:
        unique.setdefault(fold(named.name), named)
    return list(unique.values())


def arabic(text: str, known: Known) -> Iterator[Named]:
    for trigger in ARABIC_CITE.finditer(text):
        role: MentionRole = "reported"
        if trigger["cite"].startswith("نقل"):
            role = "relayed"
        elif trigger["cite"].startswith("ترجمة"):
            role = "translated"
        yield from candidate(text, trigger.start(), trigger.end(), role, known, official=True)
    for pattern in (ARABIC_VERB, ARABIC_TO):
        for trigger in pattern.finditer(text):
            yield from candidate(
                text, trigger.start(), trigger.end(), "reported", known, official=False,
                attached=pattern is ARABIC_TO,
            )  # fmt: skip


def candidate(
    text: str, start: int, place: int, role: MentionRole, known: Known, official: bool,
    attached: bool = False,
) -> Iterator[Named]:  # fmt: skip
    """The source that stands at a place, if one does."""
    rest = text[place : place + 120]
    if PLURAL.match(rest):
        return
    noun = NOUN.match(rest)
    if noun:
        name, length = after_noun(rest[noun.end() :], noun[0], known)
        length += noun.end()
    else:
        name, length = without_noun(rest, known, official, attached)
    if name:
        kind = known(name)
        if not noun and kind not in MEDIA:
            role = "quoted"
        yield Named(name, role, text[start : place + length].strip(" ،,."))


def after_noun(rest: str, noun: str, known: Known) -> tuple[str, int]:
    """The name after "agency" or "newspaper": in quotes, known, or the words up to a stop."""
    if quoted := QUOTED.match(rest):
        return quoted[1], quoted.end()
    taken = until_stop(rest, 5)
    for count in range(len(taken), 0, -1):
        name = " ".join(taken[:count])
        for whole in (name, f"{noun.strip().lstrip('ل')} {name}"):
            if known(whole):
                plain = known(name) and "نباء" not in noun
                return (name if plain else whole), len(name)
    if not taken:
        return "", 0
    name = " ".join(taken[:2] if len(taken) > 1 and taken[1].startswith("ال") else taken[:1])
    return name, len(name)


def without_noun(rest: str, known: Known, official: bool, attached: bool) -> tuple[str, int]:
    """Look up a name without "agency" in front; it counts only if it is then a known source."""
    lead = re.match(r"^لـ?\s?", rest) if attached or rest.startswith("ل") else None
    options = [(rest, 0)]
    if lead:
        options.insert(0, (rest[lead.end() :], lead.end()))
    for words_after, skipped in options:
        if quoted := QUOTED.match(words_after):
            if acceptable(known(quoted[1]), official):
                return quoted[1], skipped + quoted.end()
            continue
        taken = until_stop(words_after, 5)
        for count in range(len(taken), 0, -1):
            name = " ".join(taken[:count])
            if acceptable(known(name), official):
                return name, skipped + len(name)
    return "", 0


def acceptable(kind: str | None, official: bool) -> bool:
    return kind in MEDIA or (official and kind in ("official", "document"))


def until_stop(rest: str, most: int) -> list[str]:
    """The next words, as far as the phrase goes."""
    taken: list[str] = []
    for word in rest.split()[:most]:
        clean = word.strip("\"“”«»'‘’()[]")
        ended = re.search(r"[.،,:؛;!?؟)\]»”\"]$", clean + word[-1:])
        clean = clean.rstrip(".،,:؛;!?؟")
        if not clean or clean in ARABIC_STOP:
            break
        taken.append(clean)
        if ended:
            break
    return taken


def english(text: str, known: Known) -> Iterator[Named]:
    for trigger in ENGLISH_CITE.finditer(text):
        cite = trigger["cite"].lower()
        role: MentionRole = "relayed" if cite in ("citing", "quoting") else "reported"
        if cite.startswith("translated"):
            role = "translated"
        if name := ENGLISH_NAME.match(text, trigger.end()):
            yield from english_name(text, trigger.start(), name, role, known, official=True)
    for name in ENGLISH_VERB.finditer(text):
        yield from english_name(text, name.start(), name, "reported", known, official=False)


def english_name(
    text: str, start: int, found: re.Match[str], role: MentionRole, known: Known, official: bool
) -> Iterator[Named]:
    """The longest known part of a capitalised phrase, or all of it before "news agency"."""
    parts = found[1].removesuffix("'s").removesuffix("’s").split()
    for count in range(len(parts), 0, -1):
        for name in (" ".join(parts[:count]), " ".join(parts[-count:])):
            kind = known(name.rstrip(".,"))
            if acceptable(kind, official):
                shown: MentionRole = role if kind in MEDIA else "quoted"
                yield Named(name.rstrip(".,"), shown, text[start : found.end()].strip())
                return
    if found[2] and parts:
        yield Named(" ".join(parts), role, text[start : found.end()].strip())


PERSON = r"[A-Z][\w'’-]+(?:\s+(?:al-|bin |van |de )?[A-Z][\w'’-]+){1,3}"
ENGLISH_QUOTED = re.compile(
    rf"(?:\b(?:said|added|told reporters)\s+({PERSON})|({PERSON})(?:,[^,.]{{1,60}},)?\s+(?:said|added|told)\b)"
)
ARABIC_QUOTED = re.compile(
    r"(?<![ء-ي])(?:و|ف)?(?:قال|قالت|صرح|صرّح|صرحت|أكد|أكدت|أوضح|أوضحت|أضاف|أضافت|شدد|شددت)\s+"
    r"((?:[ء-يًٌٍَُِّْ]+\s+){0,4}[ء-يًٌٍَُِّْ]+?)(?=\s*[:،,«\"]|\s+(?:إن|أن|عقب|خلال|في|لـ?|بعد|على)(?:\s|$))"
)


def find_quoted(text: str) -> list[tuple[str, str]]:
    """People who seem to be quoted, each with the words it was read from: suggestions alone."""
    pattern = ARABIC_QUOTED if ARABIC.search(text) else ENGLISH_QUOTED
    found: dict[str, str] = {}
    for match in pattern.finditer(text[:LONGEST]):
        name = person(next(group for group in match.groups() if group))
        if name:
            found.setdefault(name, match[0].strip())
    return list(found.items())


NOT_A_NAME = ARABIC_STOP | {"عقب", "لقاء", "مستهل", "ذلك", "هذا", "هذه", "كل", "له", "لها"}


def person(words_said: str) -> str:
    """The words up to the first that can't be part of a name."""
    taken: list[str] = []
    for word in words_said.split():
        if word in NOT_A_NAME:
            break
        taken.append(word)
    return " ".join(taken)


DATELINE_MARK = re.compile(r"\s*[)\]]\s*[-–—:ـ]*\s*|\s*[(\[،,/:：]\s*|\s+[-–—ـ]+\s*|[-–—]+\s+")
CLOSING = re.compile(r"[(\[]\s*([^()\[\]]{2,60}?)\s*[)\]]\W*$")


def dateline_source(paragraph: str, known: Known) -> str | None:
    """The agency of a first paragraph's dateline: "LONDON (Reuters) -", "باريس - أ ف ب - "."""
    start = paragraph[:90]
    place = 0
    for mark in list(DATELINE_MARK.finditer(start))[:4]:
        name = start[place : mark.start()].strip()
        place = mark.end()
        if len(name.split()) > 4:
            return None
        if re.search(r"[)\]:：–—-]", mark[0]) and known(name) in MEDIA:
            return name
    return None


def closing_sources(text: str, known: Known) -> list[str]:
    """The sources that a last line has alone, or a last paragraph in brackets at its end."""
    found = CLOSING.search(text)
    if not found and len(text) > 60:
        return []
    names = split_sources_line(found[1] if found else text.strip(" -–—."), known)
    return names if all(known(name) in (*MEDIA, "generic") for name in names) else []


def is_signature(line: str, known: Known, bare: bool = True) -> bool:
    """Whether a line has nothing but known sources: "(Reuters, AP)", "--(سانا)"; `bare`: or those
    without brackets and dash."""
    found = CLOSING.search(line)
    if not bare and line[:1] not in "([-–—":
        return False
    alone = not found or not re.search(r"\w", line[: found.start()])
    return alone and len(line) <= 60 and bool(closing_sources(line, known))
