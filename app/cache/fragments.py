"""Pieces of answers that stay the same as long as what they are made of does: kept by the process, up
to so many bytes."""

from collections.abc import Hashable


class Fragments:
    """A cache of values by name. A name contains the ETag of what the value was made from, so
    nothing goes stale. When half of the space is full, values that were not used since the
    last time are dropped."""

    def __init__(self, room: int) -> None:
        self.half = room // 2
        self.young: dict[Hashable, bytes] = {}
        self.old: dict[Hashable, bytes] = {}
        self.taken = 0

    def get(self, name: Hashable) -> bytes | None:
        """A stored piece, if it is still there."""
        found = self.young.get(name)
        if found is None and (found := self.old.pop(name, None)) is not None:
            self.put(name, found)
        return found

    def put(self, name: Hashable, made: bytes) -> None:
        """Store a piece; the oldest half is dropped when the room is full."""
        self.taken += len(made) + OF_ONE
        if self.taken > self.half:
            self.old, self.young, self.taken = self.young, {}, len(made) + OF_ONE
        self.young[name] = made


OF_ONE = 300
"""Bytes that one takes beside itself."""
