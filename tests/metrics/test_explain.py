from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest

from metrics.definition import Grain
from metrics.evaluate import definitions, evaluate
from metrics.explain import explain
from metrics.values import store_values
from tests.metrics.evaluator import reckon
from tests.metrics.town import HOUR_US, Town, utc

DAY = utc("2026-11-01 16:00")
HOUR = timedelta(hours=1)
DAYS = 2


@pytest.fixture
def town(connection: psycopg.Connection) -> Town:
    """A small district in which every metric has something to say, and something is missing everywhere."""
    town = Town(connection)
    town.space("mall")
    town.space("floor", "mall")
    town.car_park("p1", 100)
    town.car_park("p2", 50)
    town.fact("entrance", "north", {"space": "mall"})
    town.device("g1", "parking", role="gate", car_park="p1")
    town.device("c1", "parking", role="count", car_park="p1")
    town.device("g2", "parking", role="gate", car_park="p2")
    town.device("f1", "foot_traffic", entrance="north")
    town.device("a1", "wifi", space="floor")
    town.device("a2", "wifi")
    town.device("m1", "energy", role="incomer")
    town.device("s1", "air_quality")
    size = 24 * DAYS
    town.hours("g1", "parking.in", DAY, [n % 7 for n in range(size)])
    town.hours("g1", "parking.out", DAY, [None if n == 5 else n % 6 for n in range(size)])
    town.hours("c1", "parking.used", DAY, [(40 + n) * HOUR_US for n in range(size)], "weighted")
    town.hours("f1", "people.in", DAY, range(size))
    town.hours("f1", "people.out", DAY, [n + 1 for n in range(size - 1)])
    town.hours("m1", "energy.import_total", DAY, [None if n == 3 else f"{n}.125" for n in range(size)])
    for n in range(size):
        town.hour(
            "a1",
            "device.online",
            DAY + n * HOUR,
            state_us={"1": HOUR_US - n, "0": n},
            lateness=[n, 5, 1, 0, 0, 0, 0, 0, 0, 1],
        )
        for pollutant in ("pm2_5", "no2", "co"):
            town.hour("s1", f"env.{pollutant}", DAY + n * HOUR, weighted=(n + 3) * HOUR_US)
    return town


def windows(grains: tuple[Grain, ...]) -> Iterator[tuple[datetime, datetime]]:
    if Grain.HOUR in grains:
        yield DAY + 7 * HOUR, DAY + 8 * HOUR
    if Grain.DAY in grains:
        yield DAY, DAY + 24 * HOUR
    if Grain.WINDOW in grains:
        yield DAY, DAY + 24 * DAYS * HOUR


@pytest.mark.parametrize("metric", sorted(definitions()))
def test_the_printed_expression_gives_the_value_exactly(town: Town, metric: str) -> None:
    determined = 0
    for start, end in windows(definitions()[metric].grains):
        for value in evaluate(town.connection, metric, "lakeside", start, end):
            found = explain(town.connection, metric, "lakeside", value.subject, start, end)
            assert found.value == value
            if value.ratio is None:
                assert found.expression == ""
                continue
            determined += 1
            assert reckon(found.expression) == value.ratio, found.expression
            assert reckon(found.summary) == value.ratio, found.summary
            assert metric in found.text()
    assert determined


def test_parts_name_the_devices_and_hours_that_were_used(town: Town) -> None:
    found = explain(town.connection, "parking_turnover", "lakeside", "car_park:p1", DAY, DAY + 4 * HOUR)
    assert found.expression == "(1 + 2 + 3) / 100"
    assert [(part.term, part.device, part.hour, part.amount) for part in found.parts] == [
        ("vehicles", "g1", DAY + HOUR, "1"),
        ("vehicles", "g1", DAY + 2 * HOUR, "2"),
        ("vehicles", "g1", DAY + 3 * HOUR, "3"),
        ("spaces", None, None, "100"),
    ]


def test_stored_values_are_those_of_evaluate(town: Town) -> None:
    store_values(
        town.connection,
        [(town.stream("g1", "parking.in"), DAY + 30 * HOUR), (town.stream("g1", "parking.in"), DAY)],
        DAY + 48 * HOUR,
    )
    rows = town.connection.execute(
        "SELECT metric, subject, grain, window_start, window_end, numerator, denominator, coverage_numerator,"
        " coverage_denominator, devices, origins, quality, method, definition FROM metrics.value"
        " ORDER BY metric, subject, window_start"
    ).fetchall()
    assert {row[2] for row in rows} == {"hour", "day"}
    for metric, subject, grain, start, end, *rest in rows[::7]:
        (v,) = evaluate(town.connection, metric, "lakeside", start, end, subjects=[subject], grain=Grain(grain))
        assert rest == [
            v.numerator, v.denominator, v.coverage_numerator, v.coverage_denominator, list(v.devices), list(v.origins),
            v.quality, v.method, v.definition,
        ]  # fmt: skip
