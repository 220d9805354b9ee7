"""Hop 4: a batch becomes rows of one transaction. Every message and every reading is counted in that transaction.

COPY goes straight into the table. Only where its unique key shows a redelivery is the transaction rolled back and the
batch merged through a temporary table, and since a failed COPY leaves its dead rows behind, the merge is kept until
some batches in a row held nothing that was there before.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.errors import UniqueViolation

from ingest.draft import Draft
from ingest.ledger import Entry, Fates, entries, fate_of_messages, write_entries
from ingest.model import Flag
from ingest.series import SeriesTable
from ingest.statements import statement
from ingest.times import from_datetime, to_datetime

Int = npt.NDArray[np.int64]

#: 2000-01-01, from which PostgreSQL's binary timestamps count, in µs since 1970.
POSTGRES_EPOCH = 946_684_800_000_000
HOUR = 3_600_000_000
_FIELDS = [("n", ">i2"), ("l0", ">i4"), ("time", ">i8"), ("l1", ">i4"), ("value", ">f8"), ("l2", ">i4"), ("batch", ">i8"),
           ("l3", ">i4"), ("series", ">i4"), ("l4", ">i4"), ("late", ">i4"), ("l5", ">i4"), ("flags", ">i2"), ("l6", ">i4")]  # fmt: skip
#: One row of a binary COPY, without and with a span.
ROW = np.dtype(_FIELDS)
ROW_SPAN = np.dtype([*_FIELDS, ("span", ">i8")])
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TAIL = b"\xff\xff"
COLUMNS = "time, value, batch_id, datastream_id, late_s, flags, span_us"
#: Batches without a redelivery before COPY is tried again.
CLEAN_BATCHES = 20
STORED, DUPLICATE, CONFLICT = 0, 1, 2
#: Whether a refused message names a time of its own, so that the same bytes again are the same message.
_DATED = re.compile(rb'"(?:ts|[^"]{0,32}time[^"]{0,32})"\s*:', re.IGNORECASE)


class Columns:
    """The readings of a draft as arrays of shape (readings,), in canonical units and µs."""

    def __init__(self, draft: Draft, table: SeriesTable) -> None:
        count = np.array(draft.run_count, dtype=np.int64)
        self.series = np.array(draft.series, dtype=np.int64)
        self.message: Int = np.repeat(np.array(draft.run_message, dtype=np.int64), count)
        self.time: Int = np.repeat(np.array(draft.run_time, dtype=np.int64), count)
        arrival = np.repeat(np.array(draft.run_arrival, dtype=np.int64), count)
        self.late = np.clip(-((self.time - arrival) // 1_000_000), -(2**31), 2**31 - 1)
        self.value = np.array(draft.values, dtype=np.float64) + 0.0  # -0 becomes 0
        self.flags: Int = np.repeat(np.array(draft.run_flags, dtype=np.int64), count)
        self.span: Int = np.repeat(np.array(draft.run_span, dtype=np.int64), count)
        if len(self.series):
            minimum, maximum, delta = table.limits()
            outside = (self.value < minimum[self.series]) | (self.value > maximum[self.series])
            self.flags[outside] |= int(Flag.OUT_OF_RANGE)
            self.span[~delta[self.series]] = 0

    def __len__(self) -> int:
        return len(self.series)

    def copy_rows(self, ids: npt.NDArray[np.int32], batch: int) -> bytes:
        """The rows of a binary COPY into ingest.reading."""
        spanned = self.span > 0
        parts = [COPY_HEAD]
        for rows, layout in ((np.flatnonzero(~spanned), ROW), (np.flatnonzero(spanned), ROW_SPAN)):
            out = np.empty(len(rows), dtype=layout)
            out["n"] = 7
            out["l0"] = out["l1"] = out["l2"] = 8
            out["l3"] = out["l4"] = 4
            out["l5"] = 2
            out["time"] = self.time[rows] - POSTGRES_EPOCH
            out["value"] = self.value[rows]
            out["batch"] = batch
            out["series"] = ids[rows]
            out["late"] = self.late[rows]
            out["flags"] = self.flags[rows]
            out["l6"] = 8 if layout is ROW_SPAN else -1
            if layout is ROW_SPAN:
                out["span"] = self.span[rows]
            parts.append(out.tobytes())
        parts.append(COPY_TAIL)
        return b"".join(parts)

    def ordered(self) -> Int:
        """Positions of the rows in the order of `copy_rows`."""
        spanned = self.span > 0
        return np.concatenate([np.flatnonzero(~spanned), np.flatnonzero(spanned)])


class Store:
    """Writes drafts. One per connection; not shared between threads."""

    def __init__(
        self, connection: psycopg.Connection, table: SeriesTable, collector: str, *, copy_first: bool = True
    ) -> None:
        self.connection = connection
        self.table = table
        self.collector = collector
        self._clean = CLEAN_BATCHES if copy_first else 0
        self._numbers: list[int] = []
        self._months: set[int] = set()
        self._batch = statement("batch")
        self._touched = statement("touched")
        self._merge = statement("merge")
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
        draft = self._without_known(draft)
        message_fates = fate_of_messages(draft, Fates(columns.message, fates, *event_fates))
        self._quarantine(draft, number)
        self._remember_untimed(draft)
        lines = entries(draft, message_fates, "transfer" if transfer else "arrival")
        write_entries(connection, number, lines)
        before_commit()
        connection.commit()
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
        for row, fate in connection.execute(self._merge, {"batch": number}).fetchall():
            fates[order[row - 1]] = fate
        return fates

    def _touch(self, columns: Columns, ids: npt.NDArray[np.int32], fates: Int, number: int) -> None:
        stored = fates == STORED
        # The end of a delta's interval stands in the hour before when it falls on the full hour; the refresh knows.
        hours = columns.time[stored] // HOUR
        pairs = np.unique((hours << 32) | ids[stored].astype(np.int64))
        if len(pairs):
            self.connection.execute(
                self._touched,
                {"batch": number, "hours": (pairs >> 32).tolist(), "ids": (pairs & 0xFFFFFFFF).tolist()},
            )

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

    def _without_known(self, draft: Draft) -> Draft:
        """The draft without refusals that are in quarantine already, so that a redelivery is kept once.

        Bytes that come again are the same message where the broker marks it as redelivered, or where it names a time;
        an undated message of a device that is not known yet may well say the same thing twice.
        """
        keys: dict[tuple[bytes, bytes, int | None], list[int]] = {}
        for position, (number, refusal) in enumerate(draft.refusals):
            message = draft.messages[number]
            body = message.payload if refusal.body is None else refusal.body
            if message.dup or _DATED.search(body):
                topic = message.topic.encode("utf-8", "surrogatepass")
                keys.setdefault((hashlib.sha256(body).digest(), topic, refusal.part), []).append(position)
        if not keys:
            return draft
        found = self.connection.execute(self._known, [list(column) for column in zip(*keys, strict=True)]).fetchall()
        again = {position for positions in keys.values() for position in positions[1:]}
        for digest_, topic, part in found:
            again.update(keys[digest_, topic, part])
        return replace(
            draft,
            refusals=[refusal for position, refusal in enumerate(draft.refusals) if position not in again],
            refused_before=[draft.refusals[position][0] for position in sorted(again)],
        )

    def _quarantine(self, draft: Draft, number: int) -> None:
        rows = []
        for position, refusal in draft.refusals:
            message, group = draft.messages[position], draft.group[position]
            body = message.payload if refusal.body is None else refusal.body
            rows.append(
                (
                    number, to_datetime(message.received_at), message.topic.encode("utf-8", "surrogatepass"), body, refusal.part,
                    refusal.reason, refusal.detail.replace("\0", "\\0").encode("utf-8", "replace").decode(), len(body),
                    hashlib.sha256(body).digest(), *group, draft.device[position], message.qos, message.retain, message.dup,
                )
            )  # fmt: skip
        if rows:
            with self.connection.cursor() as cursor:
                cursor.executemany(statement("quarantine"), rows)

    def _remember_untimed(self, draft: Draft) -> None:
        rows = [(self.collector, digest(draft.messages[n].topic, draft.messages[n].payload),
                 to_datetime(draft.messages[n].received_at)) for n in draft.untimed]  # fmt: skip
        if rows:
            with self.connection.cursor() as cursor:
                cursor.executemany(statement("arrival_seen"), rows)

    def _ensure_partitions(self, columns: Columns) -> None:
        """Partitions of all months in the batch, made in a transaction of their own so that writers do not wait."""
        if not len(columns):
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
    return hashlib.sha256(topic.encode("utf-8", "surrogatepass") + b"\0" + payload).digest()


def seen_before(connection: psycopg.Connection, collector: str, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these messages without a time this collector's session has stored already."""
    rows = connection.execute(
        "SELECT DISTINCT digest FROM ingest.arrival_seen WHERE collector = %s AND digest = ANY (%s)",
        (collector, list(digests)),
    ).fetchall()
    connection.commit()
    return {bytes(row[0]) for row in rows}
