"""PostgreSQL, Mosquitto and a collector as processes of their own, to be killed and started again."""

import json
import logging
import mmap
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from district import migrate
from district.cli.collect import STAGES
from district.embedded import postgres
from ingest import catalogue
from ingest.seal import pair
from tests.broker import PASSWORD, USER, MosquittoProcess
from tests.faults.publisher import DEVICES, DISTRICT, GATEWAYS
from tests.faults.wire import Wire

logger = logging.getLogger(__name__)
#: What of a bad message cannot be redacted is sealed; a test opens it.
KEYS = pair()
#: The client id of the collector, and of whoever takes its session.
COLLECTOR = "collector-0"
KEEPALIVE_S = 5
#: How far back the messages of the rounds begin [s]: within the limit of 30 days that clocks have.
EPOCH_S = 25 * 86_400
#: COMMIT waits for an advisory lock that a test may hold, as it would wait for a slow disk or a replica.
COMMIT_LOCK = 4711
SLOW_COMMIT = f"""
CREATE FUNCTION public.wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared({COMMIT_LOCK}); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON ingest.batch DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.wait_at_commit();
"""


class Plant:
    """One of each, with the settings a production machine has: fsync on, the shipped configuration of the broker.

    `wired`: between broker and collector is a wire that can be cut.
    """

    def __init__(self, folder: Path, batch_messages: int = 1_000, *, wired: bool = False) -> None:
        self.folder = folder
        self.server = postgres.start(folder / "postgresql")
        with psycopg.connect(self.server.dsn("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE district")
        migrate.migrate(self.server.dsn())
        with psycopg.connect(self.server.dsn()) as connection:
            catalogue.apply(connection, catalogue_file(folder), now=datetime.now(UTC), who="test")
            connection.execute(SLOW_COMMIT)
        (folder / "broker").mkdir(mode=0o700)
        self.broker = MosquittoProcess(folder / "broker")
        #: the times of a round's messages count from here [ms since 1970 UTC]
        self.epoch_ms = int(time.time() * 1000) - EPOCH_S * 1000
        #: a collector that is not wired does without
        self.wire = Wire(self.broker.port)
        self.stage_file = folder / "stage"
        self.stage_file.write_bytes(bytes(8))
        settings = folder / "settings.yaml"
        # The shortest keepalive that may be set, so that a silent link is noticed while somebody waits for it.
        settings.write_text(
            f"collector: {{id: {COLLECTOR}, batch_messages: {batch_messages}, batch_age_ms: 200}}\n"
            f"broker: {{keepalive_s: {KEEPALIVE_S}}}\n"
        )
        port = self.wire.port if wired else self.broker.port
        self.environment = {
            **os.environ, "DISTRICT_CONFIG": str(settings), "DISTRICT_DATABASE_URL": self.server.dsn(),
            "DISTRICT_BROKER_PORT": str(port), "DISTRICT_BROKER_USER": USER, "DISTRICT_BROKER_PASSWORD": PASSWORD,
            "DISTRICT_QUARANTINE_PUBLIC_KEY": KEYS.public,
        }  # fmt: skip
        self.collector: subprocess.Popen[bytes] | None = None
        self._collectors: list[subprocess.Popen[bytes]] = []

    def start_collector(self) -> subprocess.Popen[bytes]:
        """Start a collector process; from now on `collector` is this one."""
        with self.stage_file.open("r+b") as file:
            file.write(bytes(8))
        with (self.folder / "collector.log").open("ab") as log:
            self.collector = subprocess.Popen(
                [sys.executable, "-m", "district", "--verbose", "collect", "--stage-file", str(self.stage_file)],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._collectors.append(self.collector)
        return self.collector

    @contextmanager
    def settings(self, text: str, **environment: str) -> Iterator[None]:
        """Collectors started in here read other settings; an empty variable says nothing."""
        file = self.folder / "other.yaml"
        file.write_text(text, encoding="utf-8")
        before = self.environment
        self.environment = {**before, "DISTRICT_CONFIG": str(file), **environment}
        try:
            yield
        finally:
            self.environment = before

    @contextmanager
    def stage(self) -> Iterator[Callable[[], tuple[str, int]]]:
        """Reads where the collector stands: stage, messages in hand."""
        with self.stage_file.open("rb") as file, mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ) as memory:

            def read() -> tuple[str, int]:
                number, messages = struct.unpack_from("<ii", memory)
                return STAGES[number], messages

            yield read

    def signal(self, number: signal.Signals) -> None:
        assert self.collector is not None
        assert self.collector.poll() is None, self.log()
        self.collector.send_signal(number)

    def freeze(self) -> None:
        """SIGSTOP, and wait until it has taken effect: what is read now stays true."""
        self.signal(signal.SIGSTOP)
        assert self.collector is not None
        state = Path(f"/proc/{self.collector.pid}/stat")
        while state.read_text().rpartition(")")[2].split()[0] != "T":
            pass

    def kill_collector(self) -> None:
        assert self.collector is not None
        self.collector.kill()
        self.collector.wait()

    def stop(self) -> None:
        for collector in self._collectors:
            collector.kill()
            collector.wait()
        self.wire.close()
        self.broker.kill()
        self.server.stop("immediate")

    def stored(self, start_ms: int, messages: int) -> Counter[int]:
        """How often each message of a publisher that began at `start_ms` is stored."""
        with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
            rows = connection.execute(
                "SELECT value FROM ingest.reading WHERE time >= to_timestamp(%s) AND time < to_timestamp(%s)",
                (start_ms / 1000, (start_ms + messages) / 1000),
            ).fetchall()
        return Counter(int(value) for (value,) in rows)

    def said(self, words: str) -> int:
        """How often the collectors have said something."""
        return (self.folder / "collector.log").read_text().count(words)

    def log(self) -> str:
        return (self.folder / "collector.log").read_text()[-3000:]


@contextmanager
def plant(batch_messages: int = 1_000, *, wired: bool = False) -> Iterator[Plant]:
    """A plant in a temporary folder, through which PostgreSQL's user can pass."""
    folder = Path(tempfile.mkdtemp(prefix="district-faults-"))
    folder.chmod(0o755)
    try:
        running = Plant(folder, batch_messages, wired=wired)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder)


def catalogue_file(folder: Path) -> Path:
    """A district of `DEVICES` counters behind two gateways."""
    document = {
        "district": {"id": DISTRICT, "name": {"zh": "故障", "en": "Faults"}, "zone": "Asia/Shanghai"},
        "spaces": [{"id": "hall", "name": {"zh": "大厅", "en": "Hall"}, "usable_area_m2": 100}],
        "gateways": [{"id": name} for name in GATEWAYS],
        "devices": [
            {"id": f"dev{n}", "feed": "foot_traffic", "space": "hall", "interval": "60s"} for n in range(DEVICES)
        ],
    }  # fmt: skip
    path = folder / "district.yaml"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Poll a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.01)
