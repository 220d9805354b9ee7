"""MQTT 5 over the sans-I/O codec `mqtt5`: one thread, no callbacks, the hottest loop of the product.

Read what the socket has, split it into packets, hand out messages; acknowledgements leave as one buffer. A broker may
send messages before CONNACK's SUBACK, in the same read as either, and cut a packet anywhere.
"""

import logging
import struct
import sys
import time
from collections import deque
from collections.abc import Sequence
from typing import TypeVar

import mqtt5

from ingest.model import Message
from ingest.receiver.link import Link
from ingest.receiver.model import (
    GOODBYE_S,
    BrokerSettings,
    ConnectionLost,
    ReceiptClock,
    ReceiverError,
    SessionTakenOver,
)

logger = logging.getLogger(__name__)

#: PUBACK "success" is four bytes: 0x40, remaining length 2, packet id.
_PUBACK = 0x4002_0000
_PUBLISH = 3
#: One call of `receive` ends after reading so much. Our choice: large enough to be worth a call, small beside a batch.
RECEIVE_BYTES = 1 << 20
#: Publishes that wait for room in the broker's window at most; beyond it the oldest go. Our choice.
_WAITING_PUBLISHES = 10_000
#: CONNACK codes that a later attempt may not meet. (Tuples: not all of the codec's codes can be hashed.)
_PASSING = (  # not a set: the codec's codes have no hash
    mqtt5.ConnAckReasonCode.SERVER_UNAVAILABLE,
    mqtt5.ConnAckReasonCode.SERVER_BUSY,
    mqtt5.ConnAckReasonCode.QUOTA_EXCEEDED,
    mqtt5.ConnAckReasonCode.USE_ANOTHER_SERVER,
    mqtt5.ConnAckReasonCode.CONNECTION_RATE_EXCEEDED,
    mqtt5.ConnAckReasonCode.UNSPECIFIED_ERROR,
)
#: PUBACK codes of a message that the broker has, whether or not anybody listens.
_TAKEN = (mqtt5.PubAckReasonCode.SUCCESS, mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS)
_Answer = TypeVar("_Answer", mqtt5.ConnAckPacket, mqtt5.SubAckPacket)


class Mqtt5Receiver:
    """The `Receiver` for brokers that speak MQTT 5."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.settings = settings
        self.session_present = False
        self.generation = 0
        self._link: Link | None = None
        self._lost: ReceiverError | None = None
        self._clock = ReceiptClock()
        self._early: deque[Message] = deque()  # delivered before the SUBACK
        self._unacknowledged: dict[int, int] = {}  # packet id -> time of receipt, of this connection
        self._keepalive_s = float(settings.keepalive_s)
        self._pinged_at: float | None = None
        self._answers: deque[mqtt5.ConnAckPacket | mqtt5.SubAckPacket] = deque()
        self._packet_id = 0
        self._window = 0  # how many publishes the broker takes at once
        self._in_flight: dict[int, tuple[str, bytes]] = {}
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=_WAITING_PUBLISHES)

    def connect(self) -> None:
        """See `Receiver.connect`."""
        self._drop()
        self.generation += 1
        self._link = link = Link(self.settings)
        try:
            link.send(self._connect_packet().write())
            self._accept(self._await(link, mqtt5.ConnAckPacket, "CONNECT"))
            self._subscribe(link)
        except ReceiverError:
            self._drop()
            raise
        self._lost = None
        self._flush()

    def receive(self, limit: int, timeout_s: float) -> list[Message]:
        """See `Receiver.receive`."""
        messages: list[Message] = []
        while self._early and len(messages) < limit:
            messages.append(self._early.popleft())
        link = self._link
        if link is None or self._lost:
            if messages:
                return messages
            raise self._lost or ConnectionLost("not connected: call connect first")
        deadline = time.monotonic() + timeout_s
        try:
            # What an earlier call left in the buffer comes first.
            self._parse(link, messages, limit)
            read = 0
            while len(messages) < limit and read < RECEIVE_BYTES:
                if count := link.fill():
                    read += count
                    self._pinged_at = None
                    self._parse(link, messages, limit)
                    continue
                self._check_alive(link)
                remaining = deadline - time.monotonic()
                if messages or remaining <= 0:
                    break
                link.wait(min(remaining, self._keepalive_s / 4))
        except ReceiverError as error:
            self._lose(error)
            if not messages:
                raise
        self.tick()
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """See `Receiver.acknowledge`."""
        if self._link is None or self._lost:
            return
        unacknowledged = self._unacknowledged
        packets: list[int] = []
        append = packets.append
        for message in messages:
            packet_id = message.packet_id
            # The id alone may have been given to another message since; id and time of receipt name this one.
            if packet_id and unacknowledged.get(packet_id) == message.received_at:
                del unacknowledged[packet_id]
                append(_PUBACK | packet_id)
        if packets:
            self._send(struct.pack(f">{len(packets)}I", *packets))

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """See `Receiver.publish`."""
        if qos == 0:
            self._send(mqtt5.PublishPacket(topic, payload).write())
            return
        if len(self._waiting) == _WAITING_PUBLISHES:
            logger.warning("the broker takes no messages: the oldest of %d waiting ones is dropped", _WAITING_PUBLISHES)
        self._waiting.append((topic, payload))
        self._flush()

    def tick(self) -> None:
        """See `Receiver.tick`; sends a ping when one is due, and reads nothing."""
        link = self._link
        if link is None or self._lost:
            return
        if time.monotonic() - link.sent_at >= self._keepalive_s / 2:
            self._send(mqtt5.PingReqPacket().write())

    def close(self) -> None:
        """See `Receiver.close`."""
        self._send(mqtt5.DisconnectPacket().write())
        if self._link and not self._lost:
            self._link.drain(GOODBYE_S)
        self._drop()

    # -- connecting

    def _connect_packet(self) -> mqtt5.ConnectPacket:
        settings = self.settings
        will = (
            mqtt5.Will(settings.will_topic, payload=settings.will_payload, qos=mqtt5.QoS.AT_LEAST_ONCE)
            if settings.will_topic
            else None
        )
        # No maximum packet size: what exceeds it, a broker discards as if it had been delivered.
        return mqtt5.ConnectPacket(
            settings.client_id,
            username=settings.user,
            password=settings.password.encode() if settings.password is not None else None,
            clean_start=False,
            will=will,
            keep_alive=settings.keepalive_s,
            session_expiry_interval=settings.session_expiry_s,
            receive_max=settings.receive_maximum,
        )

    def _accept(self, answer: mqtt5.ConnAckPacket) -> None:
        """Take the broker's terms, or say why it refuses."""
        settings = self.settings
        where = f"broker {settings.host}:{settings.port}"
        if answer.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
            reason = answer.reason_code.name.lower().replace("_", " ")
            text = f"{where} refuses client {settings.client_id!r} as user {settings.user!r}: {reason}"
            raise (ConnectionLost if answer.reason_code in _PASSING else ReceiverError)(text)
        if answer.max_qos == mqtt5.QoS.AT_MOST_ONCE:
            raise ReceiverError(f"{where} offers QoS 0 only: expected a broker that keeps messages until acknowledged")
        expiry_s = answer.session_expiry_interval
        if expiry_s is not None and expiry_s < settings.session_expiry_s:
            logger.warning("%s keeps our session for %d s, not %d", where, expiry_s, settings.session_expiry_s)
        self.session_present = answer.session_present
        if answer.server_keep_alive is not None:
            self._keepalive_s = float(answer.server_keep_alive or settings.keepalive_s)
        self._window = answer.receive_max

    def _subscribe(self, link: Link) -> None:
        """Subscribe on every connect: a broker may have kept the session and lost its subscriptions."""
        if not self.settings.subscriptions:
            return
        filters = [
            # QoS 1, never 2. A message is marked as retained only when it is an old one, sent because we subscribe.
            mqtt5.TopicFilter(
                pattern,
                max_qos=mqtt5.QoS.AT_LEAST_ONCE,
                retain_as_published=False,
                retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
            )
            for pattern in self.settings.subscriptions
        ]
        link.send(mqtt5.SubscribePacket(self._next_packet_id(), filters).write())
        answer = self._await(link, mqtt5.SubAckPacket, "SUBSCRIBE")
        for pattern, code in zip(self.settings.subscriptions, answer.reason_codes, strict=True):
            if code != mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE:
                reason = code.name.lower().replace("_", " ")
                raise ReceiverError(f"subscription {pattern!r}: expected QoS 1 to be granted, the broker says {reason}")

    def _await(self, link: Link, kind: type[_Answer], what: str) -> _Answer:
        """Read until the broker's answer of this kind; messages that come before it are kept for `receive`."""
        timeout_s = self.settings.connect_timeout_s
        deadline = time.monotonic() + timeout_s
        early: list[Message] = []
        try:
            while True:
                self._parse(link, early, sys.maxsize)
                while self._answers:
                    answer = self._answers.popleft()
                    if isinstance(answer, kind):
                        return answer
                if not link.fill():
                    if time.monotonic() > deadline:
                        raise ConnectionLost(f"the broker did not answer {what} in {timeout_s:g} s")
                    link.wait(deadline - time.monotonic())
        finally:
            self._early.extend(early)

    # -- reading

    def _parse(self, link: Link, messages: list[Message], limit: int) -> None:
        """Append the messages of the complete packets in the buffer, until there are `limit`."""
        view, start, end = link.view, link.start, link.end
        read, publish, new, append = mqtt5.read, mqtt5.PublishPacket, tuple.__new__, messages.append
        unacknowledged = self._unacknowledged
        received_at = self._clock.now()
        try:
            while start < end and len(messages) < limit:
                try:
                    packet, size = read(view[start:end])
                except IndexError:
                    break  # the rest is still on its way
                except BaseException as error:
                    # The codec panics (not an Exception) at a topic that is not UTF-8.
                    if not isinstance(error, ValueError) and type(error).__name__ != "PanicException":
                        raise
                    size, message = _unreadable(view[start:end], error, received_at)
                    start += size
                    if message.packet_id:
                        unacknowledged[message.packet_id] = received_at
                    append(message)
                    received_at += 1
                    continue
                start += size
                if type(packet) is publish:
                    packet_id = packet.packet_id or 0
                    if packet_id:
                        unacknowledged[packet_id] = received_at
                    append(
                        new(
                            Message,
                            (
                                packet.topic,
                                packet.payload,
                                packet_id,
                                packet.qos.value,
                                packet.retain,
                                packet.duplicate,
                                received_at,
                            ),
                        )
                    )
                    received_at += 1
                else:
                    self._handle(packet)
        finally:
            link.start = start
            self._clock.used(received_at - 1)
        # Not inside the loop: a send may move the buffer.
        self._flush()

    def _handle(self, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.PubAckPacket):
            sent = self._in_flight.pop(packet.packet_id, None)
            if sent and packet.reason_code not in _TAKEN:
                logger.error("the broker refuses our message to %s: %s", sent[0], packet.reason_code.name)
        elif isinstance(packet, (mqtt5.ConnAckPacket, mqtt5.SubAckPacket)):
            self._answers.append(packet)
        elif isinstance(packet, mqtt5.DisconnectPacket):
            if packet.reason_code == mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER:
                raise SessionTakenOver(
                    f"another process connected as {self.settings.client_id!r}: "
                    "run one collector per client id, or give this one another collector.id"
                )
            raise ConnectionLost(f"the broker ended the connection: {packet.reason_code.name.lower()}")

    def _check_alive(self, link: Link) -> None:
        """Ping a silent broker and give up on one that does not answer; the socket was found empty just now."""
        now = time.monotonic()
        half_s = self._keepalive_s / 2
        if self._pinged_at is not None:
            if now - self._pinged_at > half_s:
                raise ConnectionLost(f"the broker has been silent for {now - link.received_at:.0f} s")
        elif now - min(link.received_at, link.sent_at) >= half_s:
            self._pinged_at = now
            link.send(mqtt5.PingReqPacket().write())

    # -- sending

    def _flush(self) -> None:
        """Publish what waits, as far as the broker's window allows."""
        while self._waiting and len(self._in_flight) < self._window and self._link and not self._lost:
            topic, payload = self._waiting.popleft()
            packet_id = self._next_packet_id()
            self._in_flight[packet_id] = topic, payload
            packet = mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id)
            self._send(packet.write())

    def _send(self, data: bytes) -> None:
        """Send if connected; a failure is kept for the next `receive`."""
        if self._link is None or self._lost:
            return
        try:
            self._link.send(data)
        except ConnectionLost as error:
            self._lose(error)

    def _next_packet_id(self) -> int:
        while True:
            self._packet_id = self._packet_id % 0xFFFF + 1
            if self._packet_id not in self._in_flight:
                return self._packet_id

    def _lose(self, error: ReceiverError) -> None:
        self._lost = error
        if self._link:
            self._link.close()

    def _drop(self) -> None:
        """Forget the connection and all that belonged to it; what was published and not confirmed waits again."""
        if self._link:
            self._link.close()
        self._link = self._lost = self._pinged_at = None
        self._answers.clear()
        self._early.clear()
        self._unacknowledged.clear()
        self._window = 0
        self._waiting.extendleft(reversed(self._in_flight.values()))
        self._in_flight.clear()


def _unreadable(rest: memoryview, error: BaseException, received_at: int) -> tuple[int, Message]:
    """A PUBLISH that the codec cannot read because its topic is not UTF-8, and its length.

    It goes to quarantine like any other bad message, and is acknowledged: a broker sends what nobody acknowledges
    again, for ever, before anything else. Bytes that are not UTF-8 become lone surrogates in the topic.
    """
    length, shift, start = 0, 0, 1
    while start < min(len(rest), 5):
        byte = rest[start]
        length |= (byte & 0x7F) << shift
        shift += 7
        start += 1
        if byte < 0x80:
            break
    packet = bytes(rest[start : start + length])
    malformed = f"the broker sent a malformed packet ({error}): {bytes(rest[:64]).hex()}"
    if rest[0] >> 4 != _PUBLISH or len(packet) != length:
        raise ConnectionLost(malformed) from error
    try:
        qos = rest[0] >> 1 & 3
        (size,) = struct.unpack_from(">H", packet)
        topic = packet[2 : 2 + size].decode("utf-8", "surrogateescape")
        place = 2 + size
        packet_id = 0
        if qos:
            (packet_id,) = struct.unpack_from(">H", packet, place)
            place += 2
        # Properties: their length, at most four bytes of seven bits, then themselves.
        properties, shift = 0, 0
        while True:
            byte = packet[place]
            properties |= (byte & 0x7F) << shift
            shift += 7
            place += 1
            if byte < 0x80:
                break
        payload = packet[place + properties :]
    except (IndexError, struct.error) as bad:
        raise ConnectionLost(malformed) from bad
    message = Message(topic, payload, packet_id, qos, bool(rest[0] & 1), bool(rest[0] & 8), received_at)
    return start + length, message
