"""Nothing that evidence rests on can be changed without being named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from scoring import rule as rules
from scoring.verify import verify
from tests.scoring import lane, village
from tests.scoring.lane import ITEM
from tests.scoring.village import DISTRICT, NOW

AT = NOW - timedelta(days=3)
LATER = NOW + timedelta(hours=2)
OF_STREAM = "(SELECT id FROM ingest.datastream WHERE quantity = 'parking.used')"


def found(connection: psycopg.Connection, as_of: datetime | None = None) -> set[tuple[str, str, str]]:
    """(input, name, hour) of each difference of the item."""
    checked, differences = verify(connection, DISTRICT, as_of=as_of, item=ITEM, now=LATER)
    assert checked == 1
    assert {one.item for one in differences} <= {ITEM}
    return {(one.what, one.which, one.hour) for one in differences}


def test_an_untouched_database_differs_in_nothing_and_stays_untouched(connection: psycopg.Connection) -> None:
    lane.build(connection)
    assert lane.assess(connection).points == 1
    before = connection.execute("SELECT count(*), max(xmin::text::bigint) FROM metrics.hour").fetchone()
    assert found(connection) == set()
    assert connection.execute("SELECT count(*), max(xmin::text::bigint) FROM metrics.hour").fetchone() == before
    assert connection.execute("SELECT count(*) FROM ingest.touched WHERE batch_id IS NULL").fetchone() == (0,)


@pytest.mark.parametrize("rolled_up", [False, True])
def test_a_reading_that_was_changed_is_named_with_its_hour(connection: psycopg.Connection, *, rolled_up: bool) -> None:
    lane.build(connection)
    lane.assess(connection)
    connection.execute(
        f"UPDATE ingest.reading SET value = 51 WHERE time = %s AND datastream_id = {OF_STREAM}".encode(), (AT,)
    )
    if rolled_up:
        connection.execute(
            "INSERT INTO ingest.touched (hour, datastream_ids)"
            f" SELECT %s, ARRAY[{OF_STREAM}]".encode(), (AT,),
        )  # fmt: skip
        lane.roll_up(connection)
    hour = AT.astimezone(UTC).strftime("%Y-%m-%dT%H:00:00.000000Z")
    assert ("readings", f"{DISTRICT}/gate-1/parking.used", hour) in found(connection)
    named = verify(connection, DISTRICT, item=ITEM, now=LATER)[1]
    assert {one.what for one in named} == {"readings"}
    assert {one.which for one in named} == {f"{DISTRICT}/gate-1/parking.used"}
    assert "completeness" in named[0].metrics
    assert "read by" in named[0].text()


def test_a_reading_that_was_deleted_is_named(connection: psycopg.Connection) -> None:
    lane.build(connection)
    lane.assess(connection)
    connection.execute(f"DELETE FROM ingest.reading WHERE time = %s AND datastream_id = {OF_STREAM}".encode(), (AT,))
    assert {what for what, _, _ in found(connection)} >= {"readings"}


def test_a_roll_up_that_was_changed_behind_its_digest_is_named(connection: psycopg.Connection) -> None:
    lane.build(connection)
    lane.assess(connection)
    connection.execute(
        "UPDATE metrics.hour SET amount = 7 WHERE hour = %s AND datastream_id ="
        " (SELECT id FROM ingest.datastream WHERE quantity = 'parking.in')",
        (AT,),
    )
    assert found(connection) == {("roll-up", f"{DISTRICT}/gate-1/parking.in", AT.strftime("%Y-%m-%dT%H:00:00.000000Z"))}


def test_a_line_of_the_register_is_named_and_marks_evidence_stale(connection: psycopg.Connection) -> None:
    lane.build(connection)
    lane.assess(connection)
    assert not lane.revisions(connection)[0].stale
    village.fact(connection, "car_park", "p1", {"space": "mall", "public": True, "spaces": 101})
    assert found(connection) == {("register", "car_park p1", "")}
    assert lane.revisions(connection)[0].stale


def test_a_value_of_the_rule_is_named(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    lane.build(connection)
    lane.assess(connection)
    own = dict(rules.load("hangzhou-city-2023"))
    own[ITEM] = replace(own[ITEM], version="0" * 64)
    monkeypatch.setattr(rules, "load", lambda _name: own)
    assert found(connection) == {("rule", "", "")}


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [("inputs", "replace(inputs, 'village', 'town')", "digest"), ("findings", "'[]'::jsonb", "figures")],
)
def test_evidence_that_was_changed_itself_is_named(
    connection: psycopg.Connection, column: str, value: str, what: str
) -> None:
    lane.build(connection)
    lane.assess(connection)
    connection.execute("ALTER TABLE scoring.evidence DISABLE TRIGGER insert_only")
    connection.execute(f"UPDATE scoring.evidence SET {column} = {value}".encode())
    assert what in {one for one, _, _ in found(connection)}


def test_an_event_that_was_changed_is_named_with_its_hour(connection: psycopg.Connection) -> None:
    lane.build(connection)
    event(connection, AT)
    lane.assess(connection)
    assert found(connection) == set()
    connection.execute("UPDATE ingest.event SET amount = 4")
    assert found(connection) == {("events", f"{DISTRICT}/gate-1/events", AT.strftime("%Y-%m-%dT%H:00:00.000000Z"))}


def event(connection: psycopg.Connection, at: datetime) -> None:
    """A crossing that a device of the item reported."""
    connection.execute(
        "INSERT INTO ingest.event (district, device, time, type, key, received_at, amount, attributes, flags, batch_id)"
        " VALUES (%s, 'gate-1', %s, 'people_in', 'k \"1\"', %s, 2.5, '{\"湖\": [1.50, null], \"a\": \"b\"}', 1, %s)",
        (DISTRICT, at, at, lane.batch(connection)),
    )


def test_what_was_seen_then_stands_although_late_data_and_a_new_register_came(connection: psycopg.Connection) -> None:
    lane.build(connection)
    lane.assess(connection)
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row
    connection.commit()
    connection.execute(f"UPDATE ingest.reading SET batch_id = %s WHERE time = %s AND datastream_id = {OF_STREAM}".encode(),
                       (lane.batch(connection), AT))  # fmt: skip
    village.fact(connection, "car_park", "p1", {"space": "mall", "public": True, "spaces": 101})
    connection.commit()
    # Now the reading counts as one that came later: then it was not there, now it is.
    assert found(connection) == {("register", "car_park p1", "")}
    assert {what for what, _, _ in found(connection, row[0])} == {"arrivals", "readings"}
    assert found(connection, LATER + timedelta(days=30)) == {("register", "car_park p1", "")}
