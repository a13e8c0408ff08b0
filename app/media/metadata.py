"""Texts in an image file: caption, alternative text, credit, creator, copyright, source.

IPTC Photo Metadata (https://iptc.org/standards/photo-metadata/): XMP first, then IIM, then Exif.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lxml import etree

from app.language import windows_1252
from app.models.validated_text import a_language, a_line, a_text

if TYPE_CHECKING:
    from PIL import Image

Texts = dict[str | None, str]
"""By language; None where the file doesn't say which."""

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC, XML = "{http://purl.org/dc/elements/1.1/}", "{http://www.w3.org/XML/1998/namespace}"
PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
CORE = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
PACKET = re.compile(rb"<(?:\w+:)?xmpmeta.*?</(?:\w+:)?xmpmeta>|<rdf:RDF.*?</rdf:RDF>", re.DOTALL)
LARGEST_PACKET = 1_000_000
IIM = {
    "caption": (2, 120), "credit": (2, 110), "source": (2, 115), "creator": (2, 80),
    "copyright": (2, 116),
}  # fmt: skip
EXIF = {"caption": 0x010E, "creator": 0x013B, "copyright": 0x8298}
BY_CAMERAS = re.compile(
    r"(?i)\s*(olympus digital camera|sony dsc|kodak.*camera|default|untitled)\s*"
)
"""What cameras write where a caption would be."""


@dataclass
class PhotoMetadata:
    """The texts of an image file; empty if it has none."""

    caption: Texts = field(default_factory=dict)
    alt: Texts = field(default_factory=dict)
    credit: str | None = None
    source: str | None = None
    creator: str | None = None
    copyright: str | None = None
    warnings: list[str] = field(default_factory=list)


def read(image: "Image.Image") -> PhotoMetadata:
    """Read the texts of an opened image. Text that the API would refuse is left out."""
    told = PhotoMetadata()
    from_xmp(image, told)
    from_iim(image, told)
    from_exif(image, told)
    told.caption, told.alt = put_checked(told.caption, told), put_checked(told.alt, told)
    for name in ("credit", "source", "creator", "copyright"):
        value = getattr(told, name)
        line = " ".join(value.split())[:500] if value else ""
        setattr(told, name, put_checked({None: line}, told, a_line).get(None) if line else None)
    return told


def put_checked(texts: Texts, told: PhotoMetadata, check: Any = a_text) -> Texts:
    """Add texts that pass the check for their field."""
    kept: Texts = {}
    for lang, text in texts.items():
        try:
            kept[lang] = check(windows_1252.repair(text.strip()[:10_000])[0])
        except ValueError as wrong:
            if text.strip():
                told.warnings.append(f"Words in the file were left, for {wrong}.")
    return kept


def from_xmp(image: "Image.Image", told: PhotoMetadata) -> None:
    packet = image.info.get("xmp") or b""
    raw = packet.encode() if isinstance(packet, str) else packet
    found = PACKET.search(raw[:LARGEST_PACKET])
    if not found or b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=False)
    try:
        root = etree.fromstring(found[0], parser)
    except etree.XMLSyntaxError:
        told.warnings.append("The XMP of the file can't be read; it was left.")
        return
    told.caption = by_language(root, f"{DC}description")
    told.alt = by_language(root, f"{CORE}AltTextAccessibility")
    told.credit = first(root, f"{PHOTOSHOP}Credit")
    told.source = first(root, f"{PHOTOSHOP}Source")
    told.creator = first(root, f"{DC}creator")
    rights = by_language(root, f"{DC}rights")
    told.copyright = rights.get(None) or next(iter(rights.values()), None)


def by_language(root: Any, name: str) -> Texts:
    """Return an XMP language alternative as a map. `x-default` counts if no language is given."""
    found: Texts = {}
    for item in root.iterfind(f".//{name}//{RDF}li"):
        lang = item.get(f"{XML}lang")
        try:
            known = a_language(lang) if lang and lang != "x-default" else None
        except ValueError:
            known = None
        if item.text and item.text.strip():
            found.setdefault(known, item.text)
    if len(found) > 1 and found.get(None) in [text for lang, text in found.items() if lang]:
        found.pop(None)
    return found or ({None: plain} if (plain := first(root, name)) else {})


def first(root: Any, name: str) -> str | None:
    """Return the text of an element or attribute, or of the first item in it."""
    for element in root.iter():
        if (value := element.get(name)) and value.strip():
            return str(value)
        if element.tag == name:
            items = [item.text for item in element.iter(f"{RDF}li") if item.text]
            text = items[0] if items else element.text
            if text and text.strip():
                return str(text)
    return None


def from_iim(image: "Image.Image", told: PhotoMetadata) -> None:
    """Read IIM, the older format of newspapers. Bytes that are not UTF-8 could be in any charset,
    and are ignored."""
    from PIL import IptcImagePlugin

    try:
        record: Any = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    except Exception:  # a record that is none: it is only words
        record = {}
    for name, key in IIM.items():
        value = record.get(key)
        raw = value[0] if isinstance(value, list) and value else value
        if not raw:
            continue
        try:
            put_missing(told, name, raw.decode())
        except UnicodeDecodeError:
            told.warnings.append(f"The {name} in the file is not UTF-8; it was left.")


def from_exif(image: "Image.Image", told: PhotoMetadata) -> None:
    exif = image.getexif()
    for name, tag in EXIF.items():
        value = exif.get(tag)
        if isinstance(value, str) and not BY_CAMERAS.fullmatch(value):
            put_missing(told, name, value)


def put_missing(told: PhotoMetadata, name: str, text: str) -> None:
    """Set a text unless a better source has set it."""
    if name == "caption":
        told.caption = told.caption or {None: text}
    elif not getattr(told, name):
        setattr(told, name, text)
