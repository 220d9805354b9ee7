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
