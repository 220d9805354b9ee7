"""Silent devices and values that stand still are found by the rules of watch.yaml, and nothing else is."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ingest import quantities
from ingest.watch import rules, silent, stuck
from metrics.rollup.rules import rules as rollup_rules

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Town:
    """Devices and their readings, put there by SQL."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        connection.execute(
            "INSERT INTO ingest.revision (district, who, file_sha256, mode) VALUES ('d', 'test', '', 'apply')"
        )
        for month in (9, 10, 11):
            connection.execute("SELECT ingest.ensure_partition(%s)", (datetime(2026, month, 1, tzinfo=UTC),))
        self.fact("district", "d", {"zone": "Asia/Shanghai"})

    def fact(self, kind: str, name: str, body: dict[str, object], since: datetime | None = None) -> None:
        self.connection.execute(
            "INSERT INTO ingest.fact VALUES ('d', %s, %s, coalesce(%s, '-infinity'::timestamptz), 1, %s, false)",
            (kind, name, since, json.dumps(body)),
        )

    def device(self, name: str, interval: timedelta = MINUTE, since: datetime | None = None, **more: object) -> None:
        body = {"feed": "air_quality", "interval_s": int(interval.total_seconds()), **more}
        self.fact("device", name, body, since)

    def readings(
        self, device: str, quantity: str, start: timedelta, stop: timedelta, value: Callable[[int], float] | float = 1,
        every: timedelta = 10 * MINUTE, channel: str = "",
    ) -> None:  # fmt: skip
        """Readings of [NOW - start, NOW - stop]; `value` of the number of a reading, or one for all."""
        row = self.connection.execute(
            "INSERT INTO ingest.datastream (district, device, quantity, channel) VALUES ('d', %s, %s, %s)"
            " ON CONFLICT (district, device, quantity, channel) DO UPDATE SET device = excluded.device RETURNING id",
            (device, quantity, channel),
        ).fetchone()
        assert row is not None
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO ingest.reading (time, value, batch_id, datastream_id, late_s, flags) VALUES (%s, %s, 1, %s, 0, 0)",
                [
                    (NOW - start + n * every, value(n) if callable(value) else value, row[0])
                    for n in range((start - stop) // every + 1)
                ],
            )


@pytest.fixture
def town(connection: psycopg.Connection) -> Town:
    return Town(connection)


def missed(town: Town) -> list[tuple[str, str | None]]:
    return [(one.device, one.quantity) for one in silent(town.connection, NOW)]


def test_a_device_is_missed_after_three_intervals_or_its_own_hold(town: Town) -> None:
    town.device("quick", 10 * MINUTE)
    town.device("held", 10 * MINUTE, hold_s=3600)
    for name in ("quick", "held"):
        town.readings(name, "env.co2", 5 * HOUR, 31 * MINUTE)
    town.device("slow", 20 * MINUTE)
    town.readings("slow", "env.co2", 5 * HOUR, 31 * MINUTE)
    town.device("never")
    [never, quick] = silent(town.connection, NOW)
    assert (never.device, never.heard_at, never.feed) == ("never", None, "air_quality")
    assert (quick.device, quick.quantity, quick.limit_s) == ("quick", None, 1800)
    assert quick.heard_at is not None
    assert NOW - quick.heard_at >= 31 * MINUTE


def test_a_device_that_is_not_in_service_is_not_missed(town: Town) -> None:
    town.device("tomorrow", since=NOW + DAY)
    town.device("gone")
    town.connection.execute("INSERT INTO ingest.fact SELECT district, kind, id, %s, 1, body, true FROM ingest.fact"
                            " WHERE id = 'gone'", (NOW - DAY,))  # fmt: skip
    assert missed(town) == []


def test_a_device_whose_events_come_is_heard(town: Town) -> None:
    town.device("sos")
    town.connection.execute(
        "INSERT INTO ingest.event (district, device, time, type, key, received_at, flags, batch_id)"
        " VALUES ('d', 'sos', %s, 'sos', 'k', %s, 0, 1)", (NOW - MINUTE, NOW - MINUTE),
    )  # fmt: skip
    assert missed(town) == []


def test_one_quantity_of_a_device_that_sends_others_is_missed_later(town: Town) -> None:
    town.device("air", 10 * MINUTE)
    town.readings("air", "env.co2", DAY, timedelta(), lambda n: n)
    for quantity, quiet in (
        ("env.humidity", 201 * MINUTE), ("env.temperature", 199 * MINUTE), ("device.battery", 2 * DAY),
        ("device.battery_voltage", 8 * DAY), ("state.open", 8 * DAY),
    ):  # fmt: skip
        town.readings("air", quantity, quiet, quiet)
    town.readings("air", "env.co2", 4 * HOUR, 4 * HOUR, channel="left")
    assert missed(town) == [("air", "device.battery_voltage"), ("air", "env.co2.left"), ("air", "env.humidity")]


def test_a_value_that_stands_still_for_longer_than_its_rule_is_found_with_its_beginning(town: Town) -> None:
    town.device("air", 10 * MINUTE)
    town.readings("air", "env.co2", DAY, 7 * HOUR, lambda n: 400 + n)
    town.readings("air", "env.co2", 7 * HOUR - 10 * MINUTE, timedelta(), 612, channel="")
    town.readings("air", "env.temperature", DAY, 11 * HOUR, lambda n: n)
    town.readings("air", "env.temperature", 11 * HOUR - 10 * MINUTE, timedelta(), 21)  # twelve hours are allowed
    town.readings("air", "env.light_level", 20 * DAY, timedelta(), 5, every=HOUR)  # no rule
    [found] = stuck(town.connection, NOW)
    assert (found.device, found.quantity, found.value, found.unit) == ("air", "env.co2", 612, "[ppm]")
    assert (found.since, found.until, found.limit_s) == (NOW - 7 * HOUR + 10 * MINUTE, NOW, 6 * 3600)


def test_a_total_that_hangs_is_found_and_one_that_went_silent_is_not(town: Town) -> None:
    town.device("meter", 10 * MINUTE)
    town.device("dead", 10 * MINUTE)
    town.readings("meter", "energy.import_total", 3 * DAY, timedelta(), 5000)
    town.readings("dead", "energy.import_total", 9 * DAY, 4 * DAY, 5000)
    assert [(one.device, one.quantity) for one in stuck(town.connection, NOW)] == [("meter", "energy.import_total")]
    assert missed(town) == [("dead", None)]


def test_a_gap_is_not_taken_for_a_value_that_stands_still(town: Town) -> None:
    town.device("air", 10 * MINUTE)
    town.readings("air", "env.co2", 10 * HOUR, 9 * HOUR, lambda n: 500 + n)
    town.readings("air", "env.co2", HOUR, timedelta(), 612)
    assert stuck(town.connection, NOW) == []


def test_another_district_is_left_out_when_one_is_asked_for(town: Town) -> None:
    town.device("never")
    assert silent(town.connection, NOW, district="e") == []
    assert len(silent(town.connection, NOW, district="d")) == 1


def test_every_quantity_of_the_rules_exists_and_what_the_roll_ups_leave_out_is_stuck_as_soon() -> None:
    found = rules()
    assert {*found.stuck.value, *found.silent.rarely.value} <= quantities.load().keys()
    assert dict(rollup_rules().frozen_after.value).items() <= dict(found.stuck.value).items()
    assert found.silent.device.value == rollup_rules().hold_intervals.value
