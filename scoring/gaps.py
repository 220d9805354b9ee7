"""What separates a district from the self-score that an application needs: items by points that can still be won."""

from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg.rows import tuple_row
from pydantic import TypeAdapter

from scoring import decision
from scoring.assessment import Assessment
from scoring.decision import Total
from scoring.rubric import Rubric


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """One thing that is missing, as it was stored with the suggestion."""

    lack: str
    what: str
    zh: str
    en: str
    devices: tuple[str, ...]
    have: str | None
    need: str | None
    unit: str
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An item that could bring more points."""

    item: str
    #: that count now
    points: Decimal
    #: that can still be won
    winnable: Decimal
    missing: tuple[Lacking, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """The way to the threshold."""

    total: Total
    #: self-score that an application needs
    threshold: Decimal
    #: points that are still lacking; 0: reached
    lacking: Decimal
    #: most points first
    items: tuple[Open, ...]


_LACKING = TypeAdapter(tuple[Lacking, ...])


def gaps(connection: psycopg.Connection, district: str, assessment: Assessment, rubric: Rubric) -> Gaps:
    """Computed from the stored suggestions and decisions; a decided item is settled and not listed."""
    total = decision.total(connection, district, assessment, rubric)
    decided = decision.in_force(connection, district, assessment.id)
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT ON (item) item, CASE WHEN provisional OR demo THEN 0 ELSE coalesce(points, 0) END, missing"
            " FROM scoring.suggestion WHERE district = %s AND assessment = %s ORDER BY item, id DESC",
            (district, assessment.id),
        ).fetchall()
    stored = {item: (points, missing) for item, points, missing in rows}
    found = []
    for item in rubric.items():
        if item.code in decided:
            continue
        points, missing = stored.get(item.code, (Decimal(0), []))
        if points < item.points_max:
            found.append(
                Open(
                    item=item.code, points=points, winnable=item.points_max - points,
                    missing=_LACKING.validate_python(missing),
                )
            )  # fmt: skip
    found.sort(key=lambda one: -one.winnable)
    return Gaps(
        total=total,
        threshold=rubric.threshold,
        lacking=max(Decimal(0), rubric.threshold - total.counted),
        items=tuple(found),
    )
