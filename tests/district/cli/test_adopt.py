"""From strangers in quarantine to readings in their true time, through the commands, a collector process and a broker."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from district.cli.catalogue import app as catalogue_app
from district.cli.ingest import ledger
from district.cli.quarantine import app as quarantine_app
from ingest.seal import pair
from ingest.yaml_document import value_of
from tests.broker import PASSWORD, USER, MosquittoProcess, broker, folder

__all__ = ["broker", "folder"]

CATALOGUE = """\
district: {id: d, name: {zh: 区, en: D}, zone: Asia/Shanghai}
spaces: [{id: hall, name: {zh: 厅, en: Hall}}, {id: yard, name: {zh: 院, en: Yard}}]
gateways: [{id: gw}, {id: lora}]
devices: [{id: door-1, feed: foot_traffic, space: hall, interval: 60s}]
"""
SETTINGS = """\
routes:
  - {name: lorawan, topic: "application/+/device/{device}/event/+", format: chirpstack-v4, district: d, gateway: lora}
"""
PROFILE = """\
id: acme-hall-9
title: Acme Hall 9
formats: [lorawan]
match: [[t_celsius, humi]]
keys: {t_celsius: {quantity: env.temperature, unit: Cel}, humi: {quantity: env.humidity, unit: "%"}}
"""
KEYS = pair()
COUNTER, CLIMATE = "24e124136a000001", "24e1641000000002"


class Desk:
    """An operator's terminal beside a broker and a collector."""

    def __init__(self, folder: Path, database: str, broker: MosquittoProcess) -> None:
        self.folder, self.broker = folder, broker
        (folder / "profiles").mkdir()
        (folder / "profiles" / "acme-hall-9.yaml").write_text(PROFILE, encoding="utf-8")
        (folder / "settings.yaml").write_text(f"{SETTINGS}profiles: {folder / 'profiles'}\n", encoding="utf-8")
        (folder / "district.yaml").write_text(CATALOGUE, encoding="utf-8")
        (folder / "private.key").write_text(KEYS.private, encoding="ascii")
        self.environment = {
            "DISTRICT_CONFIG": str(folder / "settings.yaml"), "DISTRICT_DATABASE_URL": database,
            "DISTRICT_BROKER_PORT": str(broker.port), "DISTRICT_BROKER_USER": USER,
            "DISTRICT_BROKER_PASSWORD": PASSWORD, "DISTRICT_QUARANTINE_PUBLIC_KEY": KEYS.public, "COLUMNS": "200",
        }  # fmt: skip
        self.terminal = CliRunner(env=self.environment)

    def catalogue(self, *words: str) -> str:
        result = self.terminal.invoke(catalogue_app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    def replay(self, *words: str) -> str:
        key = ("--private-key", str(self.folder / "private.key"))
        return self.terminal.invoke(quarantine_app, ["replay", *key, *words], catch_exceptions=False).stdout.strip()

    def publish_uplinks(self, device: str, stamps: list[datetime], values: dict[str, object]) -> None:
        uplinks = [
            json.dumps({"time": at.isoformat(), "deviceInfo": {"devEui": device}, "object": values}).encode()
            for at in stamps
        ]
        self.broker.publish(f"application/a1/device/{device}/event/up", uplinks)


@pytest.fixture
def desk(tmp_path: Path, database: str, broker: MosquittoProcess) -> Iterator[Desk]:
    made = Desk(tmp_path, database, broker)
    made.catalogue("apply", str(tmp_path / "district.yaml"))
    log = (tmp_path / "collector.log").open("wb")
    collector = subprocess.Popen(
        [sys.executable, "-m", "district", "--verbose", "collect"], env={**os.environ, **made.environment},
        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while b"connected to the broker" not in (tmp_path / "collector.log").read_bytes():
        assert collector.poll() is None, (tmp_path / "collector.log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield made
    collector.terminate()
    assert collector.wait(20) == 0
    log.close()


def rows(database: str) -> list[tuple[str, str, datetime, float]]:
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT device, quantity || '.' || channel, time, value FROM ingest.readings ORDER BY device, 2, time"
        ).fetchall()


@pytest.mark.broker
def test_strangers_are_proposed_imported_and_what_they_sent_gets_its_true_time(desk: Desk, database: str) -> None:
    noon = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2)
    minutes = [noon + timedelta(minutes=10 * n) for n in range(4)]
    desk.broker.publish(
        "district/v1/d/gw/foot_traffic/door-2",
        [json.dumps({"ts": at.isoformat(), "values": {"people_in": n}}).encode() for n, at in enumerate(minutes)],
    )
    desk.publish_uplinks(COUNTER, minutes, {"line_1_total_in": 12, "line_1_total_out": 9})
    desk.publish_uplinks(CLIMATE, minutes[:2], {"t_celsius": 21.5, "humi": 40})
    with psycopg.connect(database, autocommit=True) as connection:
        deadline = time.monotonic() + 20
        while connection.execute("SELECT count(*) FROM ingest.quarantine").fetchone() != (10,):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    proposal = desk.folder / "adopted.yaml"
    key = str(desk.folder / "private.key")
    proposal.write_text(desk.catalogue("adopt", "--space", "hall", "--private-key", key), encoding="utf-8")
    hour = f"{noon.astimezone(UTC) + timedelta(hours=8):%Y-%m-%dT%H:00:00}+08:00"
    text = proposal.read_text(encoding="utf-8")
    door, counter, climate = value_of(text, proposal.name)["devices"]
    assert counter == {
        "id": COUNTER, "feed": "foot_traffic", "space": "hall", "interval": "10min", "profile": "milesight-vs133",
        "since": hour, "addresses": [{"route": "lorawan", "address": COUNTER}],
    }  # fmt: skip
    assert (climate["feed"], climate["profile"], climate["interval"]) == ("air_quality", "acme-hall-9", "fill-in")
    assert door == {"id": "door-2", "feed": "foot_traffic", "space": "hall", "interval": "10min", "since": hour}

    # A proposal that nobody completed is refused, with the place and a good value.
    refused = desk.terminal.invoke(catalogue_app, ["import", str(proposal)])
    assert "$.devices[2].interval: expected a duration like 60s or 5min, got 'fill-in'" in str(refused.exception)
    proposal.write_text(text.replace("interval: fill-in", "interval: 10min"), encoding="utf-8")
    assert "d: 3 differences, nothing written" in desk.catalogue("import", str(proposal), "--dry-run")
    said = desk.catalogue("import", str(proposal), "--replay", "--private-key", key)
    assert "d: 3 differences recorded as revision 2\n10 replayed, 0 refused again" in said

    stored = rows(database)
    assert [(device, what, at) for device, what, at, _ in stored] == [
        *((COUNTER, f"people.{way}_total.line_1", at) for way in ("in", "out") for at in minutes),
        *((CLIMATE, f"env.{name}.", at) for name in ("humidity", "temperature") for at in minutes[:2]),
        *(("door-2", "people.in.", at) for at in minutes),
    ]
    assert desk.replay() == "0 replayed, 0 refused again"
    with psycopg.connect(database) as connection:
        numbers = [str(number) for (number,) in connection.execute("SELECT id FROM ingest.quarantine ORDER BY id")]
        assert connection.execute("SELECT DISTINCT kind, why FROM ingest.transfer").fetchall() == [
            ("adopt", "imported adopted.yaml")
        ]
    assert desk.replay(*numbers) == "10 replayed, 0 refused again"  # by hand, although none of them waits
    assert rows(database) == stored
    assert "the ledger balances" in check(desk)
    # The file that does not have them leaves them alone.
    assert "d: nothing differs" in desk.catalogue("apply", str(desk.folder / "district.yaml"))


def check(desk: Desk) -> str:
    import typer

    command = typer.Typer()
    command.command()(ledger)
    return desk.terminal.invoke(command, ["--check"]).stdout
