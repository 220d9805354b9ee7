"""The hours that windows read, and the register's frame around them: the parameters of inputs.sql."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import zip_longest
from zoneinfo import ZoneInfo

import psycopg

from metrics import aqi, parameters, zones
from metrics.definition import Definition, Grain, Reach
from metrics.rollup import rules

HOUR = timedelta(hours=1)

#: Upper edge of the open class of lateness [s]: older live messages are refused (clock limit of 30 days).
OLDEST_S = 30 * 86_400


class WindowError(ValueError):
    """A window does not fit the metric; the message says which would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open window in UTC."""

    start: datetime
    end: datetime


#: Named queries of inputs.sql with a file of their own: what many metrics read, each from what stands before it.
SHARED = ("presence", "up")


@cache
def prelude(tables: tuple[str, ...] = ()) -> str:
    """Returns inputs.sql.

    Args:
        tables: temporary tables that hold the rows of the first queries of `SHARED`, in their order.
    """
    folder = resources.files("metrics")
    text = folder.joinpath("inputs.sql").read_text(encoding="utf-8")
    for name, table in zip_longest(SHARED, tables):
        if table:
            query = f"(SELECT s.* FROM {table} s JOIN device d ON d.device = s.device AND d.valid_from = s.valid_from)"  # noqa: S608  a name of ours
        else:
            query = f"MATERIALIZED (\n{folder.joinpath(f'{name}.sql').read_text(encoding='utf-8')})"
        text = text.replace(f"{{{name}}}", query)
    return text


@cache
def lateness_edges_s() -> tuple[int, ...]:
    """Returns the upper edges of the classes of lateness [s], that of the open class included."""
    return (*rules().lateness_edges.value, OLDEST_S)


def zone_of(connection: psycopg.Connection, district: str, revision: int | None = None) -> ZoneInfo:
    """Returns the district's zone.

    Raises:
        LookupError: the register knows no such district.
    """
    row = connection.execute(
        "SELECT f.body->>'zone' FROM ingest.facts(%s, 'district', %s) f ORDER BY f.valid_from DESC LIMIT 1",
        (district, revision),
    ).fetchone()
    if row is None:
        raise LookupError(f"no district {district!r} in the catalogue; apply one with `district catalogue apply FILE`")
    return zones.zone(row[0])


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Returns the start of a local day in UTC."""
    return zones.midnight(zone.key, day)


def instant(text: str, zone: ZoneInfo) -> datetime:
    """Returns the instant that a date (its local midnight) or an RFC 3339 time names.

    Raises:
        WindowError: quoting the text and a good one.
    """
    try:
        return midnight(date.fromisoformat(text), zone)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise WindowError(f"expected a date like 2026-11-01 or a time like 2026-11-01T08:00:00+08:00, got {text!r}")
    return found.astimezone(UTC)


def split(start: datetime, end: datetime, grain: Grain, zone: ZoneInfo) -> list[Window]:
    """Returns the windows of a grain in [start, end): local days have 23, 24 or 25 hours.

    Raises:
        WindowError: the window does not begin and end at a local hour, or at a local midnight where days are wanted.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if start >= end:
        raise WindowError(f"expected a start before its end, got {start.isoformat()} to {end.isoformat()}")
    for edge in (start, end):
        local = edge.astimezone(zone)
        if (local.minute, local.second, local.microsecond) != (0, 0, 0):
            full = local.replace(minute=0, second=0, microsecond=0)
            raise WindowError(f"expected a full hour of {zone.key} like {full.isoformat()}, got {local.isoformat()}")
    if grain is Grain.WINDOW:
        return [Window(start=start, end=end)]
    if grain is Grain.HOUR:
        return [Window(start=hour, end=hour + HOUR) for hour in hours(start, end)]
    found = []
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    if midnight(first, zone) != start or midnight(last, zone) != end:
        raise WindowError(
            f"days run from midnight to midnight of {zone.key}, got {start.isoformat()} to {end.isoformat()}"
        )
    while first < last:
        following = first + timedelta(days=1)
        found.append(Window(start=midnight(first, zone), end=midnight(following, zone)))
        first = following
    return found


def is_day(window: Window, zone: ZoneInfo) -> bool:
    """Returns whether the window is one local day."""
    day = window.start.astimezone(zone).date()
    return (window.start, window.end) == (midnight(day, zone), midnight(day + timedelta(days=1), zone))


def hours(start: datetime, end: datetime) -> Iterator[datetime]:
    """Yields the hours of [start, end)."""
    while start < end:
        yield start
        start += HOUR


def reach(definition: Definition, window: Window, zone: ZoneInfo) -> datetime:
    """Returns the first hour that a window's value looks at."""
    local = window.start.astimezone(zone)
    match definition.reach:
        case Reach.WINDOW:
            return window.start
        case Reach.DAY:
            return midnight((window.end - HOUR).astimezone(zone).date(), zone)
        case Reach.PARTICLE_MEAN:
            return window.end - aqi.edition_on(local.date()).particle_mean_h * HOUR


def bind(
    definition: Definition | None, district: str, windows: Sequence[Window], zone: ZoneInfo, revision: int | None
) -> dict[str, object]:
    """Returns the parameters of inputs.sql for windows with the same dated parameters; no definition: no metric."""
    rows = [
        (window.start, window.end, hour, local.hour, local.date())
        for window in windows
        for hour in hours(reach(definition, window, zone) if definition else window.start, window.end)
        for local in (hour.astimezone(zone),)
    ]
    day = windows[0].start.astimezone(zone).date()
    return {
        **parameters.on(day),
        "district": district,
        "revision": revision,
        "zone": zone.key,
        "feed": definition.devices.feed if definition else None,
        "role": definition.devices.role if definition else None,
        "has": definition.devices.has if definition else None,
        "flows": list(definition.flows) if definition else [],
        "start": min(row[2] for row in rows),
        "stop": max(row[2] for row in rows) + HOUR,
        "window_start": [row[0] for row in rows],
        "window_end": [row[1] for row in rows],
        "hour": [row[2] for row in rows],
        "local_hour": [row[3] for row in rows],
        "day": [row[4] for row in rows],
        "edges_s": list(lateness_edges_s()),
        "edition": aqi.edition_on(day).since.isoformat(),
        "pollutants": [f"env.{pollutant}" for pollutant in aqi.standard().digits],
        "moving_share": aqi.standard().covered_share,
    }


def dated(windows: Sequence[Window], zone: ZoneInfo) -> list[list[Window]]:
    """Returns the windows in groups of the same dated parameters and AQI edition."""
    groups: dict[tuple[object, ...], list[Window]] = {}
    for window in windows:
        day = window.start.astimezone(zone).date()
        groups.setdefault((*parameters.on(day).values(), aqi.edition_on(day).since), []).append(window)
    return list(groups.values())
