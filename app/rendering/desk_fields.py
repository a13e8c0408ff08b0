"""Fields of an article that only editors read: `note` and `dispatch_id` of each attribution, and the
address of its versions. Stored documents hold null in their place; an editor's read puts them back.
"""

from collections.abc import Iterable, Mapping

import orjson

from app.json_types import Json
from app.rendering import confidential

NAMES = ("dispatch_id", "note")
"""Fields of an attribution that only editors read."""

NO_ATTRIBUTIONS = b'"attributions":[]'
NO_VERSIONS = b'"versions":null'


def kept_fields(content: Json) -> dict[str, Json]:
    """The fields for editors of a saved version, by the id of the attribution."""
    return {link["id"]: {name: link[name] for name in NAMES} for link in content["attributions"]}


def hide(attributions: Iterable[Json]) -> None:
    """Set the fields for editors to null, in place."""
    for link in attributions:
        link.update(dict.fromkeys(NAMES))


def restore(attributions: Iterable[Json], kept: Mapping[str, Json]) -> None:
    """Put the fields for editors back, in place."""
    for link in attributions:
        link.update(kept.get(link["id"], {}))


def for_editors(document: bytes, content: str, address: str) -> bytes:
    """A whole article's JSON with every field for editors. `content`: the saved version that it was rendered from,
    as JSON; `address`: of the article's versions."""
    if NO_ATTRIBUTIONS not in document:
        document = restore_all(document, kept_fields(orjson.loads(content)))
    return with_versions(document, address)


def restore_all(document: bytes, kept: Mapping[str, Json]) -> bytes:
    """A whole article's JSON with the fields for editors; attributions to a confidential source that is
    hidden in it keep theirs empty."""
    article = orjson.loads(document)
    restore([one for one in article["attributions"] if not confidential.is_hidden(one)], kept)
    return orjson.dumps(article)


def with_versions(document: bytes, address: str) -> bytes:
    """A card's or a whole article's JSON with the address of its versions in `links`."""
    return document.replace(NO_VERSIONS, b'"versions":' + orjson.dumps(address), 1)
