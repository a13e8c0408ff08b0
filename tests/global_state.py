"""What a test must leave as it found it: the state that every test of a process shares."""

import logging
import os
import sys
from collections.abc import Iterator

State = dict[str, object]


def snapshot() -> State:
    """Constants of the loaded modules of `app`, the environment, the working directory, log levels."""
    constants: State = {
        f"{module}.{name}": value
        for module, loaded in list(sys.modules.items())
        if module == "app" or module.startswith("app.")
        for name, value in list(vars(loaded).items())
        if name.isupper()
    }
    process: State = {
        "the working directory": os.getcwd(),
        "the switch interval": sys.getswitchinterval(),
        "the level of the root logger": logging.root.level,
    }
    environment = {f"${name}": value for name, value in os.environ.items()}
    return {**constants, **process, **environment}


def changes(before: State, after: State) -> list[str]:
    """Names whose value is another one; modules that were loaded in between are no change."""
    kept = [name for name in before if same(before[name], after.get(name))]
    new = [name for name in after.keys() - before.keys() if name.startswith("$")]
    return sorted({*before.keys() - kept, *new} - IGNORED)


def same(before: object, after: object) -> bool:
    """Text and numbers by value; everything else must be the very same object."""
    return before is after or (isinstance(before, str | int | float) and before == after)


IGNORED = {"$PYTEST_CURRENT_TEST"}
"""pytest itself sets it for each phase of a test."""


def checked() -> Iterator[None]:
    """The body of a fixture: fails where the test between changed something and left it so."""
    before = snapshot()
    yield
    left = changes(before, snapshot())
    assert not left, f"the test changed global state and did not undo it: {', '.join(left)}"
