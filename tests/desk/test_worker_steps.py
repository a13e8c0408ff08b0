"""Work that fails holds up no other work."""

from typing import Any

import pytest

from app import worker
from app.cache import cdn_purge


def test_a_failing_worker_step_does_not_delay_others(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {"first": 3, "last": 2}

    def step(name: str) -> Any:
        def work(db: Any) -> int:
            left[name] -= 1
            return int(left[name] >= 0)

        return work

    def broken(db: Any) -> int:
        raise ValueError("no such story")

    monkeypatch.setattr(worker, "STEPS", (step("first"), broken, step("last")))
    with pytest.raises(ValueError, match="no such story"):
        worker.work_through(None)  # type: ignore[arg-type]  # the steps need none
    assert max(left.values()) < 0, "the others were done"


def test_a_failing_cache_does_not_delay_others(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    def step_of(db: Any, target: str, *_: Any) -> int:
        told.append(target)
        if target == "broken":
            raise ValueError("broken")
        return 1

    class Db:
        settings = None

    monkeypatch.setattr(cdn_purge, "targets_of", lambda settings: ["broken", "whole"])
    monkeypatch.setattr(cdn_purge, "step_of", step_of)
    with pytest.raises(ValueError, match="broken"):
        cdn_purge.step(Db())  # type: ignore[arg-type]  # only its settings are asked for
    assert told == ["broken", "whole"]
