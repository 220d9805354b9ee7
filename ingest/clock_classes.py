"""Whether a device's clock is right, and what is wrong with it, from what it sent and from what was refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import psycopg
from psycopg.rows import class_row

from ingest.formats.clock import OUTSIDE_YEARS, SKEW
from ingest.statements import statement
from ingest.watch import Rules, rules

_HOUR_S = 3_600
_DAY_S = 86_400
#: Errors of refused messages are told in whole seconds: one time, told twice, is so far from itself at most.
_ROUNDED_S = 2
#: An offset from UTC beyond this is no zone [h].
_FARTHEST_ZONE = 14


class ClockClass(StrEnum):
    """What is wrong with a clock."""

    GOOD = "good"
    DRIFTING = "drifting"  # off by more than reports are under way, and by no whole hours
    WRONG_ZONE = "wrong_zone"  # off by whole hours
    UNSET = "unset"  # years behind: it was never set
    FROZEN = "frozen"  # reports come, their time stands still
    UNTIMED = "untimed"  # the device sends no time, or a false one: that of the receipt is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one clock; errors are arrival minus time [s]: above 0 the clock is behind."""

    district: str
    device: str
    #: declared; None: the catalogue does not have the device now
    interval_s: int | None
    readings: int
    untimed: int
    #: least and greatest error; None: nothing with a time of its own was taken
    least_s: int | None
    most_s: int | None
    first_time: datetime | None
    last_time: datetime | None
    #: least error in the first and the last hour, and how far these are apart
    early_s: int | None
    late_s: int | None
    apart_s: int | None
    #: messages, or parts of one, in quarantine for their time; the error in the middle of them
    refused: int
    refused_s: int | None
    #: of these with a year that no clock has
    unset: int
    #: how far apart the times of refused ones are, to two seconds (None: they say none), and how long they came [s]
    refused_spread_s: float | None
    refused_during_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceClock:
    """The clock of one device."""

    district: str
    device: str
    clock: ClockClass
    #: how far it is behind (above 0) or ahead [s]; None: not known
    error_s: int | None
    #: how much farther behind it gets a day [s]; None: seen for less than an hour
    drift_s_per_day: float | None
    #: what that means, in words
    said: str
    readings: int
    refused: int


def device_clocks(
    connection: psycopg.Connection, since: datetime, *, district: str | None = None
) -> Iterator[DeviceClock]:
    """The clocks of all devices that sent anything live since then, by district and device.

    Args:
        connection: to a migrated database.
        since: aware; counted from the full hour.
        district: None: all.
    """
    wanted = {
        "since": since.replace(minute=0, second=0, microsecond=0), "district": district, "told": SKEW,
        "unset": f"%{OUTSIDE_YEARS}%",
    }  # fmt: skip
    with connection.cursor(row_factory=class_row(Seen)) as cursor:
        for seen in cursor.execute(statement("device_clocks"), wanted):
            yield judged(seen, rules())


def judged(seen: Seen, limits: Rules) -> DeviceClock:
    """The class of one clock. What is refused outweighs what is taken only where it is more."""
    timed = seen.readings - seen.untimed
    refused = seen.refused > timed
    error = seen.refused_s if refused else seen.least_s
    clock, said = _class(seen, error, limits, refused=refused)
    drift = None
    if not refused and seen.early_s is not None and seen.late_s is not None and seen.apart_s:
        drift = (seen.late_s - seen.early_s) * _DAY_S / seen.apart_s
    return DeviceClock(
        district=seen.district, device=seen.device, clock=clock, error_s=error, drift_s_per_day=drift, said=said,
        readings=seen.readings, refused=seen.refused,
    )  # fmt: skip


def _class(seen: Seen, error: int | None, limits: Rules, *, refused: bool) -> tuple[ClockClass, str]:
    if _stands_still(seen, limits, refused=refused):
        last = f" at {seen.last_time:%Y-%m-%d %H:%M:%SZ}" if seen.last_time is not None and not refused else ""
        return ClockClass.FROZEN, f"reports come, their time stands still{last}"
    if (refused and seen.unset * 2 > seen.refused) or (error is not None and error > limits.clock.unset.value):
        return ClockClass.UNSET, "never set: its times are years behind"
    if error is None:
        return ClockClass.UNTIMED, "sends no time that can be used; that of the receipt is taken"
    side = "behind" if error > 0 else "ahead"
    hours = round(error / _HOUR_S)
    if hours and abs(hours) <= _FARTHEST_ZONE and abs(error - hours * _HOUR_S) <= limits.clock.whole_hours.value:
        noun = "hour" if abs(hours) == 1 else "hours"
        return (
            ClockClass.WRONG_ZONE,
            f"{abs(hours)} {noun} {side}, exactly: set the zone of the device, or declare `zone`",
        )
    if abs(error) > limits.clock.good.value:
        return ClockClass.DRIFTING, f"{abs(error)} s {side}"
    return ClockClass.GOOD, f"{abs(error)} s {side}" if error else "right"


def _stands_still(seen: Seen, limits: Rules, *, refused: bool) -> bool:
    """Whether reports came over several intervals under one time."""
    long = limits.clock.frozen.value * (seen.interval_s or _HOUR_S)
    if refused:
        one = seen.refused_spread_s is not None and seen.refused_spread_s < _ROUNDED_S
        return one and seen.refused >= limits.clock.frozen.value and seen.refused_during_s >= long
    if seen.least_s is None or seen.most_s is None or seen.first_time is None or seen.last_time is None:
        return False
    one = (seen.last_time - seen.first_time).total_seconds() < _ROUNDED_S
    return one and seen.most_s - seen.least_s >= long
