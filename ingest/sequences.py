"""Which objects of a device have come: `seq` counts them by 1, `boot` grows when it begins anew (docs/native.md).

A hole is a loss that nobody else can name. Each batch writes what it met in its own transaction, as one row: writers of a
table with a row per device would wait for each other. `fold` adds these rows up.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson
import psycopg

from ingest.draft import Draft
from ingest.statements import statement
from ingest.topics import NATIVE, TOPICS_KEPT

#: Largest `seq` or `boot` taken: what a signed 64-bit integer holds, less one for the end of a range.
_LARGEST = (1 << 63) - 2


class Source(NamedTuple):
    """One counting of one device, behind the gateway whose receipt it belongs into."""

    district: str
    gateway: str
    device: str
    boot: int


#: Runs of sequence numbers, both ends included, in order.
Runs = list[tuple[int, int]]


class Hole(NamedTuple):
    """Objects that never arrived, both ends included."""

    district: str
    device: str
    boot: int
    first: int
    last: int


class Counted:
    """Reads `seq` and `boot` of the messages of a batch."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[str, str, str] | None] = {}

    def met(self, draft: Draft) -> Mapping[Source, Runs]:
        """What the messages of a batch carry, whether they were stored or refused: both are safe after COMMIT."""
        found: dict[Source, list[int]] = {}
        loads = orjson.loads
        for message in draft.messages:
            payload = message.payload
            if b'"seq"' not in payload or (place := self._place(message.topic)) is None:
                continue
            try:
                document = loads(payload)
            except orjson.JSONDecodeError:
                continue
            for item in document if type(document) is list else (document,):
                if type(item) is not dict:
                    continue
                seq, boot = item.get("seq"), item.get("boot", 0)
                if type(seq) is int and type(boot) is int and 0 <= seq <= _LARGEST and 0 <= boot <= _LARGEST:
                    found.setdefault(Source(*place, boot), []).append(seq)
        return {source: runs(numbers) for source, numbers in found.items()}

    def _place(self, topic: str) -> tuple[str, str, str] | None:
        if topic not in self._places:
            if len(self._places) >= TOPICS_KEPT:
                self._places.clear()
            match = NATIVE.fullmatch(topic)
            self._places[topic] = (match[1], match[2], match[4]) if match else None
        return self._places[topic]


def runs(numbers: Iterable[int]) -> Runs:
    """Runs of numbers without a gap.

    >>> runs([3, 1, 2, 2, 7])
    [(1, 3), (7, 7)]
    """
    found: Runs = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def write(connection: psycopg.Connection, batch: int, met: Mapping[Source, Runs]) -> None:
    """File what a batch met, in its transaction."""
    rows = [
        (source.district, source.device, source.boot, first, last)
        for source, found in met.items()
        for first, last in found
    ]
    if rows:
        connection.execute(statement("sequence_met"), (batch, *(list(column) for column in zip(*rows, strict=True))))


def fold(connection: psycopg.Connection, batches: int = 200) -> int:
    """Add up what batches have filed, in a transaction of its own; returns how many batches were taken, at most `batches`."""
    with connection.transaction():
        row = connection.execute(statement("sequence_fold"), {"limit": batches}).fetchone()
    return int(row[0]) if row else 0


def holes(connection: psycopg.Connection, district: str | None = None) -> list[Hole]:
    """What never arrived, between the first and the last object of each counting that did. Folds first."""
    while fold(connection):
        pass
    rows: Sequence[tuple[str, str, int, int, int]] = connection.execute(
        statement("sequence_holes"), {"district": district}
    ).fetchall()
    return [Hole(*row) for row in rows]
