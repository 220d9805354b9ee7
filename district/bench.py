"""How fast a broker's backlog becomes committed readings, beside the same rows in a bare binary COPY on the same server.

Fresh PostgreSQL and Mosquitto in a temporary folder; a thousand devices behind twenty gateways. The backlog is published
into the collector's session before the collector starts, so that publishing does not count.
"""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import mqtt5
import orjson
import psycopg
import yaml

from district import migrate
from district.cli.collect import collector
from district.embedded import broker as brokers
from district.embedded import postgres
from district.embedded.broker import Broker
from district.embedded.postgres import Postgres
from district.settings import load
from ingest import catalogue

DISTRICT, DEVICES, GATEWAYS = "bench", 1_000, 20
#: Values a message -> objects in its array and quantities of each object.
SHAPES = {1: (1, ("people_in",)), 2: (1, ("people_in", "people_out")), 20: (10, ("people_in", "people_out"))}
#: Rows of one COPY of the bare measurement; our choice, near what the collector's batches hold.
COPY_ROWS = 10_000
#: Publishes on their way to the broker.
WINDOW = 1_000
POSTGRES = {"shared_buffers": "512MB", "max_wal_size": "8GB", "track_commit_timestamp": "on", "jit": "off"}
#: A table of the same shape, with the same unique key, and one partition for all months.
BARE = """
CREATE TABLE public.bare (LIKE ingest.reading INCLUDING ALL) PARTITION BY RANGE (time);
CREATE TABLE public.bare_1 PARTITION OF public.bare DEFAULT;
"""
#: Bytes before the first row of a binary COPY.
HEAD_BYTES = 19
COLUMNS = "time, value, batch_id, datastream_id, late_s, flags, span_us"


class BenchError(Exception):
    """The measurement could not be made; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run measured."""

    values: int  #: per message
    messages: int
    readings: int  #: committed by the collector
    readings_per_s: float  #: from the first COMMIT to the last, without the rows of the first batch
    copy_rows_per_s: float  #: bare binary COPY of the same rows, a COMMIT each `COPY_ROWS`
    ratio: float  #: the first over the second
    cpu_us_per_reading: float  #: user and system time of the collector's process, its start included [µs]
    memory_mb: float  #: largest resident size of the collector [MB]


def ingest(values: int, messages: int) -> Result:
    """Measure one backlog.

    Args:
        values: values a message: 1, 2, or 20 (an array of ten objects of two).
        messages: size of the backlog.

    Raises:
        BenchError: there is no Mosquitto, or the collector stored something else than was sent.
    """
    if values not in SHAPES:
        raise BenchError(f"--values: expected one of {', '.join(map(str, SHAPES))}, got {values}")
    if brokers.mosquitto() is None:
        raise BenchError(
            "no Mosquitto on this machine: apt-get install mosquitto (the broker from pip is for demos only)"
        )
    with _services() as (folder, server, broker):
        environment = {
            "DISTRICT_DATABASE_URL": server.dsn(), "DISTRICT_BROKER_HOST": broker.host,
            "DISTRICT_BROKER_PORT": str(broker.port), "DISTRICT_BROKER_USER": broker.user,
            "DISTRICT_BROKER_PASSWORD": broker.password,
        }  # fmt: skip
        session = collector(load(None, environment)).receiver
        session.connect()
        session.close()
        _publish(broker, _packets(values, messages))
        objects, quantities = SHAPES[values]
        expected = messages * objects * len(quantities)
        cpu_s, memory_mb = _drain(folder, environment, server, expected)
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            rate = _rate(connection)
            bare = _bare_copy(connection)
    return Result(
        values=values, messages=messages, readings=expected, readings_per_s=rate, copy_rows_per_s=bare, ratio=rate / bare,
        cpu_us_per_reading=cpu_s / expected * 1e6, memory_mb=memory_mb,
    )  # fmt: skip


@contextmanager
def _services() -> Iterator[tuple[Path, Postgres, Broker]]:
    folder = Path(tempfile.mkdtemp(prefix="district-bench-"))
    folder.chmod(0o755)
    try:
        server = postgres.start(folder / "postgresql", options=POSTGRES)
        try:
            with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
                connection.execute("CREATE DATABASE district")
            migrate.migrate(server.dsn())
            with psycopg.connect(server.dsn()) as connection:
                catalogue.apply(connection, _catalogue(folder), now=datetime.now(UTC), who="bench")
            broker = brokers.start(folder / "broker")
            try:
                yield folder, server, broker
            finally:
                broker.stop()
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)


def _catalogue(folder: Path) -> Path:
    document = {
        "district": {"id": DISTRICT, "name": {"zh": "测速", "en": "Bench"}, "zone": "Asia/Shanghai"},
        "spaces": [{"id": "hall", "name": {"zh": "大厅", "en": "Hall"}, "usable_area_m2": 1000}],
        "gateways": [{"id": f"gw{n:02}"} for n in range(GATEWAYS)],
        "devices": [
            {"id": f"dev{n:04}", "feed": "foot_traffic", "space": "hall", "interval": "10s"} for n in range(DEVICES)
        ],
    }  # fmt: skip
    path = folder / "district.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def _packets(values: int, messages: int) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of each message; times from the start of yesterday in steps of 10 s per device."""
    objects, quantities = SHAPES[values]
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    for number in range(messages):
        device, turn = number % DEVICES, number // DEVICES
        items = [
            {
                "ts": (start + timedelta(seconds=10 * (turn * objects + part))).isoformat().replace("+00:00", "Z"),
                "values": {name: (number + part) % (7 - 2 * q) for q, name in enumerate(quantities)},
            }
            for part in range(objects)
        ]
        topic = f"district/v1/{DISTRICT}/gw{device % GATEWAYS:02}/foot_traffic/dev{device:04}"
        yield topic, orjson.dumps(items if objects > 1 else items[0])


def _publish(broker: Broker, packets: Iterator[tuple[str, bytes]]) -> None:
    """Publish at QoS 1 and return when the broker has acknowledged all."""
    unread = bytearray()
    unacknowledged = 0

    def acknowledgements(connection: socket.socket) -> int:
        nonlocal unread
        data = connection.recv(1 << 16)
        if not data:
            raise BenchError("the broker closed the publisher's connection")
        unread += data
        count = 0
        while len(unread) >= 2 and len(unread) >= 2 + unread[1]:
            count += unread[0] >> 4 == 4
            del unread[: 2 + unread[1]]
        return count

    with socket.create_connection((broker.host, broker.port), 10) as connection:
        hello = mqtt5.ConnectPacket(
            "bench-publisher", username=broker.user, password=broker.password.encode(), clean_start=True, keep_alive=600
        )
        connection.sendall(hello.write())
        connection.settimeout(60)
        chunk = bytearray()
        for number, (topic, payload) in enumerate(packets):
            packet_id = number % 65_535 + 1
            chunk += mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id).write()
            unacknowledged += 1
            if unacknowledged % 200 == 0 or unacknowledged >= WINDOW:
                connection.sendall(chunk)
                chunk.clear()
                while unacknowledged >= WINDOW:
                    unacknowledged -= acknowledgements(connection)
        connection.sendall(chunk)
        while unacknowledged:
            unacknowledged -= acknowledgements(connection)


def _drain(folder: Path, environment: dict[str, str], server: Postgres, expected: int) -> tuple[float, float]:
    """Run a collector until all is committed; its CPU seconds and its largest resident size [MB]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "collector.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "district", "collect"], env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )  # fmt: skip
    memory_kb = 0
    try:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            # The sum of the ledger is small work beside a count of the readings.
            seen, end = -1, time.monotonic() + 60
            while seen < expected:
                time.sleep(0.25)
                (now,) = connection.execute(
                    "SELECT coalesce(sum(readings_stored), 0) FROM ingest.ledger"
                ).fetchone() or (0,)
                if now != seen:
                    seen, end = now, time.monotonic() + 60
                if process.poll() is not None or time.monotonic() > end:
                    text = (folder / "collector.log").read_text(encoding="utf-8", errors="replace")[-1500:]
                    raise BenchError(f"{seen} of {expected} readings were stored, then nothing came:\n{text}")
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
                memory_kb = max(memory_kb, int(status.partition("VmHWM:")[2].split()[0]))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, memory_kb / 1024


def _rate(connection: psycopg.Connection) -> float:
    """Readings per second between the first COMMIT and the last."""
    rows = connection.execute(
        "SELECT sum(l.readings_stored)::float8, extract(epoch FROM pg_xact_commit_timestamp(b.xmin))::float8 AS at"
        " FROM ingest.batch b JOIN ingest.ledger l ON l.batch_id = b.id GROUP BY b.id, b.xmin ORDER BY at"
    ).fetchall()
    if len(rows) < 3:
        raise BenchError("too few messages to measure: expected at least 50000")
    return float(sum(count for count, _ in rows[1:]) / (rows[-1][1] - rows[0][1]))


def _bare_copy(connection: psycopg.Connection) -> float:
    """Rows per second of a binary COPY of the collector's rows, in the order of their arrival."""
    connection.execute(BARE)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY (SELECT {COLUMNS} FROM ingest.reading) TO STDOUT (FORMAT BINARY)") as copy,  # noqa: S608
    ):
        rows = [bytes(row) for row in copy]
    # The head comes with the first row, the tail is a row of its own.
    head, rows[0], tail = rows[0][:HEAD_BYTES], rows[0][HEAD_BYTES:], rows.pop()
    parts = [b"".join([head, *rows[first : first + COPY_ROWS], tail]) for first in range(0, len(rows), COPY_ROWS)]
    connection.execute("CHECKPOINT")
    begun = time.monotonic()
    for part in parts:
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY public.bare ({COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.write(part)
    seconds = time.monotonic() - begun
    (count,) = connection.execute("SELECT count(*) FROM public.bare").fetchone() or (0,)
    return float(count / seconds)
