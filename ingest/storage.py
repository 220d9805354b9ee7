"""How readings are kept over the years: room made ahead, old ones compressed where the server can, older ones dropped.

Everything works on pieces: partitions of plain PostgreSQL (a month each), chunks of TimescaleDB (a week each). Nothing
here waits for a collector: what is locked is left for the next time.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql
from psycopg.errors import LockNotAvailable
from psycopg.rows import class_row

from ingest.statements import statement

log = logging.getLogger(__name__)

#: Months for which plain PostgreSQL has a partition before the first reading comes. Our choice.
MONTHS_AHEAD = 2
#: An hour needs what came before it: a piece is kept while evidence is open so long after its end. Our choice; the
#: longest gap that a counter's increase is shared over is a day.
CARRIED = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A partition or a chunk: readings of [time_from, time_to)."""

    name: str
    time_from: datetime
    time_to: datetime
    compressed: bool
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time [start, end) whose readings somebody relies on."""

    start: datetime
    end: datetime
    who: str  #: names the reliance to people, such as the id of an assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A piece that is old enough to go and stays."""

    piece: Piece
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A piece that went."""

    piece: Piece
    readings: int


def pieces(connection: psycopg.Connection) -> list[Piece]:
    """The pieces that readings are stored in, by time."""
    with connection.cursor(row_factory=class_row(Piece)) as cursor:
        return cursor.execute(
            "SELECT piece::text AS name, time_from, time_to, compressed, bytes FROM ingest.pieces()"
        ).fetchall()


def on_timescaledb(connection: psycopg.Connection) -> bool:
    """Whether readings are a hypertable, whose pieces come by themselves and can be compressed."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'ingest.reading'::regclass)"
    ).fetchone()
    assert row is not None
    return not row[0]


def make_room(connection: psycopg.Connection, now: datetime, months: int = MONTHS_AHEAD) -> None:
    """Make the partitions of this month and the next ones, where readings are partitioned by hand; commits."""
    for month in range(months + 1):
        connection.execute("SELECT ingest.ensure_partition(%s + make_interval(months => %s))", (now, month))
    connection.commit()


def compress(connection: psycopg.Connection, before: datetime) -> list[Piece]:
    """Move chunks that end by `before` to the columnstore, and again those that late readings came to; commits.

    On plain PostgreSQL there is nothing to do.
    """
    if not on_timescaledb(connection):
        return []
    done = []
    for piece in pieces(connection):
        if piece.time_to > before or (piece.compressed and not _has_late_rows(connection, piece)):
            continue
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '2s'")
                connection.execute("SELECT compress_chunk(%s::regclass, if_not_compressed => true)", (piece.name,))
        except LockNotAvailable:
            log.warning("%s is in use; it will be compressed next time", piece.name)
            continue
        done.append(piece)
    connection.commit()
    return done


def _has_late_rows(connection: psycopg.Connection, piece: Piece) -> bool:
    row = connection.execute(
        sql.SQL("SELECT EXISTS (SELECT FROM ONLY {})").format(sql.Identifier(*piece.name.split(".")))
    ).fetchone()
    assert row is not None
    return bool(row[0])


def drop(
    connection: psycopg.Connection, before: datetime, relied_on: Sequence[Window]
) -> tuple[list[Dropped], list[Kept]]:
    """Drop pieces that end by `before`, but those that somebody relies on; each in a transaction of its own.

    What goes is counted by batch first, so that the ledger still balances; roll-ups and figures stay. A piece also stays
    while one of its hours waits to be rolled up again, or while an import into it is open.

    Args:
        connection: to the database; what it has not committed yet is committed first.
        before: an instant; pieces that end later are not looked at.
        relied_on: windows whose readings have to stay.

    Returns:
        What went, and what stays with the reason.
    """
    connection.commit()
    gone, kept = [], []
    for piece in pieces(connection):
        if piece.time_to > before:
            continue
        why = _reliance(connection, piece, relied_on)
        if why is None:
            try:
                gone.append(_drop(connection, piece))
            except LockNotAvailable:
                why = "in use; it will be tried again"
        if why is not None:
            kept.append(Kept(piece=piece, why=why))
    connection.commit()
    return gone, kept


def _reliance(connection: psycopg.Connection, piece: Piece, relied_on: Sequence[Window]) -> str | None:
    for window in relied_on:
        if piece.time_from < window.end and piece.time_to > window.start - CARRIED:
            return f"cited by {window.who}"
    row = connection.execute(statement("storage_waits"), {"start": piece.time_from, "stop": piece.time_to}).fetchone()
    assert row is not None
    touched, backfill = row
    if touched:
        return "some of its hours wait to be rolled up"
    return f"import {backfill} into it is open" if backfill is not None else None


def _drop(connection: psycopg.Connection, piece: Piece) -> Dropped:
    table = sql.Identifier(*piece.name.split("."))
    with connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '2s'; SET LOCAL timezone = 'UTC'")
        # From here nobody adds a reading that would go uncounted.
        connection.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(table))
        counted = connection.execute(sql.SQL(statement("storage_count").decode()).format(piece=table)).fetchone()
        readings = int(counted[0]) if counted else 0
        if on_timescaledb(connection):
            connection.execute(
                "SELECT drop_chunks('ingest.reading', older_than => %s::timestamptz, newer_than => %s::timestamptz)",
                (piece.time_to, piece.time_from),
            )
        else:
            connection.execute(sql.SQL("DROP TABLE {}").format(table))
        connection.execute(
            "INSERT INTO ingest.dropped (time_from, time_to, readings) VALUES (%s, %s, %s)",
            (piece.time_from, piece.time_to, readings),
        )
    return Dropped(piece=piece, readings=readings)
