"""What both receivers share: the settings of a session, the protocol, the errors, and the clock of receipt.

::

    ReceiverError           the broker refuses us, or the settings cannot work: an operator has to act
    ├── SessionTakenOver    another process connected with our client id: this one has to stop
    └── ConnectionLost      the network or the broker went away: connect again after a while
"""

import re
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ingest.model import Message

#: A name that was drawn, not chosen: a UUID or a digest, with or without separators.
_RANDOM_ID = re.compile(r"(?i)^(.*[^0-9a-f])?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")

#: How long a goodbye waits for the broker to close. A new connection made before that can overtake acknowledgements
#: that the broker has not read yet: Mosquitto then drops the old connection with all it had to say. Our choice.
GOODBYE_S = 2.0


class ReceiverError(Exception):
    """The broker refuses the session, or the settings cannot work; trying again will not help."""


class SessionTakenOver(ReceiverError):  # noqa: N818 - the words of MQTT's reason code 0x8E
    """Another process connected with our client id; two that fight for it would kick each other out for ever."""


class ConnectionLost(ReceiverError):  # noqa: N818 - says what happened, like asyncio.IncompleteReadError's siblings
    """There is no connection to the broker (any more); what was not acknowledged comes again after `connect`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Encryption towards the broker."""

    ca_file: Path | None = None  #: PEM; None: the system's authorities
    cert_file: Path | None = None  #: our certificate, where the broker asks for one
    key_file: Path | None = None
    insecure: bool = False  #: True: any certificate is accepted, for a test bench only

    def context(self) -> ssl.SSLContext:
        """The settings as a context of Python's ssl.

        Raises:
            ReceiverError: a file is missing or is not PEM.
        """
        try:
            context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:  # ssl.SSLError is one
            files = ", ".join(str(file) for file in (self.ca_file, self.cert_file, self.key_file) if file)
            raise ReceiverError(f"TLS files {files}: expected readable PEM files, got: {error}") from error
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """One session on one broker. Defaults are our choice, see docs/guarantees.md."""

    client_id: str  #: fixed: the broker keeps our backlog under this name
    subscriptions: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 1883
    user: str | None = None
    password: str | None = None
    tls: Tls | None = None
    keepalive_s: int = 30
    session_expiry_s: int = 14 * 86_400  #: longer than the longest outage that must lose nothing
    receive_maximum: int = 20_000  #: a wish, not a limit of memory: Mosquitto 2.0.11 exceeds it
    connect_timeout_s: float = 10.0
    will_topic: str | None = None
    will_payload: bytes = b""

    def __post_init__(self) -> None:
        if not self.client_id or _RANDOM_ID.match(self.client_id):
            raise ReceiverError(
                f"client id: expected a fixed name like 'collector-0', got {self.client_id!r}; "
                "under a new name at every start the broker keeps a backlog that nobody ever fetches"
            )
        if self.password is not None and self.user is None:
            raise ReceiverError("broker user: expected a name beside the password, got none")
        if self.keepalive_s < 1:
            raise ReceiverError(f"keepalive: expected seconds like 30, got {self.keepalive_s}")


class Receiver(Protocol):
    """A session that delivers messages at least once. One thread calls it; nothing happens behind its back."""

    session_present: bool  #: whether the broker still had our session at the last `connect`
    generation: int  #: number of the connection, from 1; 0 before the first

    def connect(self) -> None:
        """Connect and subscribe, whatever the broker says it remembers; an open connection is dropped first.

        Raises:
            ConnectionLost: nobody answers, or not now.
            ReceiverError: the broker refuses us.
        """

    def receive(self, limit: int, timeout_s: float) -> list[Message]:
        """What is there, at most `limit` messages, after waiting up to `timeout_s` for the first.

        Raises:
            ConnectionLost: the connection ended; what it delivered and nobody acknowledged comes again.
            SessionTakenOver: another process uses our client id.
        """

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Tell the broker that `messages` are safe, in this order.

        Messages of an earlier connection are passed over in silence: their packet ids may by now belong to others.
        A connection that breaks here is reported by the next `receive`.
        """

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Send a message. At QoS 1 it is kept, and sent again after a reconnect, until the broker has it."""

    def tick(self) -> None:
        """Keep the connection alive without taking messages; call it at least every `keepalive_s / 4`.

        A connection found lost is reported by the next `receive`.
        """

    def close(self) -> None:
        """Send what is queued, say goodbye, close. The session and its backlog stay at the broker."""


class ReceiptClock:
    """µs since 1970 UTC, strictly increasing while the system's clock does not step back by more than a second."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        """The time of the next message; further ones of the same read follow at 1 µs each."""
        now = time.time_ns() // 1000
        return self._last + 1 if self._last - 1_000_000 <= now <= self._last else now

    def used(self, last: int) -> None:
        """Remember the last time that was given to a message."""
        self._last = last
