"""Clock hours and local days of a zone, from the pinned `tzdata` package.

The system's zone files and PostgreSQL's differ between machines, and a figure must not. SQL reads `metrics.local_day`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import NamedTuple
from zoneinfo import ZoneInfo

from psycopg import Connection

#: Local days are known for these years; readings of sensors are younger, plans do not reach further.
FIRST_YEAR, LAST_YEAR = 2000, 2049

#: Night as the field has it: it runs over midnight and belongs to the day it starts (night economy statistics of 2021).
NIGHT = (time(18), time(6))

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Window(NamedTuple):
    """Half-open, in UTC."""

    start: datetime
    end: datetime


class ZoneError(Exception):
    """A zone that is unknown, or whose clock hours do not stay in step with UTC."""


@cache
def zone(name: str) -> ZoneInfo:
    """The zone from the pinned `tzdata`, whatever the system has."""
    parts = name.split("/")
    file = resources.files("tzdata").joinpath("zoneinfo", *parts)
    if ".." in parts or not file.is_file():
        raise ZoneError(f"expected a zone like 'Asia/Shanghai', got {name!r}")
    with file.open("rb") as stream:
        try:
            return ZoneInfo.from_file(stream, key=name)
        except ValueError as error:
            raise ZoneError(f"expected a zone like 'Asia/Shanghai', got {name!r}") from error


def hour_offset_us(name: str) -> int:
    """Where the zone's clock hours begin within the UTC hour [µs]; 0 for most, 30 min for Asia/Kolkata.

    Raises:
        ZoneError: the zone shifts by part of an hour from time to time, as Australia/Lord_Howe does.
    """
    return _grid(name)[1]


def midnight(name: str, day: date) -> datetime:
    """The instant in UTC at which a local day begins; where 00:00 is skipped by summer time, the first that exists."""
    return at(name, day, time())


def local_day(name: str, day: date) -> Window:
    """[start, end) of a local day: 23, 24 or 25 hours."""
    return Window(midnight(name, day), midnight(name, day + timedelta(days=1)))


def at(name: str, day: date, clock: time) -> datetime:
    """The instant in UTC of a local wall time; of an hour that comes twice the first, in a gap the instant it ends."""
    return _instant(zone(name), datetime.combine(day, clock))


def night(name: str, day: date) -> Window:
    """18:00 of the day to 06:00 of the next: 11, 12 or 13 hours."""
    return Window(at(name, day, NIGHT[0]), at(name, day + timedelta(days=1), NIGHT[1]))


def opening(name: str, day: date, hours: Mapping[str, Sequence[str]]) -> list[Window]:
    """Opening windows that begin on a local day.

    Args:
        name: the zone.
        day: the local day.
        hours: weekday -> windows as ``["10:00-22:00"]``; one that ends before it begins runs into the next day, and
            ``24:00`` is the end of the day.
    """
    return [
        Window(at(name, day, start), at(name, day + timedelta(days=1 if end <= start else 0), end))
        for start, end in (_span(text) for text in hours.get(WEEKDAYS[day.weekday()], ()))
    ]


def of_districts(connection: Connection) -> dict[str, str]:
    """District -> its zone as registered now; a district without one is not in it."""
    rows = connection.execute(
        "SELECT DISTINCT ON (district) district, body->>'zone' FROM ingest.fact WHERE kind = 'district'"
        " ORDER BY district, valid_from DESC, rev DESC"
    ).fetchall()
    return dict(rows)


def fill(connection: Connection, names: Sequence[str]) -> None:
    """Write the local days of zones into `metrics.local_day`, where they are missing."""
    for name in names:
        first, _ = _grid(name)
        last = date(LAST_YEAR, 12, 31)
        known = connection.execute(
            "SELECT count(*) FROM metrics.local_day WHERE zone = %s AND day BETWEEN %s AND %s", (name, first, last)
        ).fetchone()
        if known == ((last - first).days + 1,):
            continue
        connection.execute("DELETE FROM metrics.local_day WHERE zone = %s", (name,))
        with connection.cursor().copy("COPY metrics.local_day (zone, day, start, stop) FROM STDIN") as copy:
            for day, window in _days(name, first, last):
                copy.write_row((name, day, window.start, window.end))


def _days(name: str, first: date, last: date) -> Iterator[tuple[date, Window]]:
    start = midnight(name, first)
    for n in range((last - first).days + 1):
        end = midnight(name, first + timedelta(days=n + 1))
        yield first + timedelta(days=n), Window(start, end)
        start = end


@cache
def _grid(name: str) -> tuple[date, int]:
    """The first day from which the clock hours keep their place within the UTC hour, and that place [µs]."""
    place = zone(name)
    first, place_us = date(FIRST_YEAR, 1, 1), None
    for n in range((date(LAST_YEAR, 12, 31) - first).days):  # a shift stays for longer than a day
        day = date(FIRST_YEAR, 1, 1) + timedelta(days=n)
        offset = place.utcoffset(datetime.combine(day, time(12)))
        here = -int(offset.total_seconds() if offset else 0) % 3600 * 1_000_000
        if here != place_us:
            first, place_us = (day + timedelta(days=1) if n else day), here
    if first.year > FIRST_YEAR + 20 or place_us is None:
        raise ZoneError(f"expected a zone whose clock shifts by whole hours, like 'Australia/Sydney', got {name!r}")
    return first, place_us


def _instant(place: ZoneInfo, wall: datetime) -> datetime:
    instant = wall.replace(tzinfo=place).astimezone(UTC)
    if instant.astimezone(place).replace(tzinfo=None) == wall:
        return instant
    # The wall time is skipped: the offset before the gap and the one after it enclose the instant of the shift.
    low, high = wall.replace(tzinfo=place, fold=1).astimezone(UTC), instant
    before = low.astimezone(place).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(place).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _span(text: str) -> tuple[time, time]:
    start, _, end = text.partition("-")
    return time.fromisoformat(start), time() if end == "24:00" else time.fromisoformat(end)
