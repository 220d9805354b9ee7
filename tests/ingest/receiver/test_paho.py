"""What only the 3.1.1 receiver does: it has to read while it ticks, and leaves before that fills the memory."""

import pytest

from ingest.receiver import BrokerSettings, ConnectionLost, PahoReceiver
from ingest.receiver import paho as transport
from tests.broker import PASSWORD, USER, MosquittoProcess, broker, folder
from tests.ingest.receiver.test_contract import TOPIC, numbers, payloads, taken

__all__ = ["broker", "folder"]


@pytest.mark.broker
def test_it_leaves_at_the_high_water_mark_and_loses_nothing(
    broker: MosquittoProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "HIGH_WATER_MESSAGES", 50)
    source = PahoReceiver(
        BrokerSettings(
            client_id="collector-0", port=broker.port, user=USER, password=PASSWORD, subscriptions=("district/v1/#",)
        )
    )
    source.connect()
    broker.publish(TOPIC, numbers(300))
    for _ in range(1000):
        source.tick()
    first = source.receive(1000, 0.0)
    assert 50 <= len(first) < 100
    source.acknowledge(first)
    with pytest.raises(ConnectionLost, match="nobody took"):
        source.receive(1, 0.0)
    source.connect()
    assert payloads(taken(source, 300)) == numbers(300)
    source.close()
