"""Keeps metrics.value: hourly and daily figures of closed hours and ended days, recomputed where a change can reach."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import psycopg

from metrics import aqi, figures, inputs, terms
from metrics.definition import Grain, definitions
from metrics.inputs import HOUR, Window
from metrics.model import MetricValue

#: Hours in which nothing at all was heard are caught up with for this long.
CATCH_UP = timedelta(days=3)

#: Columns of metrics.value in the order of the copy.
COLUMNS = (
    "metric", "subject", "grain", "window_start", "window_end", "numerator", "denominator", "unit",
    "coverage_numerator", "coverage_denominator", "devices", "origins", "quality", "method", "backfilled", "shared", "definition",
)  # fmt: skip


def store_values(connection: psycopg.Connection, changed: Sequence[tuple[int, datetime]], now: datetime) -> int:
    """Computes and stores the hourly and daily values that changed hours can reach.

    A change reaches all hours of its local day (balances run from midnight), the first of the next one (silence runs
    over midnight) and as many more as the AQI edition averages over; whole days are therefore recomputed. Values of
    days are stored when the day has ended. The caller's transaction is used.

    Args:
        connection: to the migrated database.
        changed: (datastream id, hour) of recomputed roll-ups, all of closed hours.
        now: the present, UTC.

    Returns:
        How many rows of metrics.value were put or deleted.
    """
    if not changed:
        return 0
    by_district: dict[str, set[datetime]] = {}
    names: dict[int, str] = dict(
        connection.execute(
            "SELECT id, district FROM ingest.datastream WHERE id = ANY (%s)", ([stream for stream, _ in changed],)
        ).fetchall()
    )
    for stream, hour in set(changed):
        by_district.setdefault(names[stream], set()).add(hour.astimezone(UTC))
    return sum(_store(connection, district, hours, now) for district, hours in sorted(by_district.items()))


def _store(connection: psycopg.Connection, district: str, changed: set[datetime], now: datetime) -> int:
    """One district's share of `store_values`."""
    try:
        zone = inputs.zone_of(connection, district)
    except LookupError:
        return 0  # readings of a district whose catalogue was never applied have no register to be divided by
    newest = _newest(connection, district)
    last = max(changed) + HOUR if newest is None else max(max(changed) + HOUR, newest)
    days = _days(changed, zone, newest)
    hours = [
        Window(start=hour, end=hour + HOUR)
        for day in days
        for hour in inputs.hours(inputs.midnight(day, zone), min(inputs.midnight(day + timedelta(days=1), zone), last))
    ]
    ended = [
        Window(start=inputs.midnight(day, zone), end=inputs.midnight(day + timedelta(days=1), zone))
        for day in days
        if inputs.midnight(day + timedelta(days=1), zone) <= min(last, now)
    ]
    written = 0
    for grain, windows in ((Grain.HOUR, hours), (Grain.DAY, ended)):
        for group in inputs.dated(windows, zone):
            with terms.share_presence(connection, district, group, zone):
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
                        shared=True,
                    )
                ]
            written += _write(connection, district, grain, group, values)
    return written


def _newest(connection: psycopg.Connection, district: str) -> datetime | None:
    """End of the newest hourly value."""
    row = connection.execute(
        "SELECT max(window_end) FROM metrics.value WHERE district = %s AND grain = 'hour'", (district,)
    ).fetchone()
    return row[0] if row else None


def _days(changed: set[datetime], zone: ZoneInfo, newest: datetime | None) -> list[date]:
    """Local days to recompute: those of the changes and of hours that came to their end unheard."""
    found = set()
    for hour in changed:
        day = hour.astimezone(zone).date()
        found |= {day, (hour + aqi.edition_on(day).particle_mean_h * HOUR).astimezone(zone).date()}
    if newest is not None and newest < max(changed):
        for hour in inputs.hours(max(newest, max(changed) - CATCH_UP), max(changed)):
            found.add(hour.astimezone(zone).date())
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
        resources.files("metrics").joinpath("values.sql").read_bytes(),
        {"district": district, "grain": grain.value, "windows": [window.start for window in windows]},
    ).fetchone()
    return row[0] if row else 0
