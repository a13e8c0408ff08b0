"""Files of images as they come in: read, kept, and with what they say of themselves."""

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
    """What was sent of an image: its JSON, and its file, which is kept already."""

    json: Any
    original: Original | None = None
    file: str | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def columns(self) -> Json:
        """The columns that the file governs."""
        if self.original is None:
            return {}
        one = self.original
        return {
            "file": self.file, "mime": one.mime, "width": one.width, "height": one.height,
            "bytes": len(one.data), "color": one.color, "thumbhash": None,
        }  # fmt: skip


def receive(settings: Settings, sent: bytes, content_type: str) -> Upload:
    """An image as it is sent: JSON alone, a file alone, or a form with both."""
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
    """The file of an image: alone, or as the part `file` of a form."""
    media = content_type.partition(";")[0].strip().lower()
    if media != FORM:
        return Upload({}, *store(settings, require_image_type(sent, media), "#"))
    parts = multipart.read(sent, content_type, ("file",))
    return Upload({}, *store(settings, file_of(parts), "#/file"))


def require_image_type(sent: bytes, media: str) -> bytes:
    """A body that is the file itself; what exactly it is, its bytes say."""
    if not media.startswith("image/") and media != BYTES:
        raise UnsupportedMedia(f"This takes image/*, {BYTES} or {FORM}.")
    return sent


def file_of(parts: dict[str, multipart.Part]) -> bytes:
    if "file" not in parts:
        raise Unprocessable.at("#/file", "The form has no file.")
    return parts["file"].data


def store(settings: Settings, data: bytes, at: str) -> tuple[Original, str]:
    """The image in these bytes, and the key under which they are kept."""
    try:
        original = inspection.inspect(data)
    except NotAnImage as wrong:
        fault: Fault = {"detail": str(wrong), "pointer": at}
        raise Unprocessable(errors=[fault]) from wrong
    return original, Storage(settings).put(original.data, original.mime)


def add(desk: Desk, upload: Upload) -> ImageRow:
    """A new image. What the JSON leaves out is as the file says, and the desk is told."""
    given = upload.columns
    desk.warnings += upload.warnings
    refuse_withdrawn(desk, upload)
    if upload.original and isinstance(upload.json, dict):
        given |= defaults(desk, upload.original, upload.json.keys())
    row: ImageRow = editing.create(desk, IMAGE, upload.json, **given)
    return row


def replace_file(desk: Desk, name: str, upload: Upload) -> tuple[ImageRow, int]:
    """Another file for an image; its words and its focal point stay."""
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
    """A picture that was taken back doesn't come in again by another door."""
    held = (col(ImageRow.file) == upload.file) & col(ImageRow.withdrawn).is_not(None)
    if upload.file and desk.session.exec(select(ImageRow.id).where(held).limit(1)).first():
        raise Conflict("This picture was withdrawn; DELETE …/withdrawal restores it.")


def changes_shape(row: ImageRow, new: Original) -> bool:
    if not row.width or not row.height:
        return False
    return abs(row.width / row.height - new.width / new.height) > 0.02


def defaults(desk: Desk, original: Original, sent: Iterable[str]) -> Json:
    """The columns that the file fills in where nothing was sent for them."""
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
    credit: Texts = {None: told.credit} if told.credit else {}
    return {"alt": told.alt, "caption": told.caption, "credit": credit}


def by_language(settings: Settings, texts: Texts) -> dict[str, str]:
    """Texts by language; one whose language the file doesn't say is taken for the house's first
    that is written in its direction."""
    return {lang or likely_language(settings, text): text for lang, text in texts.items()}


def likely_language(settings: Settings, text: str) -> str:
    right = sum(ord(letter) in RIGHT for letter in text) * 2 > sum(map(str.isalpha, text))
    way = "rtl" if right else "ltr"
    fitting = [lang for lang in settings.languages if direction(lang) == way]
    return (fitting or [settings.default_lang])[0]


def source_named(desk: Desk, told: PhotoMetadata) -> str | None:
    """The source that the file names, if the house knows it."""
    resolver = Resolver(desk)
    names = [name for name in (told.source, told.credit) if name]
    return next((id for name in names if (id := resolver.source_by_name(name))), None)
