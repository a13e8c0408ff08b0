"""Remove the place where a picture was taken from an image file, and change nothing else.

Coordinates are in Exif (a directory of its own), XMP and content credentials. They are
overwritten in place, so that no length and no pixel changes, and captions, credits and rights
stay. Bytes after the end of the image are removed.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import islice

from app.media.structure import MalformedImage, chunks, without_trailing_bytes

GPS = 0x8825
"""The entry that points to the directory of coordinates. Exif 3.0 section 4.6.3."""

MOST_DIRECTORIES, MOST_PLACES = 64, 5_000

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
TIFF = re.compile(rb"II\*\x00|MM\x00\*")
PLACE = re.compile(rb"[:\"][Gg][Pp][Ss][A-Z]")
WORDS = re.compile(
    rb"""(?i)[:"]GPS\w{1,40}(?:\s{0,9}=\s{0,9}"(?P<a>[^"<>]{0,500})"|\s{0,9}=\s{0,9}'(?P<b>[^'<>]{0,500})'"""
    rb"""|(?:\s[^<>]{0,500})?>(?P<c>[^<]{0,500})<|"\s{0,9}:\s{0,9}"(?P<d>[^"]{0,500})")"""
)
"""Coordinates in XMP, as attribute or element, and in JSON; bounded, for the bytes may be anybody's."""

PACKED = re.compile(rb"GPS(?:Lat|Long|Alt)itude(?:Ref)?([\x61-\x77])")
"""The same in CBOR: a name, and a text of up to 23 bytes."""

TAKEN_OUT = "The place where it was taken (GPS) was taken out of the file."
UNPACKED = "Packed Exif or XMP was taken out of the file: it may say where it was taken."
WIDE = b"G\0P\0S\0L\0"
"""Coordinates of XMP in UTF-16, which no tool that is met writes."""

HIDDEN = (b"Raw profile type", b"XML:com.adobe.xmp")


def without_location(sent: bytes, mime: str) -> tuple[bytes, list[str]]:
    """Return the file without its location, and the names of what was removed."""
    before = without_trailing_bytes(sent, mime)
    data = bytearray(before)
    for found in islice(TIFF.finditer(before), MOST_DIRECTORIES):
        blank_directory(data, found.start())
    for number, place in enumerate(PLACE.finditer(before)):
        if number == MOST_PLACES:
            raise MalformedImage("it says where it was taken too often")
        said = WORDS.match(before, place.start())
        if said and said.lastgroup and not is_closing_name(before, place.start()):
            blank(data, *said.span(said.lastgroup))
    for packed in PACKED.finditer(before):
        blank(data, packed.end(), packed.end() + packed[1][0] - 0x60)
    told = [TAKEN_OUT] if data != before else []
    if mime != "image/png":
        return bytes(data), told
    if any(hides_location(body) for body in chunks(before)):
        told.append(UNPACKED)
    return b"".join([before[:8], *rebuild_png(bytes(data))]), told


def is_closing_name(data: bytes, at: int) -> bool:
    """Return whether this is the name in a closing tag, after which no coordinate follows."""
    return b"</" in data[max(0, at - 30) : at].rpartition(b">")[2]


def blank(data: bytearray, start: int, end: int) -> None:
    end = min(end, len(data))
    data[start:end] = b" " * (end - start)


def blank_directory(data: bytearray, start: int) -> None:
    """Blank the GPS directory of the Exif data that begins here, if it has one."""
    order = "<" if data[start : start + 1] == b"I" else ">"
    try:
        (at,) = struct.unpack_from(f"{order}I", data, start + 4)
        for _ in range(4):  # a picture, its thumbnail, and no more than that
            (count,) = struct.unpack_from(f"{order}H", data, start + at)
            for entry in entries(data, order, start + at):
                if entry[0] == GPS and entry[1] in (4, 13) and entry[2] == 1:
                    empty(data, order, start, start + entry[3])
            (at,) = struct.unpack_from(f"{order}I", data, start + at + 2 + 12 * count)
            if not at:
                return
    except struct.error:
        return


def entries(data: bytearray, order: str, at: int) -> list[tuple[int, int, int, int]]:
    """Yield the entries of an Exif directory: tag, type, count, value or its offset."""
    (count,) = struct.unpack_from(f"{order}H", data, at)
    if count > 512:
        return []
    return [struct.unpack_from(f"{order}HHII", data, at + 2 + 12 * n) for n in range(count)]


def empty(data: bytearray, order: str, start: int, at: int) -> None:
    found = entries(data, order, at)
    if len(found) > 64 or any(tag > 0x40 for tag, *_ in found):
        return  # no directory of coordinates: bytes that look like a pointer to one
    for _, kind, count, value in found:
        size = SIZES.get(kind, 1) * count
        if 4 < size <= 65_536:
            data[start + value : min(start + value + size, len(data))] = bytes(
                max(0, min(size, len(data) - start - value))
            )
    data[at : at + 2 + 12 * len(found)] = bytes(2 + 12 * len(found))


def rebuild_png(data: bytes) -> Iterator[bytes]:
    """Return the chunks of a PNG with new checksums, without text chunks that hide a profile."""
    at = 8
    for body in chunks(data):
        size = len(body) - 4
        sums = data[at + 8 + size : at + 12 + size]
        if body[:4] in (b"eXIf", b"iTXt", b"tEXt", b"caBX"):
            sums = zlib.crc32(body).to_bytes(4, "big")
        if not hides_location(body):
            yield data[at : at + 4] + body + sums
        at += 12 + size


def hides_location(body: bytes) -> bool:
    """Return whether a text chunk holds Exif or compressed XMP, which cannot be blanked in place."""
    kind, text = body[:4], body[4:]
    name, _, rest = text.partition(b"\0")
    if kind not in (b"tEXt", b"zTXt", b"iTXt") or not name.startswith(HIDDEN):
        return False
    if name.startswith(HIDDEN[0]):
        return name.endswith((b"exif", b"APP1", b"xmp", b"generic"))
    return kind == b"zTXt" or rest[:1] == b"\1"
