"""The guard in front of every route: who asks, how often, and whether they may. The one place where identity is made."""

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from psycopg_pool import ConnectionPool

from district.access import keys, sessions
from district.access.limit import Limiter
from district.access.permissions import OF_ALL, PUBLIC, needed
from district.access.roles import EVERYWHERE, Identity, Role
from district.access.statements import statement
from district.settings import loopback
from ingest.caller import Caller

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Where a form carries its token, and where a program that uses a session does.
FORM_FIELD, FORM_HEADER = "form_token", "X-Form-Token"
#: Refused keys and passwords of one address in a minute (our choice): nothing is guessed at this pace.
FAILURES_PER_MINUTE = 20

#: Whoever is at the machine, before any key or account was made: may read all, and could read the database as well.
LOCAL = Identity(name="", roles={EVERYWHERE: Role.VIEWER}, local=True)

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key of `district keys create`.")
_cookie = APIKeyCookie(
    name=sessions.COOKIE, auto_error=False, scheme_name="session",
    description=f"Of the page /login. What is not a GET carries its form token as {FORM_HEADER}.",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """Recognises callers and lets through those whose role is enough; a dependency of every route."""

    pool: ConnectionPool
    #: keys and accounts are asked for even where none was made
    required: bool
    requests: Limiter
    failures: Limiter

    async def __call__(
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
        cookie: Annotated[str | None, Security(_cookie)] = None,
    ) -> None:
        """Let the request through, with its caller in the request's state.

        Raises:
            HTTPException: 401, nobody was recognised; 403, not allowed; 429, too often.
        """
        route = request.method, request.scope["route"].path
        if route in PUBLIC:
            return
        text = bearer.credentials if bearer else None
        identity = await run_in_threadpool(self._recognised, request, text, cookie)
        if not identity.local and (wait_s := self.requests.wait_s(identity.name)):
            raise too_often(wait_s)
        request.state.identity = identity
        district = EVERYWHERE if route in OF_ALL else request.path_params.get("district")
        role = needed(*route)
        if not identity.may(role, district):
            if identity.local:
                raise unknown(
                    "changing anything needs a key (`district keys create`) or an account (`district people add`)"
                )
            where = f"in district {district!r}" if district else "in any district"
            raise HTTPException(403, f"expected the role {role} {where}, got {identity.role(district) or 'none'}")
        if request.method not in SAFE and identity.form_token is not None:
            await _check_form(request, identity.form_token)
        exact = identity.local or identity.may(Role.EVALUATOR, district)
        request.state.caller = Caller(name=identity.name, exact=exact)

    def _recognised(self, request: Request, key: str | None, cookie: str | None) -> Identity:
        now = datetime.now(UTC)
        with self.pool.connection() as connection:
            if key is not None:
                found = keys.find(connection, key, now)
            elif cookie:
                found = sessions.find(connection, cookie, now)
            else:
                found = None
            if found is not None:
                return found
            if key is None and not self.required and at_the_machine(request):
                row = connection.execute(statement("anybody")).fetchone()
                if row == (False,):
                    return LOCAL
        if key is not None and (wait_s := self.failures.wait_s(address(request))):
            raise too_often(wait_s)
        if key is not None:
            raise unknown("this key is unknown, was revoked or has expired")
        raise unknown("expected a key as `Authorization: Bearer KEY`, or a person who is logged in on /login")


def identity(request: Request) -> Identity | None:
    """Who was recognised behind the request; None: no guard has looked at it."""
    found = getattr(request.state, "identity", None)
    assert found is None or isinstance(found, Identity)
    return found


def address(request: Request) -> str:
    """Where a request comes from; behind a proxy on this machine the address that the proxy names."""
    return request.client.host if request.client else "-"


def at_the_machine(request: Request) -> bool:
    """Whether a request comes from this machine to this machine, and through no proxy.

    The name in the address is looked at too: a page of another site could give its own name the address 127.0.0.1.
    """
    if {"forwarded", "x-forwarded-for"} & {*request.headers.keys()}:
        return False
    return loopback(address(request)) and loopback(request.url.hostname or "")


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether what a browser sends comes from a page of ours. Programs send no Origin."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def unknown(detail: str) -> HTTPException:
    """401, with what would be taken."""
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})


def too_often(wait_s: float) -> HTTPException:
    """429, with when to come again."""
    seconds = str(math.ceil(wait_s))
    return HTTPException(429, f"too many requests; try again in {seconds} s", headers={"Retry-After": seconds})


async def _check_form(request: Request, expected: str) -> None:
    given: object = request.headers.get(FORM_HEADER)
    if given is None and "form" in request.headers.get("content-type", ""):
        given = (await request.form()).get(FORM_FIELD)
    if not isinstance(given, str) or not secrets.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(
            403, f"the form is not from a page of ours, or its session has ended; expected its {FORM_FIELD}"
        )
    if not same_origin(request.headers):
        raise HTTPException(403, "the form is not from a page of ours")
