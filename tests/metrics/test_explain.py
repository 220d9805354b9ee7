from collections.abc import Iterator
from datetime import datetime

import pytest

from metrics.definition import Grain
from metrics.evaluate import definitions, evaluate
from metrics.explain import explain
from metrics.model import MetricValue
from metrics.values import store_values
from tests.metrics.evaluator import reckon
from tests.metrics.full_town import DAY, DAYS, HOUR
from tests.metrics.town import Town


def windows(grains: tuple[Grain, ...]) -> Iterator[tuple[datetime, datetime]]:
    if Grain.HOUR in grains:
        yield DAY + 7 * HOUR, DAY + 8 * HOUR
    if Grain.DAY in grains:
        yield DAY, DAY + 24 * HOUR
    if grains == (Grain.WINDOW,):
        yield DAY, DAY + DAYS * 24 * HOUR


def one_of_each(values: list[MetricValue]) -> Iterator[MetricValue]:
    """The first value of each kind of subject that has one."""
    kinds = set()
    for value in values:
        kind = value.subject.partition(":")[0]
        if value.ratio is not None and kind not in kinds:
            kinds.add(kind)
            yield value


@pytest.mark.parametrize("metric", sorted(definitions().keys() - {"energy_intensity"}))  # that needs ninety days
def test_the_printed_expression_gives_the_value_exactly(full: Town, metric: str) -> None:
    determined = 0
    for start, end in windows(definitions()[metric].grains):
        for value in one_of_each(evaluate(full.connection, metric, "lakeside", start, end)):
            determined += 1
            found = explain(full.connection, metric, "lakeside", value.subject, start, end)
            assert found.value == value
            assert reckon(found.expression) == value.ratio, found.expression
            assert reckon(found.summary) == value.ratio, found.summary
            assert metric in found.text()
    assert determined


def test_parts_name_the_devices_and_hours_that_were_used(full: Town) -> None:
    found = explain(full.connection, "parking_turnover", "lakeside", "car_park:p1", DAY, DAY + 4 * HOUR)
    assert found.expression == "(1 + 2 + 3) / 100"
    assert [(part.term, part.device, part.hour, part.amount) for part in found.parts] == [
        ("vehicles", "g1", DAY + HOUR, "1"),
        ("vehicles", "g1", DAY + 2 * HOUR, "2"),
        ("vehicles", "g1", DAY + 3 * HOUR, "3"),
        ("spaces", None, None, "100"),
    ]


def test_stored_values_are_those_of_evaluate(full: Town) -> None:
    store_values(
        full.connection,
        [(full.stream("g1", "parking.in"), DAY + 30 * HOUR), (full.stream("g1", "parking.in"), DAY)],
        DAY + 48 * HOUR,
    )
    rows = full.connection.execute(
        "SELECT metric, subject, grain, window_start, window_end, numerator, denominator, coverage_numerator,"
        " coverage_denominator, devices, origins, quality, method, definition FROM metrics.value"
        " ORDER BY metric, subject, window_start"
    ).fetchall()
    assert {row[2] for row in rows} == {"hour", "day"}
    for metric, subject, grain, start, end, *rest in rows[::7]:
        (v,) = evaluate(full.connection, metric, "lakeside", start, end, subjects=[subject], grain=Grain(grain))
        assert rest == [
            v.numerator, v.denominator, v.coverage_numerator, v.coverage_denominator, list(v.devices), list(v.origins),
            v.quality, v.method, v.definition,
        ]  # fmt: skip
