"""What routes of all parts are asked with: ids, instants and texts that the database can hold."""

from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import AwareDatetime, BeforeValidator, Field

#: What PostgreSQL takes as text, and what is more than blanks besides.
TEXT = r"^[^\x00]*$"
SAID = r"^[^\x00]*[^ \t\r\n\x00][^\x00]*$"
#: The largest number that every reader of JSON holds exactly (RFC 8259, 6).
MOST = 2**53 - 1


def _written(value: object) -> object:
    """A time or date is text here: a bare number could be seconds or milliseconds."""
    if not isinstance(value, str) or not value[4:5] == "-":
        raise ValueError(f"expected a text like 2026-11-23T08:00:00+08:00 or 2026-11-23, got {value!r}")
    return value


#: RFC 3339 with its offset.
Instant = Annotated[AwareDatetime, BeforeValidator(_written)]
Day = Annotated[date, BeforeValidator(_written)]
District = Annotated[
    str, Path(pattern="^[a-z0-9][a-z0-9_-]{0,63}$", description="id of the district", examples=["lakeside-demo"])
]
Number = Annotated[int, Path(ge=1, le=MOST, description="number of the row", examples=[3])]
Why = Annotated[
    str,
    Field(
        pattern=SAID, max_length=2000, examples=["the gateway sent a test value"],
        description="for everybody who reads what rests on it",
    ),
]  # fmt: skip
