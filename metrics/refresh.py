"""Keeps the hourly roll-ups, and the figures made from them, in step with the readings.

A refresh never waits for a collector and no collector waits for it: it only reads readings, and deletes rows of
`ingest.touched` that are committed. An advisory lock keeps refreshes apart.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Event

import psycopg
from psycopg import Connection, IsolationLevel

from ingest import jobs
from metrics import values, zones
from metrics.beside import Beside
from metrics.rollup.recompute import recompute, take

log = logging.getLogger(__name__)

LOCK = 7_300_902

#: An hour counts as closed this long after its end, so that its first figure holds what gateways send a little late.
GRACE = timedelta(seconds=60)

#: (datastream, hour) pairs per transaction: some 30 readings each, so that one stays below a million readings.
CHUNK_PAIRS = 20_000

#: Rows of a refresh from which the planner is told at once, rather than when autovacuum comes by.
BULK_ROWS = 50_000


class Step(StrEnum):
    """The two steps of a refresh, which go on at the same time where much is to be done."""

    ROLL_UPS = "roll-ups"  # of (datastream, hour) pairs
    FIGURES = "figures"  # of local days


#: Called with a step, and with how many pairs of closed hours, or days, are done so far and still waiting.
Progress = Callable[[Step, int, int], None]

#: Told of the hours whose roll-ups have changed, in their transaction; the signature of `metrics.values.file`.
File = Callable[[Connection, Sequence[tuple[int, datetime]]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshResult:
    """What one refresh did."""

    #: the end of the last hour that counted as closed, on the UTC hour
    cutoff: datetime
    #: rows of `metrics.hour` put or deleted
    changed: int
    #: transactions
    chunks: int


class BusyError(Exception):
    """Another refresh runs on this database."""


def refresh(
    connection: Connection,
    now: datetime,
    *,
    grace: timedelta = GRACE,
    chunk_pairs: int = CHUNK_PAIRS,
    file: File = values.file,
    progress: Progress | None = None,
) -> RefreshResult:
    """Recompute the closed hours that changed readings reach, then the figures of those hours.

    What the connection has not committed yet is committed first; each chunk of roll-ups and each stretch of days with
    figures is a transaction of its own, so that an interrupted refresh has lost nothing and the next one continues. Of
    more than one chunk, the figures of days gone by are computed on a second connection meanwhile.

    Args:
        connection: to the database; not used by anybody else meanwhile.
        now: the present, UTC.
        grace: how long after its end an hour counts as closed.
        chunk_pairs: (datastream, hour) pairs per transaction, about.
        file: told of the hours that changed, in their transaction: files the days whose figures are due.
        progress: told after each transaction.

    Raises:
        BusyError: another refresh runs on this database.
    """
    cutoff = (now.astimezone(UTC) - grace).replace(minute=0, second=0, microsecond=0)
    tell = progress or (lambda _step, _done, _waiting: None)
    changed = chunks = done = 0
    with _alone(connection), Beside(connection, now) as beside:
        waiting = _waiting(connection, cutoff)
        while True:
            tell(Step.ROLL_UPS, done, waiting)
            with connection.transaction():
                connection.execute("SET LOCAL timezone = 'UTC'; SET LOCAL jit = off; SET LOCAL work_mem = '128MB'")
                datastreams = take(connection, cutoff, chunk_pairs)
                if not datastreams:
                    break
                zones.fill(connection, sorted(set(zones.of_districts(connection).values())))
                rows = recompute(connection, datastreams, cutoff)
                file(connection, sorted(rows))
            chunks += 1
            changed += len(rows)
            done, waiting = done + waiting, _waiting(connection, cutoff)
            done -= waiting
            if waiting:
                beside.go_on()
        beside.finish(lambda done, waiting: tell(Step.FIGURES, done, waiting))
        if changed >= BULK_ROWS:
            connection.execute("ANALYZE metrics.hour, metrics.value")
            connection.commit()
    return RefreshResult(cutoff=cutoff, changed=changed, chunks=chunks)


def rebuild(
    connection: Connection,
    now: datetime,
    *,
    grace: timedelta = GRACE,
    file: File = values.file,
    progress: Progress | None = None,
) -> RefreshResult:
    """Drop all roll-ups and figures and compute them anew from readings, corrections and facts.

    The result is what the refreshes before have made of the same inputs, row by row and digest by digest. Roll-ups of
    readings that were dropped stay, with the figures made from them.
    """
    with _alone(connection), connection.transaction():
        connection.execute("SET LOCAL timezone = 'UTC'")
        if connection.execute("SELECT FROM ingest.dropped LIMIT 1").fetchone() is None:
            connection.execute("TRUNCATE metrics.hour, metrics.value, metrics.due, metrics.local_day")
        else:
            connection.execute(
                "DELETE FROM metrics.hour h"
                " WHERE NOT EXISTS (SELECT FROM ingest.dropped d WHERE h.hour >= d.time_from AND h.hour < d.time_to)"
            )
        connection.execute(
            "INSERT INTO ingest.touched (batch_id, hour, datastream_ids)"
            " SELECT NULL, date_trunc('hour', time), array_agg(DISTINCT datastream_id) FROM ingest.reading GROUP BY 2"
        )
    return refresh(connection, now, grace=grace, file=file, progress=progress)


def run(
    address: str,
    stop: Event,
    *,
    every: timedelta = timedelta(seconds=5),
    grace: timedelta = GRACE,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Progress | None = None,
) -> None:
    """Refresh again and again until `stop` is set; a database that is away is waited for.

    Args:
        address: of the database, as psycopg takes it.
        stop: set by another thread or a signal handler.
        every: pause between two looks.
        grace: see `refresh`.
        clock: gives the present.
        progress: see `refresh`.
    """
    pause = every
    while not stop.is_set():
        try:
            with psycopg.connect(address, autocommit=True, application_name="district refresh") as connection:
                while not stop.is_set():
                    try:
                        refresh(connection, clock(), grace=grace, progress=progress)
                        jobs.ran(connection, jobs.Job.REFRESH)
                    except BusyError:
                        log.info("another refresh runs; waiting")
                    pause = every
                    stop.wait(every.total_seconds())
        except psycopg.OperationalError as error:
            log.warning("database is away, next try in %s s: %s", pause.total_seconds(), error)
            stop.wait(pause.total_seconds())
            pause = min(pause * 2, timedelta(minutes=1))


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Hold the advisory lock, outside of any transaction: a snapshot begun later sees what the holder before wrote."""
    connection.commit()
    before = connection.isolation_level
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
    connection.commit()
    if row != (True,):
        raise BusyError("another refresh runs on this database")
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        yield
    finally:
        if not connection.closed:
            connection.rollback()
            connection.isolation_level = before
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
            connection.commit()


def _waiting(connection: Connection, cutoff: datetime) -> int:
    row = connection.execute(
        "SELECT coalesce(sum(cardinality(datastream_ids)), 0) FROM ingest.touched WHERE hour < %s", (cutoff,)
    ).fetchone()
    connection.commit()
    return int(row[0]) if row else 0
