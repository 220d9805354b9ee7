"""How long the questions take that people ask of a large district, beside a bare SELECT over the same rows.

Devices, their rolled-up hours and one hour of readings are made by SQL in a database of their own: on an embedded
PostgreSQL in a temporary folder, or on a server that is named (TimescaleDB, say). Each question is asked once, cold
caches of the connection included.
"""

import shutil
import socket
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from uuid import uuid4

import psycopg
import uvicorn
from psycopg import ClientCursor

from district import migrate
from district.bench import POSTGRES
from district.embedded import postgres
from district.http import application
from metrics import refresh, values, zones
from scoring import evidence

DISTRICT, ZONE = "bench", "Asia/Shanghai"
#: An item with measured figures.
ITEM = "2.2.5.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How long one question took."""

    question: str
    seconds: float
    #: what it should take at most with 10,000 devices [s]; None: no goal, shown for comparison
    goal_s: float | None = None


def query(devices: int, days: int, interval_s: int, address: str | None = None) -> Iterator[Answer]:
    """Yields how long each question took.

    Args:
        devices: registered ones, each with one datastream.
        days: of rolled-up history.
        interval_s: between two readings of a device [s].
        address: of a server; a database is made on it and dropped. None: an embedded one.
    """
    with _database(address) as database, psycopg.connect(database) as connection:
        stop = zones.midnight(ZONE, datetime.now(UTC).date() - timedelta(days=1))
        yield Answer(
            question=f"made by SQL: {devices:,} devices, {days} days of hours",
            seconds=_took(lambda: _make(connection, devices, days, interval_s, stop)),
        )
        start = stop - timedelta(days=30)
        bare = "SELECT count(*), sum(covered_us), sum(slots) FROM metrics.hour WHERE hour >= %s AND hour < %s"
        yield Answer(
            question="bare SELECT over the hours of 30 days",
            seconds=_took(lambda: connection.execute(bare, (start, stop)).fetchone()),
        )
        yield Answer(
            question="evidence for all items",
            seconds=_took(lambda: evidence.assess(connection, DISTRICT, stop + timedelta(minutes=5))),
            goal_s=10,
        )
        connection.commit()
        yield from _asked(database)
        yield from _rolled(connection, stop)


def _rolled(connection: psycopg.Connection, hour: datetime) -> Iterator[Answer]:
    """One more hour of readings of all devices, rolled up."""
    connection.execute("SELECT ingest.ensure_partition(%s)", (hour,))
    connection.execute(_sql("bench_query_readings.sql"), {"district": DISTRICT, "hour": hour})
    connection.commit()
    row = connection.execute("SELECT count(*) FROM ingest.reading").fetchone()
    assert row is not None
    bare = (
        "SELECT datastream_id, sha256(string_agg(value::text, ' ' ORDER BY time)::bytea) FROM ingest.reading GROUP BY 1"
    )
    yield Answer(
        question=f"bare digests of the {row[0]:,} readings of an hour",
        seconds=_took(lambda: connection.execute(bare).fetchall()),
    )
    connection.commit()
    figures = [0.0]

    def file(_connection: psycopg.Connection, _changed: object) -> None:
        figures[0] = time.perf_counter()

    began = time.perf_counter()
    refresh.refresh(connection, hour + timedelta(hours=1, minutes=5), file=file)
    yield Answer(question="the hour rolled up, with digests", seconds=figures[0] - began, goal_s=5)
    connection.execute(
        "INSERT INTO metrics.due VALUES (%s, %s, %s)", (DISTRICT, hour.date(), hour + timedelta(hours=1))
    )
    yield Answer(
        question="its figures, and those of its day",
        seconds=_took(lambda: values.store_values(connection, [], hour + timedelta(hours=2))),
    )
    connection.rollback()


def _asked(database: str) -> Iterator[Answer]:
    """An item over HTTP; the first request of each kind opens connections and fills caches, the second counts."""
    with _served(database) as base:
        for name, path, goal in (
            ("one item by the API", f"/scoring/v1/districts/{DISTRICT}/items/{ITEM}", 0.1),
            ("one item as a page", f"/districts/{DISTRICT}/items/{ITEM}", 0.3),
        ):

            def ask(path: str = path) -> bytes:
                with urllib.request.urlopen(base + path, timeout=60) as answer:  # noqa: S310 - our own service on loopback
                    return bytes(answer.read())

            ask()
            yield Answer(question=name, seconds=_took(ask), goal_s=goal)


def _make(connection: psycopg.Connection, devices: int, days: int, interval_s: int, stop: datetime) -> None:
    zones.fill(connection, [ZONE])
    with ClientCursor(connection) as cursor:  # several statements in one message take client-side binding
        cursor.execute(
            _sql("bench_query.sql"),
            {"district": DISTRICT, "devices": devices, "hours": days * 24, "stop": stop, "interval_s": interval_s},
        )
    connection.commit()
    connection.execute("ANALYZE")
    connection.commit()


@contextmanager
def _database(address: str | None) -> Iterator[str]:
    """Address of a migrated database of its own."""
    if address is None:
        folder = Path(tempfile.mkdtemp(prefix="district-bench-"))
        folder.chmod(0o755)
        try:
            server = postgres.start(folder / "postgresql", options=POSTGRES)
            try:
                with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
                    connection.execute("CREATE DATABASE district")
                migrate.migrate(server.dsn())
                yield server.dsn()
            finally:
                server.stop("immediate")
        finally:
            shutil.rmtree(folder)
        return
    name = f"bench_{uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            database = psycopg.conninfo.make_conninfo(address, dbname=name)
            migrate.migrate(database)
            yield database
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _served(database: str) -> Iterator[str]:
    """Address of the HTTP service over `database`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(application(database), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


def _took(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def _sql(name: str) -> bytes:
    return resources.files("district").joinpath(name).read_bytes()
