"""Evidence: what was found for an item, what it rests on, and a new revision only where that changed.

The digest is SHA-256 over canonical JSON of the inputs: content hashes of rule and metrics, the window, the facts used,
and per datastream the digest of its hour lines. What is written down there decides every figure, and nothing else does.
docs/scoring.md explains it well enough to be written a second time.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib.resources import files

import psycopg
from psycopg import IsolationLevel
from psycopg.rows import tuple_row

from metrics.definition import definitions
from metrics.evaluate import evaluate
from metrics.model import MetricValue
from scoring import assessment as assessments
from scoring import papers, register, store
from scoring import rubric as rubrics
from scoring import rule as rules
from scoring.assessment import Assessment
from scoring.digest import Canonical, content_hash
from scoring.engine import suggest
from scoring.measure import coverage
from scoring.model import Evidence, Gathered, Suggestion, Window
from scoring.papers import Document
from scoring.requirement import Basis, Rule, Source
from scoring.told import Told

#: Version of the layout of the inputs; a change of it changes every digest.
LAYOUT = "evidence/2"

#: Evaluations of one database go one after the other.
LOCK = 7_300_903


def assess(
    connection: psycopg.Connection, district: str, now: datetime, *, at: datetime | None = None
) -> list[Suggestion]:
    """Suggestions for every item of every open evaluation of `district`, computed from what is stored.

    With `at`, the window ends by then and nothing is kept; without, evidence and suggestions that changed are stored.
    What the connection has not committed yet is committed first, so that everything is read in one snapshot.

    Raises:
        LookupError: there is no such district.
    """
    suggestions: list[Suggestion] = []
    with snapshot(connection):
        for assessment in assessments.of_district(connection, district):
            if assessment.decided:
                continue
            figures = Figures(connection, district)
            rubric = rubrics.load(assessment.rubric)
            for rule in rules.load(assessment.rubric).values():
                gathered = gather(connection, district, rule, assessment, at or now, figures=figures)
                if at is None:
                    suggestions.append(store.keep(connection, rubric, rule, district, assessment, gathered, now))
                else:
                    demo = register.is_demo(connection, district)
                    suggestions.append(suggest(rubric, rule, gathered.evidence if gathered else None, demo=demo))
    return suggestions


def fingerprint(connection: psycopg.Connection, district: str, now: datetime) -> str:
    """A text that changes whenever `assess` could come to something else: windows, catalogue, hours of the windows.

    It costs a tenth of an evaluation, so that a loop can look often and evaluate rarely.
    """
    zone = register.zone_of(connection, district)
    seen: list[Canonical] = []
    for assessment in assessments.of_district(connection, district):
        for days in sorted({rule.days for rule in rules.load(assessment.rubric).values()}):
            window = assessments.window(connection, district, zone, assessment, now, days)
            with connection.cursor(row_factory=tuple_row) as cursor:
                row = cursor.execute(
                    (files("scoring") / "fingerprint.sql").read_bytes(),
                    {"district": district, "start": window.start, "end": window.end},
                ).fetchone()
            seen.append([assessment.id, assessment.decided, window.start, window.end, *(row or ())])
    connection.commit()
    return content_hash(seen)


def gather(
    connection: psycopg.Connection,
    district: str,
    rule: Rule,
    assessment: Assessment,
    at: datetime,
    *,
    figures: "Figures | None" = None,
    window: Window | None = None,
    known_at: datetime | None = None,
) -> Gathered | None:
    """What is found for the item of `rule` as of `at`, or in `window`; None where nothing speaks for it.

    Call it in one snapshot (REPEATABLE READ): figures and digests must come from the same state.
    """
    if rule.basis is Basis.NONE:
        return None
    place = register.zone_of(connection, district)
    window = window or assessments.window(connection, district, place, assessment, at, rule.days)
    figures = figures or Figures(connection, district)
    documents = papers.serving(rule, figures.documents(known_at))
    told = Told.of(connection, district, rule, assessment, window, figures.revision)
    waived = tuple(one for one in told.waivers if one.item in {"", rule.item.code})
    if rule.basis is Basis.DOCUMENTS and not documents and not rule.supporting and not any(one.item for one in waived):
        return None
    measures = [measure for measure in rule.measures() if measure.source is Source.METRIC]
    values = {measure.key: figures.values(measure.metric, measure.subject, window) for measure in measures}
    limits = [*rule.coverage, *(measure for part in rule.parts() for measure in part.coverage)]
    limited = {(measure.metric, measure.subject): values[measure.key] for measure in limits}
    everything = [value for own in values.values() for value in own]
    datastreams = tuple(sorted({name for value in everything for name in value.datastreams}, key=str.encode))
    metrics = sorted({measure.metric for measure in measures})
    digests = figures.digests(datastreams, window)
    states = papers.states(rule, documents, at, place)
    found = _facts(connection, district, rule, window, everything, figures.revision) + told.facts
    inputs: dict[str, Canonical] = {
        "layout": LAYOUT,
        "district": district,
        "rubric": assessment.rubric,
        "assessment": assessment.id,
        "item": rule.item.code,
        "window": {"start": window.start, "end": window.end, "days": window.days, "chosen": window.chosen},
        "rule": rule.version,
        "metrics": {name: definitions()[name].version for name in metrics},
        "register": {
            "demo": told.district.demo,
            "demo_throughout": told.district.demo_throughout,
            "signed": {name: dict(told.signatures[name].body) for name in sorted(told.signatures)},
            "facts": [fact.canonical() for fact in found],
        },
        "documents": {
            "states": {name: state.value for name, state in states.items()},
            "papers": [document.canonical() for document in documents],
        },
        "readings": {name: digests[name][0] for name in datastreams if name in digests},
        "arrivals": {name: digests[name][1] for name in sorted(_arrivals(everything)) if name in digests},
    }
    evidence = Evidence(
        district=district,
        rubric=assessment.rubric,
        item=rule.item.code,
        assessment=assessment.id,
        window=window,
        demo=told.district.demo,
        simulated_counts=told.district.demo_throughout,
        signed_registers=frozenset(told.signatures),
        values=values,
        stated=told.stated,
        words=told.words,
        papers=states,
        waivers=waived,
        coverage=coverage(value for own in limited.values() for value in own),
        id=store.public_id(district, assessment.id, rule.item.code, window),
        digest=content_hash(inputs),
    )
    return Gathered(evidence=evidence, inputs=inputs, datastreams=datastreams)


def _facts(
    connection: psycopg.Connection,
    district: str,
    rule: Rule,
    window: Window,
    values: Sequence[MetricValue],
    revision: int | None,
) -> list[register.Fact]:
    """The facts behind the figures: the devices counted, and the whole of each register the rule divides by."""
    if not values and not rule.signed_by:
        return register.facts(connection, district, "district", window, revision=revision)
    devices = {name for value in values for name in value.devices}
    found = register.facts(connection, district, "district", window, revision=revision)
    for kind in sorted({register.KINDS[name] for name in rule.signed_by} | {"device", "maintenance"}):
        ids = devices if kind == "device" else None
        found += register.facts(connection, district, kind, window, ids, revision=revision)
    return found


def _arrivals(values: Iterable[MetricValue]) -> set[str]:
    """Datastreams whose time of arrival decides a figure: those of metrics that read the lateness of an hour."""
    return {name for value in values if "lateness" in definitions()[value.metric].body for name in value.datastreams}


class Figures:
    """Values and digests of one district, each asked for once however many items use it."""

    def __init__(self, connection: psycopg.Connection, district: str, revision: int | None = None) -> None:
        self._connection = connection
        self._district = district
        #: of the catalogue; None: the latest
        self.revision = revision
        self._documents: dict[datetime | None, list[Document]] = {}
        self._values: dict[tuple[str, Window], dict[str, MetricValue]] = {}
        self._digests: dict[tuple[tuple[str, ...], Window], dict[str, tuple[str, str]]] = {}

    def values(self, metric: str, subject: str, window: Window) -> tuple[MetricValue, ...]:
        """Values of `metric` for `subject`; ``car_park:*`` stands for every one the register knows."""
        known = self._values.setdefault((metric, window), {})
        kind, _, name = subject.partition(":")
        if name == "*":
            every = evaluate(self._connection, metric, self._district, window.start, window.end, revision=self.revision)
            return tuple(value for value in every if value.subject.startswith(f"{kind}:"))
        if subject not in known:
            subjects = sorted(_subjects(metric) | {subject})
            for value in evaluate(
                self._connection,
                metric,
                self._district,
                window.start,
                window.end,
                subjects=subjects,
                revision=self.revision,
            ):
                known[value.subject] = value
        return (known[subject],)

    def documents(self, known_at: datetime | None) -> list[Document]:
        """Papers handed in by `known_at`."""
        if known_at not in self._documents:
            self._documents[known_at] = papers.of_district(self._connection, self._district, known_at)
        return self._documents[known_at]

    def digests(self, datastreams: tuple[str, ...], window: Window) -> dict[str, tuple[str, str]]:
        """Digests of the hour lines and of the arrivals in `window`, by public id."""
        if (datastreams, window) not in self._digests:
            with self._connection.cursor(row_factory=tuple_row) as cursor:
                rows = cursor.execute(
                    (files("scoring") / "hour_digests.sql").read_bytes(),
                    {
                        "district": self._district,
                        "datastreams": list(datastreams),
                        "start": window.start,
                        "end": window.end,
                    },
                ).fetchall()
            self._digests[datastreams, window] = {name: (readings, arrivals) for name, readings, arrivals in rows}
        return self._digests[datastreams, window]


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


@contextmanager
def snapshot(connection: psycopg.Connection) -> Iterator[None]:
    """One transaction that sees one state of the database, after whoever else is evaluating has finished."""
    connection.commit()
    before = connection.isolation_level
    connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    connection.commit()  # the lock is the session's; the snapshot begins after it was granted
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            yield
    finally:
        if not connection.closed:
            connection.rollback()
            connection.isolation_level = before
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
            connection.commit()
