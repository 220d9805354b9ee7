"""MQTT 3.1.1 over paho-mqtt, for brokers that do not speak MQTT 5.

paho's network loop is called from `receive` and `tick`, not from a thread of its own: an exception in a callback cannot
kill anything in silence, and an unread socket is the back-pressure. Callbacks only note what came; none raises.
"""

import contextlib
import logging
import os
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.model import Message
from ingest.receiver.model import GOODBYE_S, BrokerSettings, ConnectionLost, ReceiptClock, ReceiverError

logger = logging.getLogger(__name__)

#: Queue limits while nobody takes messages (a broker waiting for acks stops long before). Our choice.
HIGH_WATER_MESSAGES = 50_000
HIGH_WATER_BYTES = 64 << 20
#: Publishes that wait for the broker at most; paho itself fails past 65,535.
_WAITING_PUBLISHES = 10_000
#: CONNACK codes of 3.1.1 as paho 2 names them, which a later attempt may not meet.
_PASSING = {"Server unavailable", "Server busy", "Unspecified error"}


class PahoReceiver:
    """The `Receiver` for brokers that speak MQTT 3.1.1 only."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.settings = settings
        self.session_present = False
        self.generation = 0
        self._clock = ReceiptClock()
        self._queue: deque[Message] = deque()
        self._queued_bytes = 0
        self._unacknowledged: dict[int, int] = {}  # packet id -> time of receipt, of this connection
        self._connack: ReasonCode | None = None
        self._suback: list[ReasonCode] | None = None
        self._lost: ReceiverError | None = ConnectionLost("not connected: call connect first")
        self._client = self._new_client()

    def connect(self) -> None:
        """See `Receiver.connect`."""
        self._leave(ConnectionLost("not connected: call connect first"))
        self.generation += 1
        self._connack = self._suback = None
        settings = self.settings
        try:
            self._client.connect(settings.host, settings.port, settings.keepalive_s)
        except OSError as error:
            raise _unreachable(settings, error) from error
        self._lost = None
        try:
            self._accept()
            self._subscribe()
        except ReceiverError as error:
            self._leave(error)
            raise

    def receive(self, limit: int, timeout_s: float) -> list[Message]:
        """See `Receiver.receive`."""
        deadline = time.monotonic() + timeout_s
        longest_s = self.settings.keepalive_s / 4
        while self._lost is None and len(self._queue) < limit:
            before = len(self._queue)
            self._loop(0.0 if self._queue else min(max(0.0, deadline - time.monotonic()), longest_s))
            if len(self._queue) == before and (self._queue or time.monotonic() >= deadline):
                break
        if not self._queue and self._lost:
            raise self._lost
        messages = [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]
        self._queued_bytes -= sum(len(message.payload) for message in messages)
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """See `Receiver.acknowledge`."""
        for message in messages:
            # paho's ack() knows no connections, and says success when there is none: the check is ours.
            if self._lost is None and self._unacknowledged.get(message.packet_id) == message.received_at:
                del self._unacknowledged[message.packet_id]
                self._client.ack(message.packet_id, message.qos)

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """See `Receiver.publish`."""
        info = self._client.publish(topic, payload, qos)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            logger.warning("the broker takes no messages: one to %s is dropped, %d wait", topic, _WAITING_PUBLISHES)

    def tick(self) -> None:
        """See `Receiver.tick`.

        paho gives up a connection whose answer to a ping it has not read, so this reads on, into the queue. At the high
        water mark it disconnects without acknowledging; the next `connect` continues from there.
        """
        if self._lost:
            return
        self._loop(0.0)
        if len(self._queue) >= HIGH_WATER_MESSAGES or self._queued_bytes >= HIGH_WATER_BYTES:
            self._leave(ConnectionLost(f"left the broker with {len(self._queue)} messages that nobody took"))

    def close(self) -> None:
        """See `Receiver.close`."""
        deadline = time.monotonic() + self.settings.connect_timeout_s
        while self._lost is None and self._client.want_write() and time.monotonic() < deadline:
            self._loop(0.1)
        self._leave(ConnectionLost("closed"))
        self._queue.clear()
        self._queued_bytes = 0

    def _new_client(self) -> paho.Client:
        settings = self.settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = settings.connect_timeout_s
        client.max_queued_messages_set(_WAITING_PUBLISHES)
        if settings.user is not None:
            client.username_pw_set(settings.user, settings.password)
        if settings.tls:
            client.tls_set_context(settings.tls.context())
            client.tls_insecure_set(settings.tls.insecure)
        if settings.will_topic:
            client.will_set(settings.will_topic, settings.will_payload, qos=1)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _accept(self) -> None:
        """Wait for the broker's CONNACK."""
        self._wait("CONNECT", lambda: self._connack is not None)
        code = self._connack
        if code is not None and code.is_failure:
            settings = self.settings
            name = code.getName()
            who = f"client {settings.client_id!r} as user {settings.user!r}"
            text = f"broker {settings.host}:{settings.port} refuses {who}: {name.lower()}"
            raise (ConnectionLost if name in _PASSING else ReceiverError)(text)

    def _subscribe(self) -> None:
        """Subscribe on every connect: a broker may have kept the session and lost its subscriptions."""
        if not self.settings.subscriptions:
            return
        # QoS 1, never 2: paho confirms a QoS 2 message before anybody has seen it.
        self._client.subscribe([(pattern, 1) for pattern in self.settings.subscriptions])
        self._wait("SUBSCRIBE", lambda: self._suback is not None)
        for pattern, code in zip(self.settings.subscriptions, self._suback or (), strict=True):
            if code.value != 1:
                name = code.getName().lower()
                raise ReceiverError(f"subscription {pattern!r}: expected QoS 1 to be granted, the broker says {name}")

    def _wait(self, what: str, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.settings.connect_timeout_s
        while not done():
            if self._lost:
                raise self._lost
            if time.monotonic() > deadline:
                raise ConnectionLost(f"the broker did not answer {what} in {self.settings.connect_timeout_s:g} s")
            self._loop(0.1)

    def _loop(self, timeout_s: float) -> None:
        """One round of paho's network loop."""
        code = self._client.loop(timeout_s)
        if code and self._lost is None and self._client.socket() is None:
            self._lost = ConnectionLost(f"connection to the broker ended: {paho.error_string(code).rstrip('.')}")

    def _leave(self, reason: ReceiverError) -> None:
        """End the connection; nothing that it delivered can be acknowledged any more."""
        connection = self._client.socket()
        if connection is not None:
            # paho closes its socket at once; a second handle waits until the broker has read everything.
            with socket.socket(fileno=os.dup(connection.fileno())) as handle:
                self._client.disconnect()
                _drain(handle)
        self._unacknowledged.clear()
        self._lost = reason

    # -- callbacks of paho, called from within its loop

    def _on_connect(
        self, _client: object, _data: object, flags: paho.ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._connack = code
        self.session_present = flags.session_present

    def _on_subscribe(
        self, _client: object, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self._suback = codes

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if self._lost is None and not (self._connack is not None and self._connack.is_failure):
            self._lost = ConnectionLost(f"connection to the broker ended: {code.getName().lower()}")

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            # Lone surrogates for the bytes that are not UTF-8: it will be quarantined.
            topic = message._topic.decode("utf-8", "surrogateescape")  # noqa: SLF001 - paho has no other way to them
        received_at = self._clock.now()
        self._clock.used(received_at)
        if message.qos:
            self._unacknowledged[message.mid] = received_at
        mid = message.mid if message.qos else 0
        payload = bytes(message.payload)
        self._queue.append(Message(topic, payload, mid, message.qos, message.retain, message.dup, received_at))
        self._queued_bytes += len(payload)


def _drain(connection: socket.socket) -> None:
    """Read, and forget, until the broker closes."""
    deadline = time.monotonic() + GOODBYE_S
    with contextlib.suppress(OSError):
        while (remaining := deadline - time.monotonic()) > 0:
            connection.settimeout(remaining)
            if not connection.recv(1 << 16):
                return


def _unreachable(settings: BrokerSettings, error: OSError) -> ReceiverError:
    address = f"{settings.host}:{settings.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return ReceiverError(
            f"broker {address}: its certificate is not accepted ({error.verify_message}); "
            "name the authority that signed it in broker.tls.ca_file"
        )
    return ConnectionLost(f"no connection to the broker at {address}: {error}")
