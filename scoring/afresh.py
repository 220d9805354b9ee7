"""Roll-ups computed afresh from readings, inside a transaction that is rolled back: nothing that is stored is trusted."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.resources import files

import psycopg
from psycopg import ClientCursor
from psycopg.rows import tuple_row

from metrics import refresh
from metrics.rollup.recompute import Changed, recompute

#: Before the first hour that counts and after the last: what began or ends there decides hours between. Our choice.
LEAD = timedelta(days=1)


@contextmanager
def alone(connection: psycopg.Connection) -> Iterator[None]:
    """Wait for a refresh that runs, and keep others away: both write the same rows."""
    connection.commit()
    connection.execute("SELECT pg_advisory_lock(%s)", (refresh.LOCK,))
    connection.commit()
    try:
        yield
    finally:
        if not connection.closed:
            connection.rollback()
            connection.execute("SELECT pg_advisory_unlock(%s)", (refresh.LOCK,))
            connection.commit()


def roll_up(
    connection: psycopg.Connection,
    district: str,
    devices: Sequence[str],
    start: datetime,
    end: datetime,
    cutoff: datetime,
    *,
    as_of: datetime | None = None,
    revision: int | None = None,
) -> list[tuple[str, datetime]]:
    """Brings `metrics.hour` to what the readings give; returns (public id, hour) of [start, end) that had differed.

    Args:
        connection: in a transaction that its owner rolls back.
        district: id.
        devices: ids; all of their datastreams are looked at.
        start: of the first hour.
        end: of the last hour.
        cutoff: end of the last closed hour.
        as_of: only readings, corrections and events that were stored by then; None: all.
        revision: of the catalogue; None: the latest.
    """
    connection.execute("SET LOCAL timezone = 'UTC'; SET LOCAL jit = off; SET LOCAL work_mem = '128MB'")
    if as_of is not None:
        connection.execute(
            "DELETE FROM ingest.event e USING ingest.batch b WHERE b.id = e.batch_id AND b.stored_at > %s AND e.district = %s",
            (as_of, district),
        )
    with connection.cursor(row_factory=tuple_row) as cursor:
        known: dict[int, str] = dict(
            cursor.execute(
                "SELECT id, public_id FROM ingest.datastream WHERE district = %s AND device = ANY (%s) ORDER BY id",
                (district, list(devices)),
            ).fetchall()
        )
    changed: set[Changed] = set()
    numbers = list(known)
    step = max(1, refresh.CHUNK_PAIRS // max(1, (end - start + LEAD) // timedelta(hours=1)))
    for at in range(0, len(numbers), step):
        part = numbers[at : at + step]
        with ClientCursor(connection) as writer:  # parameters in CREATE TABLE AS take client-side binding
            writer.execute(
                (files("scoring") / "retouch.sql").read_bytes(),
                {"datastreams": part, "start": start - LEAD, "end": min(end + LEAD, max(end, cutoff))},
            )
        changed |= recompute(connection, part, cutoff, as_of=as_of, revision=revision)
    return sorted((known[one.datastream_id], one.hour) for one in changed if start <= one.hour < end)
