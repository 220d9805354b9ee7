"""The way in and out: the page that people log in on."""

import secrets
import threading
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Cookie, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from psycopg_pool import ConnectionPool

from district.access import people, sessions
from district.access.guard import FORM_FIELD, Guard, address, same_origin
from district.pages.render import outside

#: Of the form that logs in: there is no session yet that its token could belong to.
FORM_COOKIE = "district_login"

Session = Annotated[str | None, Cookie(alias=sessions.COOKIE)]


def router(pool: ConnectionPool, guard: Guard) -> APIRouter:
    """The routes on the connections of `pool`; wrong passwords count against the limit of `guard`."""
    routes = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    # Looking at a password takes 64 MiB: one at a time, however many are sent at once.
    looking = threading.Lock()

    @routes.get("/login")
    def ask(request: Request, next: str = "/") -> HTMLResponse:  # noqa: A002 - what it is called everywhere
        return _form(request, _own(next))

    @routes.post("/login")
    def log_in(
        request: Request,
        person: Annotated[str, Form(max_length=64)] = "",
        password: Annotated[str, Form(max_length=people.LONGEST)] = "",
        next: Annotated[str, Form()] = "/",  # noqa: A002
        form_token: Annotated[str, Form(alias=FORM_FIELD)] = "",
        expected: Annotated[str, Cookie(alias=FORM_COOKIE)] = "",
    ) -> Response:
        back = _own(next)
        known = bool(expected) and secrets.compare_digest(form_token.encode(), expected.encode())
        if not known or not same_origin(request.headers):
            return _form(request, back, "stale", 403)
        for counted in (address(request), f"account {person}"):
            if guard.failures.wait_s(counted):
                return _form(request, back, "often", 429)
        now = datetime.now(UTC)
        with looking, pool.connection() as connection:
            if "\x00" in person or not people.verify(connection, person, password):
                return _form(request, back, "refused", 401)
            text = sessions.begin(connection, person, now)
        answer = RedirectResponse(back, status_code=303)
        answer.set_cookie(
            sessions.COOKIE, text, max_age=int(sessions.LIFE.total_seconds()), path="/", httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        answer.delete_cookie(FORM_COOKIE, path="/login")
        return answer

    @routes.post("/logout")
    def log_out(session: Session = None) -> RedirectResponse:
        if session:
            with pool.connection() as connection:
                sessions.end(connection, session)
        answer = RedirectResponse("/login", status_code=303)
        answer.delete_cookie(sessions.COOKIE)
        return answer

    return routes


def _form(request: Request, back: str, wrong: str | None = None, status: int = 200) -> HTMLResponse:
    token = secrets.token_urlsafe(32)
    answer = outside(request, "login.html", wrong=wrong, next=back, form_token=token)
    answer.status_code = status
    if status == 429:
        answer.headers["Retry-After"] = "60"
    answer.set_cookie(
        FORM_COOKIE, token, max_age=3600, path="/login", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


def _own(target: str) -> str:
    """An address of this service; any other one becomes the first page.

    >>> _own("/districts/lakeside"), _own("//elsewhere.example/"), _own("https://elsewhere.example/")
    ('/districts/lakeside', '/', '/')
    """
    good = target.startswith("/") and not target.startswith("//") and target.isprintable() and "\\" not in target
    return target if good else "/"
