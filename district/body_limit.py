"""Bodies larger than anything the service takes are refused while they come."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: A decision, a correction or the record of a paper is far smaller (our choice).
MOST_BYTES = 1 << 20


class BodyLimit:
    """Counts what comes; whoever reads on past the limit gets a 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        come = 0

        async def counted() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > MOST_BYTES:
                raise HTTPException(413, f"expected a body of at most {MOST_BYTES} bytes, got more")
            return message

        await self._app(scope, counted, send)
