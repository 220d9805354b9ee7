"""Evidence: what was found for an item, what it rests on, and a new revision only where that changed.

The digest is SHA-256 over canonical JSON of the inputs: content hashes of rule and metrics, the parameters in force, the
window, the facts used, and per datastream (and device with events) the digest of its hour lines. What is written down
there decides every figure, and nothing else does. docs/evidence.md explains it well enough to be written a second time.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files

import psycopg
from psycopg import IsolationLevel
from psycopg.rows import tuple_row

from metrics.definition import definitions
from metrics.model import MetricValue
from scoring import assessment as assessments
from scoring import papers, reads, register, store
from scoring import rubric as rubrics
from scoring import rule as rules
from scoring.assessment import Assessment
from scoring.digest import Canonical, content_hash
from scoring.engine import suggest
from scoring.figures import EVENTS, Figures
from scoring.measure import coverage
from scoring.model import Evidence, Gathered, Suggestion, Window
from scoring.requirement import Basis, Rule, Source
from scoring.told import Told

#: Version of the layout of the inputs; a change of it changes every digest.
LAYOUT = "evidence/3"

#: Kinds of facts that every item looks at, whatever its rule.
ALWAYS = ("assessment", "district", "register", "waiver")

#: Evaluations of one database go one after the other.
LOCK = 7_300_903


def assess(
    connection: psycopg.Connection,
    district: str,
    now: datetime,
    *,
    at: datetime | None = None,
    items: Collection[str] | None = None,
) -> list[Suggestion]:
    """Suggestions for the items of every open evaluation of `district`, computed from what is stored.

    With `at`, the window ends by then and nothing is kept; without, evidence and suggestions that changed are stored.
    What the connection has not committed yet is committed first, so that everything is read in one snapshot.

    Args:
        connection: to the migrated database.
        district: id.
        now: the present.
        at: later data are not looked at.
        items: codes; None: all of the form.

    Raises:
        LookupError: there is no such district.
    """
    suggestions: list[Suggestion] = []
    with snapshot(connection):
        for assessment in assessments.of_district(connection, district):
            if assessment.decided:
                continue
            figures = Figures(connection, district, share=items is None)
            rubric = rubrics.load(assessment.rubric)
            for rule in rules.load(assessment.rubric).values():
                if items is not None and rule.item.code not in items:
                    continue
                gathered = gather(connection, district, rule, assessment, at or now, figures=figures)
                if at is None:
                    suggestions.append(store.keep(connection, rubric, rule, district, assessment, gathered, now))
                else:
                    demo = register.is_demo(connection, district)
                    suggestions.append(suggest(rubric, rule, gathered.evidence if gathered else None, demo=demo))
            if at is None and items is None:
                store.looked(connection, district, assessment.id, now)
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
    begin = reads.first_hour(metrics, window)
    events = tuple(sorted({f"{district}/{device}/{EVENTS}" for device in _with_events(everything)}, key=str.encode))
    digests = figures.digests([*datastreams, *events], begin, window.end)
    states = papers.states(rule, documents, at, place)
    kinds = _kinds(rule, metrics)
    found = _facts(connection, district, rule, window, everything, kinds, figures.revision) + told.facts
    inputs: dict[str, Canonical] = {
        "layout": LAYOUT,
        "district": district,
        "rubric": assessment.rubric,
        "assessment": assessment.id,
        "item": rule.item.code,
        "window": {
            "start": window.start,
            "end": window.end,
            "days": window.days,
            "chosen": window.chosen,
            "read_from": begin,
        },
        "rule": rule.version,
        "metrics": {name: definitions()[name].version for name in metrics},
        "parameters": reads.parameters_of(metrics, window) if metrics else {},
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
        "events": {name: digests[name][0] for name in events if name in digests},
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
    return Gathered(
        evidence=evidence, inputs=inputs, streams=(*datastreams, *events), begin=begin, kinds=tuple(sorted({*kinds, *ALWAYS, *(fact.kind for fact in told.facts)})),
    )  # fmt: skip


def _facts(
    connection: psycopg.Connection,
    district: str,
    rule: Rule,
    window: Window,
    values: Sequence[MetricValue],
    kinds: Collection[str],
    revision: int | None,
) -> list[register.Fact]:
    """The facts behind the figures: all of each register that a metric reads or the rule divides by, the devices counted."""
    names = sorted({value.metric for value in values})
    devices = {name for value in values for name in value.devices}
    found = register.facts(
        connection, district, "district", window, fields=reads.of_district(names), revision=revision
    )  # fmt: skip
    for kind in sorted({*kinds} - {"district"}):
        own = register.facts(
            connection, district, kind, window, devices if kind == "device" else None, revision=revision
        )
        if kind == "facility" and "facilities" not in rule.signed_by:
            # Most figures know a facility only as what a device of theirs stands in.
            own = [fact for fact in own if fact.body.get("device") in devices]
        found += own
    return found


def _kinds(rule: Rule, metrics: Sequence[str]) -> set[str]:
    """Kinds of facts that decide the figures of a rule."""
    signed = {register.KINDS[name] for name in rule.signed_by}
    return signed.union(*(reads.of_metric(name).kinds for name in metrics))


def _with_events(values: Iterable[MetricValue]) -> set[str]:
    """Devices whose single events decide a figure."""
    return {device for value in values if reads.of_metric(value.metric).events for device in value.devices}


def _arrivals(values: Iterable[MetricValue]) -> set[str]:
    """Datastreams whose time of arrival decides a figure: those of metrics that read the lateness of an hour."""
    return {name for value in values if "lateness" in definitions()[value.metric].body for name in value.datastreams}


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
