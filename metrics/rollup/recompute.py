"""Recomputes the hours that changed readings reach: the order of the SQL steps, and nothing else."""

from datetime import datetime
from functools import cache
from importlib import resources
from typing import NamedTuple

from psycopg import ClientCursor, Connection
from psycopg.rows import TupleRow

from ingest.model import INVALID, Flag
from metrics import zones
from metrics.rollup.rules import HOUR_US, rules

#: Of one step over the hours after a stretch that hands on something new; doubled with each step.
CASCADE_HOURS = 24

KINDS = ("gauge", "counter", "state", "delta")


class Changed(NamedTuple):
    """A row of `metrics.hour` that was put or deleted."""

    datastream_id: int
    hour: datetime


def take(connection: Connection, cutoff: datetime, limit: int) -> list[int]:
    """Move the oldest rows of `ingest.touched` before `cutoff` into this transaction; returns their datastreams.

    `limit`: about how many (datastream, hour) pairs to take. Nothing is left to do when the list is empty.
    """
    rows = _run(connection, "take", {"cutoff": cutoff, "limit": limit, "hour": HOUR_US})
    return [row[0] for row in rows]


def recompute(
    connection: Connection,
    datastreams: list[int],
    cutoff: datetime,
    *,
    as_of: datetime | None = None,
    revision: int | None = None,
) -> set[Changed]:
    """Bring the hours that the taken rows reach up to date; returns those that differ from before.

    Only hours that end by `cutoff` are written, from readings up to then.

    Args:
        connection: in the transaction that has taken the rows.
        datastreams: of the taken rows.
        cutoff: end of the last closed hour.
        as_of: only readings and corrections that were stored by then; None: all. For a transaction that is rolled back.
        revision: of the catalogue, likewise.
    """
    constants = rules()
    calendar = zones.of_districts(connection)
    context: dict[str, object] = {
        "datastreams": datastreams,
        "revision": revision,
        "districts": list(calendar),
        "zones": list(calendar.values()),
        "offsets": [zones.hour_offset_us(zone) for zone in calendar.values()],
        "hold_intervals": constants.hold_intervals.value,
        "dip": constants.dip.value,
        "frozen_quantities": list(constants.frozen_after.value),
        "frozen_us": [hours * HOUR_US for hours in constants.frozen_after.value.values()],
    }
    step: dict[str, object] = {
        "cutoff": cutoff,
        "as_of": as_of,
        "hour": HOUR_US,
        "invalid": int(INVALID),
        "backfill": int(Flag.BACKFILL),
        "share_limit_us": constants.share_limit.value * HOUR_US,
        "doubted_after_us": constants.doubted_after.value * HOUR_US,
        "lateness_edges": list(constants.lateness_edges.value),
        "lateness_classes": len(constants.lateness_edges.value) + 1,
    }
    reach_us = CASCADE_HOURS * HOUR_US
    _run(connection, "context", context)
    changed: set[Changed] = set()
    while True:
        for name in ("reopen", "load", "stamped", *KINDS):
            _run(connection, name, step)
        changed |= {Changed(*row) for row in _run(connection, "store", step)}
        ((left,),) = _run(connection, "cascade", step | {"step_us": reach_us})
        if not left:
            break
        reach_us *= 2
    connection.execute("DROP TABLE rollup_touched, rollup_stream, rollup_fact")
    return changed


def _run(connection: Connection, name: str, parameters: dict[str, object]) -> list[TupleRow]:
    """Run the statements of a file; returns the rows of the last one, if it gives any."""
    # Several statements in one message, and parameters in CREATE TABLE AS, take client-side binding.
    with ClientCursor(connection) as cursor:
        cursor.execute(_sql(name), parameters)
        while cursor.nextset():
            pass
        return cursor.fetchall() if cursor.description else []


@cache
def _sql(name: str) -> bytes:
    return resources.files("metrics.rollup").joinpath(f"{name}.sql").read_bytes()
