"""Who asks over HTTP, as far as a part of the platform has to know; the guard of the service says it."""

from dataclasses import dataclass

from fastapi import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The one behind a request."""

    #: as it is stored with what they do; empty: nobody who may change anything
    name: str
    #: sees small counts of people as they are
    exact: bool


#: Behind a request that no guard has looked at.
NOBODY = Caller(name="", exact=False)


def caller(request: Request) -> Caller:
    """The one whom the guard has found behind the request."""
    found = getattr(request.state, "caller", NOBODY)
    assert isinstance(found, Caller)
    return found
