"""What would be: the same engine, other inputs, and nothing stored."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from ingest.model import Origin
from scoring import assessment as assessments
from scoring.model import Outcome
from scoring.whatif import Changes, WhatIf, WhatIfError, what_if
from tests.scoring import lane, village
from tests.scoring.village import DISTRICT, NOW


def ask(connection: psycopg.Connection, changes: Changes, code: str = lane.ITEM) -> WhatIf:
    (current,) = assessments.of_district(connection, DISTRICT)
    return what_if(connection, DISTRICT, current, code, changes, NOW)


def test_a_silent_device_that_had_been_online_would_win_the_item(connection: psycopg.Connection) -> None:
    lane.build(connection, demo=False, origin=Origin.REAL)
    connection.execute("DELETE FROM metrics.hour WHERE hour >= %s", (NOW - timedelta(days=3),))
    connection.execute("UPDATE metrics.hour SET slots = 0, covered_us = 0 WHERE hour < %s", (NOW - timedelta(days=7),))
    connection.commit()
    before = connection.execute("SELECT count(*) FROM metrics.hour").fetchone()
    found = ask(connection, Changes(online=["gate-1"]))
    assert (found.now.outcome, found.now.points) == (Outcome.UNDETERMINED, None)
    assert found.then.points == 1
    assert connection.execute("SELECT count(*) FROM metrics.hour").fetchone() == before
    assert connection.execute("SELECT count(*) FROM scoring.evidence").fetchone() == (0,)


def test_a_figure_that_reached_its_threshold_a_register_and_days(connection: psycopg.Connection) -> None:
    lane.build(connection, demo=False, origin=Origin.REAL)
    found = ask(connection, Changes(figures={"freshness_p95 feed:parking": Decimal(301)}))
    assert (found.now.points, found.then.points) == (Decimal(1), Decimal(0))
    assert (found.now.provisional, ask(connection, Changes(days=30)).then.provisional) == (True, False)
    village.fact(connection, "register", "car_parks", {})
    found = ask(connection, Changes(signed=["car_parks"]))
    assert (found.now.points, found.then.points) == (None, Decimal(1))


def test_a_register_value_and_an_accepted_paper(connection: psycopg.Connection) -> None:
    lane.build(connection, demo=False, origin=Origin.REAL)
    both = Changes(papers=["floor_area_proof"], stated={"gross_floor_area": Decimal(500_000)})
    found = ask(connection, both, "1.1.1.1")
    assert (found.now.points, found.then.points) == (None, Decimal(4))
    assert ask(connection, Changes(stated=both.stated), "1.1.1.1").then.points is None


def test_what_the_item_does_not_know_is_refused(connection: psycopg.Connection) -> None:
    lane.build(connection)
    with pytest.raises(WhatIfError, match=r"papers: item 2\.2\.5\.1 knows .*, got 'nonsense'"):
        ask(connection, Changes(papers=["nonsense"]))
    with pytest.raises(WhatIfError, match="'gate-9' has no complete hour"):
        ask(connection, Changes(online=["gate-9"]))
    with pytest.raises(LookupError, match=r"no item '9\.9'"):
        ask(connection, Changes(), "9.9")
