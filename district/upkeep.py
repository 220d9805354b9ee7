"""Keeps the readings of years: room ahead, old pieces compressed, older ones dropped; what open evidence cites stays."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

import psycopg

from district.settings import Storage
from ingest import jobs, storage
from scoring.reliance import cited

log = logging.getLogger(__name__)

#: Keeps two upkeeps on one database apart.
LOCK = 7_300_911
#: What is known of clocks is kept for as long. Our choice: a clock is judged by days, and a month shows how it drifts.
CLOCKS_KEPT = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What one round did."""

    compressed: tuple[storage.Piece, ...]
    dropped: tuple[storage.Dropped, ...]
    kept: tuple[storage.Kept, ...]  #: old enough to go


class BusyError(Exception):
    """Another upkeep runs on this database."""


def keep(connection: psycopg.Connection, settings: Storage, now: datetime) -> Upkeep:
    """One round; commits.

    Raises:
        BusyError: another upkeep runs on this database.
    """
    locked = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
    if locked != (True,):
        raise BusyError("another `district storage keep` runs on this database")
    try:
        storage.make_room(connection, now)
        compressed = storage.compress(connection, now - timedelta(days=settings.compress_after_days))
        dropped: list[storage.Dropped] = []
        kept: list[storage.Kept] = []
        if settings.keep_days is not None:
            dropped, kept = storage.drop(connection, now - timedelta(days=settings.keep_days), cited(connection))
        connection.execute("DELETE FROM ingest.device_clock WHERE hour < %s", (now - CLOCKS_KEPT,))
        jobs.ran(connection, jobs.Job.STORAGE)
        return Upkeep(compressed=tuple(compressed), dropped=tuple(dropped), kept=tuple(kept))
    finally:
        connection.rollback()
        connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
        connection.commit()


def run(
    address: str, settings: Storage, stop: Event, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """A round every `settings.every_s` until `stop` is set; a database that is away is waited for."""
    while True:
        try:
            with psycopg.connect(address, application_name="district storage") as connection:
                done = keep(connection, settings, clock())
            for piece in done.compressed:
                log.info("compressed %s", piece.name)
            for gone in done.dropped:
                log.info("dropped %s with %d readings", gone.piece.name, gone.readings)
        except psycopg.OperationalError as error:
            log.warning("the database is away (%s); the next round is in %.0f s", error, settings.every_s)
        except BusyError as error:
            log.info("%s", error)
        if stop.wait(settings.every_s):
            return
