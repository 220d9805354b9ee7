"""The MQTT 5 receiver against a scripted broker: packets cut anywhere, and a broker that does not read."""

import socket
import threading
from collections.abc import Callable

import mqtt5
import pytest

from ingest.receiver import BrokerSettings, ConnectionLost, Mqtt5Receiver, SessionTakenOver
from tests.ingest.receiver.test_contract import taken

CONNACK = mqtt5.ConnAckPacket(session_present=True).write()
SUBACK = mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]).write()


def publish(number: int, payload: bytes | None = None) -> bytes:
    body = payload if payload is not None else b"%d" % number
    return mqtt5.PublishPacket("a/b", body, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number).write()


class Scripted:
    """A broker that answers a CONNECT with bytes of the test's choosing."""

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._script = script
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def receiver(self, **changes: float) -> Mqtt5Receiver:
        port = self._listener.getsockname()[1]
        settings = BrokerSettings(client_id="c", port=port, subscriptions=("a/#",), **changes)  # type: ignore[arg-type]
        return Mqtt5Receiver(settings)

    def close(self) -> None:
        self._thread.join(20)
        self._listener.close()
        assert not self._thread.is_alive()

    def _run(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.recv(4096)
            self._script(connection)


def test_packets_may_be_cut_at_any_byte_and_come_before_the_suback() -> None:
    stream = CONNACK + publish(1) + SUBACK + publish(2, b"") + mqtt5.PingRespPacket().write() + publish(3, b"x" * 200)
    for cut in range(1, len(stream)):
        gate = threading.Event()

        def script(connection: socket.socket, cut: int = cut, gate: threading.Event = gate) -> None:
            connection.sendall(stream[:cut])
            gate.wait(0.002)  # lets the first part be read on its own; the result is the same if it is not
            connection.sendall(stream[cut:])
            while connection.recv(4096):
                pass

        scripted = Scripted(script)
        source = scripted.receiver()
        source._packet_id = 0
        source.connect()
        messages = taken(source, 3)
        assert [(message.packet_id, message.payload) for message in messages] == [(1, b"1"), (2, b""), (3, b"x" * 200)]
        source._drop()
        scripted.close()


def test_a_packet_larger_than_any_buffer_arrives_between_small_ones() -> None:
    large = bytes(range(256)) * 40_000  # 10 MB

    def script(connection: socket.socket) -> None:
        connection.sendall(CONNACK + SUBACK + publish(1) + publish(2, large) + publish(3))
        while connection.recv(4096):
            pass

    scripted = Scripted(script)
    source = scripted.receiver()
    source.connect()
    assert [message.payload for message in taken(source, 3)] == [b"1", large, b"3"]
    source._drop()
    scripted.close()


def test_sending_to_a_broker_that_waits_for_us_to_read_does_not_deadlock() -> None:
    backlog = b"".join(publish(number, b"." * 1000) for number in range(1, 20_001))
    received: list[int] = []

    def script(connection: socket.socket) -> None:
        connection.sendall(CONNACK + SUBACK)
        connection.sendall(backlog)  # 20 MB, and not a byte read before they are gone
        while data := connection.recv(1 << 20):
            received.append(len(data))

    scripted = Scripted(script)
    source = scripted.receiver()
    source.connect()
    for _ in range(20):
        source.publish("a/c", b"." * 1_000_000, qos=0)
    messages = taken(source, 20_000)
    source.acknowledge(messages)
    source._drop()
    scripted.close()
    assert [message.packet_id for message in messages] == list(range(1, 20_001))
    assert sum(received) > 20_000_000 + 4 * 20_000


def test_a_broker_that_never_answers_a_ping_is_given_up() -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(CONNACK + SUBACK)
        while connection.recv(4096):
            pass

    scripted = Scripted(script)
    source = scripted.receiver(keepalive_s=1)
    source.connect()
    with pytest.raises(ConnectionLost, match="silent"):
        source.receive(1, 10.0)
    source.close()
    scripted.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the codec panics at the first
@pytest.mark.parametrize(
    ("unreadable", "topic", "payload"),
    [
        (publish(2).replace(b"a/b", b"\xff\xfe\xfd"), "\udcff\udcfe\udcfd", b"2"),
        (b"\x3a\x0e\0\3a/b\0\2\4\1\1\1\1{}", "a/b", b"{}"),
    ],
    ids=["topic is not UTF-8", "property given twice"],
)
def test_a_message_that_the_codec_cannot_read_arrives_and_can_be_acknowledged(
    unreadable: bytes, topic: str, payload: bytes
) -> None:
    received = bytearray()

    def script(connection: socket.socket) -> None:
        connection.sendall(CONNACK + SUBACK + publish(1) + unreadable + publish(3))
        while data := connection.recv(4096):
            received.extend(data)

    scripted = Scripted(script)
    source = scripted.receiver()
    source.connect()
    messages = taken(source, 3)
    source.acknowledge(messages)
    source.close()
    scripted.close()
    assert [message.packet_id for message in messages] == [1, 2, 3]
    assert messages[1][:2] == (topic, payload)
    assert messages[1].dup == (payload == b"{}")
    assert b"".join(b"\x40\2\0" + bytes([number]) for number in (1, 2, 3)) in received


def test_what_is_no_mqtt_ends_the_connection() -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(CONNACK + b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
        while connection.recv(4096):
            pass

    scripted = Scripted(script)
    source = scripted.receiver()
    with pytest.raises(ConnectionLost, match="malformed"):
        source.connect()
    source._drop()
    scripted.close()


def test_the_first_of_two_processes_with_one_client_id_stops() -> None:
    taken_over = mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER).write()

    def script(connection: socket.socket) -> None:
        connection.sendall(CONNACK + SUBACK + publish(1) + taken_over)

    scripted = Scripted(script)
    source = scripted.receiver()
    with pytest.raises(SessionTakenOver, match="one collector per client id"):
        source.connect()
    scripted.close()
