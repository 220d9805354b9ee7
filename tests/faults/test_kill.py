"""The promise under fire: whatever dies, an acknowledged message is in the table or in quarantine, exactly once."""

import itertools
import logging
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest

from ingest import ledger
from tests.faults.plant import Plant, plant, wait_until
from tests.faults.publisher import bad

logger = logging.getLogger(__name__)

MESSAGES, PUBLISHERS, PER_SECOND = 20_000, 2, 500
KILLS = 10
#: A kill counts when the collector held at least this many messages that the broker had not seen acknowledged.
IN_FLIGHT = 100
#: COMMIT waits for a lock that the test may hold, as it would wait for a slow disk or a replica.
SLOW_COMMIT = """
CREATE FUNCTION public.wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON ingest.batch DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.wait_at_commit();
"""


@pytest.mark.broker
def test_what_was_acknowledged_is_stored_or_kept_exactly_once_whatever_dies() -> None:
    with plant() as running:
        start_ms = int(time.time() * 1000) - MESSAGES - 3_600_000
        with psycopg.connect(running.server.dsn()) as connection:
            connection.execute(SLOW_COMMIT)
        running.start_collector()
        _wait_subscribed(running)
        share = MESSAGES // PUBLISHERS
        files = [running.folder / f"acknowledged-{n}" for n in range(PUBLISHERS)]
        publishers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.faults.publisher", str(running.broker.port), str(n * share), str(share),
                 str(PER_SECOND), str(start_ms), str(file)]
            )
            for n, file in enumerate(files)
        ]  # fmt: skip
        try:
            hits = _killed(running)
            assert [publisher.wait(60) for publisher in publishers] == [0] * PUBLISHERS
        finally:
            for publisher in publishers:
                publisher.kill()
                publisher.wait()
        acknowledged = {int(line) for file in files for line in file.read_text().split()}
        with psycopg.connect(running.server.dsn(), autocommit=True) as connection:
            _wait_drained(running, connection, len(acknowledged))
            _examine(connection, acknowledged, start_ms)
        running.signal(signal.SIGTERM)
        assert running.collector is not None
        assert running.collector.wait(20) == 0
    assert set(hits) == {"copy", "commit", "acknowledge"}
    assert sum(hits.values()) == KILLS


def _killed(running: Plant) -> Counter[str]:
    """Kill the collector ten times, at each stage in turn; in between the database and the broker go down."""
    hits: Counter[str] = Counter()
    for number, wanted in zip(range(KILLS), itertools.cycle(["copy", "commit", "acknowledge"]), strict=False):
        in_flight = _kill_at(running, wanted)
        hits[wanted] += 1
        logger.warning("kill %d: at stage %s with %d messages in flight", number + 1, wanted, in_flight)
        if number == 3:
            running.broker.stop()
            running.broker.start()
            logger.warning("broker stopped and started")
        running.start_collector()
        if number == 5:
            _database_dies_during_commit(running)
    return hits


def _kill_at(running: Plant, wanted: str) -> int:
    """SIGKILL at the wanted stage; returns how many messages the collector had in hand, all of them unacknowledged."""
    with psycopg.connect(running.server.dsn()) as holder, running.stage() as stage:
        while True:
            if wanted == "copy":
                holder.execute("LOCK TABLE ingest.reading IN SHARE MODE")
                before = "copy"
            else:
                holder.execute("SELECT pg_advisory_xact_lock(4711)")
                before = "commit"
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
    if stage()[0] == "acknowledge":
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


def _examine(connection: psycopg.Connection, acknowledged: set[int], start_ms: int) -> None:
    stored = Counter(int(value) for (value,) in connection.execute("SELECT value FROM ingest.reading").fetchall())
    kept = Counter(
        int(stamp) - start_ms
        for (stamp,) in connection.execute(
            "SELECT substring(convert_from(body, 'UTF8') FROM '\"ts\": ?([0-9]+)') FROM ingest.quarantine"
        ).fetchall()
    )
    assert acknowledged == set(range(MESSAGES))
    assert stored == Counter(number for number in acknowledged if not bad(number))
    assert kept == Counter(number for number in acknowledged if bad(number))
    assert list(ledger.check(connection)) == []
    account = ledger.total(ledger.read(connection))
    logger.warning("received %d, of which duplicates %d", account.received, account.duplicate)
    assert account.received == account.stored + account.quarantined + account.duplicate
    assert (account.stored, account.quarantined) == (sum(stored.values()), sum(kept.values()))
    assert account.received >= len(acknowledged)
    # COMMITs that went through while the collector died brought their messages a second time.
    assert account.duplicate >= IN_FLIGHT
