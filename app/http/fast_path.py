"""Call the functions of the busiest routes straight from the edge, past the framework.

The framework keeps these routes in its own table too: it documents them and handles what they
raise. docs/decisions/0006-the-busiest-route.md
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.direct_route import RAISED, DirectRoute

Handler = Callable[[Request], Awaitable[Response]]


class FastPath:
    """Call the functions of `DirectRoute` routes with a fixed path, or with one parameter at its
    end; pass every other request to `behind`."""

    def __init__(self, app: FastAPI, behind: ASGIApp) -> None:
        self.app, self.behind = app, behind
        self.fixed: dict[str, Handler] = {}
        self.named: dict[str, tuple[str, Handler]] = {}
        for route in app.router.routes:
            if isinstance(route, DirectRoute) and "GET" in (route.methods or ()):
                self.add(route)

    def add(self, route: DirectRoute) -> None:
        """Register a route whose path is fixed, or fixed except for one parameter at its end."""
        before, _, last = route.path.rpartition("/")
        if "{" not in route.path:
            self.fixed.setdefault(route.path, route.endpoint)
        elif "{" not in before and list(route.param_convertors) == [last[1:-1]]:
            self.named.setdefault(before, (last[1:-1], route.endpoint))

    def find(self, path: str) -> tuple[Handler, dict[str, str]] | None:
        """Return the handler of this path and its path parameters."""
        if handler := self.fixed.get(path):
            return handler, {}
        before, _, last = path.rpartition("/")
        if not last or before not in self.named:
            return None
        name, handler = self.named[before]
        return handler, {name: last}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.find(scope["path"]) if scope.get("method") == "GET" else None
        if found is None:
            await self.behind(scope, receive, send)
            return
        handler, names = found
        own: dict[str, Any] = {"app": self.app, "path_params": names}
        try:
            response = await handler(Request({**scope, **own}, receive, send))
        except Exception as raised:
            await self.behind({**scope, RAISED: raised}, receive, send)
            return
        await response(scope, receive, send)
