"""The application: everything is connected here."""

import asyncio
import contextlib
import functools
import os
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__, errors, worker
from app.audience.beacons import ViewRecorder
from app.cache.invalidation import watch_of
from app.cache.policy import policy_of
from app.cache.response_cache import ResponseCache
from app.config import Settings
from app.db.database import Database
from app.delivery.context import Services
from app.http.edge import CORS, REQUEST_ID, Edge, new_id
from app.http.fast_path import FastPath
from app.openapi import document
from app.routers import (
    articles,
    catalog,
    changes,
    corrections,
    feeds,
    fronts,
    images,
    keys,
    live,
    previews,
    search,
    site,
    states,
    upstream,
    versions,
    views,
    withdrawals,
)


class Application(FastAPI):
    """The FastAPI application with its outer layers."""

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.front(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Leave out the framework's layer for errors; the edge handles them."""
        stack = super().build_middleware_stack()
        assert isinstance(stack, ServerErrorMiddleware)
        return stack.app


def create_app(settings: Settings | None = None, *, work: bool = False) -> Application:
    """Create the API over one database. With `work`, the worker runs in the same process."""
    settings = settings or Settings()
    keeping = policy_of(settings)  # what is wrong with the caches in front is told now
    db = Database(settings)
    viewing = ViewRecorder(db)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(worker.run(db)) if work else None
        counting = asyncio.create_task(viewing.run())
        if shared.watch:
            await shared.watch.start()
        yield
        if shared.watch:
            await shared.watch.stop()
        viewing.end()
        await counting
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await db.close()

    app = Application(
        title="Isnad", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        redirect_slashes=False, separate_input_output_schemas=False,
        description="A headless news content API with the chain of attribution as data.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": settings.public_url}], telemetry=telemetry(),
    )  # fmt: skip
    app.state.viewing, app.state.keeping = viewing, keeping
    app.state.services = shared = Services(db, settings)
    # the busiest first, for routes are tried in order; as the application's own, because a router
    # that is included is matched twice
    app.router.routes[:0] = [
        route
        for router in (
            articles.router,
            articles.desk_router,
            states.router,
            upstream.router,
            previews.router,
            live.router,
            live.desk_router,
            corrections.router,
            versions.router,
            views.router,
            search.router,
            withdrawals.router,
            fronts.desk_router,
            fronts.router,
            catalog.router,
            changes.router,
            feeds.router,
            catalog.desk_router,
            images.router,
            keys.router,
            site.router,
        )
        for route in router.routes
    ]
    errors.install(app, settings.public_url)
    add_assets(app)
    document.install(app)
    app.front = outer_layers(app, settings, db)
    return app


def outer_layers(app: Application, settings: Settings, db: Database) -> ASGIApp:
    """Return the layers before the framework: the response cache (if it has memory), the edge,
    and the fast path (unless requests are traced)."""
    shared: Services = app.state.services
    framework = functools.partial(FastAPI.__call__, app)
    behind = framework if is_traced() else FastPath(app, framework)
    edge = Edge(behind, settings.public_url, shared.last_change)
    if not settings.cache_bytes:
        return edge
    shared.watch = watch_of(db)
    return ResponseCache(
        edge, shared.watch, settings.cache_bytes, CORS, new_id, REQUEST_ID.fullmatch
    )


def telemetry() -> TelemetryConfig:
    """Set up OpenTelemetry if the environment asks for it."""
    asked = is_traced()
    return {"tracing": asked, "metrics": asked, "logs": asked, "exclude": carries_token}


def is_traced() -> bool:
    return any(name.startswith("OTEL_") for name in os.environ)


def carries_token(scope: MutableMapping[str, Any]) -> bool:
    """Return whether a URL contains a preview token; such requests are not traced."""
    return b"preview" in scope.get("query_string", b"")


def add_assets(app: FastAPI) -> None:
    """Serve the files of `/docs` from a package, so that the page works offline."""
    assets = StaticFiles(packages=[("fastapi_offline", "static")])
    app.mount("/docs/assets", assets, name="docs-assets")
