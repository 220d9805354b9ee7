"""Keeps suggestions in step with readings and register: looks often, evaluates only what could have changed."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event

import psycopg

from ingest import jobs
from scoring import evidence, register

logger = logging.getLogger(__name__)


def once(connection: psycopg.Connection, now: datetime, seen: dict[str, str]) -> list[str]:
    """Evaluates the districts whose fingerprint is not in `seen`, and puts it there; returns their ids."""
    evaluated = []
    for district in register.districts(connection):
        mark = evidence.fingerprint(connection, district, now)
        if seen.get(district) == mark:
            continue
        evidence.assess(connection, district, now)
        seen[district] = mark
        evaluated.append(district)
    return evaluated


def run(
    address: str,
    stop: Event,
    *,
    every: timedelta = timedelta(minutes=1),
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Evaluate again and again until `stop` is set; a database that is away is waited for.

    Args:
        address: of the database, as psycopg takes it.
        stop: set by another thread or a signal handler.
        every: pause between two looks.
        clock: gives the present.
    """
    seen: dict[str, str] = {}
    pause = every
    while not stop.is_set():
        try:
            with psycopg.connect(address, application_name="district scoring") as connection:
                while not stop.is_set():
                    once(connection, clock(), seen)
                    jobs.ran(connection, jobs.Job.FOLLOW)
                    pause = every
                    stop.wait(every.total_seconds())
        except psycopg.OperationalError as error:
            logger.warning("database is away, next try in %s s: %s", pause.total_seconds(), error)
            stop.wait(pause.total_seconds())
            pause = min(pause * 2, timedelta(minutes=1))
