"""Who is asking, and so what they may see."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who reads. `sees` is the view that the gate turns into a condition."""

    sees: str = "published"  # published | none


NOBODY = Caller("none")
READER = Caller("published")
