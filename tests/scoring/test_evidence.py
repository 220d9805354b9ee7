"""From rolled-up hours to stored evidence, on a real PostgreSQL."""

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from scoring import evidence, store
from scoring.digest import content_hash
from scoring.model import Outcome, Suggestion
from tests.scoring import village
from tests.scoring.village import DISTRICT, NOW

MEASURED = ("2.2.2.1", "2.2.5.1", "2.2.5.2")
COUNTED = (*MEASURED, "1.5.4.1")
SOON = NOW + timedelta(hours=1)


def assess(
    connection: psycopg.Connection, now: datetime = NOW, items: Collection[str] | None = MEASURED
) -> dict[str, Suggestion]:
    return {found.item: found for found in evidence.assess(connection, DISTRICT, now, items=items)}


def digests(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT item, digest FROM scoring.evidence ORDER BY recorded_at, id").fetchall())


def count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM scoring.{table}".encode()).fetchone()
    assert row
    return int(row[0])


def test_a_whole_demo_month_brings_one_point_each(connection: psycopg.Connection) -> None:
    village.build(connection)
    found = assess(connection, items=None)
    assert len(found) == 64
    for code in MEASURED:
        assert found[code].points == 1
        assert found[code].demo
        assert not found[code].provisional
        assert found[code].reason.zh.startswith("【演示】")
        assert "2026年10月24日至2026年11月22日（共30天）" in found[code].reason.zh
    assert found["2.2.2.1"].outcome is Outcome.PARTLY_MET
    assert found["2.6.4.1"].outcome is Outcome.DOCUMENTS_ONLY
    assert found["1.1.1.1"].outcome is Outcome.UNDETERMINED


def test_the_digest_is_over_the_inputs_as_they_are_stored(connection: psycopg.Connection) -> None:
    village.build(connection)
    assess(connection)
    rows = connection.execute("SELECT inputs, digest FROM scoring.evidence").fetchall()
    assert len(rows) >= len(MEASURED)
    for inputs, digest in rows:
        assert content_hash(json.loads(inputs)) == digest
        assert not set("0123456789") >= set(json.loads(inputs)["district"])


def test_evidence_is_stored_again_only_if_its_inputs_changed(connection: psycopg.Connection) -> None:
    village.build(connection)
    assess(connection)
    stored = count(connection, "evidence")
    assess(connection, SOON)
    assert (count(connection, "evidence"), count(connection, "suggestion")) == (stored, len(MEASURED))
    connection.execute(
        "UPDATE metrics.hour SET input_digest = '\\x01' WHERE hour = %s AND datastream_id ="
        " (SELECT id FROM ingest.datastream WHERE device = 'gate-1' AND quantity = 'parking.in')",
        (NOW - timedelta(days=3),),
    )
    found = assess(connection, SOON)
    rows = connection.execute(
        "SELECT item, reason FROM scoring.evidence WHERE revision = 2 AND supersedes IS NOT NULL AND item = ANY (%s)"
        " ORDER BY item",
        (list(MEASURED),),
    ).fetchall()
    assert rows == [("2.2.2.1", "readings"), ("2.2.5.1", "readings"), ("2.2.5.2", "readings")]
    assert found["2.2.5.1"].evidence is not None
    assert found["2.2.5.1"].evidence.id == f"{DISTRICT}/current/2.2.5.1/2026-10-24/30d/r2"


def test_late_arrival_alone_changes_only_what_depends_on_arrival(connection: psycopg.Connection) -> None:
    village.build(connection)
    assess(connection)
    connection.execute(
        "UPDATE metrics.hour SET lateness = '{0,12,0,0,0,0,0,0,0,0}' WHERE hour = %s AND datastream_id ="
        " (SELECT id FROM ingest.datastream WHERE device = 'gate-1' AND quantity = 'parking.in')",
        (NOW - timedelta(days=3),),
    )
    assess(connection, SOON)
    rows = connection.execute("SELECT item, reason FROM scoring.evidence WHERE revision = 2").fetchall()
    assert rows == [("2.2.5.1", "arrivals")]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Vancouver"])
def test_digests_do_not_depend_on_order_serials_or_the_session(connection: psycopg.Connection, zone: str) -> None:
    village.build(connection)
    assess(connection)
    before = digests(connection)
    connection.execute(
        "TRUNCATE scoring.evidence, scoring.suggestion, scoring.hour_line, scoring.decision, metrics.hour,"
        " metrics.local_day, ingest.fact, ingest.revision, ingest.datastream CASCADE"
    )
    connection.execute(f"SET TimeZone = '{zone}'".encode())
    devices = dict(reversed(list(village.DEVICES.items())))
    village.build(connection, devices=devices)
    assess(connection, NOW + timedelta(minutes=3))
    assert before.keys() >= set(MEASURED)
    assert digests(connection) == before


def test_a_new_name_keeps_the_digest_and_a_new_number_of_spaces_does_not(connection: psycopg.Connection) -> None:
    village.build(connection)
    assess(connection, items=COUNTED)
    stored = count(connection, "evidence")
    middle = NOW - timedelta(days=10)
    village.fact(connection, "space", "mall", {"name_zh": "新名", "name_en": "New", "core_public": True}, middle)
    village.fact(
        connection, "car_park", "p1", {"space": "mall", "public": True, "spaces": 999}, NOW + timedelta(days=1)
    )
    assess(connection, SOON, COUNTED)
    assert count(connection, "evidence") == stored
    village.fact(connection, "car_park", "p1", {"space": "mall", "public": True, "spaces": 120}, middle)
    assess(connection, SOON, COUNTED)
    rows = connection.execute("SELECT item, reason FROM scoring.evidence WHERE revision = 2 ORDER BY item").fetchall()
    assert rows == [("1.5.4.1", "register"), ("2.2.5.1", "register"), ("2.2.5.2", "register")]


def test_no_data_is_undetermined_and_never_zero(connection: psycopg.Connection) -> None:
    village.build(connection, days=0)
    found = assess(connection)
    for code in MEASURED:
        assert (found[code].outcome, found[code].points) == (Outcome.UNDETERMINED, None)
    assert "没有收到" in found["2.2.5.1"].reason.zh


def test_simulated_readings_bring_nothing_in_a_real_district(connection: psycopg.Connection) -> None:
    village.build(connection, demo=False)
    found = assess(connection)
    for code in MEASURED:
        assert (found[code].outcome, found[code].points, found[code].demo) == (Outcome.UNDETERMINED, None, False)
    assert "模拟" in found["2.2.5.1"].reason.zh


def test_a_demo_that_became_real_does_not_keep_its_simulated_past(connection: psycopg.Connection) -> None:
    village.build(connection)
    body = {"name_zh": "村", "name_en": "Village", "zone": village.ZONE, "demo": False}
    village.fact(connection, "district", DISTRICT, body, NOW - timedelta(days=5))
    found = assess(connection)
    for code in MEASURED:
        assert (found[code].outcome, found[code].points, found[code].demo) == (Outcome.UNDETERMINED, None, True)


def test_a_real_district_gets_its_points_from_real_readings(connection: psycopg.Connection) -> None:
    village.build(connection, demo=False, origin="real")
    found = assess(connection)
    assert [found[code].points for code in MEASURED] == [Decimal(1)] * 3
    assert not found["2.2.5.1"].demo
    assert "模拟" not in found["2.2.5.1"].reason.zh


@pytest.mark.parametrize(
    ("days", "points", "provisional"), [(30, 1, False), (29, 1, True), (7, 1, True), (6, None, False)]
)
def test_a_district_that_has_just_begun_is_provisional(
    connection: psycopg.Connection, days: int, points: int | None, *, provisional: bool
) -> None:
    village.build(connection, days=days)
    found = assess(connection)["2.2.5.1"]
    assert found.evidence is not None
    assert found.evidence.window.days == days
    assert (found.points, found.provisional) == (points, provisional)


def test_a_silent_device_makes_the_item_undetermined(connection: psycopg.Connection) -> None:
    village.build(connection)
    connection.execute(
        "DELETE FROM metrics.hour WHERE hour >= %s AND datastream_id ="
        " (SELECT id FROM ingest.datastream WHERE device = 'count-1')",
        (NOW - timedelta(days=20),),
    )
    found = assess(connection)["2.2.5.1"]
    assert (found.outcome, found.points) == (Outcome.UNDETERMINED, None)
    assert "66.66%" in found.reason.zh


def test_the_window_follows_the_assessment(connection: psycopg.Connection) -> None:
    village.build(connection)
    period = {
        "rubric": "hangzhou-city-2023",
        "period_start": "2026-11-01T00:00:00+08:00",
        "period_end": "2026-11-16T00:00:00+08:00",
    }
    village.fact(connection, "assessment", "november", {**period, "decided": False})
    window = assess(connection)["2.2.5.1"].evidence
    assert window is not None
    assert (window.assessment, window.window.days) == ("november", 15)
    assert window.window.end == datetime(2026, 11, 15, 16, tzinfo=UTC)
    chosen_by_hand = {"window_start": "2026-10-20T00:00:00+08:00", "window_end": "2026-11-19T00:00:00+08:00"}
    village.fact(connection, "assessment", "november", {**period, **chosen_by_hand, "reason": "广场封闭施工"})
    chosen = assess(connection)["2.2.5.1"]
    assert chosen.evidence is not None
    assert chosen.evidence.window.days == 30
    assert "观测期由人工选定，理由：广场封闭施工" in chosen.reason.zh


def test_as_of_gives_the_revision_that_was_stored_then(connection: psycopg.Connection) -> None:
    village.build(connection)
    assess(connection)
    first = store.revisions(connection, DISTRICT, "current", "2.2.5.1", None)
    connection.execute("UPDATE metrics.hour SET input_digest = '\\x01' WHERE hour = %s", (NOW - timedelta(days=3),))
    assess(connection, SOON)
    now = store.revisions(connection, DISTRICT, "current", "2.2.5.1", None)
    assert [body.revision for body in now] == [2, 1]
    assert now[0].supersedes == first[0].id
    assert now[0].digest != first[0].digest
    assert store.revisions(connection, DISTRICT, "current", "2.2.5.1", SOON - timedelta(minutes=1)) == first
    assert store.revisions(connection, DISTRICT, "current", "2.2.5.1", NOW - timedelta(days=1)) == []


def test_looking_back_stores_nothing(connection: psycopg.Connection) -> None:
    village.build(connection)
    found = {s.item: s for s in evidence.assess(connection, DISTRICT, NOW, at=NOW - timedelta(days=2), items=MEASURED)}
    assert found["2.2.5.1"].points == 1
    assert (count(connection, "evidence"), count(connection, "suggestion")) == (0, 0)


@pytest.mark.parametrize("table", ["evidence", "suggestion", "hour_line"])
def test_history_cannot_be_edited(connection: psycopg.Connection, table: str) -> None:
    village.build(connection)
    assess(connection)
    for statement in (f"DELETE FROM scoring.{table}", f"UPDATE scoring.{table} SET recorded_at = now()"):
        with pytest.raises(psycopg.errors.RaiseException, match="insert-only"):
            connection.execute(statement.encode())
        connection.rollback()


def test_an_unknown_district_is_named(connection: psycopg.Connection) -> None:
    with pytest.raises(LookupError, match="there is no district 'nowhere'"):
        evidence.assess(connection, "nowhere", NOW)
