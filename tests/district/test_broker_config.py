"""The files of `district broker config`, obeyed by a real Mosquitto and tried with another client."""

import csv
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from district import broker_config
from district.embedded import broker as embedded
from district.embedded.ports import free_port
from ingest.registry import Registry
from ingest.topics import RouteSpec
from tests.broker import folder

__all__ = ["folder"]
pytestmark = pytest.mark.broker

REGISTRY = Registry(
    revision=1, districts={}, gateways=frozenset({("d", "gw-1"), ("d", "gw-2")}), devices={}, by_address={}
)  # fmt: skip
ROUTES = (RouteSpec("lora", "application/+/device/{device}/event/+", "chirpstack-v4", "d", "gw-2"),)


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    program = embedded.mosquitto()
    if program is None:
        pytest.skip("Mosquitto is not installed: apt-get install mosquitto")
    number = free_port()
    broker_config.write(folder, REGISTRY, ROUTES, collector="collector", port=number)
    configuration = folder / "mosquitto.conf"
    if os.geteuid() == 0:
        configuration.write_text(configuration.read_text() + "user root\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(configuration)], stdout=log, stderr=log)
    yield number
    process.kill()
    process.wait()


def published(port: int, user: str, password: str, topics: list[str]) -> list[bool]:
    """Whether the broker takes a message of this user on each topic, as an MQTT 5 client sees it."""
    codes: dict[int, ReasonCode] = {}
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"test-{user}", protocol=paho.MQTTv5)
    client.username_pw_set(user, password)
    client.on_publish = lambda _client, _data, mid, code, _properties: codes.__setitem__(mid, code)
    end = time.monotonic() + 10
    while True:
        try:
            client.connect("127.0.0.1", port)
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)
    client.loop_start()
    try:
        sent = [client.publish(topic, b"x", 1).mid for topic in topics]
        while len(codes) < len(sent):
            assert time.monotonic() < end, codes
            time.sleep(0.01)
    finally:
        client.disconnect()
        client.loop_stop()
    return [not codes[mid].is_failure for mid in sent]


def passwords(folder: Path) -> dict[str, str]:
    with (folder / "credentials.csv").open(newline="") as lines:
        return dict(csv.reader(lines))


def test_a_gateway_publishes_below_its_own_id_only(folder: Path, port: int) -> None:
    words = passwords(folder)
    topics = [
        "district/v1/d/gw-1/energy/m", "district/v1/d/gw-2/energy/m", "district/v1-receipt/d/gw-1",
        "application/1/device/a/event/up",
    ]  # fmt: skip
    assert published(port, "d.gw-1", words["d.gw-1"], topics) == [True, False, False, False]
    assert published(port, "d.gw-2", words["d.gw-2"], topics) == [False, True, False, True]
    assert published(port, "collector", words["collector"], topics) == [False, False, True, False]


def test_passwords_given_before_stay_and_only_the_owner_can_read_them(folder: Path) -> None:
    new = broker_config.write(folder, REGISTRY, ROUTES, collector="collector", port=1883)
    assert new == ["collector", "d.gw-1", "d.gw-2"]
    before = passwords(folder)
    assert broker_config.write(folder, REGISTRY, ROUTES, collector="collector", port=1883) == []
    assert passwords(folder) == before
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert before["d.gw-1"] not in (folder / "users").read_text()
