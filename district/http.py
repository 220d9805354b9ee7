"""The HTTP service: every part's routes behind one guard, one shape of error, and what a supervisor asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse
from psycopg_pool import ConnectionPool

from district import observe, problem, reference
from district.access import routes as access
from district.access.guard import FAILURES_PER_MINUTE, Guard
from district.access.limit import Limiter
from district.body_limit import BodyLimit
from district.cli.quarantine import send
from district.headers import AnswerHeaders
from district.pages import routes as pages
from district.settings import Settings
from ingest import actions as ingest_actions
from ingest import routes as ingest_routes
from ingest import watch_routes
from ingest.quarantine import Booking, Quarantined, Replay
from metrics import routes as metrics_routes
from scoring import actions as scoring_actions
from scoring import routes as scoring_routes


def application(database_url: str, settings: Settings | None = None) -> FastAPI:
    """The service on a database; `settings`: its other settings, by default the defaults."""
    settings = settings or Settings()
    pool = ConnectionPool(
        database_url, min_size=1, max_size=8, open=False, check=ConnectionPool.check_connection,
        kwargs={"connect_timeout": 5, "options": "-c timezone=UTC -c statement_timeout=30s"},
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        pool.open()
        yield
        pool.close()

    guard = Guard(
        pool, required=settings.http.access == "required",
        requests=Limiter(settings.http.requests_per_minute), failures=Limiter(FAILURES_PER_MINUTE),
    )  # fmt: skip
    # The reference is a page of ours: those of the framework load scripts from elsewhere.
    app = FastAPI(
        title="District", version="1", lifespan=lifespan, dependencies=[Depends(guard)],
        openapi_url=None, docs_url=None, redoc_url=None,
    )  # fmt: skip
    for part in (ingest_routes, watch_routes, metrics_routes, scoring_routes, scoring_actions, pages):
        app.include_router(part.router(pool))
    app.include_router(ingest_actions.router(pool, _replayer(settings)))
    app.include_router(access.router(pool, guard))
    app.include_router(reference.router(app))
    _health(app, pool)
    app.add_middleware(BodyLimit)
    problem.handle(app)
    app.add_middleware(AnswerHeaders)
    return app


def _replayer(settings: Settings) -> ingest_actions.Replayer:
    def replay(connection: psycopg.Connection, chosen: list[Quarantined], booking: Booking) -> Replay:
        # Without a key: what is sealed is opened on the machine of a person.
        return send(connection, chosen, settings, None, booking)

    return replay


def _health(app: FastAPI, pool: ConnectionPool) -> None:
    @app.get("/healthz", tags=["service"], summary="The process answers")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", tags=["service"], summary="The database answers")
    def readyz() -> dict[str, str]:
        with pool.connection(timeout=3) as connection:
            connection.execute("SELECT 1")
        return {"status": "ok"}

    @app.get("/prometheus", tags=["service"], summary="Counts for Prometheus", response_class=PlainTextResponse)
    def prometheus() -> PlainTextResponse:
        with pool.connection() as connection:
            return PlainTextResponse(observe.exposition(connection), media_type="text/plain; version=0.0.4")
