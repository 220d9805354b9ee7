"""Simulated readings raise no suggestion outside a demo district, by whatever path they come."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from ingest.model import Origin
from scoring.model import Outcome
from tests.metrics import readings as put
from tests.scoring import lane, village
from tests.scoring.village import DISTRICT, NOW

AT = NOW - timedelta(days=2)
DEVICE = {"feed": "parking", "space": "mall", "interval_s": 3600, "car_park": "p1", "role": "gate"}


def one_simulated(connection: psycopg.Connection, *, transfer: bool = False) -> None:
    """A single simulated reading among real ones, late or out of quarantine."""
    connection.execute("DELETE FROM ingest.reading WHERE time = %s", (AT,))
    stream = put.datastream(connection, "parking.used", device="gate-1", district=DISTRICT)
    flags = list(Origin).index(Origin.SIMULATED)
    put.insert(
        connection, stream, [put.Row(at=AT, value=50, flags=flags)], batch=lane.batch(connection, transfer=transfer)
    )


def mixed_devices(connection: psycopg.Connection) -> None:
    """A simulated device stands beside the real one in the same car park."""
    village.fact(connection, "device", "gate-2", DEVICE | {"origin": "simulated"})
    stream = put.datastream(connection, "parking.used", device="gate-2", district=DISTRICT)
    rows = [put.Row(at=NOW - timedelta(hours=n), value=50, flags=1) for n in range(24 * lane.DAYS)]
    put.insert(connection, stream, rows, batch=lane.batch(connection))


def manual_entry(connection: psycopg.Connection) -> None:
    connection.execute(
        "UPDATE ingest.reading SET flags = (flags & ~3) | %s WHERE time = %s", (list(Origin).index(Origin.MANUAL), AT)
    )


@pytest.mark.parametrize(
    "happens",
    [mixed_devices, one_simulated, lambda c: one_simulated(c, transfer=True), manual_entry],
    ids=["mixed devices", "late", "replay", "manual entry"],
)
def test_one_reading_that_may_not_count_leaves_a_real_district_without_points(
    connection: psycopg.Connection, happens: Callable[[psycopg.Connection], None]
) -> None:
    lane.build(connection, demo=False, origin=Origin.REAL)
    assert lane.assess(connection).points == 1
    happens(connection)
    connection.execute(
        "INSERT INTO ingest.touched (hour, datastream_ids) SELECT date_trunc('hour', time), array_agg(DISTINCT datastream_id)"
        " FROM ingest.reading GROUP BY 1"
    )
    lane.roll_up(connection)
    found = lane.assess(connection, hours=1)
    assert (found.outcome, found.points, found.demo) == (Outcome.UNDETERMINED, None, False)


@pytest.mark.parametrize("since", [None, NOW - timedelta(days=4)], ids=["ever", "lately"])
def test_a_device_that_is_called_real_later_keeps_its_simulated_past(
    connection: psycopg.Connection, since: object
) -> None:
    lane.build(connection, demo=False)
    assert lane.assess(connection).points is None
    village.fact(connection, "device", "gate-1", DEVICE | {"origin": "real"}, since)  # type: ignore[arg-type]
    lane.roll_up(connection)
    assert lane.assess(connection, hours=1).points is None


@pytest.mark.parametrize("days", [0, 3, 20])
def test_a_demo_that_became_real_gets_nothing_from_simulated_readings(
    connection: psycopg.Connection, days: int
) -> None:
    lane.build(connection)
    assert lane.assess(connection).demo
    body = {"name_zh": "村", "name_en": "Village", "zone": village.ZONE, "demo": False}
    village.fact(connection, "district", DISTRICT, body, NOW - timedelta(days=days))
    assert lane.assess(connection, hours=1).points is None
