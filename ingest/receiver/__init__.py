"""From a broker's socket to messages, and the acknowledgement back. The two transports keep one contract."""

from collections.abc import Mapping

from ingest.receiver.model import BrokerSettings, ConnectionLost, Receiver, ReceiverError, SessionTakenOver, Tls
from ingest.receiver.mqtt5 import Mqtt5Receiver
from ingest.receiver.paho import PahoReceiver

#: Name in the settings -> transport. `mqtt5` wherever the broker speaks MQTT 5, `paho` for those with 3.1.1 only.
RECEIVERS: Mapping[str, type[Mqtt5Receiver] | type[PahoReceiver]] = {"mqtt5": Mqtt5Receiver, "paho": PahoReceiver}


def receiver(kind: str, settings: BrokerSettings) -> Receiver:
    """A receiver that is not yet connected; `kind` is a key of `RECEIVERS`."""
    try:
        return RECEIVERS[kind](settings)
    except KeyError:
        raise ReceiverError(f"broker.receiver: expected one of {', '.join(RECEIVERS)}, got {kind!r}") from None


__all__ = [
    "RECEIVERS",
    "BrokerSettings",
    "ConnectionLost",
    "Mqtt5Receiver",
    "PahoReceiver",
    "Receiver",
    "ReceiverError",
    "SessionTakenOver",
    "Tls",
    "receiver",
]
