"""Times of foreign payloads: magnitude tells seconds from milliseconds, false times are recognised, zones are not guessed."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.formats.numbers import number
from ingest.formats.report import Naive, Time
from ingest.times import EPOCH, LATEST, MICROSECOND, from_rfc3339

#: 2001-01-01: a clock that was never set stands in the year 2000, or before. Our choice.
EARLIEST = 978_307_200_000_000

#: µs in the unit of an epoch number; inside the plausible years no two of them meet.
_SCALES = ((1_000_000, 1), (1_000, 1), (1, 1), (1, 1_000))

_TEXT = re.compile(
    r"\s*(?P<year>\d{4})(?P<sep>[-/]?)(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})(?:T|\s+)"
    r"(?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?\s*",
    re.IGNORECASE | re.ASCII,
)
_FIELDS = ("year", "month", "day", "hour", "minute", "second")


def from_number(value: object) -> int | None:
    """µs since 1970 UTC of an epoch number in s, ms, µs or ns; None: in no unit a plausible year.

    >>> from_number(1795392900), from_number(1795392900123), from_number(1795392900.5), from_number(0)
    (1795392900000000, 1795392900123000, 1795392900500000, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    for factor, divisor in _SCALES:
        # In range before it is rounded: what overflows, or is no number, is in no range.
        found = value * factor // divisor if isinstance(value, int) else value * factor / divisor
        if EARLIEST <= found < LATEST:
            return round(found)
    return None


def from_text(text: str) -> Time:
    """The instant that a text names, a wall clock where it has no offset, None where it is no time or a false one.

    RFC 3339 with any number of digits, its compact spelling, `YYYY-MM-DD hh:mm:ss`, and epoch numbers as text.

    >>> from_text("2026-11-23T08:15:00.123456789+08:00"), from_text("20261123T001500Z"), from_text("0001-01-01T00:00:00Z")
    (1795392900123456, 1795392900000000, None)
    >>> from_text("2026-11-23 08:15:00")
    Naive(us=1795421700000000)
    """
    try:
        found = from_rfc3339(text)
    except (ValueError, OverflowError, IndexError):
        return _from_spelling(text)
    return found if EARLIEST <= found < LATEST else None


def instant(value: object) -> Time:
    """The time that a value of any type is: a text or an epoch number."""
    return from_text(value) if isinstance(value, str) else from_number(value)


def resolve(time: Time, zone: str) -> int | None:
    """µs since 1970 UTC; a wall clock is read in `zone` (IANA). An hour that comes twice is its first."""
    if not isinstance(time, Naive):
        return time
    wall = EPOCH.replace(tzinfo=None) + timedelta(microseconds=time.us)
    return (wall.replace(tzinfo=ZoneInfo(zone)) - EPOCH) // MICROSECOND


def _from_spelling(text: str) -> Time:
    match = _TEXT.fullmatch(text)
    if match is None:
        digits = text.strip()
        if digits.isascii() and digits.isdigit() and len(digits) <= 19:
            return from_number(int(digits))
        return from_number(number(digits)) if "." in digits else None
    if not match["sep"] and (len(match["month"]) != 2 or len(match["day"]) != 2):
        return None
    zone = match["zone"]
    try:
        year, month, day, hour, minute, second = (int(match[name] or 0) for name in _FIELDS)
        wall = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    us = (wall - EPOCH) // MICROSECOND + int(((match["fraction"] or "") + "000000")[:6])
    if not EARLIEST <= us < LATEST:
        return None
    if zone is None:
        return Naive(us)
    return us - _offset(zone)


def _offset(zone: str) -> int:
    """µs east of UTC."""
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (minutes if zone[0] == "+" else -minutes) * 60_000_000
