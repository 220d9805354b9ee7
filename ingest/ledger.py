"""The account of every message and reading: each ends in exactly one class, counted in the transaction of its rows."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.rows import class_row, dict_row

from ingest.draft import Draft, Group
from ingest.statements import statement
from ingest.times import to_datetime

Int = npt.NDArray[np.int64]
HOUR = 3_600_000_000


class MessageClass(StrEnum):
    """Where a message ended. `partly_stored`: some of it was refused or contradicted what was there."""

    STORED = "stored"
    PARTLY_STORED = "partly_stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    NO_MEASUREMENT = "no_measurement"
    QUARANTINED = "quarantined"


CLASSES = tuple(MessageClass)


class Fates(NamedTuple):
    """What became of each reading and event: 0 stored, 1 duplicate, 2 conflict; and which message it came with."""

    reading_message: Int
    reading: Int
    event_message: Int
    event: Int


@dataclass(slots=True, kw_only=True)
class Entry:
    """A line of the ledger: counts of messages, readings, events and bytes."""

    district: str
    gateway: str
    feed: str
    entry: str
    hour: datetime
    received: int = 0
    stored: int = 0
    partly_stored: int = 0
    duplicate: int = 0
    conflict: int = 0
    no_measurement: int = 0
    quarantined: int = 0
    readings_decoded: int = 0
    readings_stored: int = 0
    readings_duplicate: int = 0
    readings_conflict: int = 0
    readings_not_stored: int = 0
    events_decoded: int = 0
    events_stored: int = 0
    events_duplicate: int = 0
    quarantined_bytes: int = 0
    unknown_keys: int = 0


_KEYS = ("district", "gateway", "feed", "entry", "hour")
COUNTS = tuple(field.name for field in fields(Entry) if field.name not in _KEYS)


class MessageFates(NamedTuple):
    """Per message, shape (messages,): its class as a position in `CLASSES`, and the counts of what it held."""

    kind: Int
    readings: Int  #: shape (3, messages): stored, duplicate, conflict
    not_stored: Int
    events: Int  #: shape (2, messages): stored, duplicate
    bytes: Int


def fate_of_messages(draft: Draft, fates: Fates) -> MessageFates:
    """The class of each message of a batch, from what became of its parts."""
    n = len(draft.messages)

    def counted(positions: Int) -> Int:
        return np.bincount(positions, minlength=n).astype(np.int64)

    readings = np.stack([counted(fates.reading_message[fates.reading == fate]) for fate in range(3)])
    events = np.stack([counted(fates.event_message[fates.event == fate]) for fate in range(2)])
    refused = np.zeros(n, dtype=np.int64)
    not_stored = np.zeros(n, dtype=np.int64)
    size = np.zeros(n, dtype=np.int64)
    for message, refusal in draft.refusals:
        refused[message] += 1
        size[message] += len(draft.messages[message].payload if refusal.body is None else refusal.body)
    for message, count in draft.not_stored:
        not_stored[message] += count
    refused_before = counted(np.array(draft.refused_before, dtype=np.int64))
    stored = readings[0] + events[0]
    conflict = readings[2]
    kind = np.select(
        [
            (stored > 0) & (refused + conflict == 0),
            stored > 0,
            conflict > 0,
            refused > 0,
            readings[1] + events[1] + refused_before > 0,
        ],
        [
            CLASSES.index(MessageClass.STORED),
            CLASSES.index(MessageClass.PARTLY_STORED),
            CLASSES.index(MessageClass.CONFLICT),
            CLASSES.index(MessageClass.QUARANTINED),
            CLASSES.index(MessageClass.DUPLICATE),
        ],
        CLASSES.index(MessageClass.NO_MEASUREMENT),
    )
    kind[draft.repeated] = CLASSES.index(MessageClass.DUPLICATE)
    return MessageFates(kind, readings, not_stored, events, size)


def entries(draft: Draft, fates: MessageFates, entry: str) -> list[Entry]:
    """The lines of the ledger of one batch."""
    numbers: dict[Group, int] = {}
    group = np.fromiter((numbers.setdefault(group, len(numbers)) for group in draft.group), np.int64)
    hour = np.fromiter((message.received_at for message in draft.messages), np.int64) // HOUR
    places, line = np.unique((group << 32) | hour, return_inverse=True)

    def added(weights: Int) -> list[int]:
        # Sums of a batch are far below 2^53, where doubles are exact.
        return np.bincount(line, weights, len(places)).astype(np.int64).tolist()  # type: ignore[no-any-return]

    received = np.bincount(line, minlength=len(places)).tolist()
    classes = np.bincount(line * len(CLASSES) + fates.kind, minlength=len(places) * len(CLASSES))
    classes = classes.reshape(len(places), len(CLASSES))
    stored, duplicate, conflict = (added(column) for column in fates.readings)
    events_stored, events_duplicate = (added(column) for column in fates.events)
    not_stored, size = added(fates.not_stored), added(fates.bytes)
    unknown_keys = added(np.array(draft.unknown_keys, dtype=np.int64))
    groups = list(numbers)
    lines = [
        Entry(
            district=groups[place >> 32].district, gateway=groups[place >> 32].gateway, feed=groups[place >> 32].feed,
            entry=entry, hour=to_datetime((place & 0xFFFFFFFF) * HOUR), received=received[n],
            **{name.value: int(classes[n, i]) for i, name in enumerate(CLASSES)},
            readings_decoded=stored[n] + duplicate[n] + conflict[n] + not_stored[n], readings_stored=stored[n],
            readings_duplicate=duplicate[n], readings_conflict=conflict[n], readings_not_stored=not_stored[n],
            events_decoded=events_stored[n] + events_duplicate[n], events_stored=events_stored[n],
            events_duplicate=events_duplicate[n], quarantined_bytes=size[n], unknown_keys=unknown_keys[n],
        )
        for n, place in enumerate(places.tolist())
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (line.district, line.gateway, line.feed, line.hour))


def write_entries(connection: psycopg.Connection, batch: int, lines: list[Entry]) -> None:
    """Add the lines of a batch."""
    with connection.cursor() as cursor:
        cursor.executemany(statement("ledger_insert"), [(batch, *asdict(line).values()) for line in lines])


def read(
    connection: psycopg.Connection,
    district: str | None = None,
    start: datetime | None = None,
    stop: datetime | None = None,
) -> list[Entry]:
    """The ledger by hour of arrival, gateway and feed, oldest first; the window is half-open."""
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(statement("ledger_sum"), {"district": district, "start": start, "stop": stop}).fetchall()


def total(lines: list[Entry], entry: str = "arrival") -> Entry:
    """The sum of lines of one sort, over all gateways, feeds and hours."""
    result = Entry(district="", gateway="", feed="", entry=entry, hour=to_datetime(0))
    for line in lines:
        if line.entry == entry:
            for name in COUNTS:
                setattr(result, name, getattr(result, name) + getattr(line, name))
    return result


def by_feed(lines: list[Entry]) -> list[Entry]:
    """Lines added up over the hours: one per district, gateway, feed and sort of entry."""
    sums: dict[tuple[str, str, str, str], Entry] = {}
    for line in lines:
        key = line.district, line.gateway, line.feed, line.entry
        whole = sums.get(key)
        if whole is None:
            whole = sums[key] = Entry(
                district=line.district, gateway=line.gateway, feed=line.feed, entry=line.entry, hour=line.hour
            )
        for name in COUNTS:
            setattr(whole, name, getattr(whole, name) + getattr(line, name))
    return [sums[key] for key in sorted(sums)]


def check(connection: psycopg.Connection) -> Iterator[str]:
    """Recount readings, conflicts, events and quarantine batch by batch; a sentence per difference, none: it balances."""
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement("ledger_check")):
            if row["id"] is None:
                yield "rows name a batch that does not exist"
                continue
            if row["received"] != row["told_received"]:
                yield f"batch {row['id']}: the receiver counted {row['received']} messages, the ledger {row['told_received']}"
            for name in ("readings", "conflicts", "events"):
                if row[name] != row[f"told_{name}"]:
                    yield f"batch {row['id']}: the ledger says {row[f'told_{name}']} {name}, the table holds {row[name]}"
            if row["bytes"] != row["told_bytes"]:
                yield f"batch {row['id']}: the ledger says {row['told_bytes']} bytes in quarantine, the table holds {row['bytes']}"
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement("transfer_check")):
            for name, noun in (
                ("messages", "messages left quarantine"),
                ("bytes", "bytes"),
                ("conflicts", "conflicts were resolved"),
            ):
                if row[name] != row[f"told_{name}"]:
                    yield f"batch {row['id']}: the transfers say {row[f'told_{name}']} {noun}, the tables hold {row[name]}"
