"""Keeps evidence and suggestions as history, and reads back what was stored by a time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from typing import cast

import psycopg
from psycopg.rows import class_row, tuple_row
from psycopg.types.json import Jsonb

from metrics.zones import zone
from scoring import published, register
from scoring import rubric as rubrics
from scoring import rule as rules
from scoring.assessment import Assessment
from scoring.causes import Marks, causes, marks
from scoring.differences import Difference, Revision, between
from scoring.digest import canonical
from scoring.engine import suggest
from scoring.model import Evidence, Gathered, Outcome, Suggestion, Text, Window
from scoring.published import ChangeBody, EvidenceBody, ItemBody, MetricBody, RevisionBody, WindowBody
from scoring.requirement import Rule
from scoring.rubric import Rubric


@dataclass(frozen=True, slots=True)
class _Evidence:
    """A row of `scoring.evidence` as it is shown."""

    id: int
    public_id: str
    digest: str
    window_start: datetime
    window_end: datetime
    recorded_at: datetime
    coverage_numerator: Decimal | None
    coverage_denominator: Decimal | None
    origins: list[str]
    findings: list[dict[str, object]]
    revision: int
    supersedes: str | None
    reason: str
    changes: list[dict[str, object]]
    stale: bool


@dataclass(frozen=True, slots=True)
class _Suggestion:
    """A row of `scoring.suggestion`."""

    item: str
    evidence_id: int | None
    outcome: str
    points: Decimal | None
    provisional: bool
    demo: bool
    reason_zh: str
    reason_en: str
    rule_id: str
    rule_version: str
    ready: bool
    missing: list[dict[str, object]]


def public_id(district: str, assessment: str, item: str, window: Window, revision: int | None = None) -> str:
    """Name of a revision of evidence: ``lakeside-demo/current/2.2.5.1/2026-10-24/30d/r1``; no revision: not stored."""
    first = window.start.astimezone(zone(window.zone)).date()
    name = f"{district}/{assessment}/{item}/{first.isoformat()}/{window.days}d"
    return name if revision is None else f"{name}/r{revision}"


def keep(
    connection: psycopg.Connection,
    rubric: Rubric,
    rule: Rule,
    district: str,
    assessment: Assessment,
    gathered: Gathered | None,
    now: datetime,
) -> Suggestion:
    """The suggestion from `gathered`; evidence and suggestion are stored where they differ from the latest ones."""
    demo = register.is_demo(connection, district)
    if gathered is None:
        suggestion = suggest(rubric, rule, None, demo=demo)
        _keep_suggestion(connection, rubric, assessment, district, suggestion, None, now)
        return suggestion
    latest = _latest(connection, gathered)
    if latest is None or latest.digest != gathered.evidence.digest:
        number, evidence = _keep_evidence(connection, rubric, rule, gathered, latest, now)
    else:
        number = latest.id
        evidence = replace(
            gathered.evidence, id=latest.public_id, computed_at=latest.recorded_at, revision=latest.revision,
            causes=() if latest.revision == 1 else tuple(latest.reason.split(", ")),
        )  # fmt: skip
    suggestion = suggest(rubric, rule, evidence, demo=demo)
    _keep_suggestion(connection, rubric, assessment, district, suggestion, number, now)
    return suggestion


def looked(connection: psycopg.Connection, district: str, assessment: str, now: datetime) -> None:
    """Note that every item of the assessment was evaluated with the catalogue as it is."""
    connection.execute(
        "INSERT INTO scoring.looked (district, assessment, catalogue_revision, recorded_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (district, assessment) DO UPDATE SET (catalogue_revision, recorded_at)"
        " = (excluded.catalogue_revision, excluded.recorded_at)",
        (district, assessment, marks(connection, district).revision, now),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Latest:
    """The latest revision of a window."""

    id: int
    revision: int
    digest: str
    public_id: str
    recorded_at: datetime
    inputs: str
    findings: list[dict[str, object]]
    reason: str
    batch_id: int
    correction_id: int


def _latest(connection: psycopg.Connection, gathered: Gathered) -> _Latest | None:
    evidence = gathered.evidence
    with connection.cursor(row_factory=class_row(_Latest)) as cursor:
        return cursor.execute(
            "SELECT id, revision, digest, public_id, recorded_at, inputs, findings, reason, batch_id, correction_id"
            " FROM scoring.evidence"
            " WHERE district = %s AND assessment = %s AND item = %s AND window_start = %s AND window_end = %s"
            " ORDER BY revision DESC LIMIT 1",
            (evidence.district, evidence.assessment, evidence.item, evidence.window.start, evidence.window.end),
        ).fetchone()


def _keep_evidence(
    connection: psycopg.Connection,
    rubric: Rubric,
    rule: Rule,
    gathered: Gathered,
    before: _Latest | None,
    now: datetime,
) -> tuple[int, Evidence]:
    """Stores a new revision; returns its row number, and the evidence with its name."""
    evidence = gathered.evidence
    found: list[Difference] = []
    if before:
        found = list(between(connection, Revision(
            id=before.id, public_id=before.public_id, item=evidence.item, inputs=before.inputs,
            start=evidence.window.start, end=evidence.window.end, recorded_at=before.recorded_at,
        ), gathered))  # fmt: skip
    since = Marks(batch=before.batch_id, correction=before.correction_id) if before else Marks()
    evidence = replace(
        evidence,
        revision=before.revision + 1 if before else 1,
        causes=causes(connection, since, found) if before else (),
        computed_at=now,
    )
    evidence = replace(
        evidence,
        id=public_id(evidence.district, evidence.assessment, evidence.item, evidence.window, evidence.revision),
    )
    seen = marks(connection, evidence.district)
    findings = published.stored(suggest(rubric, rule, evidence).findings)
    own = {
        "public_id": evidence.id,
        "district": evidence.district,
        "assessment": evidence.assessment,
        "rubric": evidence.rubric,
        "item": evidence.item,
        "window_start": evidence.window.start,
        "window_end": evidence.window.end,
        "revision": evidence.revision,
        "supersedes": before.id if before else None,
        "reason": ", ".join(evidence.causes) or ("layout" if before else "first"),
        "digest": evidence.digest,
        "inputs": canonical(gathered.inputs).decode(),
        "rule_id": rule.id,
        "rule_version": rule.version,
        "demo": evidence.demo,
        "coverage_numerator": None if evidence.coverage is None else Decimal(evidence.coverage.numerator),
        "coverage_denominator": None if evidence.coverage is None else Decimal(evidence.coverage.denominator),
        "origins": sorted({str(origin) for finding in findings for origin in cast("list[str]", finding["origins"])}),
        "findings": Jsonb(findings),
        "changes": Jsonb(published.changes(found, before.findings if before else findings, findings)),
        "batch_id": seen.batch,
        "correction_id": seen.correction,
        "catalogue_revision": seen.revision,
        "kinds": list(gathered.kinds),
        "recorded_at": now,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute((files("scoring") / "evidence_insert.sql").read_bytes(), own).fetchone()
        if row is None:
            raise RuntimeError(f"evidence {evidence.id} was not stored")
        cursor.execute(
            (files("scoring") / "hour_lines.sql").read_bytes(),
            {
                "streams": list(gathered.streams),
                "start": gathered.begin,
                "end": evidence.window.end,
                "recorded_at": now,
                "evidence_id": row[0],
            },
        )
    return row[0], evidence


def _keep_suggestion(
    connection: psycopg.Connection,
    rubric: Rubric,
    assessment: Assessment,
    district: str,
    suggestion: Suggestion,
    evidence_id: int | None,
    now: datetime,
) -> None:
    new = _Suggestion(
        suggestion.item, evidence_id, suggestion.outcome.value, suggestion.points, suggestion.provisional,
        suggestion.demo, suggestion.reason.zh, suggestion.reason.en, suggestion.rule_id, suggestion.rule_version,
        suggestion.ready, published.missing(suggestion.missing),
    )  # fmt: skip
    if _suggestions(connection, district, assessment.id, suggestion.item).get(suggestion.item) == new:
        return
    connection.execute(
        "INSERT INTO scoring.suggestion (district, assessment, rubric, item, evidence_id, outcome, points, provisional,"
        " demo, reason_zh, reason_en, rule_id, rule_version, ready, missing, recorded_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            district, assessment.id, rubric.id, new.item, new.evidence_id, new.outcome, new.points, new.provisional,
            new.demo, new.reason_zh, new.reason_en, new.rule_id, new.rule_version, new.ready, Jsonb(new.missing), now,
        ),
    )  # fmt: skip


def _suggestions(
    connection: psycopg.Connection, district: str, assessment: str, item: str | None = None
) -> dict[str, _Suggestion]:
    """The latest suggestion per item."""
    with connection.cursor(row_factory=class_row(_Suggestion)) as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT ON (item) item, evidence_id, outcome, points, provisional, demo, reason_zh, reason_en,"
            " rule_id, rule_version, ready, missing FROM scoring.suggestion"
            " WHERE district = %s AND assessment = %s AND (%s::text IS NULL OR item = %s::text) ORDER BY item, id DESC",
            (district, assessment, item, item),
        ).fetchall()
    return {row.item: row for row in rows}


def items(
    connection: psycopg.Connection, district: str, assessment: Assessment, code: str | None = None
) -> list[ItemBody]:
    """The rows of the form with the latest stored suggestions; `code` None: all of them, in the order of the form.

    An item that was never evaluated says so; nothing is computed here.
    """
    rubric = rubrics.load(assessment.rubric)
    demo = register.is_demo(connection, district)
    stored = _suggestions(connection, district, assessment.id, code)
    found = _evidence(connection, [row.evidence_id for row in stored.values() if row.evidence_id is not None])
    bodies = []
    for item in rubric.items():
        if code not in {None, item.code}:
            continue
        row = stored.get(item.code)
        if row is None:
            suggestion = suggest(rubric, rules.load(assessment.rubric)[item.code], None, demo=demo)
            bodies.append(published.item(item, suggestion, []))
            continue
        suggestion = Suggestion(
            item=row.item, outcome=Outcome(row.outcome), points=row.points, provisional=row.provisional,
            demo=row.demo, reason=Text(zh=row.reason_zh, en=row.reason_en), rule_id=row.rule_id,
            rule_version=row.rule_version,
        )  # fmt: skip
        own = [_body(found[row.evidence_id])] if row.evidence_id is not None else []
        bodies.append(published.item(item, suggestion, own))
    return bodies


def revisions(
    connection: psycopg.Connection, district: str, assessment: str, item: str, as_of: datetime | None
) -> list[RevisionBody]:
    """Revisions of the evidence for one item that were stored by `as_of`, the one in force first."""
    with connection.cursor(row_factory=class_row(_Evidence)) as cursor:
        rows = cursor.execute(
            (files("scoring") / "evidence_read.sql").read_bytes(),
            {"ids": None, "district": district, "assessment": assessment, "item": item, "as_of": as_of},
        ).fetchall()
    return [
        RevisionBody(
            **_body(row).model_dump(),
            revision=row.revision,
            supersedes=row.supersedes,
            reason=row.reason,
            changes=[ChangeBody.model_validate(change) for change in row.changes],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Revision):
    """Evidence in force, with what is needed to compute it anew."""

    rubric: str
    assessment: str
    window: Window
    digest: str
    findings: list[dict[str, object]]


def in_force(
    connection: psycopg.Connection, district: str, as_of: datetime | None = None, item: str | None = None
) -> list[Stored]:
    """The evidence behind the latest suggestion of each item, or behind the latest that was stored by `as_of`."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT ON (s.assessment, s.item) e.id, e.public_id, e.item, e.assessment, e.rubric, e.window_start,"
            " e.window_end, e.digest, e.inputs, e.findings, e.recorded_at"
            " FROM scoring.suggestion s LEFT JOIN scoring.evidence e ON e.id = s.evidence_id"
            " WHERE s.district = %(district)s AND (%(item)s::text IS NULL OR s.item = %(item)s)"
            " AND (%(as_of)s::timestamptz IS NULL OR s.recorded_at <= %(as_of)s) ORDER BY s.assessment, s.item, s.id DESC",
            {"district": district, "item": item, "as_of": as_of},
        ).fetchall()
    place = register.zone_of(connection, district)
    found = []
    for number, name, code, assessment, rubric, start, end, digest, inputs, findings, recorded_at in rows:
        if number is None:
            continue
        told = json.loads(inputs)["window"]
        found.append(
            Stored(
                id=number, public_id=name, item=code, inputs=inputs, start=start, end=end, recorded_at=recorded_at,
                rubric=rubric, assessment=assessment, digest=digest, findings=findings,
                window=Window(start=start, end=end, days=told["days"], zone=place, chosen=told["chosen"]),
            )
        )  # fmt: skip
    return found


def _evidence(connection: psycopg.Connection, ids: Sequence[int]) -> dict[int, _Evidence]:
    with connection.cursor(row_factory=class_row(_Evidence)) as cursor:
        rows = cursor.execute(
            (files("scoring") / "evidence_read.sql").read_bytes(),
            {"ids": list(ids), "district": None, "assessment": None, "item": None, "as_of": None},
        ).fetchall()
    return {row.id: row for row in rows}


def _body(row: _Evidence) -> EvidenceBody:
    coverage = None
    if row.coverage_numerator is not None and row.coverage_denominator is not None:
        coverage = float(round(row.coverage_numerator / row.coverage_denominator, published.DIGITS))
    return EvidenceBody(
        id=row.public_id,
        digest=row.digest,
        window=WindowBody(start=row.window_start.astimezone(UTC), end=row.window_end.astimezone(UTC)),
        computed_at=row.recorded_at.astimezone(UTC),
        coverage=coverage,
        origin=published.origin(row.origins),
        stale=row.stale,
        metrics=[
            MetricBody.model_validate({name: figure[name] for name in MetricBody.model_fields})
            for figure in row.findings
        ],
    )
