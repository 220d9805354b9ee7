"""Content hashes that come out the same on every machine, in every order of insertion and every session.

Canonical JSON after RFC 8785 with three rules of ours: an exact decimal is a JSON string of plain decimal text
without exponent and without trailing zeros, an instant is a string in UTC with microseconds, and keys are in the byte
order of their UTF-8 text. Binary floating point is refused: its text depends on who prints it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

Canonical: TypeAlias = (
    "str | bool | int | Decimal | datetime | date | Sequence[Canonical] | Mapping[str, Canonical] | None"
)


def decimal_text(number: Decimal) -> str:
    """`number` as plain decimal text: no exponent, no trailing zeros, no minus on zero.

    >>> decimal_text(Decimal("1.500")), decimal_text(Decimal("1E+3")), decimal_text(Decimal("-0.0"))
    ('1.5', '1000', '0')
    """
    if not number.is_finite():
        raise ValueError(f"expected a finite number like 0.95, got {number}")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def instant_text(instant: datetime) -> str:
    """`instant` in UTC with microseconds, like ``2026-11-23T08:15:00.000000Z``."""
    if instant.utcoffset() is None:
        raise ValueError(f"expected an instant with a zone, got {instant}")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: Canonical) -> bytes:
    """`value` as canonical JSON in UTF-8.

    >>> canonical({"b": [Decimal("0.90"), 2], "a": None})
    b'{"a":null,"b":["0.9",2]}'
    """
    return _text(value).encode()


def content_hash(value: Canonical) -> str:
    """SHA-256 of the canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def lines_hash(lines: Iterable[tuple[datetime, bytes]]) -> str:
    """SHA-256 over hour lines ``<instant> <hex digest>``, each with a line feed: the digest of one datastream.

    `lines` holds (start of the clock hour, digest of what was read in it) and must come in order of time.
    """
    digest = hashlib.sha256()
    for hour, content in lines:
        digest.update(f"{instant_text(hour)} {content.hex()}\n".encode())
    return digest.hexdigest()


def _text(value: Canonical) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Enum):
        return _text(value.value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f'"{decimal_text(value)}"'
    if isinstance(value, datetime):
        return f'"{instant_text(value)}"'
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    if isinstance(value, Mapping):
        pairs = sorted(value.items(), key=lambda pair: pair[0].encode())
        return "{" + ",".join(f"{_text(key)}:{_text(entry)}" for key, entry in pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_text(element) for element in value) + "]"
    raise TypeError(f"expected text, a whole number, Decimal or instant, got {type(value).__name__}")
