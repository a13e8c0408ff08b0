"""multipart/form-data, RFC 7578, of a body that is at hand whole: its parts by name."""

from dataclasses import dataclass
from email.message import Message

from app.errors import BadRequest, Unprocessable
from app.request import json_body

LONGEST_HEAD = 4_096
MOST_PARTS = 10


@dataclass(frozen=True)
class Part:
    """A part: its bytes, and the media type that it says it has."""

    data: bytes
    media: str


def read(sent: bytes, content_type: str, known: tuple[str, ...]) -> dict[str, Part]:
    """The parts with these names. Raises 422 for others, and for a part that stands twice."""
    boundary = header_parameter(content_type, "boundary", "content-type")
    if not boundary or not boundary.isascii() or len(boundary) > 70:
        raise BadRequest("multipart/form-data needs a boundary.")
    found: dict[str, Part] = {}
    for head, data in split(sent, boundary.encode()):
        name = (
            header_parameter(head.get("content-disposition", ""), "name", "content-disposition")
            or ""
        )
        at = json_body.pointer(name)
        if name not in known:
            raise Unprocessable(errors=[json_body.unknown_field(name, known, at)])
        if name in found:
            raise Unprocessable.at(at, "This part stands twice.")
        found[name] = Part(data, head.get("content-type", "").partition(";")[0].strip().lower())
    return found


def split(sent: bytes, boundary: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Head and bytes of each part. RFC 2046 section 5.1.1."""
    pieces = (b"\r\n" + sent).split(b"\r\n--" + boundary, MOST_PARTS + 2)[1:]
    if len(pieces) > MOST_PARTS + 1:
        raise BadRequest(f"A body has at most {MOST_PARTS} parts.")
    if not pieces or not pieces[-1].startswith(b"--"):
        raise BadRequest("The body is not whole: its last boundary is missing.")
    parts = []
    for piece in pieces[:-1]:
        head, blank, data = piece.lstrip(b" \t").partition(b"\r\n\r\n")
        if not blank or not head.startswith(b"\r\n") or len(head) > LONGEST_HEAD:
            raise BadRequest("A part of the body has no head.")
        lines = [line.partition(b":") for line in head[2:].split(b"\r\n")]
        parts.append(
            ({name.decode("latin-1").strip().lower(): value.decode("utf-8", "replace").strip()
              for name, _, value in lines}, data)
        )  # fmt: skip
    return parts


def header_parameter(value: str, name: str, header: str) -> str | None:
    """A parameter of a header's value."""
    message = Message()
    message[header] = value.replace("\n", " ").replace("\r", " ")
    found = message.get_param(name, header=header)
    return found if isinstance(found, str) else None
