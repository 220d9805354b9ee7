"""Replay, discard, and the account of both: what leaves quarantine is booked, and nothing happens twice."""

import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from ingest import catalogue, ledger, quarantine
from ingest.formats.clock import Clock
from ingest.keeper import Keeper
from ingest.model import Message
from ingest.quarantine import Booking, Replay
from ingest.seal import Opener, pair
from ingest.series import SeriesTable
from ingest.store import Store
from tests.ingest.world import NOON, decoder, message, native

KEYS = pair()


def write(connection: psycopg.Connection, *messages: Message) -> None:
    table = SeriesTable()
    store = Store(connection, table, "c0", keeper=Keeper(public_key=KEYS.public))
    store.write(decoder(table=table).decode(messages), store.number(), revision=1)


def register(connection: psycopg.Connection, folder: Path, *devices: str) -> None:
    document = {
        "district": {"id": "d", "name": {"zh": "区", "en": "D"}, "zone": "Asia/Shanghai"},
        "spaces": [{"id": "hall", "name": {"zh": "厅", "en": "Hall"}}],
        "gateways": [{"id": "gw"}],
        "devices": [{"id": name, "feed": "foot_traffic", "space": "hall", "interval": "60s"} for name in devices],
    }
    path = folder / "district.yaml"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    catalogue.apply(connection, path, now=datetime(2026, 11, 1, tzinfo=UTC), who="test")
    connection.commit()


def replay(connection: psycopg.Connection, key: str | None = KEYS.private) -> Replay:
    return quarantine.replay(
        connection, quarantine.find(connection), clock=Clock(120, 30 * 86_400), max_payload_bytes=10_000,
        opener=Opener(key) if key else None, booking=Booking(who="Wang Fang", why="registered"),
    )  # fmt: skip


def values(connection: psycopg.Connection) -> list[float]:
    return [value for (value,) in connection.execute("SELECT value FROM ingest.reading ORDER BY value").fetchall()]


def transfers(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT kind, messages, bytes, who, why FROM ingest.transfer ORDER BY batch_id"
    ).fetchall()


def test_a_replay_is_booked_and_a_second_one_changes_nothing(connection: psycopg.Connection, tmp_path: Path) -> None:
    known = message(native(people_in=4), "district/v1/d/gw/foot_traffic/new")
    write(connection, known, message(b"{oops"))
    register(connection, tmp_path, "new")
    assert replay(connection) == Replay(replayed=1, refused_again=1)
    assert values(connection) == [4.0]
    assert transfers(connection) == [("replay", 1, len(known.payload), "Wang Fang", "registered")]
    before = connection.execute("SELECT count(*) FROM ingest.batch").fetchone()
    assert replay(connection) == Replay(refused_again=1)
    assert connection.execute("SELECT count(*) FROM ingest.batch").fetchone() == before
    assert list(ledger.check(connection)) == []


def test_without_the_private_key_sealed_messages_stay(connection: psycopg.Connection) -> None:
    write(connection, message(b"plate=ABC", "some/camera"))
    assert replay(connection, key=None) == Replay(sealed=1)
    assert replay(connection) == Replay(refused_again=1)


def test_of_a_message_refused_in_part_the_rest_is_stored_and_the_part_waits_anew(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    write(connection, message(native(people_in=4, people_out="x"), "district/v1/d/gw/foot_traffic/new"))
    register(connection, tmp_path, "new")
    assert replay(connection) == Replay(replayed=1)
    assert values(connection) == [4.0]
    [part] = quarantine.find(connection)
    assert (part.reason, part.part) == ("wrong_type", 0)
    assert list(ledger.check(connection)) == []


def test_a_part_that_is_still_bad_waits_on_however_often_it_is_replayed(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    register(connection, tmp_path, "door-1")
    write(connection, message(native(env_co2=True)), message(native(env_co2="x")))
    [first, second] = quarantine.find(connection)
    for _ in range(3):
        assert replay(connection) == Replay(refused_again=2)
        assert [item.id for item in quarantine.find(connection, waiting=False)] == [first.id, second.id]
    assert transfers(connection) == []


def test_a_retained_message_without_a_time_is_no_reading_when_it_is_replayed(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    write(connection, message(native(None, people_in=4), "district/v1/d/gw/foot_traffic/new", retain=True))
    register(connection, tmp_path, "new")
    assert replay(connection) == Replay(replayed=1)
    assert values(connection) == []


def test_discarding_frees_the_body_and_is_booked_and_the_check_names_what_is_missing(
    connection: psycopg.Connection,
) -> None:
    bad = message(native(people_in="x"))
    write(connection, bad)
    chosen = quarantine.find(connection)
    assert quarantine.discard(connection, chosen, Booking(kind="discard", who="w", why="test bench")) == 1
    assert quarantine.discard(connection, quarantine.find(connection, waiting=False), Booking(kind="discard")) == 0
    [item] = quarantine.find(connection, waiting=False)
    assert (item.outcome, item.body, item.sealed, item.kept) == ("discarded", None, None, "hash")
    assert [row[:2] for row in transfers(connection)] == [("discard", 1)]
    connection.commit()
    assert list(ledger.check(connection)) == []
    connection.execute("DELETE FROM ingest.quarantine_outcome")
    assert any(
        "the transfers say 1 messages left quarantine, the tables hold 0" in line for line in ledger.check(connection)
    )


@pytest.mark.parametrize(
    ("wanted", "count"), [({"device": "new"}, 0), ({"gateway": "gw"}, 1), ({"reason": "bad_json"}, 1)]
)
def test_filters_narrow_what_is_found(connection: psycopg.Connection, wanted: dict[str, str], count: int) -> None:
    write(connection, message(b"{oops", at=NOON))
    assert len(quarantine.find(connection, **wanted)) == count  # type: ignore[arg-type]
    assert quarantine.find(connection, start=datetime(2026, 11, 24, tzinfo=UTC)) == []
