"""Figures of any window, and the hourly and daily ones that are kept: what other parts call."""

from collections.abc import Sequence
from datetime import datetime

import psycopg

from metrics import inputs
from metrics.definition import Definition, Grain, definitions
from metrics.figures import allow, compute, find
from metrics.inputs import WindowError
from metrics.model import MetricValue, Quality
from metrics.shared import Shared
from metrics.values import store_values

__all__ = [
    "Definition",
    "Grain",
    "MetricValue",
    "Quality",
    "Shared",
    "WindowError",
    "definitions",
    "evaluate",
    "store_values",
]


def evaluate(
    connection: psycopg.Connection,
    metric: str,
    district: str,
    start: datetime,
    end: datetime,
    *,
    subjects: Sequence[str] | None = None,
    revision: int | None = None,
    grain: Grain = Grain.WINDOW,
    shared: Shared | None = None,
) -> list[MetricValue]:
    """Returns the metric for each subject: one value of the whole window, or one per hour or local day of it.

    Args:
        connection: to the migrated database; only read.
        metric: name, for example ``parking_turnover``.
        district: id.
        start: of the window, aware; a local hour or a local midnight of the district.
        end: of the window, exclusive, likewise.
        subjects: ``district``, ``space:ID``, ``car_park:ID``, ``device:ID``, ``feed:NAME``, ``feed:NAME/space:ID``;
            None: every subject the register knows.
        revision: of the catalogue; None: the latest.
        grain: WINDOW for one value per subject.
        shared: of the same district, revision and windows: saves what most metrics begin with.

    Raises:
        LookupError: no such metric or district.
        WindowError: the metric has no value for such a window.
    """
    definition = find(metric)
    zone = inputs.zone_of(connection, district, revision)
    windows = inputs.split(start, end, grain, zone)
    allow(definition, grain, windows, zone)
    return compute(connection, definition, district, windows, zone, subjects, revision, shared=shared)
