"""The line at the end of a story that says who reported, edited, translated or photographed it."""

import re

from app.formats.page.model import Contributor, Role

LINE = re.compile(
    r"^[(\[]?(?:additional |further )?"
    r"(?:reporting|writing|written|editing|edited|compiled|translated|translation)"
    r"(?: and (?:reporting|writing|editing))? by\s+\S"
    r"|^[(\[]?(?:إعداد|تغطية|تحرير|ترجمة)\s+\S.{2,60}\s[-–—;؛]\s*(?:تحرير|ترجمة|إعداد)\s",
    re.IGNORECASE,
)
PARTS = re.compile(
    r"\s*[;؛]\s*|\.\s+|\s+[-–—]\s+|,?\s+(?=(?:additional reporting|editing|writing) by\b)",
    re.IGNORECASE,
)
PART = re.compile(r"^(?P<what>[a-z ]+ by|إعداد|تغطية|تحرير|ترجمة)\s+(?P<names>.+)$", re.IGNORECASE)
PLACE = re.compile(r"\s+(?:in|from)\s+.*$|\s+(?:في|من|للنشرة)\s+.*$")
NAMES = re.compile(r"\s*[,،]\s*(?:and\s+)?|\s+and\s+|\s+&\s+|\s+و(?=\S)")
ROLES: tuple[tuple[str, Role], ...] = (
    ("edit", "editor"), ("تحرير", "editor"), ("translat", "translator"), ("ترجمة", "translator"),
    ("photo", "photographer"),
)  # fmt: skip
LONGEST = 400


def read_credits(line: str) -> list[Contributor]:
    """The people whom a closing line credits, each with a role; none where it is no such line."""
    if len(line) > LONGEST or not LINE.match(line):
        return []
    found: list[Contributor] = []
    for part in PARTS.split(line.strip(" ()[].")):
        if stated := PART.match(part):
            what = stated["what"].lower()
            role: Role = next((role for word, role in ROLES if word in what), "reporter")
            found += [
                Contributor(name, role)
                for one in NAMES.split(stated["names"])
                if 1 < len(name := PLACE.sub("", one).strip(" .")) < 60
            ]
    return found
