"""Days on which the daily parking report has all six figures: it looks at other figures, which SQL over hours cannot.

---
name: parking_daily_report
title: {zh: 停车日报齐全率, en: Share of days with a full parking report}
meaning:
  zh: 进、出、占用率、周转率、平均停车时长、高峰小时六项日指标齐全的日数占比
  en: Days on which vehicles in and out, occupancy, turnover, mean dwell and peak hour are all there, over all days
unit: '1'
grains: [day, window]
subjects: [district, car_park]
inputs: [parking.in, parking.out, parking.used, parking.occupied, parking.stay_sum, parking.stay_count]
terms:
  full_days: {unit: d, meaning: days on which each of the six figures has a value that covers at least valid_share}
  days: {unit: d, meaning: local days of the window}
formula: full_days / days
parameters: [valid_share]
over_time: local days are counted
over_devices: as the six figures do
coverage: that of the six figures, added up
source: docs/domain.md 6, item 2.2.5.2; what makes a figure be there is our choice
store: {day: [district, car_park]}
decimals: 3
"""

from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

import psycopg

from metrics import parameters
from metrics.definition import Grain, definitions
from metrics.figures import compute
from metrics.inputs import Window, split
from metrics.model import MetricValue
from metrics.terms import Row

#: The six figures of the report.
FIGURES = (
    "parking_in", "parking_out", "parking_occupancy", "parking_turnover", "parking_mean_dwell", "parking_peak_hour",
)  # fmt: skip


def rows(
    connection: psycopg.Connection,
    district: str,
    windows: Sequence[Window],
    zone: ZoneInfo,
    subjects: Sequence[str] | None,
    revision: int | None,
) -> list[Row]:
    """Returns one row per subject and local day of each window."""
    days = {day: window for window in windows for day in split(window.start, window.end, Grain.DAY, zone)}
    found: dict[tuple[str, Window], list[MetricValue]] = {}
    for figure in FIGURES:
        for value in compute(connection, definitions()[figure], district, list(days), zone, subjects, revision):
            if value.subject == "district" or value.subject.startswith("car_park:"):
                found.setdefault((value.subject, Window(start=value.start, end=value.end)), []).append(value)
    return [_row(subject, day, days[day], values, zone) for (subject, day), values in found.items()]


def _row(subject: str, day: Window, window: Window, values: list[MetricValue], zone: ZoneInfo) -> Row:
    """One day of one subject."""
    enough = parameters.on(day.start.astimezone(zone).date())["valid_share"]
    there = [
        value for value in values
        if value.numerator is not None and value.coverage_denominator
        and value.coverage_numerator >= enough * value.coverage_denominator
    ]  # fmt: skip
    return Row(
        subject=subject,
        window=window,
        key="",
        covered=sum((value.coverage_numerator for value in values), Decimal(0)),
        expected=sum((value.coverage_denominator for value in values), Decimal(0)),
        devices=tuple(sorted({device for value in values for device in value.devices})),
        datastreams=tuple(sorted({stream for value in values for stream in value.datastreams})),
        hour=day.start,
        origins=tuple(sorted({origin for value in values for origin in value.origins})),
        backfilled=max((value.backfilled for value in values), default=Decimal(0)),
        terms={"full_days": Decimal(len(there) == len(FIGURES)), "days": Decimal(1)},
    )
