"""A car park with readings in force, eight days of them at one per hour: small enough to recompute from the readings."""

from collections.abc import Mapping
from datetime import timedelta

import psycopg

from ingest.model import Origin
from metrics.refresh import refresh
from scoring import evidence, store
from scoring.model import Suggestion
from scoring.published import RevisionBody
from tests.metrics import readings as put
from tests.scoring import village
from tests.scoring.village import DISTRICT, NOW

ITEM = "2.2.5.1"
DAYS = 8
HOUR_US = 3_600_000_000

#: quantity -> (value of each reading, microseconds it speaks of)
SAID: Mapping[str, tuple[float, int | None]] = {
    "parking.in": (20, HOUR_US),
    "parking.out": (20, HOUR_US),
    "parking.used": (50, None),
}


def build(connection: psycopg.Connection, *, demo: bool = True, origin: Origin = Origin.SIMULATED) -> None:
    """Facts, readings and their roll-ups up to NOW; one hour more, so that nothing hangs over the end."""
    village.build(connection, demo=demo, devices={})
    body = {
        "feed": "parking",
        "space": "mall",
        "interval_s": 3600,
        "car_park": "p1",
        "origin": origin.value,
        "role": "gate",
    }
    village.fact(connection, "device", "gate-1", body)
    for quantity, (value, span_us) in SAID.items():
        stream = put.datastream(connection, quantity, device="gate-1", district=DISTRICT)
        rows = [
            put.Row(at=NOW - timedelta(hours=n), value=value, span_us=span_us, flags=list(Origin).index(origin))
            for n in range(24 * DAYS - 1, -2, -1)
        ]
        put.insert(connection, stream, rows, batch=batch(connection))
    roll_up(connection)


def batch(connection: psycopg.Connection, *, transfer: bool = False) -> int:
    """A batch that the account knows."""
    row = connection.execute(
        "INSERT INTO ingest.batch (collector, received, received_at, catalogue_revision, transfer)"
        " VALUES ('c', 0, now(), 0, %s) RETURNING id",
        (transfer,),
    ).fetchone()
    assert row
    return int(row[0])


def roll_up(connection: psycopg.Connection) -> None:
    """What a refresh does to closed hours; figures are not needed here."""
    connection.commit()
    refresh(connection, NOW + timedelta(hours=2), file=lambda _connection, _changed: 0)
    connection.commit()


def assess(connection: psycopg.Connection, hours: int = 0) -> Suggestion:
    """The suggestion for the item, `hours` after NOW."""
    (found,) = evidence.assess(connection, DISTRICT, NOW + timedelta(hours=hours), items=[ITEM])
    return found


def revisions(connection: psycopg.Connection) -> list[RevisionBody]:
    """Evidence of the item, the one in force first."""
    return store.revisions(connection, DISTRICT, "current", ITEM, None)
