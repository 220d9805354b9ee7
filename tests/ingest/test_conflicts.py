"""Contradictions wait for a person, whose decision is a correction, counted in the ledger; readings stay as they came."""

from datetime import UTC, datetime

import psycopg
import pytest

from ingest import ledger
from ingest.conflicts import Resolution, conflicts, resolve
from ingest.corrections import CorrectionError
from tests.ingest.test_store import Writer
from tests.ingest.world import message, native

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def contradicted(connection: psycopg.Connection) -> psycopg.Connection:
    """One reading of 5 people at noon, and a later message that says 7."""
    writer = Writer(connection)
    writer.write(message(native(people_in=5)))
    writer.write(message(native(people_in=7)))
    connection.execute("DELETE FROM ingest.touched")
    return connection


def in_force(connection: psycopg.Connection, as_of: datetime | None = None) -> list[float]:
    rows = connection.execute(
        "SELECT value::float8 FROM ingest.in_force((SELECT array_agg(id) FROM ingest.datastream), '-infinity', 'infinity', %s)",
        (as_of,),
    ).fetchall()
    return [value for (value,) in rows]


def touched(connection: psycopg.Connection) -> list[datetime]:
    return [hour for (hour,) in connection.execute("SELECT hour FROM ingest.touched ORDER BY id").fetchall()]


def test_a_conflict_is_listed_with_both_values_until_somebody_decides(contradicted: psycopg.Connection) -> None:
    [found] = conflicts(contradicted)
    assert (found.datastream, found.time, found.first, found.later) == ("d/door-1/people.in", NOON, 5, 7)
    resolve(contradicted, [found.id], Resolution.KEEP, who="Wang Fang", why="7 was a test")
    assert conflicts(contradicted) == []
    [decided] = conflicts(contradicted, waiting=False)
    assert (decided.resolution, decided.who, decided.why) == ("keep", "Wang Fang", "7 was a test")


@pytest.mark.parametrize(("resolution", "value"), [("keep", [5.0]), ("replace", [7.0]), ("void", [])])
def test_the_decision_is_in_force_and_the_reading_stays_as_it_came(
    contradicted: psycopg.Connection, resolution: str, value: list[float]
) -> None:
    [found] = conflicts(contradicted)
    (before,) = contradicted.execute("SELECT clock_timestamp()").fetchone() or (None,)
    resolve(contradicted, [found.id], Resolution(resolution), who="w", why="y")
    assert in_force(contradicted) == value
    assert in_force(contradicted, before) == [5.0]
    assert contradicted.execute("SELECT value FROM ingest.reading").fetchall() == [(5.0,)]
    assert touched(contradicted) == [NOON]


def test_a_later_decision_overrides_the_one_before(contradicted: psycopg.Connection) -> None:
    [found] = conflicts(contradicted)
    for resolution, value in (("void", []), ("keep", [5.0]), ("replace", [7.0]), ("keep", [5.0])):
        resolve(contradicted, [found.id], Resolution(resolution), who="w", why="y")
        assert in_force(contradicted) == value


def test_the_length_of_the_interval_comes_with_the_value(connection: psycopg.Connection) -> None:
    writer = Writer(connection)
    writer.write(message({**native(people_in=5), "from": "2026-11-23T11:59:00Z"}))
    writer.write(message(native(people_in=5)))
    [found] = conflicts(connection)
    resolve(connection, [found.id], Resolution.REPLACE, who="w", why="y")
    span = "SELECT span_us FROM ingest.in_force((SELECT array_agg(id) FROM ingest.datastream), '-infinity', 'infinity')"
    assert connection.execute(span).fetchall() == [(None,)]


def test_decisions_are_transfers_that_the_check_recounts(contradicted: psycopg.Connection) -> None:
    [found] = conflicts(contradicted)
    batch = resolve(contradicted, [found.id], Resolution.KEEP, who="w", why="y")
    contradicted.commit()
    assert list(ledger.check(contradicted)) == []
    contradicted.execute("DELETE FROM ingest.conflict_resolution")
    [problem] = ledger.check(contradicted)
    assert problem == f"batch {batch}: the transfers say 1 conflicts were resolved, the tables hold 0"


@pytest.mark.parametrize(("ids", "why"), [([4711], "y"), ([], "y"), ([1], " ")])
def test_a_decision_needs_a_conflict_and_a_reason(contradicted: psycopg.Connection, ids: list[int], why: str) -> None:
    with pytest.raises(CorrectionError, match="expected"):
        resolve(contradicted, ids, Resolution.VOID, who="w", why=why)
    assert len(conflicts(contradicted)) == 1
