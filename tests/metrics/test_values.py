from datetime import datetime, timedelta

import psycopg
import pytest

from metrics.values import store_values
from tests.metrics.town import Town, utc

DAY = utc("2026-11-01 16:00")
HOUR = timedelta(hours=1)


@pytest.fixture
def town(connection: psycopg.Connection) -> Town:
    town = Town(connection)
    town.space("mall")
    town.car_park("p1", 100)
    town.device("g", "parking", role="gate", car_park="p1")
    return town


def store(town: Town, *hours: int, now: datetime = DAY + 100 * HOUR) -> int:
    stream = town.stream("g", "parking.in")
    return store_values(town.connection, [(stream, DAY + n * HOUR) for n in hours], now)


def stored(town: Town, metric: str, grain: str, subject: str = "district") -> dict[int, object]:
    rows = town.connection.execute(
        "SELECT window_start, numerator FROM metrics.value WHERE metric = %s AND grain = %s AND subject = %s",
        (metric, grain, subject),
    ).fetchall()
    return {(start - DAY) // HOUR: number for start, number in rows}


def test_nothing_changed_stores_nothing(town: Town) -> None:
    assert store_values(town.connection, [], DAY) == 0


def test_hours_are_stored_to_the_last_closed_one_and_days_when_they_have_ended(town: Town) -> None:
    town.hours("g", "parking.in", DAY, [3] * 24)
    store(town, 0, 1, 2)
    assert stored(town, "parking_in", "hour") == {0: 3, 1: 3, 2: 3}
    assert stored(town, "parking_in", "day") == {}
    store(town, 23)
    assert stored(town, "parking_in", "day") == {0: 72}


def test_storing_the_same_again_writes_nothing(town: Town) -> None:
    town.hours("g", "parking.in", DAY, [3] * 24)
    assert store(town, *range(24)) > 0
    assert store(town, *range(24)) == 0


def test_a_late_change_rewrites_its_hour_and_its_day_only_where_they_differ(town: Town) -> None:
    town.hours("g", "parking.in", DAY, [3] * 30)
    store(town, *range(30))
    town.connection.execute("UPDATE metrics.hour SET amount = 5 WHERE hour = %s", (DAY + 2 * HOUR,))
    written = store(town, 2)
    assert stored(town, "parking_in", "hour")[2] == 5
    assert stored(town, "parking_in", "day") == {0: 74}
    # the hour and day of: vehicles in (district, car park), turnover (2), peak hour (2); nothing else has changed
    assert written == 2 + 2 + 2 + 2


def test_an_hour_that_changed_late_reaches_the_hours_after_it(town: Town) -> None:
    town.fact("entrance", "north", {"space": "mall"})
    town.device("f", "foot_traffic", entrance="north")
    town.hours("f", "people.in", DAY, [5] * 6)
    town.hours("f", "people.out", DAY, [1] * 6)
    store(town, 5)
    town.connection.execute(
        "UPDATE metrics.hour SET amount = 9 WHERE hour = %s AND datastream_id = %s",
        (DAY, town.stream("f", "people.in")),
    )
    store(town, 0, 5)
    assert stored(town, "people_in_zone", "hour") == {n: 4 * (n + 1) + 4 for n in range(6)}


def test_hours_that_came_to_their_end_unheard_are_caught_up_with(town: Town) -> None:
    town.hour("g", "parking.in", DAY, amount=1)
    store(town, 0)
    town.hour("g", "parking.in", DAY + 30 * HOUR, amount=1)
    store(town, 30)
    assert list(stored(town, "online_rate", "hour", "feed:parking")) == list(range(31))
    assert stored(town, "online_rate", "day", "feed:parking") == {0: 75}  # an hour, and three intervals of five minutes


def test_values_of_a_subject_that_left_the_register_are_deleted(town: Town) -> None:
    town.hours("g", "parking.in", DAY, [1] * 3)
    store(town, 0, 1, 2)
    town.fact("car_park", "p1", {}, ended=True)
    assert stored(town, "parking_in", "hour", "car_park:p1") == {0: 1, 1: 1, 2: 1}
    store(town, 0)
    assert stored(town, "parking_in", "hour", "car_park:p1") == {}


def test_readings_without_a_catalogue_have_no_figures(connection: psycopg.Connection) -> None:
    town = Town(connection)
    connection.execute("DELETE FROM ingest.fact")
    assert store(town, 0) == 0
