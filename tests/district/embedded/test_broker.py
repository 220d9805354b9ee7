"""The embedded brokers: one interface, a folder of their own, and what each keeps over a restart."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from district.embedded import broker as embedded
from district.embedded.broker import Broker
from ingest.receiver import BrokerSettings, Receiver, ReceiverError, receiver
from tests.broker import folder
from tests.ingest.receiver.test_contract import payloads, taken

__all__ = ["folder"]
pytestmark = pytest.mark.broker


@pytest.fixture(params=["mosquitto", "amqtt"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "amqtt":
        monkeypatch.setattr(embedded, "mosquitto", lambda: None)
    return str(request.param)


@pytest.fixture
def running(kind: str, folder: Path) -> Iterator[Broker]:
    broker = embedded.start(folder)
    yield broker
    broker.stop()


def session(broker: Broker, client_id: str = "collector-0", **changes: str | None) -> Receiver:
    settings = BrokerSettings(
        client_id=client_id, port=broker.port, user=changes.get("user", broker.user),
        password=changes.get("password", broker.password), subscriptions=("district/v1/#",),
    )  # fmt: skip
    return receiver(broker.receiver, settings)


def test_a_message_goes_through_the_broker_that_was_started(running: Broker, kind: str) -> None:
    assert running.kind == kind
    source, sender = session(running), session(running, "sender")
    source.connect()
    sender.connect()
    sender.publish("district/v1/a", b"1")
    messages = taken(source, 1)
    source.acknowledge(messages)
    assert payloads(messages) == [b"1"]
    source.close()
    sender.close()


def test_a_session_waits_for_its_collector(running: Broker) -> None:
    source, sender = session(running), session(running, "sender")
    source.connect()
    source.close()
    sender.connect()
    for number in range(20):
        sender.publish("district/v1/a", b"%d" % number)
    sender.receive(1, 0.3)
    sender.close()
    source.connect()
    messages = taken(source, 20)
    source.acknowledge(messages)
    assert payloads(messages) == [b"%d" % number for number in range(20)]
    source.close()


@pytest.mark.parametrize(("user", "password"), [(None, None), ("district", "guess"), ("stranger", "guess")])
def test_nobody_enters_without_the_password(running: Broker, user: str | None, password: str | None) -> None:
    with pytest.raises(ReceiverError):
        session(running, user=user, password=password).connect()


def test_the_password_and_the_sessions_can_be_read_by_the_owner_only(folder: Path) -> None:
    broker = embedded.start(folder / "made" / "by us")
    broker.stop()
    for path in (folder / "made" / "by us", folder / "made" / "by us" / "password"):
        assert path.stat().st_mode & 0o077 == 0


def test_it_listens_on_loopback_only(running: Broker) -> None:
    table = subprocess.run(["cat", f"/proc/{running.process.pid}/net/tcp"], capture_output=True, text=True, check=True)
    listening = [line.split()[1] for line in table.stdout.splitlines() if line.split()[3] == "0A"]
    mine = [address for address in listening if address.endswith(f":{running.port:04X}")]
    assert mine == [f"0100007F:{running.port:04X}"]


def test_a_second_start_goes_on_with_the_same_sessions(folder: Path) -> None:
    first = embedded.start(folder)
    source, sender = session(first), session(first, "sender")
    source.connect()
    source.close()
    sender.connect()
    sender.publish("district/v1/a", b"kept")
    sender.receive(1, 0.3)
    sender.close()
    first.stop()
    second = embedded.start(folder, port=first.port)
    assert (second.password, second.port) == (first.password, first.port)
    source.connect()
    assert payloads(taken(source, 1)) == [b"kept"]
    source.close()
    second.stop()


def test_a_broker_that_outlived_its_owner_is_stopped_before_another_starts(folder: Path) -> None:
    first = embedded.start(folder)
    source = session(first)
    source.connect()
    source.close()
    second = embedded.start(folder)
    assert first.process.wait(1) == 0
    again = session(second)
    again.connect()
    assert again.session_present
    again.close()
    second.stop()


def test_a_process_that_only_inherited_the_number_is_left_alone(folder: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (folder / "broker.pid").write_text(str(stranger.pid))
        broker = embedded.start(folder)
        assert stranger.poll() is None
        stranger.kill()
    broker.stop()


def test_another_port_is_taken_when_the_wanted_one_is_in_use(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        wanted = occupied.getsockname()[1]
        broker = embedded.start(folder, port=wanted)
        assert broker.port != wanted
        broker.stop()


def test_a_broker_that_cannot_start_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "shipped_configuration", lambda: "no_such_option true\n")
    with pytest.raises(embedded.BrokerError, match="no_such_option"):
        embedded.start(folder)
