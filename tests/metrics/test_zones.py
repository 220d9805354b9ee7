"""Local days, nights and opening hours, where clocks shift and where they do not."""

from datetime import UTC, date, datetime, time, timedelta

import psycopg
import pytest

from metrics import zones


def utc(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("Asia/Shanghai", 0),
        ("Asia/Kolkata", 30),
        ("Asia/Kathmandu", 15),
        ("America/St_Johns", 30),
        ("Pacific/Chatham", 15),
        ("UTC", 0),
    ],
)
def test_clock_hours_of_a_zone_keep_their_place_in_the_utc_hour(name: str, minutes: int) -> None:
    assert zones.hour_offset_us(name) == minutes * 60_000_000


@pytest.mark.parametrize("name", ["Australia/Lord_Howe", "Asia/Schanghai", "../tzdata/zones", "", "zone.tab"])
def test_zones_with_half_hour_shifts_and_unknown_ones_are_refused_with_a_good_one(name: str) -> None:
    with pytest.raises(zones.ZoneError, match="like '"):
        zones.hour_offset_us(name)


def test_a_day_whose_midnight_is_skipped_begins_when_the_clock_goes_on() -> None:
    assert zones.local_day("America/Santiago", date(2026, 9, 6)) == (utc("2026-09-06T04:00"), utc("2026-09-07T03:00"))
    assert zones.at("Europe/Berlin", date(2026, 3, 29), time(2, 30)) == utc("2026-03-29T01:00")
    assert zones.at("Europe/Berlin", date(2026, 10, 25), time(2, 30)) == utc("2026-10-25T00:30")


def test_a_night_belongs_to_the_day_it_starts_and_is_as_long_as_the_clock_makes_it() -> None:
    assert zones.night("Asia/Shanghai", date(2026, 3, 2)) == (utc("2026-03-02T10:00"), utc("2026-03-02T22:00"))
    lengths = [
        zones.night("Europe/Berlin", day).end - zones.night("Europe/Berlin", day).start
        for day in (date(2026, 3, 28), date(2026, 10, 24))
    ]
    assert lengths == [timedelta(hours=11), timedelta(hours=13)]


def test_opening_hours_may_run_past_midnight_or_to_the_end_of_the_day() -> None:
    hours = {"mon": ["10:00-22:00"], "tue": ["18:00-02:00"], "wed": ["00:00-24:00"]}
    days = [zones.opening("Asia/Shanghai", date(2026, 3, day), hours) for day in (2, 3, 4, 5)]
    assert days == [
        [(utc("2026-03-02T02:00"), utc("2026-03-02T14:00"))],
        [(utc("2026-03-03T10:00"), utc("2026-03-03T18:00"))],
        [(utc("2026-03-03T16:00"), utc("2026-03-04T16:00"))],
        [],
    ]


def test_the_table_holds_every_day_once_and_the_days_meet(connection: psycopg.Connection) -> None:
    zones.fill(connection, ["Europe/Berlin", "Asia/Pyongyang"])
    zones.fill(connection, ["Europe/Berlin"])
    rows = connection.execute(
        "SELECT zone, min(day), max(day), count(*), count(*) FILTER (WHERE stop <> next), max(stop - start)"
        " FROM (SELECT *, lead(start) OVER (PARTITION BY zone ORDER BY day) AS next FROM metrics.local_day) d"
        " GROUP BY zone ORDER BY zone"
    ).fetchall()
    # Pyongyang moved by half an hour on 5 May 2018: its hours have had their place since.
    assert [row[:3] for row in rows] == [
        ("Asia/Pyongyang", date(2018, 5, 6), date(2049, 12, 31)),
        ("Europe/Berlin", date(2000, 1, 1), date(2049, 12, 31)),
    ]  # fmt: skip
    assert [(row[4], row[5]) for row in rows] == [(0, timedelta(hours=24)), (0, timedelta(hours=25))]
