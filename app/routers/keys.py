"""Keys, for administrators."""

from fastapi import APIRouter

from app.desk import keys
from app.models.envelopes import KeyList
from app.models.key import Key, KeyChange, KeyMade, KeyRow, KeySaved, KeyWrite, Rotation
from app.routers.desk import Admin, Answer, DeskRoute, list_answer
from app.routers.parameters import operation

router = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=DeskRoute)


@router.get("", **operation(KeyList))
def list_keys(desk: Admin) -> Answer:
    """Every key, the newest first; what it is sent as is not kept."""
    return list_answer([keys.to_json(desk, row) for row in keys.find(desk)])


@router.get("/{id}", **operation(Key))
def get_key(desk: Admin, id: str) -> Answer:
    """One key."""
    return answer_with(desk, keys.get(desk, id, lock=False))


@router.post("", **operation(KeyMade, status=201))
def create_key(desk: Admin, sent: KeyWrite) -> Answer:
    """A new key. `key` is shown this once."""
    return made(desk, *keys.make(desk, sent))


@router.patch("/{id}", **operation(KeySaved))
def update_key(desk: Admin, id: str, sent: KeyChange) -> Answer:
    """Another name, expiry, scopes or networks; or disabled, or enabled again."""
    return answer_with(desk, keys.change(desk, keys.get(desk, id), sent, sent.model_fields_set))


@router.post("/{id}/rotation", **operation(KeyMade, status=201))
def rotate_key(desk: Admin, id: str, sent: Rotation | None = None) -> Answer:
    """Another key for the same holder; the old one goes on working for a while."""
    overlap = (sent or Rotation()).overlap
    return made(desk, *keys.rotate(desk, keys.get(desk, id), overlap))


@router.delete("/{id}", **operation(KeySaved))
def disable_key(desk: Admin, id: str) -> Answer:
    """The key works no longer."""
    return answer_with(desk, keys.disable(desk, keys.get(desk, id)))


def answer_with(desk: Admin, row: KeyRow) -> Answer:
    """The key as JSON."""
    return Answer(keys.to_json(desk, row), version=row.version)


def made(desk: Admin, row: KeyRow, key: str) -> Answer:
    """A new key, shown this once."""
    shape = keys.to_json(desk, row)
    return Answer(
        shape | {"key": key}, 201, row.version, location=shape["links"]["self"],
        secret_of=shape["links"]["self"],
    )  # fmt: skip
