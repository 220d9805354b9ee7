"""The loop from broker to table: read what there is, decode, write in one transaction, acknowledge after COMMIT.

One thread, no callbacks. While the database is away the batch is kept, nothing is acknowledged, and the broker is the
buffer; while the broker is away there is nothing to do but to come back.
"""

import logging
import os
import random
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.errors import UniqueViolation

from ingest import format_memory, registry, sequences, session
from ingest.decode import Decoder
from ingest.draft import Draft
from ingest.formats.clock import Clock
from ingest.keeper import CAP_BYTES, Keeper
from ingest.model import Flag, Message, Reason, Refusal
from ingest.receipts import Receipts
from ingest.receiver import ConnectionLost, Receiver
from ingest.series import SeriesTable
from ingest.session import SessionServed
from ingest.store import Store, digest, seen_before
from ingest.times import from_datetime
from ingest.topics import Backfill, Bindings, RouteSpec

if TYPE_CHECKING:
    from ingest.profile import Profiles

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

#: SQLSTATE classes after which the same batch may succeed: connection, rollback, resources, lock, intervention, system.
TRANSIENT = ("08", "40", "53", "55", "57", "58")
#: Classes of a batch that will never be taken as it is: bad data, a broken rule, a value over a limit of the program
#: (such as an index entry of 3 KB). The culprit is singled out.
REFUSED = ("22", "23", "54")
#: A batch that holds more payload than this ends, give or take what one call of the receiver brings: decoded, it takes
#: ten times as much memory. Our choice.
BATCH_BYTES = 2 << 20
#: The catalogue is looked at this often; a change is in force within 5 s.
CATALOGUE_EVERY_S = 2.0
BACKOFF_FIRST_S, BACKOFF_LAST_S = 0.1, 5.0
#: A process that waits for another's session looks this often whether it is free.
STANDBY_EVERY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a collector may be told."""

    id: str
    database_url: str
    #: the broker's address: with `id`, the session that one process at a time may serve
    broker: str = ""
    routes: tuple[RouteSpec, ...] = ()
    batch_messages: int = 10_000
    batch_age_s: float = 0.1
    max_payload_bytes: int = 262_144
    clock_ahead_s: int = 120
    clock_behind_s: int = 2_592_000
    #: device profiles; None: those that are shipped
    profiles: "Profiles | None" = None
    #: of the quarantine: bodies that cannot be redacted are sealed to it; None: kept by their hash
    public_key: str | None = None
    cap_bytes: int = CAP_BYTES


def ignore_stage(stage: str, messages: int) -> None:
    """The default observer of stages."""


class Collector:
    """One collector process. `stage` is told where a batch stands, for tests that kill it there."""

    def __init__(
        self, receiver: Receiver, options: Options, *, stage: Callable[[str, int], None] = ignore_stage
    ) -> None:
        self.receiver = receiver
        self.options = options
        self.stage = stage
        self.stopping = False
        self._table = SeriesTable()
        self._receipts = Receipts(receiver.publish)
        self._keeper = Keeper(options.routes, public_key=options.public_key, cap_bytes=options.cap_bytes)
        #: by which another process, and we ourselves, find us in pg_stat_activity (63 bytes there)
        self._name = f"district collect, process {os.getpid()} on {socket.gethostname()}: {options.id}"[:63]
        self._served = False
        self._connection: psycopg.Connection | None = None
        self._store: Store | None = None
        self._decoder: Decoder | None = None
        self._memory: dict[format_memory.Place, object] = {}
        self._revision = -1
        self._imports: tuple[object, ...] = ()
        self._changes_at: datetime | None = None
        self._looked = 0.0
        self._draining = False
        self.connected = False  # and subscribed

    def stop(self) -> None:
        """End after the batch in hand; may be called from a signal handler."""
        self.stopping = True

    def run(self) -> None:
        """Collect until `stop`.

        Raises:
            ReceiverError: the broker refuses us, or another process took our session.
        """
        waiting_for = ""
        backoff = _Backoff()
        while not self.stopping:
            try:
                if not self.connected:
                    self._with_database(self._look_at_catalogue)
                    self.receiver.connect()
                    self._draining = self.receiver.session_present
                    if not self.receiver.session_present:
                        self._with_database(self._forget_untimed)
                    self.connected = True
                    waiting_for = ""
                    backoff.reset()
                    logger.info("connected to the broker (session %s)", "kept" if self._draining else "new")
                self._round()
            except GivenUp:
                break
            except SessionServed as error:
                # Left at once: two processes on one session would take it from each other for ever.
                if str(error) != waiting_for:
                    waiting_for = str(error)
                    logger.warning("%s; waiting to take over", error)
                if self.connected:
                    self.connected = False
                    self.receiver.close()
                self._revision = -1
                _pause(STANDBY_EVERY_S, lambda: self.stopping)
            except ConnectionLost as error:
                logger.warning("broker: %s; connecting again", error)
                self.connected = False
                self.receiver.close()
                backoff.wait(lambda: None, lambda: self.stopping)
        self.receiver.close()
        if self._connection is not None:
            self._connection.close()

    def _round(self) -> None:
        messages = self._gather()
        self._receipts.send()
        if time.monotonic() - self._looked >= CATALOGUE_EVERY_S:
            self._with_database(self._look_at_catalogue)
            self._with_database(sequences.fold)
        if not messages:
            self._draining = False
            return
        self._write(messages)
        self.stage("acknowledge", len(messages))
        self.receiver.acknowledge(messages)
        self.stage("idle", 0)

    def _gather(self) -> list[Message]:
        """A batch: ends when it is full, or old, or nothing came for a while, or when the connection is lost.

        What came before the loss is stored all the same: nobody sends a message of QoS 0 again, and the others end as
        duplicates when they do come again, for none of them can be acknowledged any more. The next call reports the loss.
        """
        limit, age = self.options.batch_messages, self.options.batch_age_s
        messages = self.receiver.receive(limit, 0.5)
        if not messages:
            return messages
        end = time.monotonic() + age
        size = _size(messages)
        while (
            len(messages) < limit and size < BATCH_BYTES and (left := end - time.monotonic()) > 0 and not self.stopping
        ):
            try:
                more = self.receiver.receive(limit - len(messages), left)
                size += _size(more)
                messages += more
            except ConnectionLost:
                break
        return messages

    def _write(self, messages: Sequence[Message]) -> None:
        """Decode and store a batch, however long the database takes; rows that it refuses are singled out."""
        assert self._decoder is not None
        messages = self._decoder.bindings.masked(messages)
        repeated: set[int] = set()
        again = {n: digest(m.topic, m.payload) for n, m in enumerate(messages) if m.dup}
        if again:
            seen = self._with_database(lambda c: seen_before(c, self.options.id, list(again.values())))
            repeated = {n for n, value in again.items() if value in seen}
        flags = int(Flag.AFTER_RECONNECT) if self._draining else 0
        draft = self._decoder.decode(messages, repeated=repeated, untimed_flags=flags)
        try:
            self._commit(draft)
        except psycopg.Error as error:
            if not (error.sqlstate or "").startswith(REFUSED):
                raise
            if len(messages) == 1:
                logger.error(  # noqa: TRY400 - the message says it all
                    "a message was refused by the database: %s", error.diag.message_primary
                )
                culprit = Draft()
                number = culprit.begin(messages[0], draft.group[0])
                culprit.refuse(number, Refusal(Reason.STORAGE, str(error.diag.message_primary)))
                self._commit(culprit)
                return
            half = len(messages) // 2
            self._write(messages[:half])
            self._write(messages[half:])

    def _commit(self, draft: Draft) -> None:
        taken: list[int] = []

        def attempt(_: psycopg.Connection) -> None:
            assert self._store is not None
            # Where COMMIT was sent and its answer lost, the batch is there: its number says so.
            if taken and self._store.is_stored(taken[0]):
                return
            if not taken:
                taken.append(self._store.number())
            self.stage("copy", len(draft.messages))
            try:
                self._store.write(
                    draft,
                    taken[0],
                    revision=self._revision,
                    before_commit=lambda: self.stage("commit", len(draft.messages)),
                )
            except UniqueViolation:
                # The COMMIT of a broken connection may still have been on its way when we looked.
                if not self._store.is_stored(taken[0]):
                    raise

        self._with_database(attempt)
        if self._store is not None:
            self._receipts.add(self._store.met)
        format_memory.recalled(self._memory, draft.memory)
        for topic, payload in draft.commands:
            self.receiver.publish(topic, payload, 0)

    def _with_database(self, work: Callable[[psycopg.Connection], Result]) -> Result:
        """Do `work` on the database, again and again until it succeeds; the one edge where the database is retried.

        Raises:
            GivenUp: `stop` came while the database was away.
        """
        backoff = _Backoff()
        while True:
            try:
                return work(self._connected())
            except psycopg.Error as error:
                if not _is_transient(error):
                    raise
                logger.warning("database: %s; trying again", str(error).strip().split("\n")[0])
                self._disconnect()
            if self.stopping:
                raise GivenUp
            backoff.wait(self.receiver.tick, lambda: self.stopping)

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            # A wait for a lock ends before the broker misses our pings; then the batch is tried again.
            connection = psycopg.connect(
                self.options.database_url, connect_timeout=5, keepalives_idle=5, tcp_user_timeout=15_000,
                application_name=self._name,
                options="-c timezone=UTC -c lock_timeout=10s -c statement_timeout=300s"
                # The server notices soon that we are gone, and frees our session for another process.
                " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
            )  # fmt: skip
            try:
                self._served = session.take(connection, self.options.broker, self.options.id)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            self._store = Store(self._connection, self._table, self.options.id, keeper=self._keeper)
            self._table.forget_ids()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._store = None

    def _look_at_catalogue(self, connection: psycopg.Connection) -> None:
        """Take up a new revision of the catalogue, or a change of the declared imports."""
        self._looked = time.monotonic()
        if not self._served:
            self._served = session.take(connection, self.options.broker, self.options.id)
        rows = connection.execute(
            "SELECT district, gateway, time_from, time_to FROM ingest.backfill WHERE closed_at IS NULL ORDER BY id"
        ).fetchall()
        (revision,) = connection.execute("SELECT coalesce(max(rev), 0) FROM ingest.revision").fetchone() or (0,)
        imports = tuple(rows)
        due = self._changes_at is not None and datetime.now(UTC) >= self._changes_at
        if revision != self._revision or imports != self._imports or due:
            entries = registry.load(connection)
            self._changes_at = entries.changes_at
            backfills = {
                (district, gateway): Backfill(from_datetime(start), from_datetime(stop))
                for district, gateway, start, stop in rows
            }
            bindings = Bindings(entries, self._table, backfills, self.options.routes)
            clock = Clock(self.options.clock_ahead_s, self.options.clock_behind_s)
            if self._revision < 0:
                self._memory = format_memory.load(connection)
            self._decoder = Decoder(
                bindings, self._table, clock, self.options.max_payload_bytes, self._memory, self.options.profiles
            )
            self._revision, self._imports = entries.revision, imports
        connection.commit()

    def _forget_untimed(self, connection: psycopg.Connection) -> None:
        """A new session redelivers nothing: hashes of the old one mean nothing any more."""
        connection.execute("DELETE FROM ingest.arrival_seen WHERE collector = %s", (self.options.id,))
        connection.commit()


class GivenUp(Exception):  # noqa: N818 - says what happened
    """The collector was stopped while the database was away; the batch stays with the broker."""


class _Backoff:
    """Waits that grow, with jitter, so that many collectors do not come back at once."""

    def __init__(self) -> None:
        self._next = BACKOFF_FIRST_S

    def reset(self) -> None:
        self._next = BACKOFF_FIRST_S

    def wait(self, tick: Callable[[], None], stopped: Callable[[], bool]) -> None:
        seconds = self._next * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        self._next = min(self._next * 2, BACKOFF_LAST_S)
        _pause(seconds, stopped, tick)


def _pause(seconds: float, stopped: Callable[[], bool], tick: Callable[[], None] = lambda: None) -> None:
    end = time.monotonic() + seconds
    while not stopped() and (left := end - time.monotonic()) > 0:
        tick()
        time.sleep(min(left, 0.1))


def _size(messages: Sequence[Message]) -> int:
    """Bytes of payload."""
    return sum([len(message.payload) for message in messages])


def _is_transient(error: psycopg.Error) -> bool:
    if error.sqlstate:
        return error.sqlstate.startswith(TRANSIENT)
    # Without a code it is the client that speaks: the server was not reached, or went away.
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
