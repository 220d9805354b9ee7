"""Which evaluation a district is in, and the window its evidence speaks about."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.rows import tuple_row

from metrics import zones
from scoring import rubric as rubrics
from scoring.model import Window
from scoring.source import SourceError

#: Name of the evaluation of a district whose catalogue declares none.
UNDECLARED = "current"

#: Rubric of such an evaluation: the one the platform was made for.
FIRST = "hangzhou-city-2023"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """An evaluation of one district by one form."""

    id: str
    rubric: str
    #: half-open; None: open on that side
    period_start: datetime | None = None
    period_end: datetime | None = None
    #: a window chosen by a person, with the reason; None: the default window
    window_start: datetime | None = None
    window_end: datetime | None = None
    reason: str = ""
    #: closed: its evidence no longer follows the data
    decided: bool = False


def of_district(connection: psycopg.Connection, district: str, revision: int | None = None) -> list[Assessment]:
    """The evaluations that the catalogue declares, the earliest period first; if none, one without end.

    `revision`: of the catalogue; None: the latest.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(
            "SELECT id, body FROM (SELECT DISTINCT ON (id) id, valid_from, body FROM ingest.facts(%s, 'assessment', %s)"
            " ORDER BY id, valid_from DESC) AS latest ORDER BY body->>'period_start', id",
            (district, revision),
        ).fetchall()
        closed = {
            name
            for (name,) in cursor.execute("SELECT assessment FROM scoring.closing WHERE district = %s", (district,))
        }
    if not rows:
        return [Assessment(id=UNDECLARED, rubric=FIRST, decided=UNDECLARED in closed)]
    declared = [_assessment(name, body) for name, body in rows]
    return [replace(one, decided=one.decided or one.id in closed) for one in declared]


def current(assessments: list[Assessment], now: datetime) -> Assessment:
    """The latest evaluation whose period has begun by `now`, the first one where none has."""
    begun = [entry for entry in assessments if entry.period_start is None or entry.period_start <= now]
    return begun[-1] if begun else assessments[0]


def _assessment(name: str, body: dict[str, object]) -> Assessment:
    rubric = str(body["rubric"])
    if rubric not in rubrics.names():
        raise SourceError(
            f"catalogue $.assessments.{name}.rubric: expected one of {', '.join(rubrics.names())}, got {rubric!r}"
        )
    instants = {
        key: datetime.fromisoformat(str(body[key]))
        for key in ("period_start", "period_end", "window_start", "window_end")
        if body.get(key)
    }
    return Assessment(
        id=name, rubric=rubric, reason=str(body.get("reason", "")), decided=bool(body.get("decided")), **instants
    )


def window(
    connection: psycopg.Connection, district: str, zone: str, assessment: Assessment, at: datetime, days: int
) -> Window:
    """The window of `assessment` as of `at`: by default the latest `days` complete local days of the period.

    It does not reach back before the first hour that was ever observed, so that a district that has just begun is
    provisional rather than incomplete.

    Args:
        connection: to the database.
        district: id.
        zone: IANA name of the district's zone.
        assessment: the evaluation; a window chosen there is taken as it stands.
        at: later data are not looked at.
        days: local days of the default window.
    """
    if assessment.window_start and assessment.window_end:
        start, end = assessment.window_start.astimezone(UTC), assessment.window_end.astimezone(UTC)
        count = (end.astimezone(zones.zone(zone)).date() - start.astimezone(zones.zone(zone)).date()).days
        return Window(start=start, end=end, days=count, zone=zone, chosen=assessment.reason)
    limit = min(at, assessment.period_end) if assessment.period_end else at
    last = limit.astimezone(zones.zone(zone)).date()  # the window ends at the midnight that begins this day
    first = last - timedelta(days=days)
    for earliest in (assessment.period_start, _first_observed(connection, district)):
        if earliest is None:
            continue
        day = earliest.astimezone(zones.zone(zone)).date()
        if zones.midnight(zone, day) < earliest:
            day += timedelta(days=1)
        if day < last:
            first = max(first, day)
    return Window(
        start=zones.midnight(zone, first), end=zones.midnight(zone, last), days=(last - first).days, zone=zone
    )


def _first_observed(connection: psycopg.Connection, district: str) -> datetime | None:
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "SELECT min(f.hour) FROM ingest.datastream d CROSS JOIN LATERAL ("
            "SELECT h.hour FROM metrics.hour h WHERE h.datastream_id = d.id ORDER BY h.hour LIMIT 1) f"
            " WHERE d.district = %s",
            (district,),
        ).fetchone()
    return row[0] if row else None
