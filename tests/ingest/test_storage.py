"""Old readings: compressed where the server can, dropped with an account, and never what somebody relies on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from district import migrate
from ingest import ledger, storage
from ingest.series import SeriesTable
from ingest.storage import Window
from ingest.store import Store
from ingest.times import from_datetime
from tests import engines
from tests.ingest.world import decoder, message, native

#: Three days of each of three months, from a Friday on: in one month, and in one of TimescaleDB's weeks.
MONTHS = (datetime(2026, 6, 12, tzinfo=UTC), datetime(2026, 7, 10, tzinfo=UTC), datetime(2026, 8, 7, tzinfo=UTC))
DAYS = 3
#: By then, June and July have ended, in months as in weeks.
AUGUST = datetime(2026, 8, 6, tzinfo=UTC)


@pytest.fixture(params=["18", pytest.param("timescaledb", marks=pytest.mark.timescaledb)])
def filled(request: pytest.FixtureRequest, passable: Path) -> Iterator[psycopg.Connection]:
    """Two readings an hour (people in, CO2) of three days in each of three months; nothing waits to be rolled up."""
    with (
        engines.running(request.param, passable / uuid4().hex) as server,
        engines.empty_database(server) as address,
        psycopg.connect(address) as connection,
    ):
        migrate.migrate(address)
        store = Store(connection, SeriesTable(), "c0")
        for first in MONTHS:
            _send(store, [first + timedelta(hours=hour) for hour in range(DAYS * 24)])
        connection.execute("DELETE FROM ingest.touched")
        connection.commit()
        yield connection


def _send(store: Store, times: list[datetime]) -> ledger.Entry:
    draft = decoder(table=store.table).decode(
        [message(native(f"{time:%Y-%m-%dT%H:%M:%SZ}", people_in=time.hour, env_co2=400 + time.hour), at=from_datetime(time))
         for time in times]
    )  # fmt: skip
    return ledger.total(store.write(draft, store.number(), revision=0))


def _stored(connection: psycopg.Connection) -> tuple[int, float]:
    row = connection.execute("SELECT count(*), sum(value) FROM ingest.reading").fetchone()
    assert row is not None
    return row[0], row[1]


#: Of one month: three days of hours 0 to 23, and as many of 400 to 423.
PER_MONTH = (2 * DAYS * 24, DAYS * (276 + 24 * 400 + 276))


def test_dropped_readings_are_counted_by_batch_and_the_ledger_still_balances(filled: psycopg.Connection) -> None:
    gone, kept = storage.drop(filled, AUGUST, [])
    assert kept == []
    assert sum(dropped.readings for dropped in gone) == 2 * PER_MONTH[0]
    assert _stored(filled) == PER_MONTH
    assert list(ledger.check(filled)) == []
    assert storage.drop(filled, AUGUST, []) == ([], [])


def test_a_reading_deleted_by_hand_is_still_named_after_others_were_dropped(filled: psycopg.Connection) -> None:
    storage.drop(filled, AUGUST, [])
    batch = filled.execute("DELETE FROM ingest.reading WHERE time = %s RETURNING batch_id", (MONTHS[2],)).fetchone()
    assert batch is not None
    (problem,) = ledger.check(filled)
    assert f"batch {batch[0]}" in problem


def test_what_open_evidence_cites_stays_and_the_reason_is_named(filled: psycopg.Connection) -> None:
    window = Window(start=MONTHS[1], end=MONTHS[1] + timedelta(days=1), who="assessment 2026")
    gone, kept = storage.drop(filled, AUGUST, [window])
    assert sum(dropped.readings for dropped in gone) == PER_MONTH[0]
    assert {each.why for each in kept} == {"cited by assessment 2026"}
    assert _stored(filled)[0] == 2 * PER_MONTH[0]


def test_an_hour_that_waits_to_be_rolled_up_keeps_its_readings(filled: psycopg.Connection) -> None:
    filled.execute("INSERT INTO ingest.touched (hour, datastream_ids) VALUES (%s, '{1}')", (MONTHS[0],))
    gone, kept = storage.drop(filled, AUGUST, [])
    assert sum(dropped.readings for dropped in gone) == PER_MONTH[0]
    assert [each.why for each in kept] == ["some of its hours wait to be rolled up"]


def test_an_open_import_keeps_the_period_it_writes_to(filled: psycopg.Connection) -> None:
    filled.execute(
        "INSERT INTO ingest.backfill (district, gateway, time_from, time_to, why, who) VALUES ('d', 'g', %s, %s, 'y', 'z')",
        (MONTHS[0], MONTHS[0] + timedelta(days=1)),
    )
    gone, kept = storage.drop(filled, AUGUST, [])
    assert sum(dropped.readings for dropped in gone) == PER_MONTH[0]
    assert [each.why for each in kept] == ["import 1 into it is open"]


def test_a_piece_in_use_is_left_for_the_next_time(filled: psycopg.Connection) -> None:
    with psycopg.connect(filled.info.dsn, password=filled.info.password) as writer:
        writer.execute("UPDATE ingest.reading SET flags = flags WHERE time < %s", (MONTHS[1],))
        gone, kept = storage.drop(filled, AUGUST, [])
        assert {each.why for each in kept} == {"in use; it will be tried again"}
        writer.rollback()
    later, kept = storage.drop(filled, AUGUST, [])
    assert (sum(dropped.readings for dropped in [*gone, *later]), kept) == (2 * PER_MONTH[0], [])


def test_late_readings_duplicates_and_conflicts_are_judged_alike_in_compressed_pieces(
    filled: psycopg.Connection,
) -> None:
    """On plain PostgreSQL nothing is compressed, and the same account comes out."""
    everything = _stored(filled)
    compressed = storage.compress(filled, AUGUST)
    assert bool(compressed) == storage.on_timescaledb(filled)
    assert all(piece.compressed for piece in storage.pieces(filled)) is False  # August is not
    assert _stored(filled) == everything
    store = Store(filled, SeriesTable(), "c0")
    again = [MONTHS[0] + timedelta(hours=hour) for hour in range(DAYS * 24)]
    entry = _send(store, [*again, MONTHS[0] + timedelta(minutes=30)])
    assert (entry.stored, entry.duplicate) == (1, len(again))
    contradiction = message(native(f"{MONTHS[0]:%Y-%m-%dT%H:%M:%SZ}", people_in=9), at=from_datetime(MONTHS[0]))
    draft = decoder(table=store.table).decode([contradiction])
    assert ledger.total(store.write(draft, store.number(), revision=0)).conflict == 1
    assert _stored(filled)[0] == everything[0] + 2
    assert list(ledger.check(filled)) == []
    # What came late is compressed with the rest, and only that piece is touched again.
    assert len(storage.compress(filled, AUGUST)) == bool(compressed)
    assert storage.compress(filled, AUGUST) == []
    filled.execute("DELETE FROM ingest.touched")
    gone, kept = storage.drop(filled, AUGUST, [])
    assert (sum(dropped.readings for dropped in gone), kept) == (2 * PER_MONTH[0] + 2, [])
    assert list(ledger.check(filled)) == []


def test_the_months_ahead_have_room_before_their_first_reading(filled: psycopg.Connection) -> None:
    storage.make_room(filled, datetime(2026, 12, 5, tzinfo=UTC))
    names = [piece.name for piece in storage.pieces(filled)]
    expected = (
        [] if storage.on_timescaledb(filled) else [f"ingest.reading_{m}" for m in ("2026_12", "2027_01", "2027_02")]
    )
    assert names[3:] == expected
