"""The HTTP service: every part's routes, one shape of error, and what a supervisor asks."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from psycopg_pool import ConnectionPool
from starlette.exceptions import HTTPException

from district import observe
from district.pages import routes as pages
from ingest import routes as ingest_routes
from metrics import routes as metrics_routes
from scoring import routes as scoring_routes

PROBLEM = "application/problem+json"
#: Pages and API answer from this machine alone: nothing is loaded from elsewhere.
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def application(database_url: str) -> FastAPI:
    """The service on a database."""
    pool = ConnectionPool(
        database_url, min_size=1, max_size=8, open=False, check=ConnectionPool.check_connection,
        kwargs={"connect_timeout": 5, "options": "-c timezone=UTC -c statement_timeout=30s"},
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        pool.open()
        yield
        pool.close()

    app = FastAPI(title="District", version="1", lifespan=lifespan)
    for part in (ingest_routes, metrics_routes, scoring_routes, pages):
        app.include_router(part.router(pool))
    app.add_exception_handler(HTTPException, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(psycopg.OperationalError, _unavailable)
    app.middleware("http")(_guarded)
    _health(app, pool)
    return app


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


async def _guarded(request: Request, call_next: Callable[[Request], object]) -> Response:
    response = await call_next(request)  # type: ignore[misc]
    assert isinstance(response, Response)
    if not request.url.path.startswith(("/docs", "/redoc")):
        response.headers.update(HEADERS)
    return response


def problem(status: int, title: str, detail: str, instance: str) -> JSONResponse:
    """An error as RFC 9457 has it."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": instance}
    return JSONResponse(body, status_code=status, media_type=PROBLEM)


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = {404: "Not found", 405: "Method not allowed"}.get(error.status_code, "Request failed")
    return problem(error.status_code, title, str(error.detail), request.url.path)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details = "; ".join(f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}" for entry in error.errors())
    return problem(422, "Invalid request", details, request.url.path)


def _unavailable(request: Request, error: Exception) -> Response:
    del error  # its text may hold addresses
    return problem(503, "Database unavailable", "the database does not answer; try again", request.url.path)
