"""Hop 4: a batch becomes rows of one transaction. Every message and every reading is counted in that transaction.

COPY goes straight into the table. Only where its unique key shows a redelivery is the transaction rolled back and the
batch merged through a temporary table, and since a failed COPY leaves its dead rows behind, the merge is kept until
some batches in a row held nothing that was there before.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.errors import UniqueViolation

from ingest import format_memory, sequences
from ingest.clocks import Clocks
from ingest.columns import COLUMNS, Columns
from ingest.draft import Draft
from ingest.keeper import Keeper
from ingest.ledger import Entry, Fates, entries, fate_of_messages, write_entries
from ingest.model import Refusal
from ingest.series import SeriesTable
from ingest.statements import statement
from ingest.times import from_datetime, to_datetime

Int = npt.NDArray[np.int64]

HOUR = 3_600_000_000
#: Batches without a redelivery before COPY is tried again.
CLEAN_BATCHES = 20
STORED, DUPLICATE, CONFLICT = 0, 1, 2
#: Messages without a time whose hashes are kept: three times what a broker has under way to us at most, for only what
#: was under way when a connection broke comes again.
UNTIMED_KEPT = 200_000
#: Whether a refused message names a time of its own, so that the same bytes again are the same message.
_DATED = re.compile(rb'"(?:ts|[^"]{0,32}time[^"]{0,32})"\s*:', re.IGNORECASE)


class Store:
    """Writes drafts. One per connection; not shared between threads."""

    def __init__(
        self, connection: psycopg.Connection, table: SeriesTable, collector: str, *, copy_first: bool = True,
        keeper: Keeper | None = None,
    ) -> None:  # fmt: skip
        self.connection = connection
        self.table = table
        self.collector = collector
        self.keeper = keeper or Keeper()
        #: sequence numbers of the last batch that was committed
        self.met: Mapping[sequences.Source, sequences.Runs] = {}
        self._counted = sequences.Counted()
        self._clocks = Clocks(collector)
        self._clean = CLEAN_BATCHES if copy_first else 0
        self._numbers: list[int] = []
        self._months: set[int] = set()
        #: rows added to ingest.arrival_seen since old ones were dropped
        self._untimed = UNTIMED_KEPT
        self._batch = statement("batch")
        self._touched = statement("touched")
        self._merge = statement("merge")
        self._judge = statement("judge")
        self._events = statement("events")
        self._known = statement("quarantine_known")

    def number(self) -> int:
        """The number of the next batch, taken before it is written: after a broken COMMIT it tells whether it is there."""
        if not self._numbers:
            rows = self.connection.execute(
                "SELECT nextval(pg_get_serial_sequence('ingest.batch', 'id')) FROM generate_series(1, 64)"
            ).fetchall()
            self.connection.commit()
            self._numbers = [row[0] for row in reversed(rows)]
        return self._numbers.pop()

    def is_stored(self, number: int) -> bool:
        """Whether the batch of this number was committed."""
        found = self.connection.execute("SELECT 1 FROM ingest.batch WHERE id = %s", (number,)).fetchone()
        self.connection.commit()
        return found is not None

    def write(
        self, draft: Draft, number: int, *, revision: int, transfer: bool = False,
        before_commit: Callable[[], None] = lambda: None,
    ) -> list[Entry]:  # fmt: skip
        """Write a draft as batch `number` in one transaction and commit it; returns its lines of the ledger.

        `before_commit` runs between the last row and COMMIT: a replay notes there what it replayed.

        Raises:
            psycopg.Error: nothing was written, unless the connection broke during COMMIT (ask `is_stored`).
        """
        columns = Columns(draft, self.table)
        try:
            self._ensure_partitions(columns)
            # Committed by itself: a roll-back of the readings must not take the ids that are remembered here.
            states = np.array([series for series, _, _ in draft.snapshots], dtype=np.int64)
            ids = self.table.database_ids(self.connection, np.concatenate([columns.series, states]))
            self.connection.commit()
            if self._clean >= CLEAN_BATCHES:
                try:
                    return self._write(draft, columns, ids, number, revision, transfer, before_commit, merge=False)
                except UniqueViolation:
                    self.connection.rollback()
            return self._write(draft, columns, ids, number, revision, transfer, before_commit, merge=True)
        except BaseException:
            if not self.connection.closed:
                self.connection.rollback()
            raise

    def _write(
        self, draft: Draft, columns: Columns, ids: npt.NDArray[np.int32], number: int, revision: int,
        transfer: bool,  # noqa: FBT001
        before_commit: Callable[[], None], *, merge: bool,
    ) -> list[Entry]:  # fmt: skip
        connection = self.connection
        received_at = to_datetime(draft.messages[0].received_at)
        connection.execute(self._batch, (number, self.collector, len(draft.messages), received_at, revision, transfer))
        if merge:
            fates = self._merged(columns, ids, number)
            self._clean = self._clean + 1 if not fates.any() else 0
        else:
            fates = np.zeros(len(columns), dtype=np.int64)
            if len(columns):
                with (
                    connection.cursor() as cursor,
                    cursor.copy(f"COPY ingest.reading ({COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy,
                ):
                    copy.write(columns.copy_rows(ids[: len(columns)], number))
        if len(columns):
            self._touch(columns, ids[: len(columns)], fates, number)
        event_fates = self._store_events(draft, number)
        if draft.snapshots:
            for stream, (_, value, arrival) in zip(ids[len(columns) :], draft.snapshots, strict=True):
                connection.execute(statement("snapshot"), (int(stream), value, to_datetime(arrival)))
        draft, again = self._without_known(draft)
        message_fates = fate_of_messages(draft, Fates(columns.message, fates, *event_fates))
        self._quarantine(draft, number)
        self._remember_untimed(draft)
        if draft.memory:
            format_memory.save(connection, draft.memory, number)
        met = {} if transfer else self._counted.met(draft)
        sequences.write(connection, number, met)
        lines = entries(draft, message_fates, "transfer" if transfer else "arrival")
        write_entries(connection, number, lines)
        arrival = draft.messages[0].received_at
        if not transfer:
            self._clocks.file(connection, arrival)
        before_commit()
        connection.commit()
        if not transfer:
            self._clocks.seen(columns, self.table, arrival)
            self._clocks.refused_again(draft, again)
        self.met = met
        if draft.refusals:
            self.keeper.committed()
        return lines

    def _merged(self, columns: Columns, ids: npt.NDArray[np.int32], number: int) -> Int:
        """Write through a temporary table; returns the fate of each reading."""
        fates = np.zeros(len(columns), dtype=np.int64)
        if not len(columns):
            return fates
        connection = self.connection
        connection.execute(statement("incoming"))
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY incoming ({COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.write(columns.copy_rows(ids[: len(columns)], number))
        order = columns.ordered()
        connection.execute(self._merge)
        # A statement of its own: only a new snapshot sees what another writer committed while this one waited for it.
        bounds = {
            "batch": number,
            "first": to_datetime(int(columns.time.min())),
            "last": to_datetime(int(columns.time.max())),
        }
        for row, fate in connection.execute(self._judge, bounds).fetchall():
            fates[order[row - 1]] = fate
        return fates

    def _touch(self, columns: Columns, ids: npt.NDArray[np.int32], fates: Int, number: int) -> None:
        stored = fates == STORED
        # The end of a delta's interval stands in the hour before when it falls on the full hour; the refresh knows.
        hours = columns.time[stored] // HOUR
        pairs = np.unique((hours << 32) | ids[stored].astype(np.int64))
        if not len(pairs):
            return
        touched, first = np.unique(pairs >> 32, return_index=True)
        # As texts: one adapter per array instead of one per element.
        streams = [
            "{" + ",".join(map(str, part.tolist())) + "}" for part in np.split(pairs & 0xFFFFFFFF, first[1:])
        ]  # fmt: skip
        self.connection.execute(
            self._touched, {"batch": number, "hours": touched.tolist(), "streams": streams}
        )  # fmt: skip

    def _store_events(self, draft: Draft, number: int) -> tuple[Int, Int]:
        """Write events; returns their messages and fates."""
        fates = np.zeros(len(draft.events), dtype=np.int64)
        for position, event in enumerate(draft.events):
            _, district, device, time, kind, key, refers_to, received_at, amount, severity, attributes, flags = event
            row = self.connection.execute(
                self._events,
                (district, device, to_datetime(time), kind, key, refers_to, to_datetime(received_at), amount, severity,
                 attributes, flags, number),
            ).fetchone()  # fmt: skip
            fates[position] = STORED if row else DUPLICATE
        return np.array([event.message for event in draft.events], dtype=np.int64), fates

    def _without_known(self, draft: Draft) -> tuple[Draft, Sequence[tuple[int, Refusal]]]:
        """The draft without refusals that are in quarantine already, so that a redelivery is kept once; and these.

        Bytes that come again are the same message where the broker marks it as redelivered, or where it names a time;
        an undated message of a device that is not known yet may well say the same thing twice.
        """
        keys: dict[tuple[bytes, bytes, int | None], list[int]] = {}
        for position, (number, refusal) in enumerate(draft.refusals):
            message = draft.messages[number]
            body = message.payload if refusal.body is None else refusal.body
            if message.dup or _DATED.search(body):
                topic = message.topic.encode("utf-8", "surrogateescape")
                keys.setdefault((hashlib.sha256(body).digest(), topic, refusal.part), []).append(position)
        if not keys:
            return draft, ()
        found = self.connection.execute(self._known, [list(column) for column in zip(*keys, strict=True)]).fetchall()
        again = {position for positions in keys.values() for position in positions[1:]}
        for digest_, topic, part in found:
            again.update(keys[digest_, topic, part])
        before = [draft.refusals[position] for position in sorted(again)]
        left = [refusal for position, refusal in enumerate(draft.refusals) if position not in again]
        return replace(draft, refusals=left, refused_before=[number for number, _ in before]), before

    def _quarantine(self, draft: Draft, number: int) -> None:
        if not draft.refusals:
            return
        self.keeper.begin(self.connection)
        rows = []
        for position, refusal in draft.refusals:
            message, group = draft.messages[position], draft.group[position]
            body = message.payload if refusal.body is None else refusal.body
            kept = self.keeper.keep(message, body, group)
            rows.append(
                (
                    number, to_datetime(message.received_at), message.topic.encode("utf-8", "surrogateescape"), kept.body, refusal.part,
                    refusal.reason, refusal.detail.replace("\0", "\\0").encode("utf-8", "replace").decode(), len(body),
                    hashlib.sha256(body).digest(), *group, draft.device[position], message.qos, message.retain, message.dup,
                    kept.sealed, kept.kept,
                )
            )  # fmt: skip
        with self.connection.cursor() as cursor:
            cursor.executemany(statement("quarantine"), rows)
            if alarms := self.keeper.alarms():
                cursor.executemany(statement("quarantine_alarm"), [(number, *alarm) for alarm in alarms])

    def _remember_untimed(self, draft: Draft) -> None:
        rows = [(self.collector, digest(draft.messages[n].topic, draft.messages[n].payload),
                 to_datetime(draft.messages[n].received_at)) for n in draft.untimed]  # fmt: skip
        if rows:
            with self.connection.cursor() as cursor:
                cursor.executemany(statement("arrival_seen"), rows)
            self._untimed += len(rows)
            if self._untimed >= UNTIMED_KEPT:
                self.connection.execute(
                    statement("arrival_forget"), {"collector": self.collector, "keep": UNTIMED_KEPT}
                )  # fmt: skip
                self._untimed = 0

    def _ensure_partitions(self, columns: Columns) -> None:
        """Partitions of all months in the batch, made in a transaction of their own so that writers do not wait."""
        if not len(columns):
            return
        ends = np.array([columns.time.min(), columns.time.max()]).astype("datetime64[us]").astype("datetime64[M]")
        if ends[0] == ends[1] and int(ends[0].astype(np.int64)) in self._months:
            return
        months = np.unique(columns.time.astype("datetime64[us]").astype("datetime64[M]")).astype(np.int64)
        for month in sorted(set(months.tolist()) - self._months):
            start = from_datetime(to_datetime(0)) + int(
                np.datetime64(month, "M").astype("datetime64[us]").astype(np.int64)
            )
            self.connection.execute("SELECT ingest.ensure_partition(%s)", (to_datetime(start),))
            self.connection.commit()
            self._months.add(month)


def digest(topic: str, payload: bytes) -> bytes:
    """SHA-256 of a topic and a payload, by which a message without a time is known again."""
    return hashlib.sha256(topic.encode("utf-8", "surrogateescape") + b"\0" + payload).digest()


def seen_before(connection: psycopg.Connection, collector: str, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these messages without a time this collector's session has stored already."""
    rows = connection.execute(
        "SELECT DISTINCT digest FROM ingest.arrival_seen WHERE collector = %s AND digest = ANY (%s)",
        (collector, list(digests)),
    ).fetchall()
    connection.commit()
    return {bytes(row[0]) for row in rows}
