"""JSON of foreign payloads, with the reason why it cannot be read."""

import orjson

from ingest.model import PayloadError, Reason


def read(payload: bytes) -> object:
    """The document of a payload.

    Raises:
        PayloadError: not UTF-8, or not JSON.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        try:
            payload.decode("utf-8")
        except UnicodeDecodeError as bad:
            raise PayloadError(Reason.BAD_ENCODING, f"not UTF-8 at byte {bad.start}") from bad
        detail = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise PayloadError(Reason.BAD_JSON, detail) from error


def mapping(document: object, what: str) -> dict[str, object]:
    """The document as an object.

    Raises:
        PayloadError: it is something else.
    """
    if not isinstance(document, dict):
        raise PayloadError(Reason.BAD_SHAPE, f"{what}: expected an object, got {type(document).__name__}")
    return document
