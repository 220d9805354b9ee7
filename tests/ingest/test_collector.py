"""The loop as a whole on a real broker and a real PostgreSQL: catalogue changes, poison, lost answers to COMMIT."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from ingest import catalogue, ledger, quarantine
from ingest.collector import Collector, Options
from ingest.formats.clock import Clock
from ingest.receiver import BrokerSettings, Mqtt5Receiver
from tests.broker import PASSWORD, USER, MosquittoProcess, RecordingProxy, broker, folder

__all__ = ["broker", "folder"]

pytestmark = pytest.mark.broker
TOPIC = "district/v1/d/gw/foot_traffic/"


def declare(connection: psycopg.Connection, path: Path, *devices: str) -> None:
    document = {
        "district": {"id": "d", "name": {"zh": "区", "en": "D"}, "zone": "Asia/Shanghai"},
        "spaces": [{"id": "hall", "name": {"zh": "厅", "en": "Hall"}, "usable_area_m2": 10}],
        "gateways": [{"id": "gw"}],
        "devices": [{"id": name, "feed": "foot_traffic", "space": "hall", "interval": "60s"} for name in devices],
    }
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    catalogue.apply(connection, path, now=datetime.now(UTC), who="test")
    connection.commit()


@pytest.fixture
def running(
    database: str, connection: psycopg.Connection, broker: MosquittoProcess, tmp_path: Path
) -> Iterator[Collector]:
    """A collector in a thread, subscribed."""
    declare(connection, tmp_path / "district.yaml", "door-1")
    settings = BrokerSettings(
        client_id="collector-0", subscriptions=("district/v1/#",), port=broker.port, user=USER, password=PASSWORD
    )
    collector = Collector(Mqtt5Receiver(settings), Options(id="collector-0", database_url=database))
    thread = threading.Thread(target=collector.run)
    thread.start()
    until(lambda: collector.connected)
    yield collector
    collector.stop()
    thread.join(30)
    assert not thread.is_alive()


def until(condition: Callable[[], bool], seconds: float = 20) -> float:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


def count(connection: psycopg.Connection, table: str) -> int:
    (number,) = connection.execute(f"SELECT count(*) FROM ingest.{table}".encode()).fetchone() or (0,)
    connection.commit()
    return int(number)


def body(second: int) -> bytes:
    return b'{"ts": "%s", "values": {"people_in": 1}}' % datetime.now(UTC).replace(second=second).isoformat().encode()


def test_a_running_collector_takes_up_a_new_device_and_its_kept_message_can_be_replayed(
    running: Collector, connection: psycopg.Connection, broker: MosquittoProcess, tmp_path: Path
) -> None:
    broker.publish(TOPIC + "door-2", [body(1)])
    until(lambda: count(connection, "quarantine") == 1)
    declare(connection, tmp_path / "district.yaml", "door-1", "door-2")
    revision = running._revision
    assert until(lambda: running._revision > revision) < 5
    broker.publish(TOPIC + "door-2", [body(2)])
    until(lambda: count(connection, "reading") == 1)
    kept = quarantine.find(connection)
    for replayed in (1, 0):
        done = quarantine.replay(
            connection, quarantine.find(connection), clock=Clock(120, 86_400), max_payload_bytes=10_000
        )
        assert (done.replayed, count(connection, "reading")) == (replayed, 2)
    # A second time by hand, although it no longer waits: its reading has a key.
    quarantine.replay(connection, kept, clock=Clock(120, 86_400), max_payload_bytes=10_000)
    assert count(connection, "reading") == 2
    (received_at,) = connection.execute(
        "SELECT received_at FROM ingest.batch WHERE transfer ORDER BY id LIMIT 1"
    ).fetchone() or (None,)
    assert received_at == kept[0].received_at
    assert list(ledger.check(connection)) == []


def test_a_message_that_postgresql_refuses_is_singled_out_and_its_neighbours_are_stored(
    running: Collector, connection: psycopg.Connection, broker: MosquittoProcess
) -> None:
    # Too long for an index entry, and random enough not to be compressed.
    kind = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(4000))
    poison = json.dumps({"ts": datetime.now(UTC).isoformat(), "event": {"type": kind}}, ensure_ascii=False).encode()
    broker.publish(TOPIC + "door-1", [body(1), body(2), poison, body(3)])
    until(lambda: count(connection, "reading") == 3 and count(connection, "quarantine") == 1)
    assert [item.reason for item in quarantine.find(connection)] == ["storage"]
    assert list(ledger.check(connection)) == []


def test_a_dated_message_that_comes_again_is_kept_in_quarantine_once(
    running: Collector, connection: psycopg.Connection, broker: MosquittoProcess
) -> None:
    dated, undated = body(1), b'{"values": {"people_in": 1}}'
    broker.publish(TOPIC + "stranger", [dated, undated, dated, undated])
    until(lambda: ledger.total(ledger.read(connection)).received == 4)
    account = ledger.total(ledger.read(connection))
    assert (account.quarantined, account.duplicate, count(connection, "quarantine")) == (3, 1, 3)
    assert list(ledger.check(connection)) == []


def test_a_commit_whose_answer_was_lost_and_which_ends_late_is_not_taken_for_poison(
    database: str, connection: psycopg.Connection, broker: MosquittoProcess, tmp_path: Path
) -> None:
    declare(connection, tmp_path / "district.yaml", "door-1")
    connection.execute(
        "CREATE FUNCTION public.wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END';"
        "CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON ingest.batch DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION public.wait_at_commit()"
    )
    connection.commit()
    proxy = RecordingProxy(int(str(psycopg.conninfo.conninfo_to_dict(database)["port"])))
    settings = BrokerSettings(
        client_id="collector-0", subscriptions=("district/v1/#",), port=broker.port, user=USER, password=PASSWORD
    )
    options = Options(id="collector-0", database_url=psycopg.conninfo.make_conninfo(database, port=proxy.port))
    collector = Collector(Mqtt5Receiver(settings), options)
    thread = threading.Thread(target=collector.run)
    thread.start()
    try:
        until(lambda: collector.connected)
        with psycopg.connect(database) as holder:
            holder.execute("SELECT pg_advisory_xact_lock(4711)")
            broker.publish(TOPIC + "door-1", [body(1)])

            def waiting() -> int:
                (number,) = holder.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                ).fetchone() or (0,)
                holder.execute("SELECT pg_stat_clear_snapshot()")
                return int(number)

            until(lambda: waiting() == 1)
            for cut in proxy._sockets:
                cut.shutdown(socket.SHUT_RDWR)
            # The collector is back, has not found its batch, and writes it again under the same number.
            until(lambda: waiting() == 2)
        until(lambda: count(connection, "reading") == 1)
        broker.publish(TOPIC + "door-1", [body(2)])
        until(lambda: count(connection, "reading") == 2)
        account = ledger.total(ledger.read(connection))
        assert (account.received, account.stored, count(connection, "quarantine")) == (2, 2, 0)
        assert list(ledger.check(connection)) == []
    finally:
        collector.stop()
        thread.join(30)
        proxy.close()
    assert not thread.is_alive()
