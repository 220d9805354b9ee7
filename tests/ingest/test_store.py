"""Hop 4 on a real PostgreSQL: every reading once, every message in one class, and the account provable."""

import hashlib
import random
import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import ledger, store
from ingest.model import Flag, Message
from ingest.series import SeriesTable
from ingest.store import Store, digest, seen_before
from ingest.times import from_datetime
from tests.ingest.world import NOON, decoder, message, native


class Writer:
    """A store with its decoder; writes messages as a collector would."""

    def __init__(self, connection: psycopg.Connection, name: str = "c0") -> None:
        self.table = SeriesTable()
        self.decoder = decoder(table=self.table)
        self.store = Store(connection, self.table, name)

    def write(self, *messages: Message) -> ledger.Entry:
        return ledger.total(self.store.write(self.decoder.decode(messages), self.store.number(), revision=1))


@pytest.fixture
def writer(connection: psycopg.Connection) -> Writer:
    return Writer(connection)


def rows(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT public_id, r.time, value, span_us, flags, late_s FROM ingest.reading r"
        " JOIN ingest.datastream d ON d.id = r.datastream_id ORDER BY 1, 2"
    ).fetchall()


def test_a_reading_arrives_with_value_time_span_flags_and_lateness(
    writer: Writer, connection: psycopg.Connection
) -> None:
    item = {"ts": "2026-11-23T12:00:00Z", "from": "2026-11-23T11:59:00Z", "values": {"people_in": 3, "env_co2": 1e5}}
    writer.write(message(item, at=NOON + 1_500_000))
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert rows(connection) == [
        ("d/door-1/env.co2", noon, 100_000.0, None, Flag.OUT_OF_RANGE, 2),
        ("d/door-1/people.in", noon, 3.0, 60_000_000, 0, 2),
    ]


def test_a_redelivery_is_a_duplicate_and_stores_nothing(writer: Writer, connection: psycopg.Connection) -> None:
    first = [message(native(people_in=n)) for n in (1,)] + [
        message(native(people_in=5), "district/v1/d/gw/foot_traffic/door-2")
    ]
    assert writer.write(*first).stored == 2
    again = writer.write(*first, message(native("2026-11-23T12:01:00Z", people_in=2)))
    assert (again.stored, again.duplicate, again.readings_duplicate) == (1, 2, 2)
    assert len(rows(connection)) == 3


def test_another_value_under_the_same_key_is_kept_as_a_conflict_and_the_first_stays(
    writer: Writer, connection: psycopg.Connection
) -> None:
    writer.write(message(native(people_in=1, people_out=1)))
    entry = writer.write(message(native(people_in=2, people_out=1)))
    assert (entry.conflict, entry.readings_conflict, entry.readings_duplicate) == (1, 1, 1)
    assert [row[2] for row in rows(connection)] == [1.0, 1.0]
    assert connection.execute("SELECT value FROM ingest.conflict").fetchall() == [(2.0,)]
    assert writer.write(message(native(people_in=2))).duplicate == 1  # the same contradiction again says nothing new


@pytest.mark.parametrize(("value", "fate"), [(1, "duplicate"), (2, "conflict")])
def test_what_another_writer_commits_while_we_wait_for_its_key_is_judged_by_its_value(
    database: str, connection: psycopg.Connection, value: int, fate: str
) -> None:
    with psycopg.connect(database) as second, psycopg.connect(database, autocommit=True) as observer:
        first, late = Writer(connection, "c0"), Writer(second, "c1")
        late.store._clean = 0  # by the merge
        entered = threading.Event()
        entries: list[ledger.Entry] = []

        def write() -> None:
            draft = late.decoder.decode([message(native(people_in=value))])
            entries.append(ledger.total(late.store.write(draft, late.store.number(), revision=1)))

        other = threading.Thread(target=write)

        def wait_for_the_other() -> None:
            other.start()
            end = time.monotonic() + 20
            sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            while observer.execute(sql).fetchone() is None:
                assert time.monotonic() < end
            entered.set()

        draft = first.decoder.decode([message(native(people_in=1))])
        first.store.write(draft, first.store.number(), revision=1, before_commit=wait_for_the_other)
        other.join(20)
        assert entered.is_set()
        (entry,) = entries
        assert (entry.received, getattr(entry, fate)) == (1, 1)
        assert list(ledger.check(connection)) == []


def test_only_the_newest_hashes_of_messages_without_time_are_kept(
    writer: Writer, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "UNTIMED_KEPT", 3)
    for second in range(10):
        writer.write(message(native(None, people_in=second), at=NOON + second * 1_000_000))
    rest = connection.execute("SELECT received_at FROM ingest.arrival_seen ORDER BY 1").fetchall()
    assert 3 <= len(rest) <= 6
    assert rest[-1] == (datetime(2026, 11, 23, 12, 0, 9, tzinfo=UTC),)


def test_a_topic_that_is_not_utf8_is_kept_as_it_came(writer: Writer, connection: psycopg.Connection) -> None:
    writer.write(message(b"{}", b"district/\xff".decode("utf-8", "surrogateescape")))
    assert connection.execute("SELECT topic, reason FROM ingest.quarantine").fetchall() == [
        (b"district/\xff", "bad_encoding")
    ]


def test_the_span_belongs_to_the_value(writer: Writer) -> None:
    item = {"ts": "2026-11-23T12:00:00Z", "from": "2026-11-23T11:59:00Z", "values": {"people_in": 3}}
    writer.write(message(item))
    assert writer.write(message(item)).duplicate == 1
    assert writer.write(message({**item, "from": "2026-11-23T11:58:00Z"})).conflict == 1


def test_a_contradiction_within_one_batch_is_found(writer: Writer, connection: psycopg.Connection) -> None:
    entry = writer.write(message(native(people_in=1)), message(native(people_in=1)), message(native(people_in=4)))
    assert (entry.stored, entry.duplicate, entry.conflict) == (1, 1, 1)
    assert [row[2] for row in rows(connection)] == [1.0]
    assert list(ledger.check(connection)) == []


def test_classes_of_messages(writer: Writer) -> None:
    entry = writer.write(
        message(native(people_in=1)),
        message([native("2026-11-23T12:01:00Z", people_in=1), native("2026-11-23T12:01:00Z", people_out="x")]),
        message(b"{"),
        message({"ts": NOON // 1000, "values": {}}),
        message({"ts": NOON // 1000, "event": {"type": "test", "id": "1"}}),
        message({"ts": NOON // 1000, "event": {"type": "test", "id": "1"}}),
    )
    assert entry.received == 6
    assert (entry.stored, entry.partly_stored, entry.quarantined, entry.no_measurement, entry.duplicate) == (
        2,
        1,
        1,
        1,
        1,
    )
    assert (entry.readings_decoded, entry.readings_stored, entry.readings_not_stored) == (3, 2, 1)
    assert (entry.events_decoded, entry.events_stored, entry.events_duplicate) == (2, 1, 1)


def test_quarantine_holds_topic_reason_size_and_hash(writer: Writer, connection: psycopg.Connection) -> None:
    bodies = [b"\x00\xff", b"{oops"]
    writer.write(message(bodies[0], "no/such/topic"), message(bodies[1]))
    found = connection.execute(
        "SELECT topic, body, reason, bytes, sha256 FROM ingest.quarantine ORDER BY id"
    ).fetchall()
    assert found == [
        (b"no/such/topic", None, "unknown_topic", 2, hashlib.sha256(bodies[0]).digest()),
        (b"district/v1/d/gw/foot_traffic/door-1", None, "bad_json", 5, hashlib.sha256(bodies[1]).digest()),
    ]


def test_hours_are_touched_once_with_their_datastreams(writer: Writer, connection: psycopg.Connection) -> None:
    times = ["2026-11-23T11:59:00Z", "2026-11-23T11:59:30Z", "2026-11-23T12:00:00Z"]
    writer.write(*(message(native(time, people_in=1, people_out=2)) for time in times))
    touched = connection.execute(
        "SELECT hour, cardinality(datastream_ids) FROM ingest.touched ORDER BY hour"
    ).fetchall()
    assert touched == [(datetime(2026, 11, 23, 11, tzinfo=UTC), 2), (datetime(2026, 11, 23, 12, tzinfo=UTC), 2)]


def test_readings_of_any_year_find_their_partition(connection: psycopg.Connection) -> None:
    writer = Writer(connection)
    writer.decoder.clock.behind = 40 * 366 * 86_400_000_000
    times = [datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC) for year in (2006, 2014, 2025)]
    assert writer.write(*(message(native(time.isoformat(), people_in=1)) for time in times)).stored == 3
    assert [row[1] for row in rows(connection)] == times


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("DELETE FROM ingest.reading WHERE ctid = (SELECT min(ctid) FROM ingest.reading)", "readings"),
        ("DELETE FROM ingest.conflict", "conflicts"),
        ("DELETE FROM ingest.event", "events"),
        ("DELETE FROM ingest.quarantine", "bytes in quarantine"),
        ("UPDATE ingest.batch SET received = received + 1", "messages"),
    ],
)
def test_the_check_names_the_batch_whose_row_was_deleted(
    connection: psycopg.Connection, statement: str, word: str
) -> None:
    writer = Writer(connection)
    number = writer.store.number() + 1
    writer.write(
        message(native(people_in=1)), message(native(people_in=2)), message(b"{"),
        message({"ts": NOON // 1000, "event": {"type": "test"}}),
    )  # fmt: skip
    assert list(ledger.check(connection)) == []
    connection.execute(statement.encode())
    (sentence,) = ledger.check(connection)
    assert sentence.startswith(f"batch {number}: ")
    assert word in sentence


def test_a_batch_that_was_committed_before_its_answer_was_lost_is_known_by_its_number(writer: Writer) -> None:
    number = writer.store.number()
    assert not writer.store.is_stored(number)
    writer.store.write(writer.decoder.decode([message(native(people_in=1))]), number, revision=1)
    assert writer.store.is_stored(number)


def test_messages_without_time_are_known_again_by_their_hash(writer: Writer, connection: psycopg.Connection) -> None:
    untimed, timed = message(native(None, people_in=1)), message(native(people_in=1))
    writer.write(untimed, timed)
    digests = [digest(each.topic, each.payload) for each in (untimed, timed)]
    assert seen_before(connection, "c0", digests) == {digests[0]}
    assert seen_before(connection, "c1", digests) == set()
    again = writer.decoder.decode([untimed], repeated={0})
    assert ledger.total(writer.store.write(again, writer.store.number(), revision=1)).duplicate == 1


def test_a_snapshot_keeps_the_newest_state(writer: Writer, connection: psycopg.Connection) -> None:
    for at, value in ((NOON + 5, 7), (NOON, 3)):
        writer.write(message(native(None, people_in=value), at=at, retain=True))
    assert connection.execute("SELECT value FROM ingest.snapshot").fetchall() == [(7.0,)]
    assert rows(connection) == []


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_and_repetition_of_messages_gives_the_same_readings(chance: random.Random, batches: int) -> None:
    """The tables depend on what was said, not on how often and in which order it was delivered."""
    start = datetime(2026, 11, 23, 11, tzinfo=UTC)
    said = [
        message(native((start + timedelta(minutes=n)).isoformat(), people_in=n, people_out=2 * n)) for n in range(20)
    ]
    expected = {(from_datetime(start + timedelta(minutes=n)), n, 2 * n) for n in range(20)}
    delivered = said * 2
    chance.shuffle(delivered)
    with DATABASE.connect() as connection:
        writer = Writer(connection)
        size = max(1, len(delivered) // batches)
        totals = [writer.write(*delivered[at : at + size]) for at in range(0, len(delivered), size)]
        assert sum(total.readings_stored for total in totals) == 40
        assert sum(total.readings_duplicate for total in totals) == 40
        stored: dict[datetime, dict[str, float]] = {}
        for name, time, value, *_ in rows(connection):
            assert isinstance(time, datetime)
            stored.setdefault(time, {})[str(name)] = float(str(value))
        got = {(from_datetime(t), v["d/door-1/people.in"], v["d/door-1/people.out"]) for t, v in stored.items()}
        assert got == expected
        assert list(ledger.check(connection)) == []


class DATABASE:
    """A database for a Hypothesis test, emptied before each example."""

    dsn = ""

    @classmethod
    def connect(cls) -> psycopg.Connection:
        connection = psycopg.connect(cls.dsn)
        connection.execute(
            "TRUNCATE ingest.reading, ingest.batch, ingest.ledger, ingest.conflict, ingest.quarantine,"
            " ingest.quarantine_outcome, ingest.touched CASCADE"
        )
        connection.commit()
        return connection


@pytest.fixture(autouse=True)
def _database_for_examples(request: pytest.FixtureRequest) -> None:
    if "connection" not in request.fixturenames:
        DATABASE.dsn = request.getfixturevalue("database")
