"""What is shared over an edge of a window, or shown by a sensor that stands still, is said by the coverage of the figure."""

from datetime import timedelta
from fractions import Fraction

import psycopg
import pytest

from metrics import zones
from metrics.definition import Grain
from metrics.evaluate import evaluate
from metrics.model import MetricValue
from tests.metrics import readings as put
from tests.metrics.readings import START, Row, at
from tests.metrics.rollup.test_recompute import roll

MINUTE_US = 60_000_000


@pytest.fixture
def meter(connection: psycopg.Connection) -> int:
    put.zone(connection, "UTC")
    zones.fill(connection, ["UTC"])
    put.register(connection, "space", "mall", {})
    put.register(connection, "device", "m", {"feed": "energy", "space": "mall", "interval_s": 300})
    return put.datastream(connection, "energy.import_total", device="m")


def energy(connection: psycopg.Connection, hour: int, hours: int = 1) -> MetricValue:
    start = START + timedelta(hours=hour)
    (value,) = evaluate(
        connection,
        "energy_use",
        put.DISTRICT,
        start,
        start + timedelta(hours=hours),
        subjects=["device:m"],
        grain=Grain.WINDOW,
    )
    return value


def test_a_report_lost_on_the_full_hour_costs_coverage_there_and_nowhere_else(
    connection: psycopg.Connection, meter: int
) -> None:
    minutes = [n for n in range(0, 181, 5) if n != 60]
    put.insert(connection, meter, [Row(at=at(n), value=n if n < 60 else 3 * n) for n in minutes])
    roll(connection, at(181))
    first, second, third, both = (energy(connection, *window) for window in ((0,), (1,), (2,), (0, 2)))
    assert first.coverage == second.coverage == Fraction(55, 60)
    # between 0:55 (55) and 1:05 (195) passed 140: half of it on either side, or all of it on one
    assert first.numerator == 55 + 70
    assert [value.shared for value in (first, second, third, both)] == [70, 70, 0, 0]
    assert third.coverage == both.coverage == 1
    assert both.numerator == 360


def test_what_a_counter_counted_before_it_fell_is_not_covered(connection: psycopg.Connection, meter: int) -> None:
    put.insert(connection, meter, [Row(at=at(5 * n), value=100 + n if n < 6 else n) for n in range(13)])
    roll(connection, at(61))
    assert energy(connection, 0).coverage == Fraction(55, 60)


def test_a_station_that_stands_still_is_doubted_from_the_first_such_reading_on(connection: psycopg.Connection) -> None:
    put.zone(connection, "UTC")
    zones.fill(connection, ["UTC"])
    put.register(connection, "space", "mall", {})
    put.register(connection, "device", "s", {"feed": "air_quality", "space": "mall", "interval_s": 600})
    air = put.datastream(connection, "env.pm2_5", device="s")
    put.insert(connection, air, [Row(at=at(10 * n), value=30 + n % 3 if n < 10 else 50) for n in range(15)])

    def covered(hour: int) -> Fraction | None:
        start = START + timedelta(hours=hour)
        (value,) = evaluate(
            connection, "air_quality_index", put.DISTRICT, start, start + timedelta(hours=1), subjects=["device:s"]
        )
        return value.coverage

    roll(connection, at(121))
    assert [covered(0), covered(1)] == [1, 1], "twenty minutes of one value are no reason to doubt"
    put.insert(connection, air, [Row(at=at(10 * n), value=50) for n in range(15, 18)])
    roll(connection, at(181))
    assert [covered(0), covered(1), covered(2)] == [1, Fraction(40, 60), 0]
