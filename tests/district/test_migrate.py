"""The schema, from nothing, on every PostgreSQL we promise and on TimescaleDB; and a day's beginning through it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from district import migrate
from ingest import ledger
from ingest.series import SeriesTable
from ingest.store import Store
from metrics.refresh import refresh
from tests import engines
from tests.ingest.world import NOON, SECOND, decoder, message, native

#: Roll-ups without the serial number of their datastream.
HOURS = (
    "SELECT d.public_id, h.hour, h.amount, h.weighted, h.input_digest FROM metrics.hour h"
    ' JOIN ingest.datastream d ON d.id = h.datastream_id ORDER BY d.public_id COLLATE "C", h.hour'
)
CATALOGUE = """
    INSERT INTO ingest.revision (district, who, file_sha256, mode) VALUES ('d', 'test', '', 'apply');
    INSERT INTO ingest.fact (district, kind, id, valid_from, rev, body)
    VALUES ('d', 'district', 'd', '-infinity', 1, '{"name_zh": "d", "name_en": "d", "zone": "Asia/Shanghai", "demo": false}'),
           ('d', 'device', 'door-1', '-infinity', 1, '{"feed": "foot_traffic", "space": "s", "interval_s": 60, "origin": "real"}')
"""


@pytest.fixture(params=engines.ALL)
def empty(request: pytest.FixtureRequest, passable: Path) -> Iterator[tuple[str, str]]:
    """Engine and address of an empty database on it."""
    folder = passable / uuid4().hex
    with engines.running(request.param, folder) as server, engines.empty_database(server) as address:
        yield request.param, address


def _batches(connection: psycopg.Connection) -> tuple[ledger.Entry, ledger.Entry]:
    """The accounts of ten readings, and of their redelivery with one contradiction and one that is new."""
    table = SeriesTable()
    store = Store(connection, table, "c0")

    def write(*payloads: dict[str, object]) -> ledger.Entry:
        draft = decoder(table=table).decode([message(each, at=NOON + 10 * 60 * SECOND) for each in payloads])
        return ledger.total(store.write(draft, store.number(), revision=0))

    first = [native(f"2026-11-23T12:0{n}:00Z", people_in=n, env_co2=400 + n) for n in range(5)]
    contradiction = native("2026-11-23T12:04:00Z", people_in=9)
    return write(*first), write(*first, contradiction, native("2026-11-23T12:05:00Z", people_in=7))


def test_migrations_start_from_nothing_and_applied_again_do_nothing(empty: tuple[str, str]) -> None:
    engine, address = empty
    assert migrate.migrate(address) == [name for _, name, _ in migrate.migrations()]
    assert migrate.migrate(address) == []
    with psycopg.connect(address) as connection:
        (version,) = connection.execute("SHOW server_version_num").fetchone() or ("",)
        hypertable = connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
        partitioned = connection.execute(
            "SELECT count(*) FROM pg_partitioned_table WHERE partrelid = 'ingest.reading'::regclass"
        ).fetchone()
    assert hypertable == (int(engine == "timescaledb"),)
    assert partitioned == (int(engine != "timescaledb"),)
    assert engine == "timescaledb" or version.startswith(engine)


def _rolled_up(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    refresh(connection, datetime(2026, 11, 23, 15, tzinfo=UTC))
    return connection.execute(HOURS.encode()).fetchall()


def test_a_batch_its_redelivery_and_a_refresh_are_the_same_on_every_engine(
    empty: tuple[str, str], connection: psycopg.Connection
) -> None:
    engine, address = empty
    migrate.migrate(address)
    connection.execute(CATALOGUE.encode())
    _batches(connection)
    with psycopg.connect(address) as other:
        other.execute(CATALOGUE.encode())
        first, again = _batches(other)
        assert (first.stored, first.readings_stored) == (5, 10)
        assert (again.stored, again.duplicate, again.conflict) == (1, 5, 1)
        assert other.execute("SELECT count(*), sum(value) FROM ingest.reading").fetchone() == (11, 2027.0)
        assert other.execute("SELECT value FROM ingest.conflict").fetchall() == [(9.0,)]
        assert list(ledger.check(other)) == []
        if engine == "timescaledb":
            chunks = other.execute(
                "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'reading'"
            ).fetchone()
            assert chunks == (1,)
        found = _rolled_up(other)
    # Each value holds for a minute, until the next; the last for three intervals.
    assert [row[2] for row in found if row[2]] == [17]
    assert [row[3] for row in found if row[3]] == [(400 + 401 + 402 + 403 + 3 * 404) * 60_000_000]
    assert found == _rolled_up(connection)


def test_a_migration_that_was_edited_after_it_was_applied_is_named(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE public.district_migration SET sha256 = 'of another text' WHERE number = 2")
    with pytest.raises(migrate.MigrationError, match=r"0002_metrics\.sql was edited after it was applied"):
        migrate.migrate(database)
