"""When each kind of work that runs in the background was last done to its end."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import psycopg


class Job(StrEnum):
    """What has to be done again and again."""

    REFRESH = "refresh"  # roll-ups and figures
    FOLLOW = "follow"  # evidence and suggestions
    STORAGE = "storage"  # room, compression, dropping


def ran(connection: psycopg.Connection, job: Job) -> None:
    """Note that a round ended well; commits."""
    connection.execute(
        "INSERT INTO ingest.job (name, ran_at) VALUES (%s, clock_timestamp())"
        " ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at",
        (job,),
    )
    connection.commit()


def last(connection: psycopg.Connection) -> Mapping[Job, datetime]:
    """When each was last done; one that never was is not there."""
    rows = connection.execute("SELECT name, ran_at FROM ingest.job").fetchall()
    return {Job(name): ran_at for name, ran_at in rows}
