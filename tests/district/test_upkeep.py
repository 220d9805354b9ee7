"""Old readings go, what open evidence cites stays, and what is corrected beside a dropped period leaves it alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from district import migrate, upkeep
from district.settings import Storage
from ingest import storage
from ingest.corrections import Action, Wanted, correct
from metrics.refresh import rebuild
from scoring.reliance import cited
from tests import engines
from tests.metrics import readings as put
from tests.metrics.readings import DISTRICT, Row
from tests.metrics.rollup.test_recompute import no_values, roll

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
#: A Thursday and the first of a month: pieces end here, on both engines.
EDGE = datetime(2026, 10, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: On plain PostgreSQL and on TimescaleDB all that is older than the edge, and nothing else, is old enough.
KEEP = Storage.model_construct(every_s=3600.0, compress_after_days=35, keep_days=(NOW - EDGE).days - 1)
DECIDED = """
    INSERT INTO scoring.evidence (public_id, district, assessment, rubric, item, window_start, window_end, revision, reason, digest,
        inputs, rule_id, rule_version, demo, origins, findings, recorded_at)
    VALUES ('e', %(district)s, 'year', 'r', '1', %(start)s, %(end)s, 1, 'first', repeat('a', 64), '{}', '1', 'v', false, '{}', '[]', now())
"""


@pytest.fixture(params=["18", pytest.param("timescaledb", marks=pytest.mark.timescaledb)])
def town(request: pytest.FixtureRequest, passable: Path) -> Iterator[psycopg.Connection]:
    """A meter and an air sensor with a reading every ten minutes of three days around the edge, rolled up."""
    with (
        engines.running(request.param, passable / uuid4().hex) as server,
        engines.empty_database(server) as address,
    ):
        migrate.migrate(address)
        with psycopg.connect(address) as connection:
            put.zone(connection, "UTC")
            put.register(connection, "device", "dev", {"interval_s": 600, "feed": "energy", "origin": "real"})
            # Five minutes past: the first hour that is left begins with a value that came before.
            times = [EDGE - 2 * DAY + 5 * MINUTE + n * 10 * MINUTE for n in range(3 * 144)]
            for quantity, values in (
                ("energy.import_total", [1_000.0 + n for n in range(len(times))]),
                ("env.co2", [400.0 + n % 7 for n in range(len(times))]),
            ):
                row = connection.execute(
                    "INSERT INTO ingest.batch (collector, received, received_at, catalogue_revision)"
                    " VALUES ('c', 0, now(), 1) RETURNING id"
                ).fetchone()
                assert row is not None
                stream = put.datastream(connection, quantity)
                put.insert(
                    connection, stream, [Row(at=a, value=v) for a, v in zip(times, values, strict=True)], batch=row[0]
                )
            connection.commit()
            roll(connection, NOW)
            yield connection


def keep(connection: psycopg.Connection) -> upkeep.Upkeep:
    return upkeep.keep(connection, KEEP, NOW)


def before_edge(connection: psycopg.Connection, table: str = "ingest.reading", column: str = "time") -> int:
    row = connection.execute(f"SELECT count(*) FROM {table} WHERE {column} < %s".encode(), (EDGE,)).fetchone()
    connection.commit()
    assert row is not None
    return int(row[0])


def hours(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    """All roll-ups, digests included."""
    rows = connection.execute(
        "SELECT hour, datastream_id, amount, weighted, covered_us, valid, input_digest FROM metrics.hour ORDER BY 2, 1"
    ).fetchall()
    connection.commit()
    return rows


def earlier(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [row for row in rows if isinstance(row[0], datetime) and row[0] < EDGE]


def test_what_open_evidence_cites_stays_until_the_assessment_is_closed(town: psycopg.Connection) -> None:
    everything = before_edge(town)
    window = {"district": DISTRICT, "start": EDGE - 30 * DAY, "end": EDGE}
    town.execute(DECIDED.encode(), window)
    town.commit()
    assert [one.who for one in cited(town)] == [f"{DISTRICT}, assessment year"]
    done = keep(town)
    assert (done.dropped, {kept.why for kept in done.kept}) == ((), {f"cited by {DISTRICT}, assessment year"})
    assert before_edge(town) == everything
    town.execute(
        "INSERT INTO scoring.closing (district, assessment, person, reason) VALUES (%s, 'year', 'Li Na', 'decided')",
        (DISTRICT,),
    )
    town.commit()
    assert sum(gone.readings for gone in keep(town).dropped) == everything
    assert before_edge(town) == 0


def test_a_window_that_begins_after_the_edge_keeps_the_days_that_its_first_hours_need(town: psycopg.Connection) -> None:
    everything = before_edge(town)
    for gap, stays in ((storage.CARRIED - HOUR, everything), (storage.CARRIED + HOUR, 0)):
        with town.transaction():
            town.execute("ALTER TABLE scoring.evidence DISABLE TRIGGER ALL")
            town.execute("DELETE FROM scoring.evidence")
            town.execute("ALTER TABLE scoring.evidence ENABLE TRIGGER ALL")
            town.execute(DECIDED.encode(), {"district": DISTRICT, "start": EDGE + gap, "end": EDGE + 40 * DAY})
        town.commit()
        keep(town)
        assert before_edge(town) == stays


def test_roll_ups_of_what_was_dropped_stay_and_a_rebuild_leaves_them_alone(town: psycopg.Connection) -> None:
    before = hours(town)
    assert keep(town).dropped
    rebuild(town, NOW, grace=timedelta(0), file=no_values)
    assert hours(town) == before


@pytest.mark.parametrize("quantity", ["energy.import_total", "env.co2"])
def test_a_correction_just_after_the_edge_changes_what_follows_and_nothing_before(
    town: psycopg.Connection, quantity: str
) -> None:
    before = hours(town)
    keep(town)
    # The first readings that are left: what came before them is known from the hour before only.
    correct(
        town, [f"{DISTRICT}/dev/{quantity}"], Wanted(action=Action.VOID, start=EDGE, stop=EDGE + 30 * MINUTE),
        who="w", why="y",
    )  # fmt: skip
    roll(town, NOW)
    after = hours(town)
    assert earlier(after) == earlier(before)
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert {row[0] for row in changed} <= {EDGE, EDGE + HOUR}
    assert changed
    if quantity == "energy.import_total":
        # Every kilowatt hour between the last reading that went and the last that is there still counts once.
        row = town.execute(
            "SELECT sum(amount) + coalesce(sum(gap_amount), 0) FROM metrics.hour WHERE amount IS NOT NULL"
        ).fetchone()
        assert row == (3 * 144 - 1,)


def test_a_correction_of_what_was_dropped_is_kept_and_changes_no_figure(town: psycopg.Connection) -> None:
    before = hours(town)
    keep(town)
    stream = f"{DISTRICT}/dev/env.co2"
    correct(town, [stream], Wanted(action=Action.VOID, start=EDGE - DAY, stop=EDGE - HOUR), who="w", why="y")
    assert town.execute("SELECT count(*) FROM ingest.correction").fetchone() == (1,)
    town.commit()
    roll(town, NOW)
    assert hours(town) == before


def test_a_correction_over_the_edge_reaches_only_what_is_left(town: psycopg.Connection) -> None:
    before = hours(town)
    keep(town)
    stream = f"{DISTRICT}/dev/env.co2"
    correct(town, [stream], Wanted(action=Action.VOID, start=EDGE - DAY, stop=EDGE + HOUR), who="w", why="y")
    roll(town, NOW)
    after = hours(town)
    assert earlier(after) == earlier(before)
    assert [row for row in before if row[0] == EDGE and row not in after]
    assert {row[0] for row in before if row not in after} <= {EDGE, EDGE + HOUR}


def test_a_round_notes_that_it_ended_and_forgets_old_clocks(town: psycopg.Connection) -> None:
    for age in (timedelta(), 40 * DAY):
        town.execute(
            "INSERT INTO ingest.device_clock (district, device, hour, collector, readings, untimed)"
            " VALUES ('d', 'dev', %s, 'c', 1, 1)", (NOW - age,),
        )  # fmt: skip
    town.commit()
    keep(town)
    assert town.execute("SELECT hour FROM ingest.device_clock").fetchall() == [(NOW,)]
    assert town.execute("SELECT name FROM ingest.job").fetchall() == [("storage",)]


def test_two_rounds_never_run_at_once(town: psycopg.Connection) -> None:
    with psycopg.connect(town.info.dsn, password=town.info.password) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (upkeep.LOCK,))
        with pytest.raises(upkeep.BusyError):
            keep(town)
    assert keep(town).dropped
