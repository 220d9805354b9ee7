"""What may happen to a plant under load. Each function returns when its cause has ended; docs/guarantees.md has them all."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from district.cli.collect import STAGES
from tests.broker import PASSWORD, USER
from tests.faults.plant import COLLECTOR, COMMIT_LOCK, Plant, wait_until
from tests.faults.publisher import DISTRICT, GATEWAYS
from tests.faults.turn import BEFORE, LOAD_S, Fault, Turn

TOPIC = f"district/v1/{DISTRICT}/{GATEWAYS[1]}/foot_traffic/dev0"


def collector_killed(turn: Turn) -> None:
    """SIGKILL of the collector twice, within a batch and anywhere; whoever supervises it starts it again."""
    for wanted in (turn.random.choice(STAGES[1:]), None):
        turn.begin(1_000)
        turn.hit(wanted, freeze=True)
        turn.plant.kill_collector()
        turn.plant.start_collector()


def collector_terminated(turn: Turn) -> None:
    """SIGTERM of the collector under load: what it has stored it acknowledges before it goes."""
    turn.begin()
    turn.hit()
    turn.plant.signal(signal.SIGTERM)
    assert turn.plant.collector is not None
    assert turn.plant.collector.wait(20) == 0, turn.plant.log()
    turn.plant.start_collector()


def database_stopped(turn: Turn) -> None:
    """PostgreSQL stops without a goodbye (as at a power failure), and is started again after a while."""
    turn.begin()
    turn.hit()
    turn.plant.server.stop("immediate")
    turn.last()
    turn.plant.server.start()


def database_away_at_start(turn: Turn) -> None:
    """The collector is started while PostgreSQL is away."""
    turn.begin()
    turn.hit()
    turn.plant.kill_collector()
    turn.plant.server.stop()
    before = turn.plant.said("trying again")
    turn.plant.start_collector()
    wait_until(lambda: turn.plant.said("trying again") > before, "the collector to notice")
    turn.last()
    turn.plant.server.start()


def broker_terminated(turn: Turn) -> None:
    """SIGTERM of Mosquitto with the shipped configuration, and a start after a while."""
    turn.begin()
    turn.hit()
    turn.plant.broker.stop()
    turn.last()
    turn.plant.broker.start()


def broker_killed(turn: Turn) -> None:
    """SIGKILL of Mosquitto with the shipped configuration, and nothing that it had sent arrives: its machine lost power."""
    turn.begin()
    turn.hit()
    turn.wire.black_hole("down")
    turn.load.send(BEFORE)
    time.sleep(turn.random.uniform(0.0, LOAD_S / 2))
    turn.plant.broker.kill()
    turn.wire.reset()
    turn.wire.heal()
    turn.plant.broker.start()


def link_reset(turn: Turn) -> None:
    """The connection to the broker is reset, as is every new one for a while."""
    turn.begin()
    turn.hit()
    turn.wire.reset(refuse=True)
    turn.last()
    turn.wire.heal()


def link_black_hole(turn: Turn) -> None:
    """Nothing arrives at either end for a while, and no end is told."""
    turn.begin()
    turn.hit()
    turn.wire.black_hole()
    turn.last()
    turn.wire.heal()


def link_half_open(turn: Turn) -> None:
    """One end forgets the connection, the other hears nothing any more: a firewall, a machine that lost power."""
    turn.begin()
    turn.hit()
    turn.wire.half_open(turn.random.choice(["broker", "collector"]))


def link_drips(turn: Turn) -> None:
    """A byte a second for a while."""
    turn.begin()
    turn.hit()
    turn.wire.drip()
    turn.last()
    turn.wire.heal()


def acknowledgements_lost(turn: Turn) -> None:
    """What the collector says does not arrive for a while, then the link breaks: all of it was stored and comes again."""
    turn.begin(100)
    turn.wire.black_hole("up")
    turn.begin(600)
    turn.hit()
    wait_until(lambda: turn.stored().total() > 500, "the messages to be stored")
    turn.wire.reset()
    turn.wire.heal()


def table_locked(turn: Turn) -> None:
    """Somebody holds the table of readings for a while."""
    turn.begin()
    with psycopg.connect(turn.plant.server.dsn()) as holder:
        holder.execute("LOCK TABLE ingest.reading IN ACCESS EXCLUSIVE MODE")
        turn.hit("copy")
        turn.last()


def commit_slow(turn: Turn) -> None:
    """COMMIT hangs for a while, as on a disk or a replica that does not answer."""
    turn.begin()
    with psycopg.connect(turn.plant.server.dsn()) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", (COMMIT_LOCK,))
        turn.hit("commit")
        turn.last()


def disk_full(turn: Turn) -> None:
    """The disk of the readings is full, and has room again after a while."""
    with small_disk(turn.plant) as fill:
        turn.begin()
        turn.hit()
        with fill():
            before = turn.plant.said("No space left on device")
            turn.load.send(300)
            wait_until(lambda: turn.plant.said("No space left on device") > before, "a full disk")
            turn.last()
        # Before the readings move back to their old place.
        wait_until(lambda: turn.wire.outstanding() == 0, "the collector to be done")


def session_lost(turn: Turn) -> None:
    """The broker comes back without its memory while messages wait for COMMIT: packet ids begin anew."""
    with psycopg.connect(turn.plant.server.dsn()) as holder:
        turn.begin(300, None)
        holder.execute("LOCK TABLE ingest.reading IN SHARE MODE")
        delivered = turn.wire.watch.delivered
        turn.load.send(300)
        wait_until(lambda: turn.wire.watch.delivered >= delivered + 300, "the messages")
        turn.hit("copy")
        turn.plant.broker.stop()
        turn.plant.broker.forget()
        turn.plant.broker.start()


def subscription_lost(turn: Turn) -> None:
    """The session is there and its subscription is gone, as older releases of Mosquitto have it after a restart."""
    turn.begin()
    turn.hit()
    turn.plant.kill_collector()
    with stolen(turn.plant) as thief:
        gone = threading.Event()
        thief.on_unsubscribe = lambda *_: gone.set()
        thief.unsubscribe("district/v1/#")
        assert gone.wait(10)
    turn.plant.start_collector()
    wait_until(lambda: turn.wire.watch.session_present, "the session")


def standby(turn: Turn) -> None:
    """Two collectors with one client id: the second waits, and goes on when the first is killed."""
    first, before = turn.plant.collector, turn.plant.said("waiting to take over")
    assert first is not None
    turn.plant.start_collector()
    wait_until(lambda: turn.plant.said("waiting to take over") > before, "the second collector to wait")
    turn.begin()
    turn.hit()
    first.kill()
    first.wait()


def session_stolen(turn: Turn) -> None:
    """A stranger connects with the collector's client id, and gets what was under way; the collector takes it back."""
    turn.begin()
    turn.hit()
    subscriptions = turn.wire.watch.subscriptions
    with stolen(turn.plant):
        wait_until(lambda: turn.wire.watch.subscriptions > subscriptions, "the collector to come back")


def poison(turn: Turn) -> None:
    """Messages among the others that PostgreSQL refuses, or that are nested deeper than can be written."""
    now = datetime.now(UTC).isoformat()
    # Too long for an index entry, and random enough not to be compressed.
    long = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(4000))
    refused = json.dumps({"ts": now, "event": {"type": long}}, ensure_ascii=False).encode()
    deep = [
        b'{"ts": "%s", "event": {"type": "x", "attributes": {"a": %s}}}' % (now.encode(), b"[" * n + b"]" * n)
        for n in (300, 900, 50_000)
    ]
    turn.extra = 2 * (1 + len(deep))
    turn.begin()
    turn.plant.broker.publish(TOPIC, [refused, *deep])
    turn.hit()
    # From a device that nobody knows, too: what is refused for another reason is read all the same.
    turn.plant.broker.publish(TOPIC.replace("dev0", "nobody"), [refused, *deep])


def clock_hostile(turn: Turn) -> None:
    """Devices with clocks that stand at any time whatever."""
    now = datetime.now(UTC)
    far = [now + timedelta(days=days) for days in (-400, -31, 1, 366)]
    times = [
        0,
        -1,
        2**63,
        int(now.timestamp()),
        *(time.isoformat() for time in far),
        "2026-13-01T00:00:00Z",
        "",
        True,
        1e300,
    ]
    turn.extra = len(times)
    turn.begin()
    turn.hit()
    turn.plant.broker.publish(
        TOPIC,
        [
            json.dumps({"ts": time, "values": {"people_in": 100 * turn.number + n}}).encode()
            for n, time in enumerate(times)
        ],
    )


def untimed(turn: Turn) -> None:
    """Messages without a time, stored and not acknowledged, come again: each is one reading."""
    count, floor = 40, 10**9 + turn.number * 1000
    turn.begin()
    wait_until(lambda: turn.wire.outstanding() == 0, "the collector to be done")
    turn.wire.black_hole("up")
    turn.plant.broker.publish(TOPIC, [b'{"values": {"people_in": %d}}' % (floor + n) for n in range(count)])

    def there() -> list[int]:
        with turn.database() as connection:
            rows = connection.execute(
                "SELECT value::bigint FROM ingest.reading WHERE value >= %s AND value < %s ORDER BY 1",
                (floor, floor + 1000),
            ).fetchall()
        return [int(value) for (value,) in rows]

    wait_until(lambda: len(there()) == count, "the messages to be stored")
    turn.hit()
    redelivered, connections = turn.wire.watch.redelivered, turn.wire.watch.connections
    turn.wire.reset()
    turn.wire.heal()
    wait_until(lambda: turn.wire.watch.redelivered >= redelivered + count, "them to come again")
    wait_until(lambda: turn.wire.watch.connections > connections and not turn.wire.outstanding(), "the collector")
    assert there() == [floor + n for n in range(count)]


#: Every fault, in the order of docs/guarantees.md.
FAULTS: Mapping[str, Fault] = {
    "collector killed": Fault(happens=collector_killed),
    "collector terminated": Fault(happens=collector_terminated, redelivers=False),
    "standby takes over": Fault(happens=standby),
    "session stolen": Fault(happens=session_stolen),
    "database stopped": Fault(happens=database_stopped),
    "database away at start": Fault(happens=database_away_at_start),
    "table locked": Fault(happens=table_locked),
    "commit slow": Fault(happens=commit_slow),
    "disk full": Fault(happens=disk_full),
    "broker terminated": Fault(happens=broker_terminated),
    "broker killed, with receipts": Fault(happens=broker_killed, receipts=True, clean=True),
    "broker killed": Fault(happens=broker_killed, clean=True, loses=True),
    "session lost": Fault(happens=session_lost),
    "subscription lost": Fault(happens=subscription_lost),
    "link reset": Fault(happens=link_reset),
    "link black hole": Fault(happens=link_black_hole),
    "link half open": Fault(happens=link_half_open),
    "link drips": Fault(happens=link_drips),
    "acknowledgements lost": Fault(happens=acknowledgements_lost),
    "untimed messages again": Fault(happens=untimed),
    "poison": Fault(happens=poison),
    "hostile clock": Fault(happens=clock_hostile),
}


@contextmanager
def stolen(plant: Plant) -> Iterator[mqtt.Client]:
    """A client that connects with the collector's id, keeps its session, and acknowledges nothing."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, COLLECTOR, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True,
                         reconnect_on_failure=False)  # fmt: skip
    client.username_pw_set(USER, PASSWORD)
    lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    lasting.SessionExpiryInterval = 86_400
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", plant.broker.port, clean_start=False, properties=lasting)
    client.loop_start()
    try:
        assert connected.wait(10)
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def small_disk(plant: Plant) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """The readings on a small disk of their own; what is given fills it for the time of a `with`."""
    disk = plant.folder / "disk"
    disk.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        # Not root, or a container that may not mount: PostgreSQL says the same without a disk.
        yield lambda: _pretended(plant)
        return
    try:
        (disk / "data").mkdir()
        owner = (plant.server.folder / "data").stat()
        os.chown(disk / "data", owner.st_uid, owner.st_gid)
        with psycopg.connect(plant.server.dsn(), autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{disk / 'data'}'".encode())
            try:
                _move(connection, "small")
                yield lambda: _filled(disk / "filler")
            finally:
                _move(connection, "pg_default")
                connection.execute("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _move(connection: psycopg.Connection, tablespace: str) -> None:
    rows = connection.execute(
        "SELECT relid::regclass::text FROM pg_partition_tree('ingest.reading') WHERE isleaf"
    ).fetchall()
    for (table,) in rows:
        connection.execute(f"ALTER TABLE {table} SET TABLESPACE {tablespace}".encode())


@contextmanager
def _filled(file: Path) -> Iterator[None]:
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))
    yield
    file.unlink()


@contextmanager
def _pretended(plant: Plant) -> Iterator[None]:
    with psycopg.connect(plant.server.dsn(), autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RAISE EXCEPTION ''No space left on device'' USING ERRCODE = ''disk_full''; END';"
            "CREATE TRIGGER full BEFORE INSERT ON ingest.reading EXECUTE FUNCTION public.full()"
        )
        yield
        connection.execute("DROP TRIGGER full ON ingest.reading; DROP FUNCTION public.full()")
