"""Local days of a zone as seconds since 1970 UTC. A day is named by its proleptic ordinal, like `date.toordinal`."""

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from simulators.draw import Whole


@cache
def day_start(zone: str, day: int) -> int:
    """The first instant of local `day`, [s since 1970 UTC]."""
    return int(datetime.combine(date.fromordinal(day), time(), ZoneInfo(zone)).timestamp())


def day_of(zone: str, instant: int) -> int:
    """The local day that holds `instant` [s since 1970 UTC].

    >>> date.fromordinal(day_of("Asia/Shanghai", 1_790_956_800)).isoformat()
    '2026-10-03'
    """
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).date().toordinal()


def days_between(zone: str, start: int, end: int) -> range:
    """The local days that [start, end) [s since 1970 UTC] touches."""
    return range(day_of(zone, start), day_of(zone, end - 1) + 1) if start < end else range(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Instants and where they lie in their local days; arrays of one shape."""

    #: ordinal of the local day
    day: Whole
    #: since the day's first instant [s]
    elapsed: Whole
    #: length of the day [s]: 82,800, 86,400 or 90,000
    length: Whole


def place(zone: str, instants: Whole) -> Placed:
    """The local day of each instant [s since 1970 UTC] and the time elapsed in it."""
    if not instants.size:
        return Placed(day=instants, elapsed=instants, length=instants)
    days = days_between(zone, int(instants.min()), int(instants.max()) + 1)
    starts = np.array([day_start(zone, day) for day in (*days, days.stop)], dtype=np.int64)
    which = np.searchsorted(starts, instants, side="right") - 1
    return Placed(day=which + days.start, elapsed=instants - starts[which], length=starts[which + 1] - starts[which])


def is_weekend(day: Whole) -> Whole:
    """1 for Saturdays and Sundays, else 0."""
    return ((day + 6) % 7 >= 5).astype(np.int64)
