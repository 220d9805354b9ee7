"""Recomputes the evidence in force and names what differs from what was stored: input, datastream and hour."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import psycopg
from psycopg.rows import tuple_row

from scoring import evidence, register, store
from scoring import rule as rules
from scoring.digest import canonical, instant_text
from scoring.model import Gathered


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not as it was when evidence was stored."""

    #: public id of the revision
    evidence: str
    #: ``rule``, ``metrics``, ``register``, ``readings``, ``arrivals``, ``window``
    what: str
    #: name of the metric, of the fact, or public id of the datastream; '' : the whole of it
    which: str = ""
    #: clock hour of a datastream
    hour: str = ""

    def text(self) -> str:
        """One line for a person."""
        place = " ".join(part for part in (self.what, self.which, self.hour) if part)
        return f"{self.evidence}: {place} differs from what was stored"


def verify(connection: psycopg.Connection, district: str | None = None) -> tuple[int, list[Difference]]:
    """How many revisions were recomputed, and every difference found; roll-ups must be up to date."""
    checked = 0
    differences: list[Difference] = []
    with evidence.snapshot(connection):
        for name in register.districts(connection):
            if district not in {None, name}:
                continue
            for stored in store.in_force(connection, name):
                checked += 1
                rule = rules.load(stored.assessment.rubric).get(stored.item)
                found = evidence.gather(
                    connection, name, rule, stored.assessment, stored.recorded_at, window=stored.window
                ) if rule else None  # fmt: skip
                if found is None:
                    differences.append(Difference(evidence=stored.public_id, what="rule"))
                elif found.evidence.digest != stored.digest:
                    differences += _differences(connection, stored, found)
    return checked, differences


def _differences(connection: psycopg.Connection, stored: store.Stored, found: Gathered) -> Iterator[Difference]:
    old, new = json.loads(stored.inputs), json.loads(canonical(found.inputs))
    for what in sorted(old.keys() | new.keys()):
        before, after = old.get(what), new.get(what)
        if before == after:
            continue
        if not isinstance(before, dict) or not isinstance(after, dict):
            yield Difference(evidence=stored.public_id, what=what)
        elif what == "register":
            facts = {json.dumps(fact, sort_keys=True) for fact in before["facts"]} ^ {
                json.dumps(fact, sort_keys=True) for fact in after["facts"]
            }
            names = {f"{fact['kind']} {fact['id']}" for fact in map(json.loads, facts)}
            names |= {
                key for key in before.keys() | after.keys() if key != "facts" and before.get(key) != after.get(key)
            }
            for which in sorted(names):
                yield Difference(evidence=stored.public_id, what=what, which=which)
        else:
            for which in sorted(before.keys() | after.keys()):
                if before.get(which) != after.get(which):
                    yield from _hours(connection, stored, what, which)


def _hours(connection: psycopg.Connection, stored: store.Stored, what: str, which: str) -> Iterator[Difference]:
    """The hours of a datastream that differ; for other inputs the input itself."""
    if what in {"readings", "arrivals"}:
        with connection.cursor(row_factory=tuple_row) as cursor:
            rows = cursor.execute(
                (files("scoring") / "hour_differences.sql").read_bytes(),
                {
                    "datastream": which,
                    "start": stored.window.start,
                    "end": stored.window.end,
                    "recorded_at": stored.recorded_at,
                    "evidence_id": stored.id,
                    "arrivals": what == "arrivals",
                },
            ).fetchall()
        for (hour,) in rows:
            yield Difference(evidence=stored.public_id, what=what, which=which, hour=instant_text(hour))
        if rows:
            return
    yield Difference(evidence=stored.public_id, what=what, which=which)
