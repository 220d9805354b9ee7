"""The promise under fire: whatever dies, an acknowledged message is in the table or in quarantine, exactly once."""

import itertools
import logging
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Self

import psycopg
import pytest

from ingest import ledger, quarantine
from ingest.seal import Opener
from tests.faults.load import Load
from tests.faults.plant import KEYS, Plant, plant, wait_until
from tests.faults.publisher import GATEWAYS, bad

logger = logging.getLogger(__name__)

#: At least so many messages; more where a stage was missed and had to be tried again.
MESSAGES, PUBLISHERS = 20_000, 2
#: The second publisher counts on from here.
STRIDE = 1_000_000
KILLS = 10
#: Messages sent before each kill.
BURST = 1_500
#: A kill counts when the collector held at least this many messages that the broker had not seen acknowledged.
IN_FLIGHT = 100


@pytest.mark.broker
def test_what_was_acknowledged_is_stored_or_kept_exactly_once_whatever_dies() -> None:
    with plant() as running:
        start_ms = int(time.time() * 1000) - PUBLISHERS * STRIDE - 3_600_000
        running.start_collector()
        _wait_subscribed(running)
        with Publishers(running, start_ms) as publishers:
            hits = _killed(running, publishers)
            acknowledged = publishers.finish()
        with psycopg.connect(running.server.dsn(), autocommit=True) as connection:
            assert acknowledged == len(publishers.numbers()) >= MESSAGES
            _wait_drained(running, connection, acknowledged)
            _examine(connection, publishers.numbers(), start_ms)
        running.signal(signal.SIGTERM)
        assert running.collector is not None
        assert running.collector.wait(20) == 0
    assert set(hits) == {"copy", "commit", "acknowledge"}
    assert sum(hits.values()) == KILLS


class Publishers:
    """Gateways that send a burst when they are told to, each with numbers of its own."""

    def __init__(self, running: Plant, start_ms: int) -> None:
        self._loads = [
            Load(running.broker.port, start_ms, first=n * STRIDE, gateway=gateway)
            for n, gateway in enumerate(GATEWAYS[:PUBLISHERS])
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for load in self._loads:
            load.__exit__()

    def send(self, messages: int) -> None:
        """Have this many messages sent by all together."""
        for load in self._loads:
            load.send(messages // PUBLISHERS)

    def numbers(self) -> list[int]:
        """The numbers of all messages that were to be sent so far."""
        return [n * STRIDE + number for n, load in enumerate(self._loads) for number in range(load.asked)]

    def finish(self) -> int:
        """Send the rest, and return how many messages the broker acknowledged."""
        self.send(max(0, MESSAGES - len(self.numbers())))
        return sum(load.finish().acknowledged for load in self._loads)


def _killed(running: Plant, publishers: Publishers) -> Counter[str]:
    """Kill the collector ten times, at each stage in turn; in between the database and the broker go down."""
    hits: Counter[str] = Counter()
    for number, wanted in zip(range(KILLS), itertools.cycle(["copy", "commit", "acknowledge"]), strict=False):
        in_flight = _kill_at(running, wanted, publishers)
        hits[wanted] += 1
        logger.warning("kill %d: at stage %s with %d messages in flight", number + 1, wanted, in_flight)
        if number == 3:
            publishers.send(BURST)
            running.broker.stop()
            running.broker.start()
            logger.warning("broker stopped and started")
        running.start_collector()
        if number == 5:
            publishers.send(BURST)
            _database_dies_during_commit(running)
    return hits


def _kill_at(running: Plant, wanted: str, publishers: Publishers) -> int:
    """SIGKILL at the wanted stage; returns how many messages the collector had in hand, all of them unacknowledged."""
    with psycopg.connect(running.server.dsn()) as holder, running.stage() as stage:
        while True:
            if wanted == "copy":
                holder.execute("LOCK TABLE ingest.reading IN SHARE MODE")
                before = "copy"
            else:
                holder.execute("SELECT pg_advisory_xact_lock(4711)")
                before = "commit"
            # Sent only now: a collector that is quick enough would have stored all of it before the lock was granted.
            publishers.send(BURST)
            # The lock may have been granted while a batch was under way; the next large one waits for it.
            end = time.monotonic() + 30
            while stage()[0] != before or not _waits(running, holder):
                assert time.monotonic() < end, f"no batch came to stage {before}: {stage()}\n{running.log()}"
                time.sleep(0.002)
            if stage()[1] >= IN_FLIGHT and (wanted != "acknowledge" or _stepped(running, holder, stage)):
                break
            holder.rollback()
        running.freeze()
        name, in_flight = stage()
        assert (name, in_flight >= IN_FLIGHT) == (wanted, True)
        running.kill_collector()
        return in_flight


def _waits(running: Plant, holder: psycopg.Connection) -> bool:
    row = holder.execute(
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.application_name LIKE 'district collect%'"
    ).fetchone()
    return row is not None and row[0] > 0


def _stepped(running: Plant, holder: psycopg.Connection, stage: Callable[[], tuple[str, int]]) -> bool:
    """Let COMMIT end, then let the collector go on in steps of microseconds until it is about to acknowledge."""
    running.freeze()
    holder.rollback()
    wait_until(lambda: not _waits(running, holder), "the end of COMMIT")
    end = time.monotonic() + 20
    while stage()[0] == "commit":
        assert time.monotonic() < end, "the collector did not get to its acknowledgement"
        running.signal(signal.SIGCONT)
        running.freeze()
    # A step may be long, and end in the next batch, which may be a small one.
    if stage()[0] == "acknowledge" and stage()[1] >= IN_FLIGHT:
        return True
    running.signal(signal.SIGCONT)
    return False


def _database_dies_during_commit(running: Plant) -> None:
    """PostgreSQL stops without a goodbye while a COMMIT is under way, and comes back."""
    # Not as a context manager of its own: the connection does not survive this.
    with closing(psycopg.connect(running.server.dsn())) as holder, running.stage() as stage:
        holder.execute("SELECT pg_advisory_xact_lock(4711)")
        wait_until(lambda: stage()[0] == "commit" and _waits(running, holder), "a COMMIT")
        logger.warning("database stops with %d messages in flight", stage()[1])
        running.server.stop("immediate")
    running.server.start()


def _wait_subscribed(running: Plant) -> None:
    log = running.folder / "collector.log"
    wait_until(lambda: "connected to the broker" in log.read_text(), "the collector")


def _wait_drained(running: Plant, connection: psycopg.Connection, expected: int) -> None:
    def there() -> bool:
        readings, kept = _count(connection)
        return readings + kept >= expected

    try:
        wait_until(there, f"{expected} messages", 30)
    except AssertionError:
        raise AssertionError(f"{_count(connection)} of {expected} messages\n{running.log()}") from None


def _count(connection: psycopg.Connection) -> tuple[int, int]:
    row = connection.execute(
        "SELECT (SELECT count(*) FROM ingest.reading), (SELECT count(*) FROM ingest.quarantine)"
    ).fetchone()
    assert row is not None
    return row


def _examine(connection: psycopg.Connection, numbers: list[int], start_ms: int) -> None:
    stored = Counter(int(value) for (value,) in connection.execute("SELECT value FROM ingest.reading").fetchall())
    opener = Opener(KEYS.private)
    bodies = [quarantine.body_of(item, opener) or b"" for item in quarantine.find(connection)]
    kept = Counter(int(match[1]) - start_ms for body in bodies if (match := re.search(rb'"ts": ?([0-9]+)', body)))
    assert stored == Counter(number for number in numbers if not bad(number))
    assert kept == Counter(number for number in numbers if bad(number))
    assert list(ledger.check(connection)) == []
    account = ledger.total(ledger.read(connection))
    logger.warning("received %d, of which duplicates %d", account.received, account.duplicate)
    assert account.received == account.stored + account.quarantined + account.duplicate
    assert (account.stored, account.quarantined) == (sum(stored.values()), sum(kept.values()))
    assert account.received >= len(numbers)
    # COMMITs that went through while the collector died brought their messages a second time.
    assert account.duplicate >= IN_FLIGHT
