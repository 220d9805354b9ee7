"""Recomputes evidence from readings, facts and papers, and names what differs: item, metric, datastream and hour.

Nothing that is derived is trusted: roll-ups are computed afresh from the readings, in a transaction that is rolled back.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import psycopg
from psycopg import Rollback
from psycopg.rows import tuple_row

from metrics.refresh import GRACE
from scoring import afresh, evidence, published, register, store
from scoring import assessment as assessments
from scoring import rubric as rubrics
from scoring import rule as rules
from scoring.assessment import Assessment
from scoring.differences import Difference, between
from scoring.digest import instant_text
from scoring.engine import suggest
from scoring.figures import Figures
from scoring.model import Gathered
from scoring.store import Stored


def verify(
    connection: psycopg.Connection,
    district: str | None = None,
    *,
    as_of: datetime | None = None,
    item: str | None = None,
    now: datetime | None = None,
) -> tuple[int, list[Difference]]:
    """How many revisions were recomputed, and every difference found.

    Args:
        connection: to the migrated database; left as it was.
        district: id; None: all of them.
        as_of: the revisions in force then, from readings, corrections, facts and papers recorded by then; None: now.
        item: code; None: all.
        now: the present; None: by the clock.
    """
    checked = 0
    differences: list[Difference] = []
    present = as_of or now or datetime.now(UTC)
    with afresh.alone(connection), evidence.snapshot(connection):
        for name in register.districts(connection):
            if district not in {None, name}:
                continue
            found = store.in_force(connection, name, as_of, item)
            checked += len(found)
            with connection.transaction():
                differences += _district(connection, name, found, present, as_of)
                raise Rollback
    return checked, differences


def _district(
    connection: psycopg.Connection, name: str, found: Sequence[Stored], present: datetime, as_of: datetime | None
) -> list[Difference]:
    """Every difference of one district; leaves roll-ups behind that the caller rolls back."""
    if not found:
        return []
    revision = _revision(connection, name, as_of) if as_of else None
    begin = {one.id: datetime.fromisoformat(json.loads(one.inputs)["window"].get("read_from", instant_text(one.start)))
             for one in found}  # fmt: skip
    cutoff = (present.astimezone(UTC) - GRACE).replace(minute=0, second=0, microsecond=0)
    changed = afresh.roll_up(
        connection, name, sorted({device for one in found for device in _devices(one)}),
        min(begin.values()), max(one.end for one in found), max(cutoff, *(one.end for one in found)),
        as_of=as_of, revision=revision,
    )  # fmt: skip
    declared = {one.id: one for one in assessments.of_district(connection, name, revision)}
    figures = Figures(connection, name, revision)
    differences: list[Difference] = []
    for stored in found:
        assessment = declared.get(stored.assessment) or Assessment(id=stored.assessment, rubric=stored.rubric)
        rule = rules.load(stored.rubric).get(stored.item)
        gathered = evidence.gather(
            connection, name, rule, assessment, stored.recorded_at, figures=figures, window=stored.window, known_at=as_of
        ) if rule else None  # fmt: skip
        if hashlib.sha256(stored.inputs.encode()).hexdigest() != stored.digest:
            differences.append(Difference(evidence=stored.public_id, item=stored.item, what="digest"))
        if gathered is None:
            differences.append(Difference(evidence=stored.public_id, item=stored.item, what="rule"))
            continue
        own = list(between(connection, stored, gathered))
        differences += own or _figures(stored, gathered)
        named = {(one.which, one.hour) for one in own}
        differences += [
            Difference(
                evidence=stored.public_id, item=stored.item, what="roll-up", which=stream, hour=instant_text(hour),
                metrics=_readers(gathered, stream),
            )
            for stream, hour in changed
            if stream in gathered.streams and gathered.begin <= hour < stored.end
            and (stream, instant_text(hour)) not in named
        ]  # fmt: skip
    return differences


def _figures(stored: Stored, gathered: Gathered) -> Iterator[Difference]:
    """Figures that are not what the same inputs give: what is stored was changed, or the platform computes otherwise."""
    rubric, rule = rubrics.load(stored.rubric), rules.load(stored.rubric)[stored.item]
    found = published.stored(suggest(rubric, rule, gathered.evidence).findings)
    before, after = ({(one["name"], one["subject"]): one for one in side} for side in (stored.findings, found))
    for name, subject in sorted({*before, *after}, key=str):
        if before.get((name, subject)) != after.get((name, subject)):
            yield Difference(
                evidence=stored.public_id, item=stored.item, what="figures", which=f"{name} {subject}",
                metrics=(str(name),),
            )  # fmt: skip


def _readers(gathered: Gathered, stream: str) -> tuple[str, ...]:
    values = [value for own in gathered.evidence.values.values() for value in own]
    return tuple(sorted({value.metric for value in values if stream in value.datastreams}))


def _devices(stored: Stored) -> set[str]:
    """Ids of the devices that the inputs speak of."""
    told = json.loads(stored.inputs)
    streams = {name.split("/")[1] for what in ("readings", "arrivals", "events") for name in told.get(what, {})}
    return streams | {fact["id"] for fact in told["register"]["facts"] if fact["kind"] == "device"}


def _revision(connection: psycopg.Connection, district: str, as_of: datetime) -> int:
    """The catalogue's revision as of an instant."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "SELECT coalesce(max(rev), 0) FROM ingest.revision WHERE district = %s AND recorded_at <= %s",
            (district, as_of),
        ).fetchone()
    return int(row[0]) if row else 0
