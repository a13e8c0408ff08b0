"""Characters U+0080 to U+009F: letters of windows-1252 that were decoded as ISO 8859-1.

Nobody writes these control characters. They appear where text in windows-1252 was decoded as
ISO 8859-1, and the HTML standard reads a character reference to one as the windows-1252 letter
(HTML, section 13.2.5.80). All incoming text follows that rule. Five have no letter: U+0081, 8D, 8F,
90 and 9D.
"""

import re

LABELS = frozenset(
    "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591"
    " iso_8859-1 iso_8859-1:1987 l1 latin-1 latin1 us-ascii windows-1252 x-cp1252".split()
)
"""Names of charsets that mean windows-1252 on the web. WHATWG Encoding, section 4.2."""

WITHOUT_LETTER = re.compile("[\x81\x8d\x8f\x90\x9d]")
LETTERS = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0) if not WITHOUT_LETTER.match(chr(code))
}  # fmt: skip
WRONG = re.compile(f"[{''.join(map(chr, LETTERS))}]")


def repair(text: str) -> tuple[str, str]:
    """The text with the letters that were meant, and these letters in order."""
    found = "".join(WRONG.findall(text))
    return (text.translate(LETTERS), found.translate(LETTERS)) if found else (text, "")


def decode(data: bytes) -> str:
    """Bytes that are declared as windows-1252, or under another of its names."""
    return data.decode("latin-1").translate(LETTERS)


def warning(letters: str) -> str:
    """What an answer says of a text in which these letters were put."""
    shown = " ".join(dict.fromkeys(letters))
    times = f", {len(letters):,} times" if len(letters) > 1 else ""
    return (
        f"Control characters were read as the windows-1252 letters that they stand for{times}: {shown}"
        " (the text was decoded with another charset)."
    )
