"""The check that no test leaves global state changed finds what it is for."""

import os

import pytest

from app.search_index import active_index
from tests.support.global_state import changes, snapshot


def test_a_changed_constant_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot()
    monkeypatch.setattr(active_index, "KEPT", 0.0)
    assert changes(before, snapshot()) == ["app.search_index.active_index.KEPT"]


def test_a_new_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot()
    monkeypatch.setenv("ISNAD_LEFT_BEHIND", "1")
    assert changes(before, snapshot()) == ["$ISNAD_LEFT_BEHIND"]


def test_a_restored_value_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot()
    with monkeypatch.context() as patch:
        patch.setattr(active_index, "KEPT", 0.0)
        patch.setenv("ISNAD_LEFT_BEHIND", "1")
        patch.chdir(os.sep)
    assert changes(before, snapshot()) == []
