"""Keeps metrics.value: hourly and daily figures of closed hours and ended days, recomputed where a change can reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import psycopg

from metrics import aqi, figures, inputs
from metrics.definition import Grain, definitions
from metrics.inputs import HOUR, Window
from metrics.model import MetricValue
from metrics.shared import Shared

#: Hours in which nothing at all was heard are caught up with for this long.
CATCH_UP = timedelta(days=3)

#: Hours of devices that are computed together, about: each query is planned once for all of them, and all fit in memory.
DEVICE_HOURS = 25_000

#: Columns of metrics.value in the order of the copy.
COLUMNS = (
    "metric", "subject", "grain", "window_start", "window_end", "numerator", "denominator", "unit",
    "coverage_numerator", "coverage_denominator", "devices", "origins", "quality", "method", "backfilled", "shared", "definition",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Local days of one district that are computed together."""

    district: str
    zone: ZoneInfo
    days: Sequence[date]
    #: end of the last hour that has figures
    last: datetime


def store_values(connection: psycopg.Connection, changed: Sequence[tuple[int, datetime]], now: datetime) -> int:
    """Computes and stores the hourly and daily values that changed hours can reach, in the caller's transaction.

    Args:
        connection: to the migrated database.
        changed: (datastream id, hour) of recomputed roll-ups, all of closed hours.
        now: the present, UTC.

    Returns:
        How many rows of metrics.value were put or deleted.
    """
    file(connection, changed)
    written = 0
    while stretch := oldest(connection):
        written += compute(connection, stretch, now)
    return written


def file(connection: psycopg.Connection, changed: Sequence[tuple[int, datetime]]) -> None:
    """Files the local days whose figures changed hours can reach in metrics.due, in the caller's transaction.

    A change reaches all hours of its local day (balances run from midnight), the first of the next one (silence runs
    over midnight) and as many more as the AQI edition averages over; whole days are therefore recomputed.

    Args:
        connection: to the migrated database.
        changed: (datastream id, hour) of recomputed roll-ups, all of closed hours.
    """
    if not changed:
        return
    names: dict[int, str] = dict(
        connection.execute(
            "SELECT id, district FROM ingest.datastream WHERE id = ANY (%s)", ([stream for stream, _ in changed],)
        ).fetchall()
    )
    by_district: dict[str, set[datetime]] = {}
    for stream, hour in set(changed):
        by_district.setdefault(names[stream], set()).add(hour.astimezone(UTC))
    for district, hours in sorted(by_district.items()):
        try:
            zone = inputs.zone_of(connection, district)
        except LookupError:
            continue  # readings of a district whose catalogue was never applied have no register to be divided by
        until = max(hours) + HOUR
        connection.execute(
            "INSERT INTO metrics.due (district, day, until) SELECT %s, day, %s FROM unnest(%s::date[]) AS d (day)",
            (district, until, _days(hours, zone, _filed(connection, district))),
        )


def oldest(connection: psycopg.Connection, *, settled: bool = False) -> Stretch | None:
    """Takes the oldest days of a district out of metrics.due; they are the caller's to compute in this transaction.

    Args:
        connection: to the migrated database.
        settled: leave the newest days alone, which hours that are still rolled up in order of time would reach again.

    Returns:
        None where nothing is due.
    """
    row = connection.execute(_sql("due.sql"), {"device_hours": DEVICE_HOURS, "settled": settled}).fetchone()
    if row is None:
        return None
    district, days, until = row
    newest = _newest(connection, district)
    return Stretch(
        district=district,
        zone=inputs.zone_of(connection, district),
        days=days,
        last=until if newest is None else max(until, newest),
    )


def waiting(connection: psycopg.Connection) -> int:
    """Returns how many days are due."""
    row = connection.execute("SELECT count(DISTINCT (district, day)) FROM metrics.due").fetchone()
    connection.commit()
    return row[0] if row else 0


def compute(connection: psycopg.Connection, stretch: Stretch, now: datetime) -> int:
    """Computes and stores the figures of days, in the caller's transaction; values of days when the day has ended.

    Returns:
        How many rows of metrics.value were put or deleted.
    """
    district, zone = stretch.district, stretch.zone
    edges = [(inputs.midnight(day, zone), inputs.midnight(day + timedelta(days=1), zone)) for day in stretch.days]
    hours = [
        Window(start=hour, end=hour + HOUR)
        for start, end in edges
        for hour in inputs.hours(start, min(end, stretch.last))
    ]
    ended = [Window(start=start, end=end) for start, end in edges if end <= min(stretch.last, now)]
    written = 0
    for grain, windows in ((Grain.HOUR, hours), (Grain.DAY, ended)):
        for group in inputs.dated(windows, zone):
            shared = Shared(connection, district, group, zone)
            values = [
                value
                for definition in definitions().values()
                if (kinds := definition.store.get(grain))
                for value in figures.compute(
                    connection,
                    definition,
                    district,
                    group,
                    zone,
                    None,
                    None,
                    kinds=kinds,
                    streams=False,
                    shared=shared,
                )
            ]
            shared.drop()
            written += _write(connection, district, grain, group, values)
    return written


def _newest(connection: psycopg.Connection, district: str) -> datetime | None:
    """End of the newest hour with figures."""
    row = connection.execute(
        "SELECT max(v.window_end) FROM unnest(%s::text[]) AS m (name) CROSS JOIN LATERAL ("
        "SELECT window_end FROM metrics.value WHERE district = %s AND metric = m.name AND grain = 'hour'"
        " ORDER BY window_start DESC LIMIT 1) v",
        ([definition.name for definition in definitions().values() if Grain.HOUR in definition.store], district),
    ).fetchone()
    return row[0] if row else None


def _filed(connection: psycopg.Connection, district: str) -> datetime | None:
    """End of the newest hour that has figures, or will have."""
    row = connection.execute("SELECT max(until) FROM metrics.due WHERE district = %s", (district,)).fetchone()
    return max((end for end in (_newest(connection, district), row and row[0]) if end), default=None)


def _days(changed: set[datetime], zone: ZoneInfo, newest: datetime | None) -> list[date]:
    """Local days to recompute: those of the changes and of hours that came to their end unheard."""
    found = set()
    for hour in sorted(changed):
        day = hour.astimezone(zone).date()
        found |= {day, (hour + aqi.edition_on(day).particle_mean_h * HOUR).astimezone(zone).date()}
        if newest is not None:
            found |= {unheard.astimezone(zone).date() for unheard in inputs.hours(max(newest, hour - CATCH_UP), hour)}
        newest = max(newest or hour, hour + HOUR)
    return sorted(found)


def _write(
    connection: psycopg.Connection,
    district: str,
    grain: Grain,
    windows: Sequence[Window],
    values: Iterable[MetricValue],
) -> int:
    """Brings the rows of these windows to the values; untouched ones stay as they are."""
    connection.execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS value_found (LIKE metrics.value) ON COMMIT DROP; TRUNCATE value_found"
    )
    with connection.cursor().copy(f"COPY value_found (district, {', '.join(COLUMNS)}) FROM STDIN") as copy:
        for v in values:
            copy.write_row((
                district, v.metric, v.subject, grain.value, v.start, v.end, v.numerator, v.denominator, v.unit,
                v.coverage_numerator, v.coverage_denominator, list(v.devices), list(v.origins), v.quality.value,
                v.method, v.backfilled, v.shared, v.definition,
            ))  # fmt: skip
    row = connection.execute(
        _sql("values.sql"),
        {"district": district, "grain": grain.value, "windows": [window.start for window in windows]},
    ).fetchone()
    return row[0] if row else 0


@cache
def _sql(name: str) -> bytes:
    return resources.files("metrics").joinpath(name).read_bytes()
