"""A clock that is wrong is named with what is wrong; history, backlog and imports say nothing of a clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ingest import clocks
from ingest.clock_classes import ClockClass, DeviceClock, device_clocks
from ingest.model import Flag
from ingest.registry import Registry
from ingest.series import SeriesTable
from ingest.store import Store
from ingest.times import from_datetime
from ingest.topics import Backfill
from tests.ingest.world import NOON, SECOND, decoder, device, message, native, registry

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Collector:
    """Hops 2 to 4 with a clock of its own; each message is a batch."""

    def __init__(
        self,
        connection: psycopg.Connection,
        name: str = "c0",
        backfill: Backfill | None = None,
        entries: Registry | None = None,
    ) -> None:
        self.connection = connection
        table = SeriesTable()
        self.decoder = decoder(entries, table, backfill)
        self.store = Store(connection, table, name)
        self._taken = 0

    def take(
        self,
        time: datetime | None,
        arrival: datetime,
        untimed_flags: int = 0,
        *,
        value: int | None = None,
        dup: bool = False,
    ) -> None:
        stamp = None if time is None else time.isoformat()
        self._taken += 1
        counted = self._taken if value is None else value
        sent = message(native(stamp, people_in=counted), at=from_datetime(arrival), dup=dup)
        draft = self.decoder.decode([sent], untimed_flags=untimed_flags)
        self.store.write(draft, self.store.number(), revision=1)

    def day(self, behind: timedelta, *, grows: timedelta = timedelta(), minutes: int = 10) -> None:
        """A report every so many minutes for a few hours, and one more message an hour later, that has all filed."""
        for n in range(0, 240, minutes):
            arrival = START + timedelta(minutes=n)
            self.take(arrival - behind - grows * n, arrival)
        self.take(START + 5 * HOUR - behind - grows * 240, START + 5 * HOUR)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "FILED_EVERY_S", 0.0)


def found(connection: psycopg.Connection) -> DeviceClock:
    connection.execute(
        "INSERT INTO ingest.revision (district, who, file_sha256, mode) VALUES ('d', 'test', '', 'apply');"
        "INSERT INTO ingest.fact (district, kind, id, valid_from, rev, body)"
        " VALUES ('d', 'device', 'door-1', '-infinity', 1, '{\"interval_s\": 600}')"
    )
    [one] = device_clocks(connection, START)
    return one


@pytest.mark.parametrize(
    ("behind", "clock", "said"),
    [
        (timedelta(seconds=2), ClockClass.GOOD, "2 s behind"),
        (timedelta(seconds=-1), ClockClass.GOOD, "1 s ahead"),
        (timedelta(seconds=75), ClockClass.DRIFTING, "75 s behind"),
        (timedelta(seconds=-100), ClockClass.DRIFTING, "100 s ahead"),
        (8 * HOUR + timedelta(seconds=3), ClockClass.WRONG_ZONE, "8 hours behind, exactly"),
        (HOUR, ClockClass.WRONG_ZONE, "1 hour behind, exactly"),
        (8 * HOUR + timedelta(minutes=7), ClockClass.DRIFTING, "29220 s behind"),
        (timedelta(days=3), ClockClass.DRIFTING, "259200 s behind"),  # whole hours, and no zone
        # Outside the limits: nothing of these is stored, all of it waits in quarantine.
        (-8 * HOUR, ClockClass.WRONG_ZONE, "8 hours ahead, exactly"),
        (timedelta(minutes=-20), ClockClass.DRIFTING, "1200 s ahead"),
        (timedelta(days=365 * 6), ClockClass.UNSET, "never set"),
        (timedelta(days=365 * 56), ClockClass.UNSET, "never set"),  # 1970: refused as no year that a clock shows
    ],
)
def test_a_clock_is_judged_by_what_comes_and_by_what_is_refused(
    connection: psycopg.Connection, behind: timedelta, clock: ClockClass, said: str
) -> None:
    Collector(connection).day(behind)
    one = found(connection)
    assert (one.clock, one.said.startswith(said)) == (clock, True), one


def test_outside_the_limits_the_reason_is_clock(connection: psycopg.Connection) -> None:
    Collector(connection).day(-8 * HOUR)
    assert connection.execute("SELECT DISTINCT reason FROM ingest.quarantine").fetchall() == [("clock",)]
    assert connection.execute("SELECT count(*) FROM ingest.reading").fetchone() == (0,)


def test_how_fast_a_clock_drifts_is_told_per_day(connection: psycopg.Connection) -> None:
    Collector(connection).day(timedelta(seconds=40), grows=timedelta(seconds=0.1))
    one = found(connection)
    # 0.1 s a minute; the last hour is not filed before the next batch comes.
    assert one.drift_s_per_day == pytest.approx(144, rel=0.02)


@pytest.mark.parametrize("shown", [START, START + 2 * HOUR])
def test_a_clock_that_stands_still_is_found_among_stored_and_among_refused(
    connection: psycopg.Connection, shown: datetime
) -> None:
    collector = Collector(connection)
    for n in range(0, 60, 10):
        collector.take(shown, START + timedelta(minutes=n, seconds=0.3 * n))
    collector.take(None, START + 2 * HOUR)
    assert found(connection).clock is ClockClass.FROZEN


@pytest.mark.parametrize("shown", [START, START + 4 * HOUR, START - timedelta(days=40)])
def test_a_clock_that_stands_still_is_found_where_every_message_is_the_same(
    connection: psycopg.Connection, shown: datetime
) -> None:
    collector = Collector(connection)
    for n in range(0, 60, 10):
        collector.take(shown, START + timedelta(minutes=n, seconds=0.33 * n), value=7)
    collector.take(None, START + 2 * HOUR)
    assert found(connection).clock is ClockClass.FROZEN
    kept = connection.execute(
        "SELECT (SELECT count(*) FROM ingest.reading) + (SELECT count(*) FROM ingest.quarantine)"
    ).fetchone()
    assert kept == (2,)  # the frozen one and the last one, once each


def test_a_refused_message_that_the_broker_sends_again_says_nothing_of_the_clock(
    connection: psycopg.Connection,
) -> None:
    collector = Collector(connection)
    for n in range(0, 60, 10):
        collector.take(START - timedelta(days=40), START + timedelta(minutes=n), value=7, dup=n > 0)
    collector.take(None, START + 2 * HOUR)
    one = found(connection)
    assert (one.refused, one.clock) == (1, ClockClass.DRIFTING)


def test_a_device_has_limits_of_its_own_for_its_clock(connection: psycopg.Connection) -> None:
    strict = replace(device("door-1"), ahead_us=30 * SECOND, behind_us=3_600 * SECOND)
    patient = replace(device("door-2"), behind_us=90 * 86_400 * SECOND)
    collector = Collector(connection, entries=registry(strict, patient))
    sent = []
    for name in ("door-1", "door-2"):
        for late_s in (-119, -29, 3_599, 3_601, 89 * 86_400, 91 * 86_400):
            stamp = (START - timedelta(seconds=late_s)).isoformat()
            sent.append(message(native(stamp, people_in=1), f"district/v1/d/gw/foot_traffic/{name}"))
    for batch in (sent, sent):  # topics that are met for the first time, and those that are known
        collector.store.write(collector.decoder.decode(batch), collector.store.number(), revision=1)
    late = connection.execute(
        "SELECT s.device, r.late_s FROM ingest.reading r JOIN ingest.datastream s ON s.id = r.datastream_id ORDER BY 1, 2"
    ).fetchall()
    assert late == [
        ("door-1", -29), ("door-1", 3_599),
        ("door-2", -119), ("door-2", -29), ("door-2", 3_599), ("door-2", 3_601), ("door-2", 89 * 86_400),
    ]  # fmt: skip
    refused = connection.execute(
        "SELECT device, count(*) FROM ingest.quarantine WHERE reason = 'clock' GROUP BY device ORDER BY 1"
    ).fetchall()
    assert refused == [("door-1", 4), ("door-2", 1)]


def test_a_device_without_a_time_has_no_clock(connection: psycopg.Connection) -> None:
    collector = Collector(connection)
    for n in range(5):
        collector.take(None, START + n * HOUR)
    assert (found(connection).clock, found_error(connection)) == (ClockClass.UNTIMED, None)


def found_error(connection: psycopg.Connection) -> int | None:
    [one] = device_clocks(connection, START)
    return one.error_s


def test_what_waited_was_kept_or_is_imported_says_nothing_of_the_clock(connection: psycopg.Connection) -> None:
    start = from_datetime(START - 48 * HOUR)
    importing = Collector(connection, backfill=Backfill(start, from_datetime(START)))
    importing.day(9 * HOUR)
    assert connection.execute("SELECT count(*) FROM ingest.device_clock").fetchone() == (0,)
    live = Collector(connection, "c1")
    live.day(timedelta(seconds=1))
    for n in range(40):
        live.take(None, START + 6 * HOUR + n * timedelta(minutes=1), int(Flag.AFTER_RECONNECT))
    live.take(START + 8 * HOUR, START + 8 * HOUR)
    one = found(connection)
    assert (one.clock, one.error_s, one.readings) == (ClockClass.GOOD, 1, 25)


def test_late_messages_do_not_hide_that_the_clock_is_right(connection: psycopg.Connection) -> None:
    collector = Collector(connection)
    for n in range(0, 60, 10):
        arrival = START + timedelta(minutes=n)
        collector.take(arrival - timedelta(seconds=1 if n == 30 else 600), arrival)
    collector.take(START + HOUR, START + HOUR)
    assert found(connection).clock is ClockClass.GOOD


def test_two_collectors_file_rows_of_their_own_and_a_large_batch_is_sampled(connection: psycopg.Connection) -> None:
    many = [
        message(native(f"2026-11-23T12:00:{n % 60:02}.{n:06}Z", people_in=1), at=NOON + 60 * SECOND)
        for n in range(9_000)
    ]
    for name in ("c0", "c1"):
        collector = Collector(connection, name)
        collector.store.write(collector.decoder.decode(many), collector.store.number(), revision=1)
        collector.take(START + HOUR, START + HOUR)
    rows = connection.execute("SELECT collector, readings FROM ingest.device_clock ORDER BY 1").fetchall()
    assert rows == [("c0", 3_000), ("c1", 3_000)]


def test_what_a_transaction_that_failed_had_filed_is_filed_with_the_next(connection: psycopg.Connection) -> None:
    collector = Collector(connection)
    collector.take(START, START)
    connection.execute("ALTER TABLE ingest.ledger ADD CONSTRAINT never CHECK (received < 0) NOT VALID")
    connection.commit()
    with pytest.raises(psycopg.errors.CheckViolation):
        collector.take(START + timedelta(minutes=10), START + timedelta(minutes=10))
    connection.execute("ALTER TABLE ingest.ledger DROP CONSTRAINT never")
    connection.commit()
    collector.take(START + timedelta(minutes=20), START + timedelta(minutes=20))
    assert connection.execute("SELECT sum(readings) FROM ingest.device_clock").fetchone() == (1,)
