"""A database of the first release, with everything it may hold, becomes one of this version and goes on working."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from district import migrate, upkeep
from district.settings import Storage
from ingest import catalogue, ledger, quarantine, storage
from ingest.conflicts import Resolution, conflicts, resolve
from ingest.formats.clock import Clock
from ingest.quarantine import Replay
from ingest.registry import load
from ingest.series import SeriesTable
from ingest.store import Store
from ingest.times import from_datetime
from metrics.refresh import refresh
from scoring.reliance import cited
from tests import engines
from tests.ingest.world import decoder, message, native

#: Migrations of the first release.
RELEASED = 5
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
JUNE = datetime(2026, 6, 12, 12, tzinfo=UTC)


def first_release(address: str) -> None:
    """Make a database what the first release had made of it, with data."""
    with psycopg.connect(address) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute(
            "CREATE TABLE public.district_migration (number int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        for number, name, text in migrate.migrations()[:RELEASED]:
            connection.execute(text.encode())
            connection.execute(
                "INSERT INTO public.district_migration (number, name, sha256)"
                " VALUES (%s, %s, encode(sha256(convert_to(%s, 'UTF8')), 'hex'))",
                (number, name, text),
            )
        connection.execute(Path(__file__).with_name("released.sql").read_bytes())


@pytest.fixture(params=engines.ALL)
def upgraded(request: pytest.FixtureRequest, passable: Path) -> Iterator[psycopg.Connection]:
    """A connection to such a database after `migrate`."""
    folder = passable / uuid4().hex
    with engines.running(request.param, folder) as server, engines.empty_database(server) as address:
        first_release(address)
        names = [name for _, name, _ in migrate.migrations()]
        assert migrate.migrate(address) == names[RELEASED:]
        assert migrate.migrate(address) == []
        with psycopg.connect(address) as connection:
            yield connection


def test_a_database_of_the_first_release_is_upgraded_with_its_data_and_works(
    upgraded: psycopg.Connection, tmp_path: Path
) -> None:
    connection = upgraded
    # What was there is there, and the account balances.
    assert connection.execute("SELECT count(*), sum(value) FROM ingest.reading").fetchone() == (31, 66 + 4055 + 5030)
    assert list(ledger.check(connection)) == []
    assert in_force(connection, 2) == [402, 403, 404, 810, 406, 407, 408, 409, 410]
    transfers = connection.execute("SELECT kind, messages, why FROM ingest.transfer ORDER BY kind").fetchall()
    assert transfers == [
        ("discard", 1, "booked by an earlier version"), ("replay", 1, "booked by an earlier version"),
    ]  # fmt: skip
    assert connection.execute("SELECT missing, ready FROM scoring.suggestion").fetchall() == [([], False)]
    connection.commit()
    goes_on(connection)
    decides(connection)
    registers_and_replays(connection, tmp_path)
    rolls_up(connection)
    keeps(connection)
    assert list(ledger.check(connection)) == []


def in_force(connection: psycopg.Connection, stream: int) -> list[float]:
    rows = connection.execute(
        "SELECT value::float8 FROM ingest.in_force(ARRAY[%s], '-infinity', 'infinity') ORDER BY time", (stream,)
    ).fetchall()
    return [value for (value,) in rows]


def goes_on(connection: psycopg.Connection) -> None:
    """A collector stores, and knows what was stored before."""
    table = SeriesTable()
    store = Store(connection, table, "collector-0")
    again = native((JUNE + timedelta(minutes=1)).isoformat(), people_in=1)
    contradiction = native((JUNE + timedelta(minutes=2)).isoformat(), people_in=9)
    new = native((JUNE + timedelta(minutes=20)).isoformat(), people_in=20, env_pm2_5=7)
    at = from_datetime(JUNE + timedelta(minutes=21))
    draft = decoder(table=table).decode([message(one, at=at) for one in (again, contradiction, new)])
    entry = ledger.total(store.write(draft, store.number(), revision=1))
    assert (entry.duplicate, entry.conflict, entry.stored, entry.readings_stored) == (1, 1, 1, 2)


def decides(connection: psycopg.Connection) -> None:
    [old, _] = conflicts(connection)
    assert (old.first, old.later) == (3, 30)
    resolve(connection, [old.id], Resolution.REPLACE, who="Wang Fang", why="counted by hand")
    connection.commit()
    assert in_force(connection, 1)[2] == 30


def registers_and_replays(connection: psycopg.Connection, folder: Path) -> None:
    """Today's catalogue over the recorded one; what was kept in the clear is replayed."""
    document = {
        "district": {"id": "d", "name": {"zh": "区", "en": "D"}, "zone": "Asia/Shanghai"},
        "spaces": [{"id": "hall", "name": {"zh": "厅", "en": "Hall"}}],
        "gateways": [{"id": "gw"}],
        "devices": [
            {"id": name, "feed": feed, "space": "hall", "interval": "60s"}
            for name, feed in (("door-1", "foot_traffic"), ("meter", "energy"), ("meter-9", "foot_traffic"))
        ],
    }
    file = folder / "district.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    result = catalogue.apply(connection, file, now=NOW, since=JUNE, who="test")
    assert [(change.kind, change.id) for change in result.changes] == [("device", "meter-9")]
    assert set(load(connection).devices) == {("d", "door-1"), ("d", "meter"), ("d", "meter-9")}
    connection.commit()
    [waiting] = quarantine.find(connection)
    assert (waiting.kept, waiting.outcome) == ("plain", None)
    for wanted in (Replay(replayed=1), Replay()):
        done = quarantine.replay(
            connection, quarantine.find(connection), clock=Clock(120, 30 * 86_400), max_payload_bytes=10_000
        )
        assert done == wanted


def rolls_up(connection: psycopg.Connection) -> None:
    """Hours of the first release are computed again by today's definitions."""
    refresh(connection, NOW)
    rows = connection.execute(
        "SELECT d.device, d.quantity, h.amount::float8, h.received FROM metrics.hour h"
        " JOIN ingest.datastream d ON d.id = h.datastream_id WHERE h.received > 0 ORDER BY 1, 2"
    ).fetchall()
    assert rows == [
        ("door-1", "env.co2", None, 9), ("door-1", "env.pm2_5", None, 1), ("door-1", "people.in", 66 + 27 + 20, 12),
        ("meter", "energy.import_total", 4 + 5, 10), ("meter-9", "people.in", 13, 1),
    ]  # fmt: skip
    connection.commit()


def keeps(connection: psycopg.Connection) -> None:
    """Evidence of the first release keeps what it cites; the rest may go."""
    assert [window.who for window in cited(connection)] == ["d, a decision on item 2.2.5.1", "d, assessment year-2026"]
    done = upkeep.keep(connection, Storage(keep_days=62), NOW)
    assert bool(done.compressed) == storage.on_timescaledb(connection)
    assert [gone.readings for gone in done.dropped] == [10]
    assert {kept.why for kept in done.kept} <= {
        "cited by d, a decision on item 2.2.5.1", "cited by d, assessment year-2026",
    }  # fmt: skip
    assert len(in_force(connection, 1)) == 12
    assert in_force(connection, 3) == []
