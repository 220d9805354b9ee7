"""Two values for one datastream and time: the first stays in force until a person decides, and the decision is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import psycopg
from psycopg.rows import class_row

from ingest.corrections import MICROSECOND, CorrectionError, touch
from ingest.statements import statement


class Resolution(StrEnum):
    """What becomes of a conflict."""

    KEEP = "keep"  # the first value is right
    REPLACE = "replace"  # the later one is
    VOID = "void"  # neither


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A reading that contradicts a stored one."""

    id: int
    #: public id
    datastream: str
    time: datetime
    #: the value that came first; None: its reading was dropped since
    first: float | None
    first_span_us: int | None
    later: float
    later_span_us: int | None
    #: when the batch began that brought the later one
    received_at: datetime
    #: None: nobody decided
    resolution: str | None
    who: str | None
    why: str | None


def conflicts(
    connection: psycopg.Connection,
    *,
    ids: Sequence[int] | None = None,
    district: str | None = None,
    device: str | None = None,
    waiting: bool = True,
    after: int | None = None,
    limit: int | None = None,
) -> list[Conflict]:
    """Conflicts, oldest first, from number `after` on; with `waiting` only those that nobody decided."""
    with connection.cursor(row_factory=class_row(Conflict)) as cursor:
        return cursor.execute(
            statement("conflicts"),
            {"ids": list(ids) if ids is not None else None, "district": district, "device": device, "waiting": waiting,
             "after": after, "limit": limit},
        ).fetchall()  # fmt: skip


def resolve(connection: psycopg.Connection, ids: Sequence[int], resolution: Resolution, *, who: str, why: str) -> int:
    """Decide conflicts, as one batch of the ledger; returns its number. A later decision overrides this one.

    Of two conflicts at one time, the one decided last says what is in force.

    Raises:
        CorrectionError: a number that is no conflict, or no reason.
    """
    if not who.strip() or not why.strip():
        raise CorrectionError("--why: expected a reason like 'the gateway sent a test value', got nothing")
    with connection.transaction():
        chosen = conflicts(connection, ids=ids, waiting=False)
        unknown = sorted({*ids} - {conflict.id for conflict in chosen})
        if unknown or not chosen:
            raise CorrectionError(f"expected numbers of `district conflicts list`, got {unknown or 'none'}")
        row = connection.execute(statement("transfer_batch"), {"collector": "resolve"}).fetchone()
        assert row is not None
        batch = int(row[0])
        districts: dict[str, int] = {}
        for conflict in chosen:
            connection.execute(
                statement("conflict_resolve"),
                {"id": conflict.id, "batch": batch, "resolution": resolution, "who": who, "why": why},
            )
            name = conflict.datastream.partition("/")[0]
            districts[name] = districts.get(name, 0) + 1
        _touch(connection, chosen)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO ingest.transfer (batch_id, kind, district, gateway, feed, messages, bytes, conflicts, who, why)"
                " VALUES (%s, 'resolve', %s, '-', '-', 0, 0, %s, %s, %s)",
                [(batch, district, count, who, why) for district, count in districts.items()],
            )
    return batch


def _touch(connection: psycopg.Connection, chosen: Sequence[Conflict]) -> None:
    numbers: dict[str, int] = dict(
        connection.execute(
            "SELECT public_id, id FROM ingest.datastream WHERE public_id = ANY (%s)",
            ([conflict.datastream for conflict in chosen],),
        ).fetchall()
    )
    for conflict in chosen:
        touch(connection, [numbers[conflict.datastream]], conflict.time, conflict.time + MICROSECOND)
