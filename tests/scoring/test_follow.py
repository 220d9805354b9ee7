from datetime import timedelta
from threading import Event, Thread

import psycopg

from scoring import follow
from tests.scoring import village
from tests.scoring.village import DISTRICT, NOW


def test_a_district_is_evaluated_again_only_after_a_change(connection: psycopg.Connection) -> None:
    village.build(connection)
    seen: dict[str, str] = {}
    assert follow.once(connection, NOW, seen) == [DISTRICT]
    assert follow.once(connection, NOW + timedelta(minutes=1), seen) == []
    connection.execute("UPDATE metrics.hour SET lateness[1] = 11 WHERE hour = %s", (NOW - timedelta(days=3),))
    assert follow.once(connection, NOW + timedelta(minutes=2), seen) == [DISTRICT]
    village.fact(connection, "car_park", "p2", {"space": "mall", "public": True, "spaces": 5})
    assert follow.once(connection, NOW + timedelta(minutes=3), seen) == [DISTRICT]
    assert follow.once(connection, NOW + timedelta(days=1), seen) == [DISTRICT]


def test_following_stops_when_it_is_told(database: str, connection: psycopg.Connection) -> None:
    village.build(connection, days=7)
    stop = Event()
    evaluated = Event()

    def clock() -> object:
        if evaluated.is_set():
            stop.set()
        evaluated.set()
        return NOW

    thread = Thread(
        target=follow.run, args=(database, stop), kwargs={"every": timedelta(milliseconds=1), "clock": clock}
    )
    thread.start()
    thread.join(timeout=60)
    assert not thread.is_alive()
    row = connection.execute("SELECT count(*) FROM scoring.suggestion").fetchone()
    assert row == (64,)
