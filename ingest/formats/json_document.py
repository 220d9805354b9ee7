"""JSON of foreign payloads, with the reason why it cannot be read."""

import json

import orjson

from ingest.model import PayloadError, Reason

#: What the parser says of a number that no double holds.
_TOO_LARGE = "infinity"


def read(payload: bytes) -> object:
    """The document of a payload; of one document a line, a list of them.

    NaN, infinities and numbers too large for a double are read as such, and refused one by one.

    Raises:
        PayloadError: not UTF-8, or not JSON.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        return _tolerant(payload, error)


def mapping(document: object, what: str) -> dict[str, object]:
    """The document as an object.

    Raises:
        PayloadError: it is something else.
    """
    if not isinstance(document, dict):
        raise PayloadError(Reason.BAD_SHAPE, f"{what}: expected an object, got {type(document).__name__}")
    return document


def sequence(document: object, what: str) -> list[object]:
    """The document as a list.

    Raises:
        PayloadError: it is something else.
    """
    if not isinstance(document, list):
        raise PayloadError(Reason.BAD_SHAPE, f"{what}: expected a list, got {type(document).__name__}")
    return document


def _tolerant(payload: bytes, error: orjson.JSONDecodeError) -> object:
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise PayloadError(Reason.BAD_ENCODING, f"not UTF-8 at byte {bad.start}") from bad
    detail = f"{error.msg} at line {error.lineno}, column {error.colno}" if text else "empty payload"
    if (lines := _lines(payload)) is not None:
        return lines
    if not any(mark in text for mark in ("NaN", "Infinity")) and _TOO_LARGE not in error.msg:
        raise PayloadError(Reason.BAD_JSON, detail) from error
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as bad:
        raise PayloadError(Reason.BAD_JSON, detail) from bad
    return document


def _lines(payload: bytes) -> list[object] | None:
    """One object a line, as exports and bridges write them; None: it is something else."""
    lines = [line for line in payload.split(b"\n") if line.strip()]
    if len(lines) < 2 or not all(line.lstrip()[:1] == b"{" and line.rstrip()[-1:] == b"}" for line in lines):
        return None
    try:
        return [orjson.loads(line) for line in lines]
    except orjson.JSONDecodeError:
        return None
