"""Image files as they are uploaded: inspected, stored, and read for their metadata."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from app.config import Settings
from app.desk.catalog import editing, verbs
from app.desk.catalog.kinds import CATALOG_KINDS
from app.desk.resolver import Resolver
from app.desk.transaction import Desk, check_version
from app.errors import BadRequest, Conflict, Fault, Unprocessable, UnsupportedMedia
from app.json_types import Json
from app.media import inspection
from app.media.inspection import NotAnImage, Original
from app.media.metadata import PhotoMetadata, Texts
from app.media.storage import Storage
from app.models.base import direction
from app.models.image import ImageRow
from app.models.section import ContributorRow
from app.request import json_body, multipart

IMAGE = CATALOG_KINDS["image"]
JSON, FORM, BYTES = "application/json", "multipart/form-data", "application/octet-stream"
RIGHT = range(0x0590, 0x0900)
"""Letters that are written from the right."""


@dataclass(frozen=True)
class Upload:
    """An uploaded image: its JSON and its file, already stored."""

    json: Any
    original: Original | None = None
    file: str | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def columns(self) -> Json:
        """The columns of an image that follow from its file."""
        if self.original is None:
            return {}
        one = self.original
        return {
            "file": self.file, "mime": one.mime, "width": one.width, "height": one.height,
            "bytes": len(one.data), "color": one.color, "thumbhash": None,
        }  # fmt: skip


def receive(settings: Settings, sent: bytes, content_type: str) -> Upload:
    """Read an upload: JSON alone, a file alone, or a form with both."""
    media = content_type.partition(";")[0].strip().lower()
    if not sent.strip():
        raise BadRequest("This needs a body: JSON, a file, or a form with `file` and `image`.")
    if media == JSON:
        warnings: list[str] = []
        return Upload(json_body.read_json(sent, warnings), warnings=warnings)
    if media != FORM:
        return Upload({}, *store(settings, require_image_type(sent, media), "#"))
    parts = multipart.read(sent, content_type, ("file", "image"))
    warnings = []
    json = json_body.read_json(parts["image"].data, warnings) if "image" in parts else {}
    return Upload(json, *store(settings, file_of(parts), "#/file"), warnings)


def receive_file(settings: Settings, sent: bytes, content_type: str) -> Upload:
    """Read the file of an image: alone, or as the part `file` of a form."""
    media = content_type.partition(";")[0].strip().lower()
    if media != FORM:
        return Upload({}, *store(settings, require_image_type(sent, media), "#"))
    parts = multipart.read(sent, content_type, ("file",))
    return Upload({}, *store(settings, file_of(parts), "#/file"))


def require_image_type(sent: bytes, media: str) -> bytes:
    """The body, which must be declared as an image or as bytes; else 415."""
    if not media.startswith("image/") and media != BYTES:
        raise UnsupportedMedia(f"This takes image/*, {BYTES} or {FORM}.")
    return sent


def file_of(parts: dict[str, multipart.Part]) -> bytes:
    """The part `file` of a form; 422 without it."""
    if "file" not in parts:
        raise Unprocessable.at("#/file", "The form has no file.")
    return parts["file"].data


def store(settings: Settings, data: bytes, at: str) -> tuple[Original, str]:
    """Inspect and store a file. Returns what is in it, and its key in the media store. Raises 422 at `at` if it
    is no image."""
    try:
        original = inspection.inspect(data)
    except NotAnImage as wrong:
        fault: Fault = {"detail": str(wrong), "pointer": at}
        raise Unprocessable(errors=[fault]) from wrong
    return original, Storage(settings).put(original.data, original.mime)


def add(desk: Desk, upload: Upload) -> ImageRow:
    """Create an image. Texts that the JSON lacks are read from the file, with warnings."""
    given = upload.columns
    desk.warnings += upload.warnings
    refuse_withdrawn(desk, upload)
    if upload.original and isinstance(upload.json, dict):
        given |= defaults(desk, upload.original, upload.json.keys())
    row: ImageRow = editing.create(desk, IMAGE, upload.json, **given)
    return row


def replace_file(desk: Desk, name: str, upload: Upload) -> tuple[ImageRow, int]:
    """Replace the file of an image; texts and focal point stay. Returns the row, and how many articles are
    rendered again."""
    row: ImageRow = editing.get(desk, IMAGE, name)
    check_version(desk, row.version)
    editing.refuse_sealed(row)
    refuse_withdrawn(desk, upload)
    if upload.original:
        desk.warnings += upload.original.warnings
        if row.focal_x is not None and changes_shape(row, upload.original):
            desk.warnings.append("The picture has another shape now; see whether focal_point fits.")
    portraits = select(ContributorRow.id).where(ContributorRow.image_id == row.id)
    also = desk.session.exec(portraits.order_by(ContributorRow.id)).all()
    return row, verbs.change(desk, row, "file replaced", also=also, **upload.columns)


def refuse_withdrawn(desk: Desk, upload: Upload) -> None:
    """Raise 409 for a file that was withdrawn as another image."""
    held = (col(ImageRow.file) == upload.file) & col(ImageRow.withdrawn).is_not(None)
    if upload.file and desk.session.exec(select(ImageRow.id).where(held).limit(1)).first():
        raise Conflict("This picture was withdrawn; DELETE …/withdrawal restores it.")


def changes_shape(row: ImageRow, new: Original) -> bool:
    """Whether the new file has another aspect ratio."""
    if not row.width or not row.height:
        return False
    return abs(row.width / row.height - new.width / new.height) > 0.02


def defaults(desk: Desk, original: Original, sent: Iterable[str]) -> Json:
    """Columns from the file's metadata, for fields that were not sent."""
    found: Json = {}
    told = original.told
    for name, texts in texts_of(told).items():
        if texts and name not in sent:
            found[name] = by_language(desk.settings, texts)
    lines = {"photographer": told.creator, "copyright": told.copyright}
    found |= {name: line for name, line in lines.items() if line and name not in sent}
    source = None if "source" in sent else source_named(desk, told)
    desk.warnings += original.warnings
    if names := [*found, *(["source"] if source else [])]:
        desk.warnings.append(f"Taken from the file: {', '.join(names)}.")
    if source:
        found["source_id"] = source
    if original.focal and "focal_point" not in sent:
        found |= {"focal_x": original.focal[0], "focal_y": original.focal[1]}
    return found


def texts_of(told: PhotoMetadata) -> dict[str, Texts]:
    """Texts of the metadata, by field and language."""
    credit: Texts = {None: told.credit} if told.credit else {}
    return {"alt": told.alt, "caption": told.caption, "credit": credit}


def by_language(settings: Settings, texts: Texts) -> dict[str, str]:
    """Return texts by language; a text without a language gets the first of the publisher's
    languages with its direction."""
    return {lang or likely_language(settings, text): text for lang, text in texts.items()}


def likely_language(settings: Settings, text: str) -> str:
    """The installation's first language of the text's direction."""
    right = sum(ord(letter) in RIGHT for letter in text) * 2 > sum(map(str.isalpha, text))
    way = "rtl" if right else "ltr"
    fitting = [lang for lang in settings.languages if direction(lang) == way]
    return (fitting or [settings.default_lang])[0]


def source_named(desk: Desk, told: PhotoMetadata) -> str | None:
    """Return the source that the file names, if it exists."""
    resolver = Resolver(desk)
    names = [name for name in (told.source, told.credit) if name]
    return next((id for name in names if (id := resolver.source_by_name(name))), None)
