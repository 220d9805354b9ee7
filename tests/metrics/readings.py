"""Puts readings, facts and corrections into the tables by SQL, without a collector."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
from psycopg.types.json import Jsonb

from ingest.model import Flag

DISTRICT = "test-district"
#: A Monday; hours of a test count from here.
START = datetime(2026, 3, 2, tzinfo=UTC)

_batches = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One reading of a datastream."""

    at: datetime
    value: float
    span_us: int | None = None
    flags: int = 0
    late_s: int = 1


def at(minutes: float) -> datetime:
    """START plus minutes."""
    return START + timedelta(minutes=minutes)


def revise(connection: psycopg.Connection, district: str = DISTRICT) -> int:
    """A new revision of the catalogue."""
    row = connection.execute(
        "INSERT INTO ingest.revision (district, who, file_sha256, mode) VALUES (%s, 'test', '', 'apply') RETURNING rev",
        (district,),
    ).fetchone()
    assert row
    return int(row[0])


def register(
    connection: psycopg.Connection,
    kind: str,
    name: str,
    body: Mapping[str, object],
    *,
    since: datetime | None = None,
    district: str = DISTRICT,
    ended: bool = False,
) -> None:
    """One fact, valid since ever unless `since` says otherwise."""
    connection.execute(
        "INSERT INTO ingest.fact VALUES (%s, %s, %s, coalesce(%s, '-infinity'::timestamptz), %s, %s, %s)",
        (district, kind, name, since, revise(connection, district), Jsonb(dict(body)), ended),
    )


def zone(connection: psycopg.Connection, name: str, district: str = DISTRICT) -> None:
    """The zone of the district."""
    register(connection, "district", district, {"zone": name}, district=district)


def datastream(
    connection: psycopg.Connection, quantity: str, *, device: str = "dev", channel: str = "", district: str = DISTRICT
) -> int:
    """Serial number of a datastream, made if it is new."""
    row = connection.execute(
        "INSERT INTO ingest.datastream (district, device, quantity, channel) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (district, device, quantity, channel) DO UPDATE SET device = excluded.device RETURNING id",
        (district, device, quantity, channel),
    ).fetchone()
    assert row
    return int(row[0])


def insert(connection: psycopg.Connection, stream: int, rows: Iterable[Row], *, batch: int | None = None) -> None:
    """Store readings as one batch of a collector does: partitions, readings, touched hours."""
    rows = list(rows)
    number = next(_batches) if batch is None else batch
    for month in sorted({row.at.strftime("%Y-%m-01T00:00Z") for row in rows}):
        connection.execute("SELECT ingest.ensure_partition(%s::timestamptz)", (month,))
    with connection.cursor().copy(
        "COPY ingest.reading (time, value, batch_id, datastream_id, late_s, flags, span_us) FROM STDIN"
    ) as copy:
        for row in rows:
            copy.write_row((row.at, row.value, number, stream, row.late_s, row.flags, row.span_us))
    touch(connection, [stream], {row.at for row in rows}, batch=number)


def touch(
    connection: psycopg.Connection, streams: Sequence[int], times: Iterable[datetime], *, batch: int | None = None
) -> None:
    """File the hours of `times` for the next refresh."""
    hours = sorted({time.astimezone(UTC).replace(minute=0, second=0, microsecond=0) for time in times})
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ingest.touched (batch_id, hour, datastream_ids) VALUES (%s, %s, %s)",
            [(batch, hour, list(streams)) for hour in hours],
        )


def correct(
    connection: psycopg.Connection, stream: int, start: datetime, end: datetime, action: str, value: float | None = None
) -> None:
    """A person's correction of [start, end), with the hours it touches."""
    connection.execute(
        "INSERT INTO ingest.correction (datastream_id, time_from, time_to, action, value, who, why)"
        " VALUES (%s, %s, %s, %s, %s, 'test', 'test')",
        (stream, start, end, action, value),
    )
    hours = int((end - start) / timedelta(hours=1)) + 1
    times = [start + timedelta(hours=n) for n in range(hours)] + [end - timedelta(microseconds=1)]
    touch(connection, [stream], [time for time in times if time < end])


#: A reading from a declared import.
BACKFILL = int(Flag.BACKFILL | Flag.HISTORICAL)
