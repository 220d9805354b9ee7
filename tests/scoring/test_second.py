"""docs/evidence.md is enough to compute a digest: a second implementation agrees with the first."""

import json

import psycopg

from tests.scoring import lane, second
from tests.scoring.test_verify import AT, event


def test_a_second_implementation_computes_the_same_digest(connection: psycopg.Connection) -> None:
    lane.build(connection)
    event(connection, AT)
    lane.assess(connection)
    rows = connection.execute("SELECT inputs, digest FROM scoring.evidence").fetchall()
    assert len(rows) == 1
    for text, digest in rows:
        inputs = json.loads(text)
        assert inputs["layout"] == "evidence/3"
        assert inputs["readings"].keys() > {"village/gate-1/parking.in"}
        assert inputs["arrivals"]
        assert inputs["events"].keys() == {"village/gate-1/events"}
        assert second.canonical(inputs) == text
        assert second.digest(connection, inputs) == digest


def test_what_the_figures_read_of_the_register_stands_in_the_inputs(connection: psycopg.Connection) -> None:
    lane.build(connection)
    lane.assess(connection)
    row = connection.execute("SELECT inputs FROM scoring.evidence").fetchone()
    assert row
    facts = json.loads(row[0])["register"]["facts"]
    assert {fact["kind"] for fact in facts} == {"car_park", "device", "district", "space"}
