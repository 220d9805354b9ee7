"""Times as they stand in payloads, as integer microseconds since 1970 UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
#: 2000-01-01: before it, a clock was not set, or a number was not in milliseconds.
EARLIEST = 946_684_800_000_000
#: 2100-01-01
LATEST = 4_102_444_800_000_000

#: Whole seconds that were parsed before: devices report the same second in different spellings of its fraction.
_seconds: dict[str, int] = {}
_SECONDS_KEPT = 20_000
#: Milliseconds as most devices spell them, in µs.
_MILLISECONDS = {f"{n:03}": n * 1000 for n in range(1000)}


def from_rfc3339(text: str) -> int:
    """Microseconds of an RFC 3339 time with offset; digits below a microsecond are cut.

    Raises:
        ValueError: not a time, or without an offset.

    >>> from_rfc3339("2026-11-23T08:15:00.1234567+08:00")
    1795392900123456
    """
    if (seconds := _seconds.get(text)) is not None:
        return seconds
    if text[23:] == "Z" and text[19] == "." and (fraction := _MILLISECONDS.get(text[20:23])) is not None:
        microseconds, text = fraction, text[:19] + "Z"
    elif text[19:20] == ".":
        end = len(text) - 1 if text[-1] == "Z" else len(text) - 6
        digits, text = text[20:end], text[:19] + text[end:]
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError(f"{text!r} has no digits after the point")
        microseconds = int((digits + "00000")[:6])
    else:
        microseconds = 0
    if (seconds := _seconds.get(text)) is None:
        stamp = datetime.fromisoformat(text)
        if stamp.tzinfo is None:
            raise ValueError(f"{text!r} has no offset from UTC")
        seconds = (stamp - EPOCH) // MICROSECOND
        if len(_seconds) >= _SECONDS_KEPT:
            _seconds.clear()
        _seconds[text] = seconds
    return seconds + microseconds


def to_datetime(microseconds: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


def from_datetime(instant: datetime) -> int:
    """Microseconds of an aware datetime."""
    return (instant - EPOCH) // MICROSECOND
