"""How long the long tests run: short in `make test`, long in `make soak`, which sets ISNAD_LONG=1."""

import os

LONG = os.environ.get("ISNAD_LONG") == "1"


def times(short: int, long: int) -> int:
    """How often something is repeated."""
    return long if LONG else short
