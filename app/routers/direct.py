"""The route class of the busiest routes."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response


class Direct(APIRoute):
    """A route whose function takes the request and gives the answer: nothing stands between. What
    it reads of the address it describes in `openapi_extra`. docs/decisions/0006-the-busiest-route.md
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler
