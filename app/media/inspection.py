"""What the bytes of an image are: their type by what they begin with, size, colour, subject.

A file can be small and mean a picture of a terabyte: its size is read before anything is unpacked,
and one is unpacked at a time.
"""

import io
import threading
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.media import location, metadata
from app.media.metadata import PhotoMetadata
from app.media.structure import MalformedImage

if TYPE_CHECKING:  # loaded where a picture comes in: who only answers readers does without 7 MB
    from PIL import Image

MOST_PIXELS = 100_000_000
LONGEST_SIDE = 30_000
MOST_UNPACKED = 40_000_000
"""Pixels up to which a picture is unpacked to see whether it is whole, and its colour; JPEG that
is not progressive is unpacked at an eighth of its size whatever it has."""

PILLOW = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF",
    "image/avif": "AVIF",
}  # fmt: skip
TAKEN = "JPEG, PNG, WebP, GIF or AVIF"
ORIENTATION, SUBJECT, DETAILS = 0x0112, 0x9214, 0x8769
unpacking = threading.Lock()


class NotAPicture(ValueError):
    """Why these bytes are no image that can be taken."""


@dataclass
class Original:
    """A file of an image, without the place where it was taken."""

    data: bytes
    mime: str
    width: int
    height: int
    color: str | None
    focal: tuple[float, float] | None
    told: PhotoMetadata
    warnings: list[str] = field(default_factory=list)


def read(sent: bytes) -> Original:
    """The image in these bytes, or `NotAPicture`."""
    from PIL import Image

    mime = type_of(sent)
    try:
        data, found = location.without(sent, mime)
    except MalformedImage as strange:
        raise NotAPicture(f"The file is made as no picture is: {strange}.") from strange
    try:
        with unpacking, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # bounded here
            original = opened(data, mime)
    except NotAPicture:
        raise
    except Image.DecompressionBombError as bomb:
        raise NotAPicture(too_large()) from bomb
    except Exception as broken:  # whatever a decoder says of a file that is none
        raise NotAPicture(f"The file is broken: {mime} can't be read from it.") from broken
    original.warnings += found
    return original


def type_of(sent: bytes) -> str:
    """The media type, by the first bytes; what a name or header says counts for nothing."""
    if sent.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if sent.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if sent.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if sent[:4] == b"RIFF" and sent[8:12] == b"WEBP":
        return "image/webp"
    if sent[4:8] == b"ftyp" and sent[8:12] in (b"avif", b"avis"):
        return "image/avif"
    raise NotAPicture(f"The file is none of {TAKEN}.")


def opened(data: bytes, mime: str) -> Original:
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=[PILLOW[mime]]) as image:
        width, height = image.size
        if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
            raise NotAPicture(too_large())
        told, exif = metadata.read(image), image.getexif()
        if exif.get_ifd(location.GPS) or location.WIDE in data:
            raise NotAPicture(
                "It says where it was taken, where that can't be blanked: remove GPS."
            )
        turned = exif.get(ORIENTATION, 1)
        focal = subject(exif.get_ifd(DETAILS).get(SUBJECT), width, height, turned)
        color = color_of(image)
        if turned in (5, 6, 7, 8):
            width, height = height, width
        return Original(data, mime, width, height, color, focal, told, list(told.warnings))


def too_large() -> str:
    return f"A picture has at most {MOST_PIXELS:,} pixels, and {LONGEST_SIDE:,} on a side."


def color_of(image: "Image.Image") -> str | None:
    """The mean colour as `#rrggbb`; a picture that is not whole is found out here."""
    from PIL import Image

    pixels = image.size[0] * image.size[1]
    if image.format in ("JPEG", "MPO") and not image.info.get("progressive"):
        image.draft("RGB", (64, 64))
    elif pixels > MOST_UNPACKED:
        return None
    image.load()
    shown: Image.Image = image
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        shown = Image.alpha_composite(white, image.convert("RGBA"))
    mean: Any = shown.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return "#{:02x}{:02x}{:02x}".format(*mean)


def subject(area: Any, width: int, height: int, turned: int) -> tuple[float, float] | None:
    """The middle of the subject that the camera noted, in shares of the picture as it is shown.
    Exif 3.0, SubjectArea: its first two numbers."""
    if not isinstance(area, tuple) or len(area) not in (2, 3, 4):
        return None
    x, y = area[0] / width, area[1] / height
    if not (0 <= x <= 1 and 0 <= y <= 1) or (x, y) == (0, 0):
        return None
    shown = {3: (1 - x, 1 - y), 6: (1 - y, x), 8: (y, 1 - x)}.get(turned, (x, y))
    return None if turned in (2, 4, 5, 7) else (round(shown[0], 4), round(shown[1], 4))
