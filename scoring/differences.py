"""What differs between two states of the inputs of evidence: input, name, and for streams the hours."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import psycopg
from psycopg.rows import tuple_row

from scoring.digest import canonical, instant_text
from scoring.model import Gathered

#: Inputs that are digests of streams: these differ by the hour.
STREAMS = frozenset({"readings", "arrivals", "events"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Evidence as it was stored, as far as a comparison needs it."""

    #: serial number
    id: int
    public_id: str
    item: str
    #: canonical JSON
    inputs: str
    start: datetime
    end: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not as it was when evidence was stored."""

    #: public id of the revision
    evidence: str
    item: str
    #: key of the inputs: ``rule``, ``metrics``, ``parameters``, ``register``, ``documents``, ``readings``, ``arrivals``,
    #: ``events``, ``window``, ``layout``; or ``digest``, ``figures``, ``roll-up``: what is stored was changed itself
    what: str
    #: name of the metric, parameter, fact or paper, or public id of the stream; '' : the whole of it
    which: str = ""
    #: clock hour of a stream
    hour: str = ""
    #: names of the metrics that read it
    metrics: tuple[str, ...] = ()

    def text(self) -> str:
        """One line for a person."""
        place = " ".join(part for part in (self.what, self.which, self.hour) if part)
        read = f" (read by {', '.join(self.metrics)})" if self.metrics else ""
        return f"{self.evidence}: {place} differs from what was stored{read}"


def between(connection: psycopg.Connection, stored: Revision, found: Gathered) -> Iterator[Difference]:
    """What of the inputs of `stored` is not as `found` has it."""
    old, new = json.loads(stored.inputs), json.loads(canonical(found.inputs))
    for what in sorted(old.keys() | new.keys()):
        before, after = old.get(what), new.get(what)
        if before == after:
            continue
        for which in _names(what, before, after):
            metrics = _metrics(found, what, which)
            hours = _hours(connection, stored, found, what, which) if what in STREAMS and which else []
            for hour in hours or [""]:
                yield Difference(
                    evidence=stored.public_id, item=stored.item, what=what, which=which, hour=hour, metrics=metrics
                )


def _names(what: str, before: object, after: object) -> list[str]:
    """Which entries of an input differ; '' where it has none."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return [""]
    lines = {"register": "facts", "documents": "papers"}.get(what)
    names = {key for key in before.keys() | after.keys() if key != lines and before.get(key) != after.get(key)}
    if lines:
        entries = [{json.dumps(entry, sort_keys=True) for entry in side.get(lines, [])} for side in (before, after)]
        for entry in map(json.loads, entries[0] ^ entries[1]):
            names.add(f"{entry['kind']} {entry.get('id') or entry.get('sha256', '')[:12]}")
    return sorted(names)


def _metrics(found: Gathered, what: str, which: str) -> tuple[str, ...]:
    """Metrics of the evidence that read a stream, or the metric itself."""
    if what not in STREAMS:
        return (which,) if what == "metrics" else ()
    device = which.split("/")[1] if which.count("/") >= 2 else ""
    values = [value for own in found.evidence.values.values() for value in own]
    read = {
        value.metric for value in values if which in value.datastreams or (what == "events" and device in value.devices)
    }
    return tuple(sorted(read))


def _hours(connection: psycopg.Connection, stored: Revision, found: Gathered, what: str, which: str) -> list[str]:
    """The hours of a stream that differ from the lines kept with the revision."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(
            (files("scoring") / "hour_differences.sql").read_bytes(),
            {
                "stream": which,
                "start": found.begin,
                "end": stored.end,
                "recorded_at": stored.recorded_at,
                "evidence_id": stored.id,
                "arrivals": what == "arrivals",
            },
        ).fetchall()
    return [instant_text(hour) for (hour,) in rows]
