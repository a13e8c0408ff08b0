"""Walk the parts of an image file within limits, and find where the image ends.

Decoders walk the same parts one by one; a file with millions of empty ones would block them for
long.
"""

import re
from collections.abc import Iterator

MOST_PARTS = 50_000
MOST_SCANS = 64
MOST_JUNK = 10_000
"""Bytes between the segments of a JPEG: some cameras pad them."""

MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
SCAN, END = 0xDA, 0xD9


class MalformedImage(ValueError):
    """The structure of the image file is not one that any tool writes."""


def without_trailing_bytes(sent: bytes, mime: str) -> bytes:
    """Return the file up to the end of the image, without what follows it (videos of phones,
    archives)."""
    if mime == "image/jpeg":
        return sent[: end_of_jpeg(sent)]
    if mime == "image/webp":
        return sent[: int.from_bytes(sent[4:8], "little") + 8]
    if mime == "image/png":
        return sent[: 8 + sum(len(body) + 8 for body in chunks(sent))]
    if mime == "image/gif":
        reach_picture(sent)
    return sent


def end_of_jpeg(sent: bytes) -> int:
    """Return the offset after the end marker, or the end of the file without one. T.81 annex B."""
    at, scans = 2, 0
    for _ in range(MOST_PARTS):
        found = MARKER.search(sent, at)
        if not scans and (found.start() if found else len(sent)) - at > MOST_JUNK:
            raise MalformedImage("there is too much between its segments")
        if not found:
            return len(sent)
        mark, at = sent[found.start() + 1], found.end()
        if mark == END:
            return at
        scans += mark == SCAN
        if scans > MOST_SCANS:
            raise MalformedImage(f"it has more than {MOST_SCANS} scans")
        if mark != 0x01:
            at += int.from_bytes(sent[at : at + 2], "big")
    raise MalformedImage("it has too many segments")


def chunks(data: bytes) -> Iterator[bytes]:
    """Yield name and content of each chunk of a PNG. A chunk has 8 further bytes."""
    at = 8
    for _ in range(MOST_PARTS):
        if at + 12 > len(data):
            return
        size = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + size]
        yield body
        if body[:4] == b"IEND":
            return
        at += 12 + size
    raise MalformedImage("it has too many chunks")


def reach_picture(sent: bytes) -> None:
    """Refuse a GIF whose first image follows too many blocks."""
    at = 13 + (3 * 2 ** ((sent[10] & 7) + 1) if len(sent) > 10 and sent[10] & 128 else 0)
    inside = False
    for _ in range(MOST_PARTS):
        step = sent[at : at + 1]
        if inside:
            inside = step not in (b"", b"\0")
            at += 1 + (step[0] if step else 0)
        elif step == b"!":
            inside, at = True, at + 2
        elif step == b",":
            return
        else:
            raise MalformedImage("it has no picture")
    raise MalformedImage("its picture stands behind too many blocks")
