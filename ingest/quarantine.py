"""Messages that could not be accepted: to be listed, looked at, and sent through hops 2 to 4 again, or discarded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from ingest import format_memory, registry
from ingest.decode import Decoder
from ingest.formats.clock import Clock
from ingest.keeper import Keeper
from ingest.model import Message
from ingest.profile import Profiles
from ingest.seal import Opener
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
    #: as it came ('plain'), or redacted; None: sealed, or not kept
    body: bytes | None
    sealed: bytes | None
    #: plain, redacted, sealed or hash
    kept: str
    part: int | None
    reason: str
    detail: str
    #: length as it was received
    bytes: int
    district: str
    gateway: str
    feed: str
    device: str | None
    retain: bool
    #: what became of it; None: it waits
    outcome: str | None


class Fill(NamedTuple):
    """What a gateway has in quarantine."""

    district: str
    gateway: str
    bytes: int
    #: the last alarm raised about it; None: none
    level: str | None


def find(
    connection: psycopg.Connection,
    *,
    ids: Sequence[int] | None = None,
    reason: str | None = None,
    gateway: str | None = None,
    district: str | None = None,
    device: str | None = None,
    start: datetime | None = None,
    stop: datetime | None = None,
    waiting: bool = True,
    after: int | None = None,
    limit: int | None = None,
) -> list[Quarantined]:
    """Messages in quarantine, oldest first; with `waiting` only those that were neither replayed nor discarded.

    `start` and `stop` bound the time of receipt, half-open; `after` is a number that was seen before.
    """
    with connection.cursor(row_factory=class_row(Quarantined)) as cursor:
        return cursor.execute(
            statement("quarantine_find"),
            {"ids": list(ids) if ids is not None else None, "reason": reason, "gateway": gateway, "district": district,
             "device": device, "start": start, "stop": stop, "waiting": waiting, "after": after,
             "limit": limit},
        ).fetchall()  # fmt: skip


def counts(connection: psycopg.Connection, district: str | None = None) -> Mapping[str, int]:
    """How many messages wait, by reason."""
    rows = connection.execute(statement("quarantine_counts"), {"district": district}).fetchall()
    return dict(rows)


def hashed(connection: psycopg.Connection, district: str | None = None) -> int:
    """How many of those that wait are kept by their hash only, and cannot be replayed."""
    row = connection.execute(statement("quarantine_hashed"), {"district": district}).fetchone()
    return int(row[0]) if row else 0


def fills(connection: psycopg.Connection) -> list[Fill]:
    """Bytes kept per gateway, the fullest first."""
    rows = [Fill(*row) for row in connection.execute(statement("quarantine_fill")).fetchall()]
    return sorted(rows, key=lambda fill: (-fill.bytes, fill.district, fill.gateway))


def body_of(item: Quarantined, opener: Opener | None) -> bytes | None:
    """The body as far as it can be read; None: only its hash was kept, or it is sealed and there is no key.

    Raises:
        SealError: the key is another one's.
    """
    if item.body is not None or item.sealed is None or opener is None:
        return item.body
    return opener.open(item.sealed)


@dataclass(slots=True, kw_only=True)
class Replay:
    """What a replay did: messages by what became of them."""

    replayed: int = 0
    refused_again: int = 0
    #: sealed, and no private key was given
    sealed: int = 0
    #: only their hash was kept
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """Who moves messages out of quarantine, why, and as which kind of transfer: replay, adopt or discard."""

    kind: str = "replay"
    who: str = "-"
    why: str = "-"


def replay(
    connection: psycopg.Connection,
    chosen: Sequence[Quarantined],
    *,
    routes: Sequence[RouteSpec] = (),
    clock: Clock,
    max_payload_bytes: int,
    opener: Opener | None = None,
    keeper: Keeper | None = None,
    booking: Booking | None = None,
    profiles: Profiles | None = None,
) -> Replay:
    """Send messages through decoding and storing again, under today's catalogue, with the time they first came.

    Each batch is a transfer in the ledger. A message that is refused again stays where it is; of one that is refused in
    part the good values are stored. Replaying one twice stores nothing twice: its readings have keys.
    """
    entries = registry.load(connection)
    rows = connection.execute(
        "SELECT district, gateway, time_from, time_to FROM ingest.backfill WHERE closed_at IS NULL ORDER BY id"
    ).fetchall()
    connection.commit()
    imports = {(district, gateway): Backfill(from_datetime(a), from_datetime(b)) for district, gateway, a, b in rows}
    table = SeriesTable()
    memory = format_memory.load(connection)
    decoder = Decoder(Bindings(entries, table, imports, routes), table, clock, max_payload_bytes, memory, profiles)
    store = Store(connection, table, "replay", copy_first=False, keeper=keeper or Keeper(routes))
    writer = _Writer(connection, decoder, store, entries.revision, booking or Booking())
    done = Replay()
    for items in _batches(chosen):
        pairs = []
        for item in items:
            if (body := body_of(item, opener)) is not None:
                pairs.append((item, _message(item, body)))
            elif item.sealed is not None:
                done.sealed += 1
            else:
                done.lost += 1
        if pairs:
            writer.write(pairs, done)
    return done


def discard(connection: psycopg.Connection, chosen: Sequence[Quarantined], booking: Booking) -> int:
    """Let go of messages for good: their bodies are freed, hash and reason stay. Returns how many waited until now.

    Of those that were replayed before only the bodies are freed.
    """
    waiting = [item.id for item in chosen if item.outcome is None]
    with connection.transaction():
        connection.execute(statement("quarantine_empty"), {"ids": [item.id for item in chosen]})
        if waiting:
            row = connection.execute(statement("transfer_batch"), {"collector": "discard"}).fetchone()
            assert row is not None
            _book(connection, int(row[0]), waiting, "discarded", booking)
    return len(waiting)


class _Nothing(Exception):  # noqa: N818 - not an error
    """A batch that would store nothing new."""


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes messages of quarantine."""

    connection: psycopg.Connection
    decoder: Decoder
    store: Store
    revision: int
    booking: Booking

    def write(self, pairs: Sequence[tuple[Quarantined, Message]], done: Replay) -> None:
        """Store what can be stored now."""
        draft = self.decoder.decode([message for _, message in pairs])
        useful = {*draft.run_message, *(event.message for event in draft.events)}
        # A message of which nothing can be taken has to wait on. One refused as a whole although parts of it can be taken waits
        # on too; of one refused in part, the part becomes a row of its own.
        staying = {number for number, refusal in draft.refusals if refusal.body is None or number not in useful}
        accepted = [pair for number, pair in enumerate(pairs) if number not in staying]
        partly = [pair for number, pair in enumerate(pairs) if number in staying & useful]
        done.replayed += len(accepted)
        done.refused_again += len(staying)
        if accepted:
            self._store(accepted, lambda batch: self._note(batch, accepted))
        if partly:
            try:
                self._store(partly, self._anything)
            except _Nothing:
                self.connection.rollback()

    def _store(self, pairs: Sequence[tuple[Quarantined, Message]], note: Callable[[int], None]) -> None:
        number = self.store.number()
        draft = self.decoder.decode([message for _, message in pairs])
        draft.refusals = [(message, refusal) for message, refusal in draft.refusals if refusal.body is not None]
        draft.memory.clear()  # what an old message teaches is older than what is known
        self.store.write(draft, number, revision=self.revision, transfer=True, before_commit=lambda: note(number))

    def _note(self, batch: int, pairs: Sequence[tuple[Quarantined, Message]]) -> None:
        # By hand a message may be replayed that was before: its first outcome stands.
        waited = [item.id for item, _ in pairs if item.outcome is None]
        known = self.connection.execute(
            "SELECT quarantine_id FROM ingest.quarantine_outcome WHERE quarantine_id = ANY (%s)", (waited,)
        ).fetchall()
        _book(self.connection, batch, sorted({*waited} - {row[0] for row in known}), "replayed", self.booking)

    def _anything(self, batch: int) -> None:
        stored, events = self.connection.execute(
            "SELECT coalesce(sum(readings_stored + readings_conflict), 0), coalesce(sum(events_stored), 0)"
            " FROM ingest.ledger WHERE batch_id = %s",
            (batch,),
        ).fetchone() or (0, 0)
        if not stored + events:
            raise _Nothing


def _book(connection: psycopg.Connection, batch: int, ids: Sequence[int], outcome: str, booking: Booking) -> None:
    connection.execute(
        statement("quarantine_outcome"), {"batch": batch, "ids": list(ids), "outcome": outcome, "detail": booking.why}
    )
    connection.execute(
        statement("transfer_insert"), {"batch": batch, "kind": booking.kind, "who": booking.who, "why": booking.why}
    )


def _message(item: Quarantined, body: bytes) -> Message:
    topic = item.topic.decode("utf-8", "surrogateescape")
    return Message(topic, body, 0, 1, item.retain, False, from_datetime(item.received_at))


def _batches(chosen: Sequence[Quarantined]) -> Iterator[Sequence[Quarantined]]:
    for start in range(0, len(chosen), REPLAY_BATCH):
        yield chosen[start : start + REPLAY_BATCH]
