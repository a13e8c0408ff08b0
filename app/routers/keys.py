"""Keys, for administrators."""

from fastapi import APIRouter

from app.desk import keys
from app.models.envelopes import KeyList
from app.models.key import Key, KeyChange, KeyMade, KeyRow, KeySaved, KeyWrite, Rotation
from app.routers.desk import Admin, Answer, DeskRoute

router = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=DeskRoute)


@router.get("", operation_id="listKeys", responses={200: {"model": KeyList}})
def list_keys(desk: Admin) -> Answer:
    """Every key, the newest first; what it is sent as is not kept."""
    items = [keys.to_json(desk, row) for row in keys.find(desk)]
    return Answer({"items": items, "next": None, "prev": None, "count": len(items),
                   "count_kind": "exact", "facets": None})  # fmt: skip


@router.get("/{id}", operation_id="getKey", responses={200: {"model": Key}})
def get_key(desk: Admin, id: str) -> Answer:
    """One key."""
    row = keys.get(desk, id, lock=False)
    return Answer(keys.to_json(desk, row), version=row.version)


@router.post("", operation_id="createKey", status_code=201, responses={201: {"model": KeyMade}})
def create_key(desk: Admin, sent: KeyWrite) -> Answer:
    """A new key. `key` is shown this once."""
    return made(desk, *keys.make(desk, sent))


@router.patch("/{id}", operation_id="updateKey", responses={200: {"model": KeySaved}})
def update_key(desk: Admin, id: str, sent: KeyChange) -> Answer:
    """Another name, expiry, scopes or networks; or disabled, or enabled again."""
    row = keys.change(desk, keys.get(desk, id), sent, sent.model_fields_set)
    return Answer(keys.to_json(desk, row), version=row.version)


@router.post(
    "/{id}/rotation", operation_id="rotateKey", status_code=201, responses={201: {"model": KeyMade}}
)
def rotate_key(desk: Admin, id: str, sent: Rotation | None = None) -> Answer:
    """Another key for the same holder; the old one goes on working for a while."""
    overlap = (sent or Rotation()).overlap
    return made(desk, *keys.rotate(desk, keys.get(desk, id), overlap))


@router.delete("/{id}", operation_id="disableKey", responses={200: {"model": KeySaved}})
def disable_key(desk: Admin, id: str) -> Answer:
    """The key works no longer."""
    row = keys.disable(desk, keys.get(desk, id))
    return Answer(keys.to_json(desk, row), version=row.version)


def made(desk: Admin, row: KeyRow, key: str) -> Answer:
    shape = keys.to_json(desk, row)
    return Answer(
        shape | {"key": key}, 201, row.version, location=shape["links"]["self"],
        secret_of=shape["links"]["self"],
    )  # fmt: skip
