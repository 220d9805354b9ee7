"""Errors as RFC 9457 has them, in one shape for all; for a browser that asks for a page, as a page."""

import logging
import traceback
from http import HTTPStatus
from urllib.parse import quote
from uuid import uuid4

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from district.access.permissions import PERMISSIONS, PUBLIC
from district.pages.render import outside

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field("about:blank", description="always about:blank: the status says all", examples=["about:blank"])
    title: str = Field(description="the status in words", examples=["Not Found"])
    status: int = Field(description="the status of the answer", examples=[404])
    detail: str = Field(description="what was expected, and what was got", examples=["no district 'nowhere'"])
    instance: str = Field(
        description="the address asked for; of an error of ours, what the log calls it",
        examples=["/scoring/v1/districts/nowhere/items"],
    )


def problem(status: int, detail: str, instance: str) -> JSONResponse:
    """An error as its document."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, instance=instance)
    return JSONResponse(body.model_dump(), status_code=status, media_type=MEDIA_TYPE)


def handle(app: FastAPI) -> None:
    """Have every error of the service answered in this shape."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(psycopg.OperationalError, _unavailable)
    app.add_middleware(Unexpected)


class Unexpected:
    """Answers an error of ours and logs where it happened, without what was in hand: that may be somebody's data."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            if scope["type"] != "http":
                raise
            name = uuid4().urn
            route = getattr(scope.get("route"), "path", "no route")
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s: %s %s: %s\n%s", name, scope["method"], route, type(error).__qualname__, frames)  # noqa: TRY400 - the text of the error is left out
            if not begun:
                answer = problem(500, "this is an error of the service; its log says where under the name given", name)
                await answer(scope, receive, send)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if error.status_code == HTTPStatus.UNAUTHORIZED and wants_page:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(asked)}", status_code=303)
    detail = str(error.detail)
    if detail == HTTPStatus(error.status_code).phrase:
        detail = f"{request.method} {request.url.path} does not exist here"
    answer: Response
    if wants_page:
        answer = outside(request, "problem.html", status=error.status_code, detail=detail)
        answer.status_code = error.status_code
    else:
        answer = problem(error.status_code, detail, request.url.path)
    answer.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The framework knows those of the first route at this address only.
        route = getattr(request.scope.get("route"), "path", None)
        answer.headers["Allow"] = ", ".join(sorted(method for method, path in {*PERMISSIONS} | PUBLIC if path == route))
    return answer


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details = "; ".join(f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}" for entry in error.errors())
    return problem(422, details, request.url.path)


def _unavailable(request: Request, error: Exception) -> Response:
    del error  # its text may hold addresses
    return problem(503, "the database does not answer; try again", request.url.path)
