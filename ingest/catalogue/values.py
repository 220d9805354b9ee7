"""The small types of a `district.yaml`: ids, durations, instants, opening hours, amounts."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

from ingest.yaml_document import Key

ID_PATTERN = r"[a-z0-9][a-z0-9_-]{0,63}"
ID_NOUN = "an id of a-z, 0-9, _ and - (at most 64)"
_UNIT_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def parse_duration(text: object) -> timedelta:
    """A duration from its text.

    >>> parse_duration("5min")
    datetime.timedelta(seconds=300)
    """
    match = re.fullmatch(r"([1-9][0-9]{0,8})(s|min|h|d)", text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("expected a duration like 60s or 5min")
    return timedelta(seconds=int(match[1]) * _UNIT_S[match[2]])


def _only_text(value: object) -> object:
    """Pydantic would take a number for seconds since 1970."""
    if not isinstance(value, str | date):
        raise ValueError("expected a text")  # noqa: TRY004 - pydantic turns only ValueError into a report
    return value


Id = Annotated[str, Field(pattern=f"^{ID_PATTERN}$"), Key("", "mall-a", ID_NOUN)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration), Key("", "60s or 5min", "a duration")]
Day = Annotated[date, BeforeValidator(_only_text), Key("", "2026-10-01", "a date")]
Moment = Annotated[
    AwareDatetime, BeforeValidator(_only_text), Key("", "2026-10-01T08:00:00+08:00", "an instant with its offset")
]
Amount = Annotated[Decimal, Field(gt=0), Key("", "120.5", "a number above 0")]
Count = Annotated[int, Field(ge=0), Key("", "120", "a whole number, 0 or more")]
Text = Annotated[str, Field(min_length=1), Key("", "Lakeside mall", "a text")]
Hours = Annotated[
    str,
    Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"),
    Key("", '"10:00-22:00"', "opening hours"),
]
