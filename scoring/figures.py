"""Values and digests of one district, each asked for once however many items use it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files

import psycopg
from psycopg.rows import tuple_row

from metrics import inputs
from metrics.evaluate import Grain, Shared, evaluate
from metrics.model import MetricValue
from scoring import papers
from scoring import rubric as rubrics
from scoring import rule as rules
from scoring.model import Window
from scoring.papers import Document
from scoring.requirement import Source

#: What stands in a public id where a datastream has its quantity: the single events of a device.
EVENTS = "events"


class Figures:
    """Values and digests of one district, each asked for once however many items use it."""

    def __init__(
        self, connection: psycopg.Connection, district: str, revision: int | None = None, *, share: bool = False
    ) -> None:
        """`share`: many items are evaluated in one transaction; what their metrics begin with is computed once."""
        self._connection = connection
        self._district = district
        #: of the catalogue; None: the latest
        self.revision = revision
        self._share = share
        self._shared: dict[Window, Shared] = {}
        self._documents: dict[datetime | None, list[Document]] = {}
        self._values: dict[tuple[str, Window], dict[str, MetricValue]] = {}
        #: None: nothing was ever heard of it
        self._digests: dict[tuple[datetime, datetime], dict[str, tuple[str, str] | None]] = {}

    def values(self, metric: str, subject: str, window: Window) -> tuple[MetricValue, ...]:
        """Values of `metric` for `subject`; ``car_park:*`` stands for every one the register knows."""
        known = self._values.setdefault((metric, window), {})
        kind, _, name = subject.partition(":")
        if name == "*":
            every = self._evaluate(metric, window, None)
            return tuple(value for value in every if value.subject.startswith(f"{kind}:"))
        if subject not in known:
            subjects = sorted(_subjects(metric) | {subject})
            for value in self._evaluate(metric, window, subjects):
                known[value.subject] = value
        return (known[subject],)

    def _evaluate(self, metric: str, window: Window, subjects: Sequence[str] | None) -> list[MetricValue]:
        if self._share and window not in self._shared:
            zone = inputs.zone_of(self._connection, self._district, self.revision)
            windows = inputs.split(window.start, window.end, Grain.WINDOW, zone)
            self._shared[window] = Shared(self._connection, self._district, windows, zone, self.revision)
        return evaluate(
            self._connection,
            metric,
            self._district,
            window.start,
            window.end,
            subjects=subjects,
            revision=self.revision,
            shared=self._shared.get(window),
        )

    def documents(self, known_at: datetime | None) -> list[Document]:
        """Papers handed in by `known_at`."""
        if known_at not in self._documents:
            self._documents[known_at] = papers.of_district(self._connection, self._district, known_at)
        return self._documents[known_at]

    def digests(self, streams: Iterable[str], start: datetime, end: datetime) -> dict[str, tuple[str, str]]:
        """Digests of the hour lines and of the arrivals in [start, end), by public id; events of a device likewise."""
        known = self._digests.setdefault((start, end), {})
        asked = sorted(streams)
        if missing := [name for name in asked if name not in known]:
            with self._connection.cursor(row_factory=tuple_row) as cursor:
                rows = cursor.execute(
                    (files("scoring") / "hour_digests.sql").read_bytes(),
                    {"streams": missing, "start": start, "end": end},
                ).fetchall()
            known.update(dict.fromkeys(missing))
            known.update({name: (readings, arrivals) for name, readings, arrivals in rows})
        return {name: digests for name in asked if (digests := known[name]) is not None}


@cache
def _subjects(metric: str) -> frozenset[str]:
    """Subjects of `metric` in all rules that are shipped: asked for together, they cost one query."""
    return frozenset(
        measure.subject
        for name in rubrics.names()
        for rule in rules.load(name).values()
        for measure in rule.measures()
        if measure.source is Source.METRIC and measure.metric == metric and not measure.subject.endswith(":*")
    )
