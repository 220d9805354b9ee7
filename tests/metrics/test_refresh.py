"""A refresh beside writers, over zones and sessions, and after corrections: same inputs, same rows, same digests."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import psycopg
import pytest
from psycopg.rows import dict_row

from ingest.model import Flag
from metrics import zones
from metrics.refresh import BusyError, rebuild, refresh
from tests.metrics import readings as put
from tests.metrics.readings import Row, at
from tests.metrics.rollup.test_recompute import no_values, roll, table

MINUTE_US = 60_000_000


def hour(connection: psycopg.Connection, stream: int, when: datetime) -> dict[str, object]:
    """One row of metrics.hour."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT * FROM metrics.hour WHERE (datastream_id, hour) = (%s, %s)", (stream, when)
        ).fetchone()
    connection.commit()
    assert row is not None, f"no row for {when}"
    return row


def stream(connection: psycopg.Connection, quantity: str, interval_s: int = 300, **body: object) -> int:
    """A datastream of a registered device."""
    device = quantity.replace(".", "-").replace("_", "-")
    put.register(connection, "device", device, {"interval_s": interval_s, **body})
    return put.datastream(connection, quantity, device=device)


def test_a_gauge_is_weighted_by_the_time_its_values_held(connection: psycopg.Connection) -> None:
    power = stream(connection, "power.active")
    put.insert(connection, power, [Row(at=at(10), value=100.1), Row(at=at(20), value=0.3), Row(at=at(50), value=7)])
    roll(connection, at(120))
    first, second = hour(connection, power, at(0)), hour(connection, power, at(60))
    # 100.1 holds 10 min, 0.3 holds 15 (three intervals), 7 holds the last 10 and 5 of the next hour.
    assert first["weighted"] == (Decimal("100.1") * 10 + Decimal("0.3") * 15 + 7 * 10) * MINUTE_US
    assert first["covered_us"] == 35 * MINUTE_US
    assert (first["minimum"], first["maximum"], first["last"]) == (Decimal("0.3"), Decimal("100.1"), 7)
    assert (second["weighted"], second["covered_us"], second["received"]) == (7 * 5 * MINUTE_US, 5 * MINUTE_US, 0)
    assert (first["slots"], first["expected"]) == (3, 12)


def test_a_counter_shares_whole_people_and_its_hours_sum_to_the_difference(connection: psycopg.Connection) -> None:
    people = stream(connection, "people.in_total", 7200)
    put.insert(
        connection,
        people,
        [Row(at=at(50), value=10), Row(at=at(155), value=20), Row(at=at(170), value=19), Row(at=at(175), value=3)],
    )
    roll(connection, at(300))
    rows = [hour(connection, people, at(60 * n)) for n in range(3)]
    # floor(10 * 10 / 105) = 0, floor(10 * 70 / 105) = 6, then the rest; a fall by 1 is a dip, by 17 a reset at 0.
    assert [row["amount"] for row in rows] == [0, 6, 4 + 0 + 3]
    assert [(row["dips"], row["resets"]) for row in rows] == [(0, 0), (0, 0), (1, 1)]


def test_a_gap_of_more_than_a_day_counts_only_in_windows_that_hold_both_ends(connection: psycopg.Connection) -> None:
    people = stream(connection, "people.in_total")
    put.insert(
        connection,
        people,
        [Row(at=at(30), value=10), Row(at=at(30 + 25 * 60), value=110), Row(at=at(35 + 25 * 60), value=111)],
    )
    roll(connection, at(40 * 60))
    row = hour(connection, people, at(25 * 60))
    assert (row["amount"], row["gap_amount"], row["gap_start"]) == (1, 100, at(30))
    totals = [
        connection.execute(
            "SELECT sum(amount) + coalesce(sum(gap_amount) FILTER (WHERE gap_start >= %(a)s), 0)"
            " FROM metrics.hour WHERE hour >= %(a)s",
            {"a": at(minute)},
        ).fetchone()
        for minute in (0, 60)
    ]
    assert totals == [(101,), (1,)]


def test_a_state_is_unknown_after_its_hold_and_seconds_add_up(connection: psycopg.Connection) -> None:
    bay = stream(connection, "parking.occupied")
    put.insert(
        connection,
        bay,
        [Row(at=at(5), value=0), Row(at=at(15), value=1), Row(at=at(20), value=1), Row(at=at(50), value=0)],
    )
    roll(connection, at(60))
    row = hour(connection, bay, at(0))
    assert row["state_us"] == {"0": 20 * MINUTE_US, "1": 20 * MINUTE_US}
    assert (row["covered_us"], row["transitions"]) == (40 * MINUTE_US, 1)  # the second change came after a silence


def test_a_delta_stamped_on_the_full_hour_belongs_before_it_and_an_overlap_adds_nothing(
    connection: psycopg.Connection,
) -> None:
    people = stream(connection, "people.in")
    put.insert(connection, people, [
        Row(at=at(60), value=7, span_us=10 * MINUTE_US), Row(at=at(63), value=5), Row(at=at(65), value=4),
    ])  # fmt: skip
    roll(connection, at(120))
    first, second = hour(connection, people, at(0)), hour(connection, people, at(60))
    assert (first["amount"], first["received"], first["overlapped"]) == (7, 1, 0)
    assert (second["amount"], second["received"], second["overlapped"]) == (4, 2, 1)


def test_declared_policies_decide_what_a_fall_of_a_counter_means(connection: psycopg.Connection) -> None:
    results = {}
    for quantity, rule in {
        "people.in_total": {"policy": "wrap", "wrap": "65536"},
        "people.out_total": {"dip": "20"},
        "parking.in_total": {},
    }.items():
        counter = stream(connection, quantity, counters={quantity: rule})
        put.insert(
            connection, counter, [Row(at=at(5), value=65530), Row(at=at(10), value=65515), Row(at=at(15), value=65540)]
        )
        roll(connection, at(60))
        row = hour(connection, counter, at(0))
        results[quantity] = (row["amount"], row["resets"], row["dips"])
    assert results == {
        "people.in_total": (65521 + 25, 1, 0), "people.out_total": (10, 0, 1), "parking.in_total": (65515 + 25, 1, 0)
    }  # fmt: skip


def test_a_value_that_never_moves_is_frozen_until_it_does(connection: psycopg.Connection) -> None:
    air = stream(connection, "env.pm2_5", 600)
    put.insert(connection, air, [Row(at=at(10 * n), value=35.0 if n < 60 else 36.0) for n in range(66)])
    roll(connection, at(20 * 60))
    frozen = [hour(connection, air, at(60 * n))["frozen"] for n in range(11)]
    assert frozen == [0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 0]
    assert hour(connection, air, at(8 * 60))["received"] == 6
    assert hour(connection, air, at(8 * 60))["covered_us"] == 0
    put.insert(connection, air, [Row(at=at(3 * 60 + 5), value=34.0)])  # late: it was alive at 3:05, so it froze at 9:10
    roll(connection, at(20 * 60))
    assert [hour(connection, air, at(60 * n))["frozen"] for n in range(11)] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0]


def test_hours_close_with_the_clock_and_a_reading_on_the_full_hour_ends_the_one_before(
    connection: psycopg.Connection,
) -> None:
    people = stream(connection, "people.in")
    put.insert(connection, people, [Row(at=at(5 * n), value=1) for n in range(1, 12)])
    assert refresh(connection, at(60.5), file=no_values).changed == 0, "within the grace"
    roll(connection, at(61))
    assert hour(connection, people, at(0))["amount"] == 11
    put.insert(connection, people, [Row(at=at(60), value=1), Row(at=at(65), value=1)])
    roll(connection, at(66))
    assert hour(connection, people, at(0))["amount"] == 12
    rebuild(connection, at(66), grace=timedelta(0), file=no_values)
    assert hour(connection, people, at(0))["amount"] == 12
    assert connection.execute("SELECT count(*) FROM metrics.hour").fetchone() == (1,), "the second hour is still open"
    roll(connection, at(120))
    assert hour(connection, people, at(60))["amount"] == 1
    assert connection.execute("SELECT count(*) FROM ingest.touched").fetchone() == (0,)


def test_a_rebuild_also_counts_the_only_reading_of_an_hour_stamped_at_its_end(connection: psycopg.Connection) -> None:
    people = stream(connection, "people.in")
    put.insert(connection, people, [Row(at=at(60), value=3)])
    roll(connection, at(70))
    rebuild(connection, at(70), grace=timedelta(0), file=no_values)
    assert hour(connection, people, at(0))["amount"] == 3


def test_a_value_held_over_the_end_of_an_hour_is_in_the_next_one_when_that_closes(
    connection: psycopg.Connection,
) -> None:
    power = stream(connection, "power.active")
    put.insert(connection, power, [Row(at=at(55), value=3)])
    roll(connection, at(60))
    assert connection.execute("SELECT count(*) FROM metrics.hour").fetchone() == (1,)
    roll(connection, at(120))
    assert hour(connection, power, at(60))["covered_us"] == 10 * MINUTE_US
    roll(connection, at(180))
    assert connection.execute("SELECT count(*) FROM ingest.touched").fetchone() == (0,), "a silent device is left alone"


def test_corrections_reopen_their_hours_and_those_they_reach(connection: psycopg.Connection) -> None:
    people = stream(connection, "people.in_total")
    put.insert(connection, people, [Row(at=at(10 + 30 * n), value=value) for n, value in enumerate((0, 600, 60, 90))])
    roll(connection, at(180))
    assert [hour(connection, people, at(60 * n))["amount"] for n in range(2)] == [600 + 40, 20 + 30]
    put.correct(connection, people, at(40), at(41), "void")
    roll(connection, at(180))
    assert [hour(connection, people, at(60 * n))["amount"] for n in range(2)] == [50, 10 + 30]
    put.correct(connection, people, at(70), at(71), "replace", 30)
    roll(connection, at(180))
    assert [hour(connection, people, at(60 * n))["amount"] for n in range(2)] == [25, 5 + 60]
    put.correct(connection, people, at(0), at(180), "calibrate", 2)  # the latest correction of a reading decides
    roll(connection, at(180))
    assert [hour(connection, people, at(60 * n))["amount"] for n in range(2)] == [1200 + 80, 40 + 60]


def test_a_batch_that_commits_after_the_refresh_began_is_found_by_the_next(
    connection: psycopg.Connection, database: str
) -> None:
    power = stream(connection, "power.active")
    put.insert(connection, power, [Row(at=at(5), value=1)])
    connection.commit()
    with psycopg.connect(database) as writer:
        put.insert(
            writer, power, [Row(at=at(10), value=2)]
        )  # not committed: the refresh neither sees it nor waits for it
        connection.execute("SET lock_timeout = '2s'")
        roll(connection, at(60))
        assert hour(connection, power, at(0))["received"] == 1
        writer.commit()
    roll(connection, at(60))
    assert hour(connection, power, at(0))["received"] == 2


def test_a_writer_does_not_wait_for_a_refresh(connection: psycopg.Connection, database: str) -> None:
    power = stream(connection, "power.active")
    put.insert(connection, power, [Row(at=at(5), value=1)])

    late = [[Row(at=at(10), value=2)]]

    def write_meanwhile(_connection: object, _changed: Sequence[tuple[int, datetime]]) -> int:
        with psycopg.connect(database, options="-c lock_timeout=2s") as writer:
            while late:
                put.insert(writer, power, late.pop())
        return 0

    refresh(connection, at(60), grace=timedelta(0), file=write_meanwhile)
    assert hour(connection, power, at(0))["received"] == 2


def test_a_batch_that_commits_within_a_refresh_is_left_to_the_next_step(
    connection: psycopg.Connection, database: str
) -> None:
    put.zone(connection, "Asia/Shanghai")
    power = stream(connection, "power.active")
    put.insert(connection, power, [Row(at=at(5), value=1)])
    connection.commit()
    with psycopg.connect(database) as gate, psycopg.connect(database) as writer, ThreadPoolExecutor() as pool:
        gate.execute("LOCK metrics.local_day")  # stops the refresh between taking rows and reading readings
        result = pool.submit(roll, connection, at(60))
        try:
            while writer.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):
                writer.rollback()
            put.insert(writer, power, [Row(at=at(10), value=2)])
            writer.commit()
        finally:
            gate.rollback()
        assert (result.result().chunks, result.result().changed) == (2, 2)
    assert hour(connection, power, at(0))["received"] == 2


def test_two_refreshes_do_not_run_at_once(connection: psycopg.Connection, database: str) -> None:
    power = stream(connection, "power.active")
    put.insert(connection, power, [Row(at=at(5), value=1)])

    def second(_connection: object, _changed: Sequence[tuple[int, datetime]]) -> int:
        with psycopg.connect(database) as other, pytest.raises(BusyError):
            roll(other, at(60))
        return 0

    assert refresh(connection, at(60), grace=timedelta(0), file=second).changed == 1


def test_a_refresh_that_fails_keeps_what_is_left_to_do(connection: psycopg.Connection) -> None:
    power = stream(connection, "power.active")
    put.insert(connection, power, [Row(at=at(5), value=1)])

    def fail(_connection: object, _changed: object) -> int:
        raise RuntimeError("no figures today")

    with pytest.raises(RuntimeError, match="no figures"):
        refresh(connection, at(60), grace=timedelta(0), file=fail)
    assert connection.execute("SELECT count(*) FROM metrics.hour").fetchone() == (0,)
    assert roll(connection, at(60)).changed == 1


QUANTITIES = ("power.active", "people.in_total", "people.in", "parking.occupied", "energy.import_total")


def fill(connection: psycopg.Connection, order: random.Random) -> None:
    """Four days of every kind with faults, inserted in an order of its own under serial numbers of their own."""
    data = random.Random(7)
    put.zone(connection, "Asia/Shanghai")
    rows: dict[str, list[Row]] = {}
    for quantity in QUANTITIES:
        put.register(connection, "device", "all", {"interval_s": 600})
        total, rows[quantity] = 0.0, []
        for minute in sorted(data.sample(range(4 * 24 * 60), 400)):
            total = 0 if data.random() < 0.01 else total + data.randint(0, 40) / 8
            value = {
                "power.active": data.randint(0, 9999) / 10,
                "people.in": data.randint(0, 9),
                "parking.occupied": data.randint(0, 1),
            }
            rows[quantity].append(
                Row(at=at(minute), value=value.get(quantity, total // 1 if "people" in quantity else total))
            )
    for quantity in order.sample(QUANTITIES, len(QUANTITIES)):
        for _ in range(order.randint(0, 3)):
            connection.execute("SELECT nextval(pg_get_serial_sequence('ingest.datastream', 'id'))")
        put.insert(connection, put.datastream(connection, quantity, device="all"), order.sample(rows[quantity], 400))
    connection.commit()


def test_order_serial_numbers_sessions_and_chunks_do_not_change_a_digest(database: str) -> None:
    seen = []
    for n, place in enumerate(("UTC", "Asia/Kolkata", "America/Vancouver")):
        with psycopg.connect(database, options=f"-c timezone={place} -c extra_float_digits={n - 1}") as connection:
            connection.execute(
                "TRUNCATE ingest.reading, ingest.datastream, ingest.touched, metrics.hour, ingest.fact CASCADE"
            )
            fill(connection, random.Random(n))
            refresh(connection, at(9999), grace=timedelta(0), chunk_pairs=(20_000, 1, 40)[n], file=no_values)
            connection.execute("SET timezone = 'UTC'")
            seen.append(table(connection))
            rebuild(connection, at(9999), grace=timedelta(0), file=no_values)
            seen.append(table(connection))
    assert len(seen[0]) > 400
    assert all(rows == seen[0] for rows in seen)


def test_a_digest_is_the_hash_of_lines_that_anybody_can_write(connection: psycopg.Connection) -> None:
    power = stream(connection, "power.active")
    rows = [
        Row(at=at(55), value=1.5),
        Row(at=at(61), value=0.1, late_s=9, flags=1),
        Row(at=at(65), value=1e22, flags=9),
    ]
    put.insert(connection, power, rows)
    roll(connection, at(120))
    second = int(at(0).timestamp())
    lines = [
        f"in {second + 55 * 60}000000 1.5 {second + 70 * 60}000000",
        f"{second + 61 * 60}000000 0.1 1",
        f"{second + 65 * 60}000000 10000000000000000000000 9",
    ]
    assert hour(connection, power, at(60))["input_digest"] == sha256("\n".join(lines).encode()).digest()


def test_an_hour_counts_lateness_flags_and_origins(connection: psycopg.Connection) -> None:
    power = stream(connection, "power.active", 60)
    late = [-3, 5, 6, 60, 61, 300, 301, 86_400, 86_401]
    rows = [Row(at=at(n), value=n, late_s=late_s, flags=n % 4) for n, late_s in enumerate(late)]
    rows += [Row(at=at(20), value=0, flags=int(Flag.OUT_OF_RANGE)), Row(at=at(21), value=0, flags=put.BACKFILL | 2)]
    put.insert(connection, power, rows)
    roll(connection, at(60))
    row = hour(connection, power, at(0))
    assert row["lateness"] == [
        2,
        1,
        0,
        1,
        1,
        1,
        1,
        0,
        1,
        1,
    ]  # up to 5, 10, 30, 60, 120, 300, 900, 3600, 86400, and beyond
    assert row["flag_counts"] == [0, 1, 0, 0, 1, 0, 1, 0]
    assert row["origins"] == [4, 2, 3, 2]
    assert (row["received"], row["valid"]) == (11, 10)


def test_one_changed_reading_changes_the_digest_of_its_hour(connection: psycopg.Connection) -> None:
    power = stream(connection, "power.active")
    put.insert(connection, power, [Row(at=at(30 + 60 * n), value=1) for n in range(3)])
    roll(connection, at(240))
    before = [hour(connection, power, at(60 * n))["input_digest"] for n in range(3)]
    connection.execute("UPDATE ingest.reading SET value = 1.0000000000000002 WHERE time = %s", (at(90),))
    rebuild(connection, at(240), grace=timedelta(0), file=no_values)
    after = [hour(connection, power, at(60 * n))["input_digest"] for n in range(3)]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]


@pytest.mark.parametrize("quantity", ["people.in_total", "people.in"])
def test_a_digest_covers_the_later_reading_that_shares_in_the_hour(
    connection: psycopg.Connection, quantity: str
) -> None:
    people = stream(connection, quantity, 1800)
    digests = set()
    for value in (100, 101):
        connection.execute("TRUNCATE ingest.reading")
        rows = [Row(at=at(50), value=0, span_us=MINUTE_US), Row(at=at(70), value=value, span_us=15 * MINUTE_US)]
        put.insert(connection, people, rows)
        rebuild(connection, at(120), grace=timedelta(0), file=no_values)
        digests.add(hour(connection, people, at(0))["input_digest"])
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 3, 2), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23), ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Kolkata", date(2026, 3, 2), 24), ("America/Santiago", date(2026, 9, 6), 23),
    ],
)  # fmt: skip
def test_local_days_hold_23_24_or_25_whole_hours_of_the_roll_ups(
    connection: psycopg.Connection, zone: str, day: date, hours: int
) -> None:
    put.zone(connection, zone)
    people = stream(connection, "people.in", 600)
    window = zones.local_day(zone, day)
    put.insert(
        connection, people, [Row(at=window.start + timedelta(minutes=10 * n), value=1) for n in range(6 * hours + 7)]
    )
    roll(connection, window.end + timedelta(hours=3))
    rows = connection.execute(
        "SELECT count(*), sum(h.amount), min(h.hour)"
        " FROM metrics.local_day d JOIN metrics.hour h ON h.hour >= d.start AND h.hour < d.stop"
        " WHERE d.zone = %s AND d.day = %s",
        (zone, day),
    ).fetchone()
    assert rows == (hours, 6 * hours, window.start)


def test_expected_slots_follow_the_register_in_time(connection: psycopg.Connection) -> None:
    put.zone(connection, "Asia/Shanghai")
    put.register(connection, "device", "power-active", {"interval_s": 600}, since=at(20))
    put.register(connection, "device", "power-active", {"interval_s": 60}, since=at(90))
    power = put.datastream(connection, "power.active", device="power-active")
    put.insert(connection, power, [Row(at=at(30 * n + 1), value=1) for n in range(6)])
    put.register(connection, "device", "power-active", {}, since=at(150), ended=True)
    roll(connection, at(240))
    assert [hour(connection, power, at(60 * n))["expected"] for n in range(3)] == [4, 3 + 30, 30]
