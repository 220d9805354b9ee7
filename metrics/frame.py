"""Figures for people who analyse: a pandas DataFrame with zone-aware times."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import psycopg

from metrics import inputs
from metrics.definition import Grain
from metrics.evaluate import evaluate

COLUMNS = (
    "start", "end", "metric", "subject", "value", "unit", "numerator", "denominator", "coverage", "quality", "method",
    "devices",
)  # fmt: skip


def frame(
    connection: psycopg.Connection,
    metric: str,
    district: str,
    start: datetime,
    end: datetime,
    *,
    grain: Grain = Grain.HOUR,
    subjects: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Values of a metric, one row per subject and hour, local day or window, ordered by subject and time.

    Columns: `start` and `end` (half-open, zone-aware in the district's zone), `metric`, `subject`, `value` (in `unit`,
    a UCUM code; NaN: undetermined), `numerator` and `denominator` (exact decimals), `coverage` (0 to 1), `quality`,
    `method`, `devices` (how many the figure counts).
    """
    zone = inputs.zone_of(connection, district)
    rows = [
        (
            v.start, v.end, v.metric, v.subject, None if v.ratio is None else float(v.ratio), v.unit, v.numerator,
            v.denominator, None if v.coverage is None else float(v.coverage), v.quality.value, v.method, len(v.devices),
        )
        for v in evaluate(connection, metric, district, start, end, subjects=subjects, grain=grain)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in ("start", "end"):
        table[column] = pd.to_datetime(table[column], utc=True).dt.tz_convert(zone)
    for column in ("value", "coverage"):
        table[column] = table[column].astype("float64")
    return table


def profile(table: pd.DataFrame) -> pd.DataFrame:
    """Mean value per local hour and weekday: one row per hour (0 to 23), one column per weekday (Monday is 0).

    Args:
        table: hourly values of one subject as `frame` gives them; hours without a value are left out of the mean.
    """
    start = table["start"].dt
    return table.pivot_table(
        index=start.hour.rename("hour"), columns=(start.isocalendar().day - 1).rename("weekday"), values="value"
    )


def compare(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Two windows, or two districts, side by side: one row per subject, with `before`, `after`, `difference`, `ratio`.

    Args:
        before: values as `frame` gives them, of one metric; those of a subject are averaged.
        after: likewise.

    Raises:
        ValueError: the two are not of one metric.
    """
    metrics = sorted({*before["metric"], *after["metric"]})
    if len(metrics) > 1:
        raise ValueError(f"expected two frames of one metric, got {' and '.join(metrics)}")
    means = {name: table.groupby("subject")["value"].mean() for name, table in (("before", before), ("after", after))}
    side = pd.DataFrame(means)
    return side.assign(difference=side["after"] - side["before"], ratio=side["after"] / side["before"])
