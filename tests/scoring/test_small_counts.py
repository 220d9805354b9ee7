"""Counts of people under five are told to evaluators only; everything else is told to everybody."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ingest.small_counts import LIMIT, hidden
from metrics.model import MetricValue, Quality
from metrics.routes import value_out
from scoring.published import MetricBody, shown


@pytest.mark.parametrize(
    ("value", "unit", "small"),
    [("0", "{people}", True), ("4", "{people}", True), ("4.999", "{client}", True), ("5", "{people}", False),
     ("4", "{vehicle}", False), ("0.2", "1", False), ("3", "{login}", True)],
)  # fmt: skip
def test_a_count_of_persons_below_five_is_hidden_from_viewers_alone(value: str, unit: str, *, small: bool) -> None:
    assert hidden(Decimal(value), unit, exact=False) is small
    assert not hidden(Decimal(value), unit, exact=True)
    assert not hidden(None, unit, exact=False)


def test_a_viewer_cannot_compute_the_count_from_what_else_is_told() -> None:
    value = MetricValue(
        metric="footfall", district="d", subject="space:attic", start=datetime(2026, 11, 1, tzinfo=UTC),
        end=datetime(2026, 11, 2, tzinfo=UTC), numerator=Decimal(3), unit="{people}", coverage_numerator=Decimal(1),
        coverage_denominator=Decimal(1), devices=("door-1",), datastreams=(), origins=("real",), quality=Quality.GOOD,
    )  # fmt: skip
    told = value_out(value, exact=False)
    assert (told.numerator, told.value, told.fewer_than) == (None, None, LIMIT)
    told = value_out(value, exact=True)
    assert (told.numerator, told.value, told.fewer_than) == ("3", 3.0, None)


def test_a_figure_of_evidence_says_fewer_than_five() -> None:
    figure = MetricBody(
        name="footfall", subject="space:attic", value="3", unit="{people}", coverage=1.0, devices=[], device_count=0
    )
    assert shown(figure, exact=False).value == "<5"
    assert shown(figure, exact=True) == figure
