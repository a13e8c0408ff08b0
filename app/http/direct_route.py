"""The route class of the busiest routes."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

RAISED = "isnad.raised"
"""Where a request's scope has what such a route's function raised already."""


class DirectRoute(APIRoute):
    """A route whose function takes the request and gives the answer: nothing stands between, and of
    its framework it needs the way of an error alone (`app/http/fast_path.py`). What it reads of the address
    it describes in `openapi_extra`. docs/decisions/0006-the-busiest-route.md
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def handler(request: Request) -> Response:
            if raised := request.scope.get(RAISED):
                raise raised
            found: Response = await self.endpoint(request)
            return found

        return handler
