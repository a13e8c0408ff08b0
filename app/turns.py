"""Turns between readers and the desk in one process.

The event loop answers readers, threads answer the desk, and Python lets one of them run at a time. A
busy loop gives its turn away only when asked, after the switch interval, and a thread asks anew after
each of the hundred calls that a write makes to its database. So the loop makes room by itself before
each request, while somebody at the desk waits.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

INTERVAL = 0.001
"""Seconds after which a turn is given away when asked for; Python's own are five times as many."""

ROOM = 0.00002
"""Seconds that the loop sleeps before a request, while the desk works."""


class Desks:
    """The threads in which the desk's requests are answered, and how many work now."""

    def __init__(self, threads: int) -> None:
        self.pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="desk")
        self.working = 0

    async def do(self, work: Callable[..., Any], *given: Any) -> Any:
        """Have work done in a thread."""
        self.working += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, work, *given)
        finally:
            self.working -= 1

    def make_room(self) -> None:
        """Before a request: let the desk have its turn."""
        if self.working:
            time.sleep(ROOM)


def shorten() -> None:
    """Shorter turns in this process."""
    sys.setswitchinterval(INTERVAL)
