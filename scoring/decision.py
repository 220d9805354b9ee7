"""Points that a person gave, with the reason; what the sum of the form is made of; and the end of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.rows import class_row, tuple_row

from scoring import register
from scoring.assessment import Assessment
from scoring.rubric import Item, Rubric


class DecisionError(Exception):
    """A decision that the form does not allow; the message names what is wrong and shows what is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided about one item."""

    item: str
    points: Decimal
    reason: str
    person: str
    recorded_at: datetime
    #: what was suggested when the person decided; None: nothing
    seen_points: Decimal | None
    #: the suggestion has become another one since; the decision stays as it is
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The sum of the form, by what stands behind each point."""

    points_max: Decimal
    decided: Decimal
    #: of items that nobody has decided; provisional and demo ones apart
    suggested: Decimal
    provisional: Decimal
    demo: Decimal
    #: points of items of which nothing is known yet
    undetermined: Decimal

    @property
    def counted(self) -> Decimal:
        """What may be shown as the sum: provisional and demo points never enter it."""
        return self.decided + self.suggested


def decide(
    connection: psycopg.Connection,
    district: str,
    assessment: Assessment,
    item: Item,
    *,
    points: Decimal,
    reason: str,
    person: str,
    now: datetime | None = None,
) -> None:
    """Record the points of a person; an earlier decision stays as history.

    Raises:
        DecisionError: the form does not give such points, the evaluation is closed, or reason or person is missing.
    """
    if assessment.decided:
        raise DecisionError(f"assessment {assessment.id} is closed; expected an open one")
    allowed = _allowed(item)
    if points not in allowed:
        raise DecisionError(f"points: expected one of {', '.join(map(str, allowed))} for {item.code}, got {points}")
    if not reason.strip() or not person.strip():
        raise DecisionError("reason and person: expected both, like 'site visit on 3 April' and 'Wang Fang'")
    connection.execute(
        "INSERT INTO scoring.decision (district, assessment, rubric, item, points, reason, person, suggestion_id, recorded_at)"
        " VALUES (%(district)s, %(assessment)s, %(rubric)s, %(item)s, %(points)s, %(reason)s, %(person)s,"
        " (SELECT max(s.id) FROM scoring.suggestion s WHERE s.district = %(district)s AND s.assessment = %(assessment)s"
        " AND s.item = %(item)s), coalesce(%(now)s::timestamptz, clock_timestamp()))",
        {
            "district": district, "assessment": assessment.id, "rubric": assessment.rubric, "item": item.code,
            "points": points, "reason": reason, "person": person, "now": now,
        },
    )  # fmt: skip


def _allowed(item: Item) -> list[Decimal]:
    """Zero, and what the form gives: all points of a fixed item, else every step of its range."""
    if item.step is None:
        return [Decimal(0), item.points_max]
    least = item.points_min if item.points_min is not None else item.step
    count = int((item.points_max - least) / item.step)
    return [Decimal(0), *(least + item.step * n for n in range(count + 1))]


def history(connection: psycopg.Connection, district: str, assessment: str, item: str | None = None) -> list[Decision]:
    """Every decision, the latest of each item first."""
    with connection.cursor(row_factory=class_row(Decision)) as cursor:
        return cursor.execute(
            "SELECT d.item, d.points, d.reason, d.person, d.recorded_at, s.points AS seen_points,"
            " coalesce((n.outcome, n.points) IS DISTINCT FROM (s.outcome, s.points), false) AS changed"
            " FROM scoring.decision d"
            " LEFT JOIN scoring.suggestion s ON s.id = d.suggestion_id"
            " LEFT JOIN LATERAL (SELECT x.outcome, x.points FROM scoring.suggestion x WHERE x.district = d.district"
            "  AND x.assessment = d.assessment AND x.item = d.item ORDER BY x.id DESC LIMIT 1) n ON true"
            " WHERE d.district = %s AND d.assessment = %s AND (%s::text IS NULL OR d.item = %s::text)"
            " ORDER BY d.item, d.id DESC",
            (district, assessment, item, item),
        ).fetchall()


def in_force(connection: psycopg.Connection, district: str, assessment: str) -> Mapping[str, Decision]:
    """The latest decision of each item."""
    found: dict[str, Decision] = {}
    for one in history(connection, district, assessment):
        found.setdefault(one.item, one)
    return found


def total(connection: psycopg.Connection, district: str, assessment: Assessment, rubric: Rubric) -> Total:
    """The sum of the form as of now."""
    decided = in_force(connection, district, assessment.id)
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT ON (item) item, points, provisional, demo FROM scoring.suggestion"
            " WHERE district = %s AND assessment = %s ORDER BY item, id DESC",
            (district, assessment.id),
        ).fetchall()
    suggested = {item: (points, provisional, demo) for item, points, provisional, demo in rows}
    demo_now = register.is_demo(connection, district)
    sums = dict.fromkeys(("decided", "suggested", "provisional", "demo", "undetermined"), Decimal(0))
    for item in rubric.items():
        points, provisional, demo = suggested.get(item.code, (None, False, False))
        if item.code in decided:
            sums["decided"] += decided[item.code].points
        elif points is None:
            sums["undetermined"] += item.points_max
        elif demo or demo_now:
            sums["demo"] += points
        else:
            sums["provisional" if provisional else "suggested"] += points
    return Total(points_max=rubric.points_max, **sums)


def close(connection: psycopg.Connection, district: str, assessment: Assessment, *, person: str, reason: str) -> None:
    """End an evaluation: its evidence no longer follows the data, and no longer keeps readings.

    Raises:
        DecisionError: it is closed already, or reason or person is missing.
    """
    if assessment.decided:
        raise DecisionError(f"assessment {assessment.id} is closed already")
    if not reason.strip() or not person.strip():
        raise DecisionError("reason and person: expected both, like 'decision of 30 April' and 'Wang Fang'")
    connection.execute(
        "INSERT INTO scoring.closing (district, assessment, person, reason) VALUES (%s, %s, %s, %s)",
        (district, assessment.id, person, reason),
    )
