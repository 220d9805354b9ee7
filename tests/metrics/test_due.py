"""Days whose figures are due: filed with the roll-ups, computed in stretches, also on a second connection meanwhile."""

from datetime import date, timedelta

import psycopg
import pytest

from metrics import values
from metrics.refresh import Step, refresh
from tests.metrics import readings as put
from tests.metrics.readings import Row, at

HOURS = 24 * 6


@pytest.fixture
def counted(connection: psycopg.Connection) -> psycopg.Connection:
    """Six days of people and vehicles, every ten minutes."""
    put.zone(connection, "Asia/Shanghai")
    put.register(connection, "space", "mall", {})
    put.register(connection, "entrance", "north", {"space": "mall"})
    put.register(connection, "car_park", "p1", {"spaces": 50})
    devices = {
        "door": ("foot_traffic", "people.in_total", {"entrance": "north"}),
        "gate": ("parking", "parking.in", {}),
    }
    for device, (feed, quantity, body) in devices.items():
        put.register(
            connection, "device", device, {"feed": feed, "space": "mall", "interval_s": 600, "car_park": "p1", **body}
        )
        stream = put.datastream(connection, quantity, device=device)
        put.insert(connection, stream, [Row(at=at(10 * n), value=n * (n % 7 + 1) // 7) for n in range(1, HOURS * 6)])
    connection.commit()
    return connection


def kept(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    """All stored figures."""
    rows = connection.execute(
        "SELECT metric, subject, grain, window_start, numerator, denominator, coverage_numerator, devices, method"
        " FROM metrics.value ORDER BY 1, 2, 3, 4"
    ).fetchall()
    connection.commit()
    return rows


def due(connection: psycopg.Connection) -> list[date]:
    """Days that are due."""
    days = [row[0] for row in connection.execute("SELECT DISTINCT day FROM metrics.due ORDER BY 1")]
    connection.commit()
    return days


def run(connection: psycopg.Connection, **how: int) -> None:
    """A refresh after the last reading."""
    refresh(connection, at(60 * HOURS + 5), grace=timedelta(0), **how)  # type: ignore[arg-type]


def test_figures_are_the_same_whether_they_are_computed_beside_the_roll_ups_or_after_them(
    counted: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(counted)
    together = kept(counted)
    assert {row[2] for row in together} == {"hour", "day"}
    counted.execute("TRUNCATE metrics.hour, metrics.value")
    counted.execute(
        "INSERT INTO ingest.touched (batch_id, hour, datastream_ids)"
        " SELECT NULL, date_trunc('hour', time), array_agg(DISTINCT datastream_id) FROM ingest.reading GROUP BY 2"
    )
    counted.commit()
    monkeypatch.setattr(values, "DEVICE_HOURS", 48)  # a day of two devices
    run(counted, chunk_pairs=40)
    assert kept(counted) == together


def test_what_an_interrupted_refresh_left_is_computed_by_the_next(counted: psycopg.Connection) -> None:
    class PulledError(Exception):
        """Somebody pulled the plug."""

    def pull(step: Step, _done: int, _waiting: int) -> None:
        if step is Step.FIGURES:
            raise PulledError

    with pytest.raises(PulledError):
        refresh(counted, at(60 * HOURS + 5), grace=timedelta(0), progress=pull)
    left = due(counted)
    assert len(left) >= HOURS // 24
    assert kept(counted) == []
    run(counted)
    assert due(counted) == []
    assert {row[2] for row in kept(counted)} == {"hour", "day"}


def test_days_that_later_hours_would_reach_again_are_left_while_these_are_rolled_up(
    counted: psycopg.Connection,
) -> None:
    stream = put.datastream(counted, "people.in_total", device="door")
    values.file(counted, [(stream, at(60 * n)) for n in range(HOURS)])
    filed = due(counted)
    stretch = values.oldest(counted, settled=True)
    assert stretch is not None
    assert [*stretch.days] == filed[: len(stretch.days)]
    assert stretch.last == at(60 * HOURS)
    assert max(stretch.days) < at(60 * HOURS).date()
    assert values.oldest(counted, settled=True) is None
    rest = values.oldest(counted)
    assert rest is not None
    assert [*stretch.days, *rest.days] == filed
