"""What both receivers promise, on a real Mosquitto."""

import gc
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.model import Message
from ingest.receiver import RECEIVERS, BrokerSettings, ConnectionLost, Receiver, ReceiverError, Tls, receiver
from tests import certificates
from tests.broker import PASSWORD, USER, MosquittoProcess, RecordingProxy, broker, folder

__all__ = ["broker", "folder"]
pytestmark = pytest.mark.broker

TOPIC = "district/v1/lakeside/gw-north/parking/p1"
Connect = Callable[..., Receiver]


@pytest.fixture(params=sorted(RECEIVERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def new(kind: str, broker: MosquittoProcess) -> Iterator[Connect]:
    """Makes receivers of the kind under test, and closes them."""
    made: list[Receiver] = []

    def make(**changes: object) -> Receiver:
        settings: dict[str, object] = {
            "client_id": "collector-0", "port": broker.port, "user": USER, "password": PASSWORD,
            "subscriptions": ("district/v1/#",), "connect_timeout_s": 5.0,
        } | changes  # fmt: skip
        made.append(receiver(kind, BrokerSettings(**settings)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


def taken(source: Receiver, count: int) -> list[Message]:
    """`count` messages, however many calls it takes."""
    messages: list[Message] = []
    deadline = time.monotonic() + 20
    while len(messages) < count:
        assert time.monotonic() < deadline, f"{len(messages)} of {count} messages came"
        messages += source.receive(count - len(messages), 0.2)
    return messages


def numbers(count: int, start: int = 0) -> list[bytes]:
    return [str(number).encode() for number in range(start, start + count)]


def payloads(messages: list[Message]) -> list[bytes]:
    return [message.payload for message in messages]


def lost(source: Receiver) -> ConnectionLost:
    """Receive until the loss of the connection is reported."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            source.receive(100, 0.1)
        except ConnectionLost as error:
            return error
    raise AssertionError("the loss was never reported")


def test_a_message_arrives_as_it_was_published(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    before = time.time_ns() // 1000
    broker.publish(TOPIC, [b"\x00\xff{}"])
    (message,) = taken(source, 1)
    assert message[:2] == (TOPIC, b"\x00\xff{}")
    assert (message.qos, message.retain, message.dup) == (1, False, False)
    assert message.packet_id > 0
    assert before <= message.received_at <= time.time_ns() // 1000


def test_times_of_receipt_increase_strictly(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    broker.publish(TOPIC, numbers(2000))
    times = [message.received_at for message in taken(source, 2000)]
    assert all(earlier < later for earlier, later in pairwise(times))


def test_receive_keeps_its_limit_and_the_order(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    broker.publish(TOPIC, numbers(100))
    got: list[bytes] = []
    while len(got) < 100:
        batch = source.receive(7, 1.0)
        assert 0 < len(batch) <= 7
        got += payloads(batch)
    assert got == numbers(100)
    assert source.receive(7, 0.0) == []


def test_a_retained_message_is_marked_and_comes_once_per_session(broker: MosquittoProcess, new: Connect) -> None:
    broker.publish(TOPIC, [b"old"], retain=True)
    source = new()
    source.connect()
    (message,) = taken(source, 1)
    assert message.retain
    broker.publish(TOPIC, [b"new"], retain=True)
    (message,) = taken(source, 1)
    assert not message.retain, "a live message is not a snapshot"


def test_what_was_not_acknowledged_comes_again_after_a_reconnect(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    broker.publish(TOPIC, numbers(10))
    source.acknowledge(taken(source, 10)[:4])
    source.close()
    source.connect()
    assert source.session_present
    assert source.generation == 2
    again = taken(source, 6)
    assert payloads(again) == numbers(6, start=4)
    assert all(message.dup for message in again)
    assert source.receive(10, 0.3) == []


def test_what_was_acknowledged_does_not_come_again(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    broker.publish(TOPIC, numbers(500))
    source.acknowledge(taken(source, 500))
    source.close()
    source.connect()
    assert source.receive(10, 0.5) == []


def test_messages_wait_for_a_collector_that_is_away(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    source.close()
    broker.publish(TOPIC, numbers(3000))
    source.connect()
    assert payloads(taken(source, 3000)) == numbers(3000)


def test_acknowledging_messages_of_an_earlier_connection_does_nothing(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    broker.publish(TOPIC, numbers(5))
    old = taken(source, 5)
    source.connect()
    taken(source, 5)
    source.acknowledge(old)
    source.connect()
    assert payloads(taken(source, 5)) == numbers(5)


def test_no_stale_acknowledgement_after_the_session_is_lost(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    broker.publish(TOPIC, numbers(5))
    old = taken(source, 5)
    broker.kill()
    broker.forget()
    broker.start()
    lost(source)
    source.connect()
    assert not source.session_present
    broker.publish(TOPIC, numbers(5, start=100))
    fresh = taken(source, 5)
    assert [message.packet_id for message in fresh] == [message.packet_id for message in old], "the hazard is there"
    source.acknowledge(old)
    source.connect()
    assert payloads(taken(source, 5)) == numbers(5, start=100)


def test_the_subscription_is_renewed_after_a_restart_of_the_broker(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    broker.stop()
    broker.forget()
    broker.start()
    lost(source)
    source.connect()
    broker.publish(TOPIC, [b"after"])
    assert payloads(taken(source, 1)) == [b"after"]


def test_a_subscription_that_a_kept_session_lost_is_renewed(broker: MosquittoProcess, new: Connect) -> None:
    # Mosquitto before 2.0.12 keeps a session over a restart, but not its shared subscriptions.
    source = new(subscriptions=("$share/collectors/district/v1/#",))
    source.connect()
    broker.stop()
    broker.start()
    lost(source)
    source.connect()
    assert source.session_present
    broker.publish(TOPIC, [b"after"])
    assert payloads(taken(source, 1)) == [b"after"]


def test_the_broker_keeps_the_backlog_over_a_restart(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    source.close()
    broker.publish(TOPIC, numbers(2500))
    broker.stop()
    broker.start()
    source.connect()
    assert payloads(taken(source, 2500)) == numbers(2500)


def test_acknowledgements_leave_in_the_order_of_receipt(broker: MosquittoProcess, new: Connect) -> None:
    proxy = RecordingProxy(broker.port)
    source = new(port=proxy.port)
    source.connect()
    broker.publish(TOPIC, numbers(300))
    messages = taken(source, 300)
    start = len(proxy.sent)
    source.acknowledge(messages[:100])
    source.acknowledge(messages[100:])
    expected = b"".join(b"\x40\x02" + message.packet_id.to_bytes(2, "big") for message in messages)
    deadline = time.monotonic() + 10
    while len(proxy.sent) < start + len(expected) and time.monotonic() < deadline:
        source.tick()
    assert bytes(proxy.sent[start:]) == expected
    source.close()
    proxy.close()


def test_nothing_is_lost_when_nobody_receives_for_a_while(broker: MosquittoProcess, new: Connect) -> None:
    source = new()
    source.connect()
    sent = [number + b" " * 4000 for number in numbers(4000)]
    broker.publish(TOPIC, sent)
    for _ in range(200):
        source.tick()
    messages = taken(source, 4000)
    source.acknowledge(messages)
    assert payloads(messages) == sent


PINGREQ = b"\xc0\x00"


def test_ticks_keep_an_idle_connection_alive(broker: MosquittoProcess, new: Connect) -> None:
    proxy = RecordingProxy(broker.port)
    source = new(port=proxy.port, keepalive_s=1)
    source.connect()
    deadline = time.monotonic() + 10
    while proxy.sent.count(PINGREQ) < 3:
        assert time.monotonic() < deadline
        source.tick()
        time.sleep(0.02)
    broker.publish(TOPIC, [b"still here"])
    assert payloads(taken(source, 1)) == [b"still here"]
    source.close()
    proxy.close()


def test_waiting_in_receive_keeps_an_idle_connection_alive(broker: MosquittoProcess, new: Connect) -> None:
    proxy = RecordingProxy(broker.port)
    source = new(port=proxy.port, keepalive_s=1)
    source.connect()
    assert source.receive(1, 2.5) == []
    assert proxy.sent.count(PINGREQ) >= 2
    broker.publish(TOPIC, [b"still here"])
    assert payloads(taken(source, 1)) == [b"still here"]
    source.close()
    proxy.close()


def test_a_wrong_password_is_an_error_that_names_the_user(new: Connect) -> None:
    with pytest.raises(ReceiverError, match="refuses client 'collector-0' as user 'district'") as caught:
        new(password="wrong").connect()
    assert not isinstance(caught.value, ConnectionLost)
    assert "wrong" not in str(caught.value)


def test_a_broker_that_is_not_there_is_a_lost_connection(broker: MosquittoProcess, new: Connect) -> None:
    broker.stop()
    source = new()
    with pytest.raises(ConnectionLost, match=f"127.0.0.1:{broker.port}"):
        source.connect()
    with pytest.raises(ConnectionLost):
        source.receive(1, 0.0)
    broker.start()
    source.connect()


def test_what_is_published_arrives_also_across_a_reconnect(broker: MosquittoProcess, new: Connect) -> None:
    listener, source = new(client_id="listener", subscriptions=("district/v1-receipt/#",)), new()
    listener.connect()
    source.connect()
    for payload in numbers(50):
        source.publish("district/v1-receipt/lakeside/gw-north", payload)
    source.receive(1, 0.2)
    assert payloads(taken(listener, 50)) == numbers(50)
    source.close()
    source.publish("district/v1-receipt/lakeside/gw-north", b"later")
    source.connect()
    assert payloads(taken(listener, 1)) == [b"later"]
    source.publish("district/v1-receipt/lakeside/gw-north", b"heartbeat", qos=0)
    assert payloads(taken(listener, 1)) == [b"heartbeat"]


def test_the_last_will_is_published_when_the_process_dies(broker: MosquittoProcess, new: Connect, kind: str) -> None:
    listener = new(client_id="listener", subscriptions=("district/v1-status/#",))
    listener.connect()
    program = f"""
from ingest.receiver import BrokerSettings, receiver
source = receiver({kind!r}, BrokerSettings(client_id="collector-1", port={broker.port}, user={USER!r},
    password={PASSWORD!r}, will_topic="district/v1-status/collector-1", will_payload=b"gone"))
source.connect()
print("connected", flush=True)
source.receive(1, 60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"connected\n"
        process.kill()
    assert payloads(taken(listener, 1)) == [b"gone"]


def test_a_goodbye_publishes_no_will(new: Connect) -> None:
    listener = new(client_id="listener", subscriptions=("district/v1-status/#",))
    listener.connect()
    source = new(will_topic="district/v1-status/collector-0", will_payload=b"gone")
    source.connect()
    source.close()
    assert listener.receive(1, 0.5) == []


def test_tls_with_an_authority_of_our_own(folder: Path, kind: str) -> None:
    process = MosquittoProcess(folder, certificates.make(folder))

    def with_tls(tls: Tls) -> Receiver:
        settings = BrokerSettings(
            client_id="collector-0", port=process.port, user=USER, password=PASSWORD, tls=tls, subscriptions=("a/#",)
        )
        return receiver(kind, settings)

    try:
        source = with_tls(Tls(ca_file=folder / "ca.pem"))
        source.connect()
        for number in numbers(200):
            source.publish("a/b", number + b"." * 3000)
        assert [payload.strip(b".") for payload in payloads(taken(source, 200))] == numbers(200)
        source.close()
        with pytest.raises(ReceiverError, match=r"certificate is not accepted.*broker\.tls\.ca_file") as caught:
            with_tls(Tls()).connect()
        assert not isinstance(caught.value, ConnectionLost)
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            del caught
            gc.collect()  # paho leaves the socket of a failed handshake to the collector
        with pytest.raises(ReceiverError, match=r"missing\.pem"):
            with_tls(Tls(ca_file=folder / "missing.pem")).connect()
        careless = with_tls(Tls(insecure=True))
        careless.connect()
        careless.close()
    finally:
        process.kill()


@pytest.mark.parametrize(
    "client_id", ["", "9f1c2d3e-1b2c-4d5e-8f90-0123456789ab", "col-9f1c2d3e1b2c4d5e8f900123456789ab"]
)
def test_a_client_id_that_changes_at_every_start_is_refused(client_id: str) -> None:
    with pytest.raises(ReceiverError, match="expected a fixed name like 'collector-0'"):
        BrokerSettings(client_id=client_id)
