"""Bytes of a page to text: byte-order marks, declared charsets, Arabic Windows pages."""

import codecs
import gzip
import re
import zlib

from app.formats.page.model import NotAPage
from app.language import windows_1252

MAX_BYTES = 10_000_000
META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
XML = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})", re.IGNORECASE)
HEADER = re.compile(r"charset\s*=\s*\"?([\w.:-]{2,40})", re.IGNORECASE)
MARKS = [
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
]  # fmt: skip
NOT_TEXT = {
    b"%PDF": "a PDF", b"PK\x03\x04": "a ZIP or Office file", b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image", b"RIFF": "a media file",
    b"\xd0\xcf\x11\xe0": "an old Office file", b"\x7fELF": "a program", b"SQLite f": "a database",
}  # fmt: skip
ENCODINGS = re.compile(
    r"utf-(8|8-sig|16|16-[bl]e|32|32-[bl]e)|iso8859-\d+|iso2022_\w+|cp\d+|koi8-\w|mac-\w+|ascii|tis-620"
    r"|big5\w*|gb\w+|euc_\w+|shift_ji\w+|johab"
)
"""Python's names of the encodings that pages are in; others take bytes apart in ways of their own."""
ARABIC = re.compile(r"[\u0621-\u064a]{2,}")


def to_text(data: bytes, content_type: str | None = None) -> str:
    """The text, with `\\n` line ends and no NULs; `NotAPage` says why there is none."""
    data = unzipped(data)
    if len(data) > MAX_BYTES:
        raise NotAPage(f"More than {MAX_BYTES:,} bytes; no page is that large.")
    for start, kind in NOT_TEXT.items():
        if data.startswith(start):
            raise NotAPage(f"This is {kind}, not a page or its text.")
    text = decoded(data, content_type)
    if text.count("\0") > 2 or controls(text[:20_000]) > 20:
        raise NotAPage("These bytes are binary, not a page or its text.")
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def unzipped(data: bytes) -> bytes:
    """A gzipped page, opened no further than the limit."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        opener = zlib.decompressobj(wbits=31)
        return opener.decompress(data, MAX_BYTES + 1)
    except (zlib.error, gzip.BadGzipFile) as broken:
        raise NotAPage("A gzip file that can't be opened.") from broken


def controls(text: str) -> int:
    return sum(1 for letter in text if letter < " " and letter not in "\n\r\t\f\v\x1b")


def decoded(data: bytes, content_type: str | None) -> str:
    """By byte-order mark, then UTF-8 where it fits, then what is declared, then Arabic Windows."""
    for mark, codec in MARKS:
        if data.startswith(mark):
            return tried(data, codec) or refuse(codec)
    if (text := tried(data, "utf-8")) is not None:
        return text
    for label in declared(data, content_type):
        if label not in ("utf-8", "utf8") and (text := tried(data, label)):
            return text
    text = tried(data, "cp1256")
    if text and "\0" not in text and len(ARABIC.findall(text)) >= 3:
        return text
    if declared(data, content_type):  # a page that says UTF-8 and has a few broken bytes
        text = data.decode("utf-8", "replace")
        if text.count("\ufffd") <= max(3, len(text) // 1000):
            return text
    return refuse("utf-8" if not declared(data, content_type) else declared(data, content_type)[0])


def declared(data: bytes, content_type: str | None) -> list[str]:
    found = [
        match[1].decode() for match in (XML.search(data[:1024]), META.search(data[:8192])) if match
    ]
    if header := HEADER.search(content_type or ""):
        found.insert(0, header[1])
    return [label.lower() for label in found]


def tried(data: bytes, label: str) -> str | None:
    """The text in an encoding; None where it doesn't fit, or where no encoding has that name."""
    if label in windows_1252.LABELS:
        return windows_1252.decode(data)
    try:
        codec = codecs.lookup(label)
        return data.decode(codec.name) if ENCODINGS.fullmatch(codec.name) else None
    except (UnicodeError, LookupError):
        return None


def refuse(codec: str) -> str:
    raise NotAPage(f"The encoding is wrong: these bytes are not {codec.removesuffix('-sig')}.")
