"""Inspect the bytes of an image: format, size, mean colour, the camera's subject area.

A small file can describe a picture of a terabyte: its size is checked before anything is decoded.
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


class NotAnImage(ValueError):
    """These bytes are no acceptable image; the message says why."""


@dataclass
class Original:
    """An image file without its location, with what was read from it."""

    data: bytes
    mime: str
    width: int
    height: int
    color: str | None
    focal: tuple[float, float] | None
    told: PhotoMetadata
    warnings: list[str] = field(default_factory=list)


def inspect(sent: bytes) -> Original:
    """Check and read an image file. Raises `NotAnImage`."""
    from PIL import Image

    mime = type_of(sent)
    try:
        data, found = location.without_location(sent, mime)
    except MalformedImage as strange:
        raise NotAnImage(f"The file is made as no picture is: {strange}.") from strange
    try:
        with unpacking, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # bounded here
            original = open_image(data, mime)
    except NotAnImage:
        raise
    except Image.DecompressionBombError as bomb:
        raise NotAnImage(too_large()) from bomb
    except Exception as broken:  # whatever a decoder says of a file that is none
        raise NotAnImage(f"The file is broken: {mime} can't be read from it.") from broken
    original.warnings += found
    return original


def type_of(sent: bytes) -> str:
    """Return the media type by the first bytes; file names and headers are ignored."""
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
    raise NotAnImage(f"The file is none of {TAKEN}.")


def open_image(data: bytes, mime: str) -> Original:
    """Open an image with Pillow, within the limits of its format and size."""
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=[PILLOW[mime]]) as image:
        width, height = image.size
        if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
            raise NotAnImage(too_large())
        told, exif = metadata.read(image), image.getexif()
        if exif.get_ifd(location.GPS) or location.WIDE in data:
            raise NotAnImage("It says where it was taken, where that can't be blanked: remove GPS.")
        turned = exif.get(ORIENTATION, 1)
        focal = subject_center(exif.get_ifd(DETAILS).get(SUBJECT), width, height, turned)
        color = mean_color(image)
        if turned in (5, 6, 7, 8):
            width, height = height, width
        return Original(data, mime, width, height, color, focal, told, list(told.warnings))


def too_large() -> str:
    return f"A picture has at most {MOST_PIXELS:,} pixels, and {LONGEST_SIDE:,} on a side."


def mean_color(image: "Image.Image") -> str | None:
    """Return the mean colour as `#rrggbb`. Decodes the image, so a truncated one fails here."""
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


def subject_center(area: Any, width: int, height: int, turned: int) -> tuple[float, float] | None:
    """Return the centre of the camera's subject area, in fractions of the displayed image. Exif
    3.0, SubjectArea: its first two numbers."""
    if not isinstance(area, tuple) or len(area) not in (2, 3, 4):
        return None
    x, y = area[0] / width, area[1] / height
    if not (0 <= x <= 1 and 0 <= y <= 1) or (x, y) == (0, 0):
        return None
    shown = {3: (1 - x, 1 - y), 6: (1 - y, x), 8: (y, 1 - x)}.get(turned, (x, y))
    return None if turned in (2, 4, 5, 7) else (round(shown[0], 4), round(shown[1], 4))
