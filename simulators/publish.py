"""Gateways that publish: one MQTT client each, QoS 1, every message sent again until the broker has acknowledged it.

With commit receipts (docs/receipts.md) a gateway goes on keeping a message until the database has it: whatever dies, the
broker included, nothing is lost.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.receipts import topic as receipt_topic
from ingest.receiver import Tls
from simulators.backlog import Outgoing
from simulators.kept import Kept

logger = logging.getLogger(__name__)

#: PUBACK reason codes that say "not now": the message is sent again (MQTT 5, 3.4.2.1). 0x10, "no matching subscribers",
#: is no error there, but nobody has the message: a collector that never subscribed would lose it.
_NO_SUBSCRIBER = 0x10
_NOT_NOW = frozenset({_NO_SUBSCRIBER, 0x80, 0x83, 0x97})
#: How often a gateway that waits for its broker looks up whether it should stop [s].
_LOOK_UP_S = 0.5
#: Wait before each message to a broker that could not take the last one just now [s]. Our choice.
_PAUSE_S = 0.05


class BrokerError(Exception):
    """A broker cannot be reached, or will never take what a gateway publishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where gateways publish."""

    host: str = "127.0.0.1"
    port: int = 1883
    user: str | None = None
    password: str | None = None
    tls: Tls | None = None
    #: for a broker to answer at the start
    timeout_s: float = 10.0


@dataclass(slots=True, kw_only=True)
class Account:
    """What a gateway handed over. Only what the broker acknowledged counts."""

    gateway: str
    acknowledged_messages: int = 0
    acknowledged_objects: int = 0
    acknowledged_bytes: int = 0
    #: given to the client and not acknowledged yet
    waiting_messages: int = 0
    #: sent another time after a refusal, a lost connection, or without a receipt
    resent_messages: int = 0
    #: acknowledged, and without the receipt that a gateway with receipts waits for
    unconfirmed_messages: int = 0


class _Again(NamedTuple):
    """A message to be sent another time."""

    message: Outgoing
    #: not acknowledged so far
    new: bool


class Gateway:
    """One gateway's connection. `publish` blocks while `window` messages wait for their acknowledgement.

    paho keeps unacknowledged messages and sends them again when it has reconnected; a message that the broker refused
    for the moment is published anew. Its callbacks run on its own thread and only count: an exception in one would end
    that thread without a word.
    """

    def __init__(
        self,
        broker: Broker,
        gateway: str,
        *,
        window: int = 40,
        patience_s: float | None = None,
        receipts_of: str | None = None,
    ) -> None:
        self._broker = broker
        #: the district whose collector's receipts are waited for; None: the broker's acknowledgement is enough
        self._district = receipts_of
        self._kept = Kept()
        #: how long `publish` bears that nothing is taken; None: for ever
        self._patience_s = patience_s
        self._gateway = gateway
        self._window = window
        self._changed = threading.Condition()
        #: packet id -> message, and whether it was never acknowledged before
        self._waiting: dict[int, tuple[Outgoing, bool]] = {}
        self._early: dict[int, int] = {}
        self._refused: list[_Again] = []
        self._fatal: str | None = None
        #: the last answer was "not now", and that it was for want of a subscriber
        self._refusing = self._alone = False
        self._answer: int | None = None
        self._account = Account(gateway=gateway)
        self._client = self._connect()

    def publish(self, message: Outgoing, stop: threading.Event | None = None) -> bool:
        """Hand one message to the broker; returns once it is on its way, not once it is acknowledged.

        Returns:
            False: `stop` was set while the broker took nothing; the message was not sent.
        """
        begun = time.monotonic()
        while stop is None or not stop.is_set():
            if self._patience_s is not None and time.monotonic() - begun > self._patience_s:
                raise BrokerError(
                    f"gateway {self._gateway}: nothing was taken for {self._patience_s:g} s: is `district collect` running?"
                )
            with self._changed:
                again = self._to_send_again(self._takes_new, _LOOK_UP_S)
                if again is None and not self._takes_new():
                    continue
            if again is None:
                self._send(message, new=True)
                return True
            self._again(again)
        return False

    def drain(self, timeout_s: float) -> bool:
        """Whether every message was acknowledged within `timeout_s`."""
        return self._settled(lambda: not self._waiting and not self._refused, timeout_s)

    def confirm(self, timeout_s: float) -> bool:
        """Whether every message was acknowledged, and with receipts confirmed, within `timeout_s`."""
        return self._settled(lambda: not self._waiting and not self._refused and not self._kept, timeout_s)

    def _settled(self, done: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while True:
            with self._changed:
                left = deadline - time.monotonic()
                if left <= 0 or done():
                    return done()
                again = self._to_send_again(done, min(left, _LOOK_UP_S))
            if again is not None:
                self._again(again)

    def _has_room(self) -> bool:
        return len(self._waiting) < self._window

    def _takes_new(self) -> bool:
        return self._has_room() and not self._kept.is_full

    def _to_send_again(self, ready: Callable[[], bool], timeout_s: float) -> _Again | None:
        """A message that the broker refused for the moment, or one without a receipt; waits for one, or until `ready`."""

        def found() -> bool:
            return bool(self._fatal or self._refused or (self._kept.is_late and self._has_room()))

        self._changed.wait_for(lambda: found() or ready(), timeout_s)
        if self._fatal:
            raise BrokerError(self._fatal)
        if self._refused:
            return self._refused.pop()
        late = self._kept.due() if self._has_room() else None
        return None if late is None else _Again(late, new=False)

    def close(self) -> None:
        """Leave the broker. What is not acknowledged by now is given up, and stays in the account as waiting."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def account(self) -> Account:
        """What was handed over so far."""
        with self._changed:
            waiting = len(self._waiting) + len(self._refused)
            unconfirmed = max(0, len(self._kept) - waiting)
            return replace(self._account, waiting_messages=waiting, unconfirmed_messages=unconfirmed)

    def _send(self, message: Outgoing, *, new: bool) -> None:
        if new and self._district is not None:
            with self._changed:
                self._kept.add(message)
        # Not under the lock: paho calls back while it publishes, and holds locks of its own.
        while True:
            info = self._client.publish(message.topic, message.payload, qos=1)
            if info.rc != MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                break
            time.sleep(0.01)
        with self._changed:
            # The acknowledgement can be there before publish() has told us the packet id.
            if (code := self._early.pop(info.mid, None)) is None:
                self._waiting[info.mid] = message, new
            else:
                self._settle(message, code, new=new)

    def _again(self, again: _Again) -> None:
        if self._refusing:
            time.sleep(_PAUSE_S)
        with self._changed:
            self._account.resent_messages += 1
        self._send(again.message, new=again.new)

    def _settle(self, message: Outgoing, code: int, *, new: bool) -> None:
        if code in _NOT_NOW:
            if code == _NO_SUBSCRIBER and not self._alone:
                logger.warning("gateway %s: no collector has subscribed yet; waiting for one", self._gateway)
            self._refusing, self._alone = True, code == _NO_SUBSCRIBER
            self._refused.append(_Again(message, new))
        elif code < 0x80:
            self._refusing = self._alone = False
            self._kept.taken(message)
            if new:
                self._account.acknowledged_messages += 1
                self._account.acknowledged_objects += message.objects
                self._account.acknowledged_bytes += len(message.payload)
        else:
            self._fatal = f"gateway {self._gateway}: broker refused {message.topic} with reason code 0x{code:02x}"
        self._changed.notify_all()

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, code: ReasonCode, _extra: Properties | None
    ) -> None:
        with self._changed:
            self._answer = code.value
            self._account.resent_messages += len(self._waiting)
            self._kept.hurry()
            self._changed.notify_all()
        if self._district is not None and code.value == 0:
            client.subscribe(receipt_topic(self._district, self._gateway), qos=1)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            with self._changed:
                self._kept.confirm(bytes(message.payload))
                self._changed.notify_all()
        except ValueError as error:
            logger.warning("gateway %s: %s", self._gateway, error)

    def _on_publish(
        self, _client: mqtt.Client, _data: object, mid: int, code: ReasonCode, _extra: Properties | None
    ) -> None:
        with self._changed:
            sent = self._waiting.pop(mid, None)
            if sent is None:
                self._early[mid] = code.value
            else:
                self._settle(sent[0], code.value, new=sent[1])

    def _connect(self) -> mqtt.Client:
        """A connected client: MQTT 5, or 3.1.1 where the broker does not speak it."""
        problem = "no answer"
        for protocol in (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311):
            client = self._new_client(protocol)
            self._answer = None
            try:
                client.connect(self._broker.host, self._broker.port, keepalive=30)
            except OSError as error:
                raise BrokerError(f"broker {self._broker.host}:{self._broker.port}: {error}") from error
            client.loop_start()
            with self._changed:
                self._changed.wait_for(lambda: self._answer is not None, self._broker.timeout_s / 2)
                answer = self._answer
            if answer == 0:
                return client
            client.disconnect()
            client.loop_stop()
            problem = "no answer" if answer is None else f"refused with reason code 0x{answer:02x}"
        raise BrokerError(f"broker {self._broker.host}:{self._broker.port}, gateway {self._gateway}: {problem}")

    def _new_client(self, protocol: MQTTProtocolVersion) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"simulated-{self._gateway}",
            protocol=protocol,
            clean_session=False if protocol is MQTTProtocolVersion.MQTTv311 else None,
        )
        client.max_inflight_messages_set(self._window)
        client.reconnect_delay_set(min_delay=1, max_delay=5)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls is not None:
            client.tls_set_context(self._broker.tls.context())
            client.tls_insecure_set(self._broker.tls.insecure)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client


class Gateways:
    """The gateways of a district, as one thing to publish through. Use as a context manager.

    `receipts_of` names the district whose collector sends commit receipts; without it, an acknowledgement is enough.
    """

    def __init__(
        self, broker: Broker, gateways: Iterable[str], *, window: int = 40, receipts_of: str | None = None
    ) -> None:
        self._gateways: dict[str, Gateway] = {}
        try:
            for gateway in sorted(gateways):
                self._gateways[gateway] = Gateway(broker, gateway, window=window, receipts_of=receipts_of)
        except BrokerError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def publish(self, message: Outgoing, stop: threading.Event | None = None) -> bool:
        """Publish through the message's gateway; blocks while that gateway's window is full, or until `stop`."""
        return self._gateways[message.gateway].publish(message, stop)

    def publish_all(
        self,
        messages: Iterable[Outgoing],
        *,
        progress: Callable[[Outgoing], None] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """Publish `messages` in their order until they end or `stop` is set; `progress` sees each one once sent."""
        for message in messages:
            if (stop is not None and stop.is_set()) or not self.publish(message, stop):
                return
            if progress is not None:
                progress(message)

    def drain(self, timeout_s: float = 60.0) -> bool:
        """Whether all messages of all gateways were acknowledged within `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        return all(gateway.drain(max(0.0, deadline - time.monotonic())) for gateway in self._gateways.values())

    def confirm(self, timeout_s: float = 60.0) -> bool:
        """Whether all messages of all gateways were acknowledged, and with receipts confirmed, within `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        return all(gateway.confirm(max(0.0, deadline - time.monotonic())) for gateway in self._gateways.values())

    def close(self) -> None:
        """Leave the broker."""
        for gateway in self._gateways.values():
            gateway.close()

    @property
    def accounts(self) -> Mapping[str, Account]:
        """What each gateway handed over so far."""
        return {name: gateway.account for name, gateway in self._gateways.items()}
