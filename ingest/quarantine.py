"""Messages that could not be accepted: to be listed, looked at, and sent through hops 2 to 4 again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import psycopg
from psycopg.rows import class_row

from ingest import registry
from ingest.decode import Decoder
from ingest.formats.clock import Clock
from ingest.model import Message
from ingest.series import SeriesTable
from ingest.statements import statement
from ingest.store import Store
from ingest.times import from_datetime
from ingest.topics import Backfill, Bindings, RouteSpec

#: Messages of one replay transaction.
REPLAY_BATCH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One message, or one refused part of a message."""

    id: int
    received_at: datetime
    topic: bytes
    body: bytes | None
    part: int | None
    reason: str
    detail: str
    bytes: int
    district: str
    gateway: str
    feed: str
    device: str | None
    #: what became of it; None: it waits
    outcome: str | None


def find(
    connection: psycopg.Connection,
    *,
    ids: Sequence[int] | None = None,
    reason: str | None = None,
    gateway: str | None = None,
    district: str | None = None,
    waiting: bool = True,
    limit: int | None = None,
) -> list[Quarantined]:
    """Messages in quarantine, oldest first; with `waiting` only those that were neither replayed nor discarded."""
    with connection.cursor(row_factory=class_row(Quarantined)) as cursor:
        return cursor.execute(
            statement("quarantine_find"),
            {"ids": list(ids) if ids is not None else None, "reason": reason, "gateway": gateway, "district": district, "waiting": waiting,
             "limit": limit},
        ).fetchall()  # fmt: skip


def counts(connection: psycopg.Connection, district: str | None = None) -> Mapping[str, int]:
    """How many messages wait, by reason."""
    rows = connection.execute(statement("quarantine_counts"), {"district": district}).fetchall()
    return dict(rows)


@dataclass(slots=True, kw_only=True)
class Replay:
    """What a replay did: messages by what became of them."""

    replayed: int = 0
    refused_again: int = 0


def replay(
    connection: psycopg.Connection,
    chosen: Sequence[Quarantined],
    *,
    routes: Sequence[RouteSpec] = (),
    clock: Clock,
    max_payload_bytes: int,
) -> Replay:
    """Send messages through decoding and storing again, under today's catalogue, with the time they first came.

    Each batch is a transfer in the ledger; a message that is refused again stays where it is, and replaying one twice
    stores nothing twice: its readings have keys.
    """
    entries = registry.load(connection)
    rows = connection.execute(
        "SELECT district, gateway, time_from, time_to FROM ingest.backfill WHERE closed_at IS NULL ORDER BY id"
    ).fetchall()
    connection.commit()
    imports = {(district, gateway): Backfill(from_datetime(a), from_datetime(b)) for district, gateway, a, b in rows}
    table = SeriesTable()
    decoder = Decoder(Bindings(entries, table, imports, routes), table, clock, max_payload_bytes)
    store = Store(connection, table, "replay", copy_first=False)
    done = Replay()
    for batch in _batches([item for item in chosen if item.body is not None]):
        messages = [
            Message(
                item.topic.decode("utf-8", "surrogatepass"),
                item.body or b"",
                0,
                1,
                False,
                False,
                from_datetime(item.received_at),
            )
            for item in batch
        ]
        refused = {number for number, _ in decoder.decode(messages).refusals}
        accepted = [n for n in range(len(batch)) if n not in refused]
        done.refused_again += len(refused)
        if accepted:
            number = store.number()
            outcome = [(batch[n].id, number) for n in accepted]
            draft = decoder.decode([messages[n] for n in accepted])
            note = partial(_note, connection, outcome)
            store.write(draft, number, revision=entries.revision, transfer=True, before_commit=note)
            done.replayed += len(accepted)
    return done


def _note(connection: psycopg.Connection, rows: Sequence[tuple[int, int]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ingest.quarantine_outcome (quarantine_id, batch_id, outcome, detail) VALUES (%s, %s, 'replayed', '')",
            rows,
        )


def _batches(chosen: Sequence[Quarantined]) -> Iterator[Sequence[Quarantined]]:
    for start in range(0, len(chosen), REPLAY_BATCH):
        yield chosen[start : start + REPLAY_BATCH]
