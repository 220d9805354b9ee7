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
from tests.faults.publisher import DEVICES, DISTRICT, GATEWAY

logger = logging.getLogger(__name__)
#: What of a bad message cannot be redacted is sealed; a test opens it.
KEYS = pair()


class Plant:
    """One of each, with the settings a production machine has: fsync on, the shipped configuration of the broker."""

    def __init__(self, folder: Path, batch_messages: int = 1_000) -> None:
        self.folder = folder
        self.server = postgres.start(folder / "postgresql")
        with psycopg.connect(self.server.dsn("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE district")
        migrate.migrate(self.server.dsn())
        with psycopg.connect(self.server.dsn()) as connection:
            catalogue.apply(connection, catalogue_file(folder), now=datetime.now(UTC), who="test")
        (folder / "broker").mkdir(mode=0o700)
        self.broker = MosquittoProcess(folder / "broker")
        self.stage_file = folder / "stage"
        self.stage_file.write_bytes(bytes(8))
        settings = folder / "settings.yaml"
        settings.write_text(f"collector: {{id: collector-0, batch_messages: {batch_messages}, batch_age_ms: 200}}\n")
        self.environment = {
            **os.environ, "DISTRICT_CONFIG": str(settings), "DISTRICT_DATABASE_URL": self.server.dsn(),
            "DISTRICT_BROKER_PORT": str(self.broker.port), "DISTRICT_BROKER_USER": USER, "DISTRICT_BROKER_PASSWORD": PASSWORD,
            "DISTRICT_QUARANTINE_PUBLIC_KEY": KEYS.public,
        }  # fmt: skip
        self.collector: subprocess.Popen[bytes] | None = None

    def start_collector(self) -> None:
        with self.stage_file.open("r+b") as file:
            file.write(bytes(8))
        with (self.folder / "collector.log").open("ab") as log:
            self.collector = subprocess.Popen(
                [sys.executable, "-m", "district", "--verbose", "collect", "--stage-file", str(self.stage_file)],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

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
        if self.collector is not None and self.collector.poll() is None:
            self.kill_collector()
        self.broker.kill()
        self.server.stop("immediate")

    def log(self) -> str:
        return (self.folder / "collector.log").read_text()[-3000:]


@contextmanager
def plant(batch_messages: int = 1_000) -> Iterator[Plant]:
    """A plant in a temporary folder, through which PostgreSQL's user can pass."""
    folder = Path(tempfile.mkdtemp(prefix="district-faults-"))
    folder.chmod(0o755)
    try:
        running = Plant(folder, batch_messages)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder)


def catalogue_file(folder: Path) -> Path:
    """A district of `DEVICES` counters behind one gateway."""
    document = {
        "district": {"id": DISTRICT, "name": {"zh": "故障", "en": "Faults"}, "zone": "Asia/Shanghai"},
        "spaces": [{"id": "hall", "name": {"zh": "大厅", "en": "Hall"}, "usable_area_m2": 100}],
        "gateways": [{"id": GATEWAY}],
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
