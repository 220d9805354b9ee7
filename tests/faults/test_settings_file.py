"""What the settings file says of the broker reaches it: TLS, name and password, last will."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from ingest.receiver import Tls
from simulators.backlog import Outgoing
from simulators.publish import Broker, Gateway
from tests import certificates
from tests.broker import PASSWORD, USER, MosquittoProcess, folder
from tests.faults.hall import Hall
from tests.faults.plant import Plant, wait_until
from tests.faults.publisher import GATEWAYS, payload, topic

__all__ = ["folder"]
pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("faults")]

#: In the environment they would win over the file.
UNSET = {"DISTRICT_BROKER_PORT": "", "DISTRICT_BROKER_USER": "", "DISTRICT_BROKER_PASSWORD": ""}


@pytest.fixture
def secured(folder: Path) -> Iterator[MosquittoProcess]:
    """A broker that speaks nothing but TLS."""
    process = MosquittoProcess(folder, certificates.make(folder))
    yield process
    process.kill()


@contextmanager
def told(running: Plant, broker: MosquittoProcess, tls: dict[str, object], password: str = PASSWORD) -> Iterator[None]:
    """Collectors that are started in here read this file, and nothing of the broker from the environment."""
    settings = {
        "broker": {
            "port": broker.port, "user": USER, "password": password, "tls": {"enabled": True, **tls},
            "will": {"topic": "district/v1-status/{id}", "payload": "gone"},
        },
        "collector": {"id": "collector-tls"},
    }  # fmt: skip
    with running.settings(yaml.safe_dump(settings), **UNSET):
        before = running.collector
        yield
        running.collector = before


@contextmanager
def listening(broker: MosquittoProcess, tls: Tls) -> Iterator[list[tuple[str, bytes]]]:
    """What is said of collectors."""
    heard: list[tuple[str, bytes]] = []
    subscribed = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "listener")
    client.tls_set_context(tls.context())
    client.username_pw_set(USER, PASSWORD)
    client.on_message = lambda _c, _d, message: heard.append((message.topic, bytes(message.payload)))
    client.on_connect = lambda client, *_: client.subscribe("district/v1-status/#", qos=1) and None
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert subscribed.wait(10)
    yield heard
    client.disconnect()
    client.loop_stop()


def test_a_collector_speaks_tls_with_a_name_and_leaves_a_will(hall: Hall, secured: MosquittoProcess) -> None:
    running = hall.plant()
    hall.rounds += 1
    start_ms = running.epoch_ms + hall.rounds * 100_000
    tls = Tls(ca_file=secured.folder / "ca.pem")
    with told(running, secured, {"ca_file": str(tls.ca_file)}), listening(secured, tls) as heard:
        connected = running.said("connected to the broker")
        collector = running.start_collector()
        wait_until(lambda: running.said("connected to the broker") > connected, "the collector")
        source = Gateway(Broker(port=secured.port, user=USER, password=PASSWORD, tls=tls), GATEWAYS[0])
        for number in range(1000):
            source.publish(
                Outgoing(
                    GATEWAYS[0], topic(number, GATEWAYS[0], clean=True), payload(number, start_ms, clean=True), 1, 0
                )
            )
        assert source.drain(20)
        source.close()
        wait_until(lambda: running.stored(start_ms, 1000).total() == 1000, "the messages")
        assert heard == []
        collector.kill()
        collector.wait()
        wait_until(lambda: bool(heard), "the will")
        assert heard == [("district/v1-status/collector-tls", b"gone")]


@pytest.mark.parametrize(
    ("tls", "password", "words"),
    [
        ({}, PASSWORD, "name the authority that signed it in broker.tls.ca_file"),
        ({"ca_file": "missing.pem"}, PASSWORD, "TLS files missing.pem: expected readable PEM files"),
        ({"insecure": True}, "guessed", "refuses client 'collector-tls' as user 'district'"),
    ],
    ids=["no authority", "no file", "insecure, wrong password"],
)
def test_a_collector_that_cannot_get_in_ends_and_says_what_to_change(
    hall: Hall, secured: MosquittoProcess, tls: dict[str, object], password: str, words: str
) -> None:
    running = hall.plant()
    before = running.said(words)
    with told(running, secured, tls, password):
        assert running.start_collector().wait(20) == 1
    assert running.said(words) == before + 1
