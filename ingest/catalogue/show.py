"""The catalogue as it was at some instant, as known at some revision."""

from dataclasses import dataclass
from datetime import datetime
from importlib import resources

import psycopg


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One fact in force."""

    district: str
    kind: str
    id: str
    #: None: since ever
    valid_from: datetime | None
    #: None: open
    valid_to: datetime | None
    body: dict[str, object]


def show(
    connection: psycopg.Connection,
    *,
    at: datetime,
    district: str | None = None,
    kind: str | None = None,
    revision: int | None = None,
) -> list[Shown]:
    """Facts in force at an instant, ordered by district, kind and id.

    Args:
        connection: to a migrated database.
        at: aware.
        district: None: all.
        kind: for example ``device``; None: all.
        revision: as known then; None: by everything recorded so far.
    """
    sql = resources.files("ingest.catalogue").joinpath("sql", "show.sql").read_bytes()
    rows = connection.execute(sql, {"at": at, "district": district, "kind": kind, "revision": revision}).fetchall()
    return [
        Shown(district=row[0], kind=row[1], id=row[2], valid_from=row[3], valid_to=row[4], body=row[5]) for row in rows
    ]


def kinds(connection: psycopg.Connection) -> list[str]:
    """All kinds of facts that were ever recorded."""
    return [row[0] for row in connection.execute("SELECT DISTINCT kind FROM ingest.fact ORDER BY kind").fetchall()]
