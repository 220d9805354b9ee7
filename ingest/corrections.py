"""What people say about readings that are known to be wrong. Readings are never edited: `ingest.in_force` applies this."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import psycopg
from psycopg.rows import class_row

from ingest import quantities
from ingest.model import Kind
from ingest.quantities import Quantity
from ingest.statements import statement

MICROSECOND = timedelta(microseconds=1)


class CorrectionError(Exception):
    """A correction that cannot mean anything; names the option, what was expected and what stood there."""


class Action(StrEnum):
    """What a correction does to the readings of its period; the latest one that covers a reading decides."""

    VOID = "void"  # they do not count
    REPLACE = "replace"  # one reading has another value
    CALIBRATE = "calibrate"  # value x factor + addend
    RESTORE = "restore"  # they stand as they came


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A correction as recorded."""

    id: int
    #: public id
    datastream: str
    start: datetime
    #: half-open; None: from `start` on
    stop: datetime | None
    action: str
    #: replace: the value; calibrate: the factor
    value: float | None
    addend: float | None
    who: str
    why: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A correction to be recorded."""

    action: Action
    start: datetime
    #: half-open; None: one reading (replace), else from `start` on
    stop: datetime | None = None
    #: replace: the value, in the quantity's unit
    value: float | None = None
    factor: float = 1.0
    addend: float = 0.0


def correct(
    connection: psycopg.Connection, datastreams: Sequence[str], wanted: Wanted, *, who: str, why: str
) -> list[int]:
    """Record a correction of each datastream and re-open the hours it reaches; returns their numbers.

    Args:
        connection: a transaction that is open goes on; else this commits one of its own.
        datastreams: public ids, such as ``lakeside/air-1/env.pm2_5``.
        wanted: what holds from now on.
        who: the person who says so.
        why: the reason, for everybody who reads a figure that rests on it.

    Raises:
        CorrectionError: no such datastream, or the correction cannot mean anything for its quantity.
    """
    if not who.strip() or not why.strip():
        raise CorrectionError("--why: expected a reason like 'sensor stood in the sun until 12:40', got nothing")
    start = wanted.start.astimezone(UTC)
    stop = start + MICROSECOND if wanted.action is Action.REPLACE else wanted.stop and wanted.stop.astimezone(UTC)
    if stop is not None and stop <= start:
        raise CorrectionError(f"--to: expected an instant after {start.isoformat()}, got {stop.isoformat()}")
    with connection.transaction():
        found = _datastreams(connection, datastreams)
        numbers = []
        for name, (stream, quantity) in found.items():
            _sensible(name, quantity, wanted, stop)
            value = wanted.value if wanted.action is Action.REPLACE else None
            row = connection.execute(
                statement("correction_insert"),
                {
                    "datastream": stream,
                    "start": start,
                    "stop": stop,
                    "action": wanted.action,
                    "value": wanted.factor if wanted.action is Action.CALIBRATE else value,
                    "addend": wanted.addend if wanted.action is Action.CALIBRATE else None,
                    "who": who,
                    "why": why,
                },
            ).fetchone()
            assert row is not None
            numbers.append(int(row[0]))
        touch(connection, [stream for stream, _ in found.values()], start, stop)
    return numbers


def touch(connection: psycopg.Connection, datastreams: Sequence[int], start: datetime, stop: datetime | None) -> None:
    """Have the hours rolled up again that hold readings of [start, stop)."""
    connection.execute(statement("correction_touch"), {"datastreams": list(datastreams), "start": start, "stop": stop})


def corrections(
    connection: psycopg.Connection,
    *,
    district: str | None = None,
    device: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Correction]:
    """Corrections as recorded, newest first, from number `before` back."""
    with connection.cursor(row_factory=class_row(Correction)) as cursor:
        return cursor.execute(
            statement("corrections"), {"district": district, "device": device, "before": before, "limit": limit}
        ).fetchall()


def _datastreams(connection: psycopg.Connection, names: Sequence[str]) -> dict[str, tuple[int, Quantity]]:
    rows = connection.execute(
        "SELECT public_id, id, quantity FROM ingest.datastream WHERE public_id = ANY (%s) ORDER BY public_id",
        (list(names),),
    ).fetchall()
    vocabulary = quantities.load()
    found = {name: (stream, vocabulary[quantity]) for name, stream, quantity in rows}
    for name in names:
        if name not in found:
            raise CorrectionError(f"expected a datastream like lakeside/air-1/env.pm2_5, got {name!r}")
    if not found:
        raise CorrectionError("expected at least one datastream like lakeside/air-1/env.pm2_5, got none")
    return found


def _sensible(name: str, quantity: Quantity, wanted: Wanted, stop: datetime | None) -> None:
    numbers = (wanted.factor, wanted.addend, 0.0 if wanted.value is None else wanted.value)
    if not all(math.isfinite(number) for number in numbers):
        raise CorrectionError(f"{name}: expected finite numbers, got {numbers}")
    match wanted.action:
        case Action.REPLACE:
            if wanted.value is None:
                raise CorrectionError(f"{name}: expected --value like 12.5 with replace, got none")
            if not float(quantity.minimum) <= wanted.value <= float(quantity.maximum):
                raise CorrectionError(
                    f"{name}: expected a value of {quantity.minimum} to {quantity.maximum} {quantity.unit},"
                    f" got {wanted.value}"
                )
        case Action.CALIBRATE if quantity.codes or quantity.kind is Kind.STATE:
            raise CorrectionError(f"{name} is a state: expected void or replace, got calibrate")
        case Action.CALIBRATE if (wanted.factor, wanted.addend) == (1.0, 0.0):
            raise CorrectionError(f"{name}: expected --factor like 0.1 or --addend like -1.5 with calibrate, got none")
        case Action.CALIBRATE if quantity.kind is Kind.COUNTER and (stop is not None or wanted.factor != 1.0):
            # Scaled for a part of its life, it would jump where the part ends, and the jump would count.
            raise CorrectionError(
                f"{name} is a running total: expected --addend without --to, got a factor or an end; void the period instead"
            )
        case _:
            pass
