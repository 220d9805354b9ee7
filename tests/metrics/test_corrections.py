"""A correction changes what is computed, and leaves what was computed before it provable."""

from datetime import UTC, datetime

import psycopg
import pytest

from ingest.corrections import Action, CorrectionError, Wanted, correct, corrections
from metrics.refresh import refresh
from tests.metrics import readings as put
from tests.metrics.readings import DISTRICT, Row, at
from tests.metrics.rollup.test_recompute import no_values


def stored(connection: psycopg.Connection, quantity: str, values: list[float]) -> str:
    """A device with a reading every ten minutes, in a batch that the ledger knows; returns its public id."""
    put.zone(connection, "Asia/Shanghai")
    put.register(connection, "device", "dev", {"interval_s": 600})
    stream = put.datastream(connection, quantity)
    row = connection.execute(
        "INSERT INTO ingest.batch (collector, received, received_at, catalogue_revision) VALUES ('c', 0, now(), 0) RETURNING id"
    ).fetchone()
    assert row is not None
    put.insert(connection, stream, [Row(at=at(10 * n), value=v) for n, v in enumerate(values)], batch=row[0])
    connection.commit()
    roll(connection)
    return f"{DISTRICT}/dev/{quantity}"


def roll(connection: psycopg.Connection) -> None:
    connection.commit()
    refresh(connection, at(600), file=no_values)
    connection.commit()


def hours(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    rows = connection.execute(
        "SELECT hour, amount, weighted, valid, input_digest FROM metrics.hour ORDER BY hour"
    ).fetchall()
    connection.commit()
    return rows


def values(connection: psycopg.Connection, as_of: datetime | None = None) -> list[float]:
    rows = connection.execute(
        "SELECT value::float8 FROM ingest.in_force((SELECT array_agg(id) FROM ingest.datastream), '-infinity', 'infinity', %s)"
        " ORDER BY time",
        (as_of,),
    ).fetchall()
    return [value for (value,) in rows]


def test_a_void_period_changes_figure_and_digest_and_as_of_before_it_gives_the_old(
    connection: psycopg.Connection,
) -> None:
    people = stored(connection, "people.in", [0, 5, 900, 5, 5, 5, 5])
    before = hours(connection)
    (instant,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    correct(
        connection,
        [people],
        Wanted(action=Action.VOID, start=at(15), stop=at(25)),
        who="Wang Fang",
        why="a school trip",
    )
    connection.commit()
    assert hours(connection) == before  # not yet computed
    roll(connection)
    after = hours(connection)
    assert [(row[1], row[3]) for row in before] == [(0, 1), (925, 6)]
    assert [(row[1], row[3]) for row in after] == [(0, 1), (25, 5)]
    assert (after[0][4] == before[0][4], after[1][4] == before[1][4]) == (True, False)
    assert values(connection, instant) == [0, 5, 900, 5, 5, 5, 5]
    assert values(connection) == [0, 5, 5, 5, 5, 5]
    [recorded] = corrections(connection, district=DISTRICT)
    assert (recorded.who, recorded.why, recorded.action) == ("Wang Fang", "a school trip", "void")


def test_restoring_gives_the_old_figure_and_the_old_digest_again(connection: psycopg.Connection) -> None:
    people = stored(connection, "people.in", [0, 5, 900, 5, 5, 5, 5])
    before = hours(connection)
    for action in (Action.VOID, Action.RESTORE):
        correct(connection, [people], Wanted(action=action, start=at(15), stop=at(25)), who="w", why="y")
        roll(connection)
    assert hours(connection) == before


def test_a_calibrated_period_is_scaled_and_shifted_exactly_and_may_come_into_range(
    connection: psycopg.Connection,
) -> None:
    heat = stored(connection, "env.temperature", [215, 218, 220, 22.3])
    connection.execute("UPDATE ingest.reading SET flags = 8 WHERE value > 85")
    connection.commit()
    put.touch(connection, [1], [at(0)])
    wanted = Wanted(action=Action.CALIBRATE, start=at(0), stop=at(30), factor=0.1, addend=-1.5)
    correct(connection, [heat], wanted, who="w", why="sent tenths")
    rows = connection.execute(
        "SELECT value::text, flags FROM ingest.in_force((SELECT array_agg(id) FROM ingest.datastream), '-infinity', 'infinity')"
    ).fetchall()
    assert rows == [("20.0", 0), ("20.3", 0), ("20.5", 0), ("22.3", 0)]


@pytest.mark.parametrize(
    ("quantity", "wanted", "said"),
    [
        ("state.open", Wanted(action=Action.CALIBRATE, start=at(0), factor=2), "is a state"),
        ("people.in_total", Wanted(action=Action.CALIBRATE, start=at(0), stop=at(9), addend=2), "is a running total"),
        ("people.in_total", Wanted(action=Action.CALIBRATE, start=at(0), factor=2), "is a running total"),
        ("env.temperature", Wanted(action=Action.CALIBRATE, start=at(0)), "expected --factor"),
        ("env.temperature", Wanted(action=Action.REPLACE, start=at(0)), "expected --value"),
        ("env.temperature", Wanted(action=Action.REPLACE, start=at(0), value=9e9), "expected a value of"),
        ("env.temperature", Wanted(action=Action.VOID, start=at(9), stop=at(9)), "expected an instant after"),
    ],
)
def test_a_correction_that_means_nothing_is_refused(
    connection: psycopg.Connection, quantity: str, wanted: Wanted, said: str
) -> None:
    put.datastream(connection, quantity)
    with pytest.raises(CorrectionError, match=said):
        correct(connection, [f"{DISTRICT}/dev/{quantity}"], wanted, who="w", why="y")
    assert corrections(connection) == []


def test_a_datastream_that_does_not_exist_is_named(connection: psycopg.Connection) -> None:
    with pytest.raises(CorrectionError, match=r"got 'd/x/people\.in'"):
        correct(connection, ["d/x/people.in"], Wanted(action=Action.VOID, start=datetime.now(UTC)), who="w", why="y")
