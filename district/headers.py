"""What goes with every answer: what a browser may do with it, who may keep it, and whether it has changed."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Pages and API answer from this machine alone: nothing is loaded from elsewhere, and nobody else frames them.
ALWAYS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
    " form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: a browser would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: A page may show what the next person at the same machine may not see; an answer of the API is kept by who asked, and
#: asked for again by its ETag.
PAGE, DATA = "private, no-store", "private, no-cache"


class AnswerHeaders:
    """Adds the headers to answers; a GET of what the caller has already is answered with 304 (RFC 9110, 13.1.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        held: dict[str, Message] = {}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(ALWAYS)
                kind = headers.get("content-type", "")
                headers.setdefault(
                    "Cache-Control", PAGE if kind.startswith("text/html") or message["status"] != 200 else DATA
                )
                varies = {word.strip() for word in headers.get("vary", "").split(",")} - {""}
                headers["Vary"] = ", ".join(sorted(varies | {"Accept", "Authorization", "Cookie"}))
                if scope["method"] == "GET" and message["status"] == 200:
                    held["start"] = message  # until the body is known
                    return
            elif start := held.pop("start", None):
                if not message.get("more_body"):
                    message = _unless_known(start, message, asked)
                await send(start)
            await send(message)

        await self._app(scope, receive, answer)


def _unless_known(start: Message, body: Message, asked: Headers) -> Message:
    """Gives the answer its ETag, and takes its body away where the caller has it."""
    headers = MutableHeaders(scope=start)
    tag = f'"{hashlib.sha256(body.get("body", b"")).hexdigest()[:32]}"'
    headers.setdefault("ETag", tag)
    known = {entry.strip().removeprefix("W/") for entry in asked.get("if-none-match", "").split(",")}
    if not known & {"*", tag}:
        return body
    start["status"] = 304
    for name in ("content-length", "content-type"):
        del headers[name]
    return {**body, "body": b""}
