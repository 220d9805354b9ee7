"""What scoring says about the items of a district, as its tables hold it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.rows import class_row
from pydantic import TypeAdapter

from district.pages.queries import sql
from scoring.model import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """One figure that the rule looked at."""

    name: str
    subject: str
    #: None: undetermined
    value: Decimal | None
    #: UCUM code
    unit: str
    #: 0 to 1; None: nothing was expected
    coverage: Decimal | None
    devices: tuple[str, ...]
    device_count: int
    origins: tuple[str, ...] = ()
    threshold: Decimal | None = None
    #: the requirement is met, failed, or open (None)
    holds: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceResult:
    """What was found in one window."""

    id: str
    digest: str
    #: half-open window in UTC
    start: datetime
    end: datetime
    computed_at: datetime
    #: 0 to 1; None: nothing was expected
    coverage: Decimal | None
    #: classes of origin of the readings
    origins: tuple[str, ...]
    metrics: tuple[MetricResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """The suggestion for one item. Points None: nothing may be suggested, which is not zero."""

    code: str
    outcome: str
    suggested_points: Decimal | None
    provisional: bool
    demo: bool
    reason: Text
    rule_id: str
    #: content hash of the rule
    rule_version: str
    evidence: EvidenceResult | None = None
    #: points that a person decided
    decided_points: Decimal | None = None


_METRICS = TypeAdapter(tuple[MetricResult, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row of queries/results.sql."""

    item: str
    outcome: str
    points: Decimal | None
    provisional: bool
    demo: bool
    reason_zh: str
    reason_en: str
    rule_id: str
    rule_version: str
    decided: Decimal | None
    public_id: str | None
    digest: str | None
    window_start: datetime | None
    window_end: datetime | None
    recorded_at: datetime | None
    coverage: Decimal | None
    origins: list[str] | None
    findings: list[object] | None


def read(connection: psycopg.Connection, district: str) -> list[ItemResult]:
    """The suggestion in force of every item that has one, with its evidence and what a person decided."""
    with connection.cursor(row_factory=class_row(_Row)) as cursor:
        return [_result(row) for row in cursor.execute(sql("results"), {"district": district}).fetchall()]


def _result(row: _Row) -> ItemResult:
    evidence = None
    if row.public_id and row.digest and row.window_start and row.window_end and row.recorded_at:
        evidence = EvidenceResult(
            id=row.public_id,
            digest=row.digest,
            start=row.window_start,
            end=row.window_end,
            computed_at=row.recorded_at,
            coverage=row.coverage,
            origins=tuple(row.origins or ()),
            metrics=_METRICS.validate_python(row.findings or ()),
        )
    return ItemResult(
        code=row.item,
        outcome=row.outcome,
        suggested_points=row.points,
        provisional=row.provisional,
        demo=row.demo,
        reason=Text(zh=row.reason_zh, en=row.reason_en),
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        decided_points=row.decided,
        evidence=evidence,
    )
