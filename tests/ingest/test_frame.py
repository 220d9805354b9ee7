"""Readings for people who analyse."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from ingest import frame
from tests.ingest.test_store import Writer
from tests.ingest.world import message, native

FIRST, LAST = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def filled(connection: psycopg.Connection) -> psycopg.Connection:
    Writer(connection).write(
        message(native(people_in=3, people_out=1)), message(native("2026-11-23T12:01:00Z", people_in=4))
    )
    return connection


def test_a_frame_has_a_row_per_reading_with_times_in_the_zone_asked_for(filled: psycopg.Connection) -> None:
    table = frame.frame(filled, "d", FIRST, LAST, quantities=["people.in"], zone="Asia/Shanghai")
    assert list(table["value"]) == [3.0, 4.0]
    assert str(table["time"].dt.tz) == "Asia/Shanghai"
    assert table["time"][0] == pd.Timestamp("2026-11-23T20:00:00+08:00")
    assert set(table["datastream"]) == {"d/door-1/people.in"}


def test_a_voided_reading_is_not_in_force(filled: psycopg.Connection) -> None:
    filled.execute(
        "INSERT INTO ingest.correction (datastream_id, time_from, time_to, action, who, why)"
        " SELECT id, '2026-11-23T12:00Z', '2026-11-23T12:00:01Z', 'void', 'a', 'b' FROM ingest.datastream WHERE quantity = 'people.in'"
    )
    assert list(frame.frame(filled, "d", FIRST, LAST, quantities=["people.in"])["value"]) == [4.0]


def test_a_window_without_readings_is_an_empty_frame_of_the_same_shape(filled: psycopg.Connection) -> None:
    table = frame.frame(filled, "d", LAST, datetime(2026, 11, 25, tzinfo=UTC), devices=["door-1"])
    assert list(table.columns) == list(frame.COLUMNS)
    assert table.empty
    assert str(table["time"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_holds_what_the_frame_holds(filled: psycopg.Connection, tmp_path: Path, form: str) -> None:
    table = frame.frame(filled, "d", FIRST, LAST)
    file = tmp_path / f"readings.{form}"
    frame.export(table, file, form)
    again = pd.read_parquet(file) if form == "parquet" else pd.read_csv(file, parse_dates=["time"])
    assert list(again["value"]) == list(table["value"]) == [3.0, 4.0, 1.0]
    assert list(pd.to_datetime(again["time"], utc=True)) == list(table["time"])
    if form == "csv":
        assert "2026-11-23T12:00:00+00:00" in file.read_text()
