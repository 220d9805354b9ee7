"""Gateways that publish: one MQTT client each, QoS 1, every message sent again until the broker has acknowledged it."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulators.backlog import Outgoing

logger = logging.getLogger(__name__)

#: PUBACK reason codes that say "not now": the message is sent again (MQTT 5, 3.4.2.1). 0x10, "no matching subscribers",
#: is no error there, but nobody has the message: a collector that never subscribed would lose it.
_NO_SUBSCRIBER = 0x10
_NOT_NOW = frozenset({_NO_SUBSCRIBER, 0x80, 0x83, 0x97})
#: How often a gateway that waits for its broker looks up whether it should stop [s].
_LOOK_UP_S = 0.5


class BrokerError(Exception):
    """A broker cannot be reached, or will never take what a gateway publishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where gateways publish."""

    host: str = "127.0.0.1"
    port: int = 1883
    user: str | None = None
    password: str | None = None
    ca_file: str | None = None
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
    #: sent another time after a refusal or a lost connection
    resent_messages: int = 0


class Gateway:
    """One gateway's connection. `publish` blocks while `window` messages wait for their acknowledgement.

    paho keeps unacknowledged messages and sends them again when it has reconnected; a message that the broker refused
    for the moment is published anew. Its callbacks run on its own thread and only count: an exception in one would end
    that thread without a word.
    """

    def __init__(self, broker: Broker, gateway: str, *, window: int = 40, patience_s: float | None = None) -> None:
        self._broker = broker
        #: how long `publish` bears that nothing is taken; None: for ever
        self._patience_s = patience_s
        self._gateway = gateway
        self._window = window
        self._changed = threading.Condition()
        self._waiting: dict[int, Outgoing] = {}
        self._early: dict[int, int] = {}
        self._refused: list[Outgoing] = []
        self._fatal: str | None = None
        self._alone = False
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
                self._changed.wait_for(
                    lambda: self._fatal or self._refused or len(self._waiting) < self._window, _LOOK_UP_S
                )
                self._raise_fatal()
                again = self._refused.pop() if self._refused else None
                if again is None and len(self._waiting) >= self._window:
                    continue
            if again is None:
                self._send(message)
                return True
            self._again(again)
        return False

    def drain(self, timeout_s: float) -> bool:
        """Whether every message was acknowledged within `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._fatal or self._refused or not self._waiting, max(0.0, deadline - time.monotonic())
                )
                self._raise_fatal()
                if not self._refused or time.monotonic() > deadline:
                    return not self._waiting and not self._refused
                again = self._refused.pop()
            self._again(again)

    def close(self) -> None:
        """Leave the broker. What is not acknowledged by now is given up, and stays in the account as waiting."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def account(self) -> Account:
        """What was handed over so far."""
        with self._changed:
            waiting = len(self._waiting) + len(self._refused)
            return Account(**{**asdict(self._account), "waiting_messages": waiting})

    def _send(self, message: Outgoing) -> None:
        # Not under the lock: paho calls back while it publishes, and holds locks of its own.
        while True:
            info = self._client.publish(message.topic, message.payload, qos=1)
            if info.rc != MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                break
            time.sleep(0.01)
        with self._changed:
            # The acknowledgement can be there before publish() has told us the packet id.
            if (code := self._early.pop(info.mid, None)) is None:
                self._waiting[info.mid] = message
            else:
                self._settle(message, code)

    def _again(self, message: Outgoing) -> None:
        time.sleep(0.05)
        with self._changed:
            self._account.resent_messages += 1
        self._send(message)

    def _settle(self, message: Outgoing, code: int) -> None:
        if code in _NOT_NOW:
            if code == _NO_SUBSCRIBER and not self._alone:
                logger.warning("gateway %s: no collector has subscribed yet; waiting for one", self._gateway)
            self._alone = code == _NO_SUBSCRIBER
            self._refused.append(message)
        elif code < 0x80:
            self._alone = False
            self._account.acknowledged_messages += 1
            self._account.acknowledged_objects += message.objects
            self._account.acknowledged_bytes += len(message.payload)
        else:
            self._fatal = f"gateway {self._gateway}: broker refused {message.topic} with reason code 0x{code:02x}"
        self._changed.notify_all()

    def _raise_fatal(self) -> None:
        if self._fatal:
            raise BrokerError(self._fatal)

    def _on_connect(
        self, _client: mqtt.Client, _data: Any, _flags: mqtt.ConnectFlags, code: ReasonCode, _extra: Properties | None
    ) -> None:
        with self._changed:
            self._answer = code.value
            self._account.resent_messages += len(self._waiting)
            self._changed.notify_all()

    def _on_publish(
        self, _client: mqtt.Client, _data: Any, mid: int, code: ReasonCode, _extra: Properties | None
    ) -> None:
        with self._changed:
            message = self._waiting.pop(mid, None)
            if message is None:
                self._early[mid] = code.value
            else:
                self._settle(message, code.value)

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
        if self._broker.ca_file is not None:
            client.tls_set(self._broker.ca_file)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        return client


class Gateways:
    """The gateways of a district, as one thing to publish through. Use as a context manager."""

    def __init__(self, broker: Broker, gateways: Iterable[str], *, window: int = 40) -> None:
        self._gateways: dict[str, Gateway] = {}
        try:
            for gateway in sorted(gateways):
                self._gateways[gateway] = Gateway(broker, gateway, window=window)
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

    def close(self) -> None:
        """Leave the broker."""
        for gateway in self._gateways.values():
            gateway.close()

    @property
    def accounts(self) -> Mapping[str, Account]:
        """What each gateway handed over so far."""
        return {name: gateway.account for name, gateway in self._gateways.items()}
