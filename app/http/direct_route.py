"""The route class of the busiest routes."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

RAISED = "isnad.raised"
"""Where a request's scope has what such a route's function raised already."""


class DirectRoute(APIRoute):
    """A route whose function takes the request and returns the response, without FastAPI's
    validation. The framework only handles its errors (`app/http/fast_path.py`). Its parameters
    are described in `openapi_extra`. docs/decisions/0006-the-busiest-route.md"""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return a handler that raises the error of the fast path again, or calls the function."""

        async def handler(request: Request) -> Response:
            if raised := request.scope.get(RAISED):
                raise raised
            found: Response = await self.endpoint(request)
            return found

        return handler
