"""Images with their files; the rest of what is done to them is `catalog.py`'s, as of every noun."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.desk.catalog import image_files
from app.desk.catalog.image_files import BYTES, FORM, JSON, Upload
from app.desk.catalog.kinds import CATALOG_KINDS
from app.json_types import Json
from app.models.image import ImageSaved
from app.routers.catalog import saved
from app.routers.desk import Answer, DeskRoute, ReadEarly, Writer
from app.routers.parameters import operation

router = APIRouter(prefix="/v1/images", tags=["images"], route_class=DeskRoute)
Image = Annotated[Upload, Depends(ReadEarly(image_files.receive))]
File = Annotated[Upload, Depends(ReadEarly(image_files.receive_file))]

WRITE: Json = {"$ref": "#/components/schemas/ImageWrite"}
FORM_OF_IMAGE: Json = {"$ref": "#/components/schemas/ImageForm"}
FILE: Json = {"$ref": "#/components/schemas/ImageFile"}


def body(**content: Json) -> Json:
    """A request body of these media types."""
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "",
    **operation(
        ImageSaved, status=201, **body(**{JSON: {"schema": WRITE}, FORM: {"schema": FORM_OF_IMAGE}})
    ),
)
def create_image(desk: Writer, sent: Image) -> Answer:
    """A new image: a file (JPEG, PNG, WebP, GIF, AVIF), JSON, or a form with both as `file` and
    `image`. What the file says of itself is taken where the JSON says nothing."""
    # the contract has no file beside a form: orval makes a body of both that doesn't compile
    return saved(desk, CATALOG_KINDS["image"], image_files.add(desk, sent), 0, 201)


@router.put(
    "/{name}/file",
    **operation(ImageSaved, **body(**{"image/*": {"schema": FILE}, BYTES: {"schema": FILE}})),
)
def replace_image_file(desk: Writer, name: str, sent: File) -> Answer:
    """Another file for the image, as it is or as `file` of a form; its words stay."""
    return saved(desk, CATALOG_KINDS["image"], *image_files.replace_file(desk, name, sent))
