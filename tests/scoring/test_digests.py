"""The same readings give the same roll-ups, figures and evidence, wherever, whenever and in whatever order they came."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from district import migrate
from metrics import refresh
from scoring import evidence
from simulators.demo import demo
from tests import collected, engines

#: 2026-10-12T00:00:00+08:00, and two days on; the catalogue's evaluation ends there too.
START = 1_791_734_400
END = START + 2 * collected.DAY
NOW = datetime.fromtimestamp(END, UTC) + timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Derived:
    """Everything that is computed from readings, without serial numbers."""

    hours: list[tuple[object, ...]]
    values: list[tuple[object, ...]]
    evidence: list[tuple[object, ...]]


def _derived(connection: psycopg.Connection) -> Derived:
    """Roll-ups by public id, figures, and the evidence in force."""
    hours = connection.execute(
        "SELECT d.public_id, to_jsonb(h) - 'datastream_id' - 'hour' - 'gap_start', h.hour, h.gap_start"
        ' FROM metrics.hour h JOIN ingest.datastream d ON d.id = h.datastream_id ORDER BY d.public_id COLLATE "C", h.hour'
    ).fetchall()
    values = connection.execute(
        "SELECT metric, subject, grain, window_start, window_end, numerator, denominator, unit, coverage_numerator,"
        " coverage_denominator, devices, origins, quality, method, backfilled, definition FROM metrics.value"
        ' ORDER BY metric COLLATE "C", subject COLLATE "C", grain, window_start, window_end'
    ).fetchall()
    found = connection.execute(
        "SELECT DISTINCT ON (item, window_start, window_end) item, window_start, window_end, digest FROM scoring.evidence"
        " ORDER BY item, window_start, window_end, id DESC"
    ).fetchall()
    return Derived(hours, values, found)


def _fill(address: str, passable: Path, *, shuffled: bool, later: timedelta, serials: int) -> Derived:
    file = collected.catalogue(passable)
    migrate.migrate(address)
    with psycopg.connect(address) as connection:
        for table in ("datastream", "batch"):
            connection.execute(f"ALTER TABLE ingest.{table} ALTER id RESTART WITH {serials}".encode())
        connection.commit()
        collected.collect(connection, file, demo(7, file), START - 3600, END + 3600, shuffled=shuffled, later=later)
        evidence.assess(connection, "lakeside-demo", NOW + later)
        connection.commit()
        return _derived(connection)


@pytest.fixture(scope="module")
def straight(passable: Path) -> Iterator[tuple[str, Derived]]:
    """Address and contents of a database filled in the order of sending, on PostgreSQL 18 in UTC."""
    with engines.running("18", passable) as server, engines.empty_database(server) as address:
        yield address, _fill(address, passable, shuffled=False, later=timedelta(), serials=1)


@pytest.mark.parametrize(
    ("engine", "zone"),
    [
        ("18", "Asia/Kolkata"),
        ("15", "America/Vancouver"),
        pytest.param("timescaledb", "Asia/Kolkata", marks=pytest.mark.timescaledb),
    ],
)
def test_order_serial_numbers_zone_engine_and_clock_leave_no_trace(
    engine: str, zone: str, straight: tuple[str, Derived], passable: Path
) -> None:
    expected = straight[1]
    assert len(expected.hours) > 1000
    assert len(expected.values) > 1000
    assert {row[0] for row in expected.evidence} >= {"2.2.2.1", "2.2.5.1", "2.2.5.2"}
    with engines.running(engine, passable / engine) as server, engines.empty_database(server, zone) as address:
        found = _fill(address, passable, shuffled=True, later=timedelta(days=5), serials=40_000)
    assert found.hours == expected.hours
    assert found.values == expected.values
    assert found.evidence == expected.evidence


def test_everything_derived_can_be_dropped_and_comes_back_the_same(straight: tuple[str, Derived]) -> None:
    address, expected = straight
    with psycopg.connect(address) as connection:
        connection.execute("TRUNCATE scoring.evidence CASCADE")
        refresh.rebuild(connection, NOW + timedelta(days=9))
        evidence.assess(connection, "lakeside-demo", NOW + timedelta(days=9))
        connection.commit()
        assert _derived(connection) == expected


def test_one_reading_that_differs_shows_in_its_hour_and_in_the_evidence(straight: tuple[str, Derived]) -> None:
    address, expected = straight
    with psycopg.connect(address) as connection:
        connection.execute(
            "INSERT INTO ingest.correction (datastream_id, time_from, time_to, action, value, who, why)"
            " SELECT id, %s, %s, 'replace', 0, 'test', 'test' FROM ingest.datastream"
            " WHERE device = 'gate-lake' AND quantity = 'parking.in'",
            (datetime.fromtimestamp(START + 36_000, UTC), datetime.fromtimestamp(START + 39_600, UTC)),
        )
        refresh.rebuild(connection, NOW + timedelta(days=10))
        evidence.assess(connection, "lakeside-demo", NOW + timedelta(days=10))
        connection.commit()
        found = _derived(connection)
    assert len(found.hours) == len(expected.hours)
    changed = [row[0] for row, before in zip(found.hours, expected.hours, strict=True) if row != before]
    assert set(changed) == {"lakeside-demo/gate-lake/parking.in"}
    assert found.evidence != expected.evidence
