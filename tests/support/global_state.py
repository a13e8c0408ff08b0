"""What a test must leave as it found it: the state that every test of a process shares."""

import logging
import os
import sys
from collections.abc import Iterator

State = dict[str, object]
known: dict[str, tuple[int, list[str]]] = {}
"""The names of a module's constants, and how many names it had when they were looked for."""


def snapshot() -> State:
    """Constants of the loaded modules of `app`, the environment, the working directory, log levels."""
    constants: State = {
        name: vars(loaded).get(name.rpartition(".")[2])
        for module, loaded in list(sys.modules.items())
        if module == "app" or module.startswith("app.")
        for name in constants_of(module, vars(loaded))
    }
    process: State = {
        "the working directory": os.getcwd(),
        "the switch interval": sys.getswitchinterval(),
        "the level of the root logger": logging.root.level,
    }
    environment = {f"${name}": value for name, value in os.environ.items()}
    return {**constants, **process, **environment}


def constants_of(module: str, names: dict[str, object]) -> list[str]:
    """Its constants with the module's name in front; looked for again when it has other names."""
    if module not in known or known[module][0] != len(names):
        known[module] = len(names), [f"{module}.{name}" for name in names if name.isupper()]
    return known[module][1]


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
