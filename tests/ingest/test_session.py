"""Two processes with one client id, and a connection lost in mid-batch."""

import logging
import threading
from pathlib import Path

import psycopg
import pytest

from ingest import ledger, session
from ingest.collector import Collector, Options
from ingest.model import Message
from ingest.receiver import BrokerSettings, ConnectionLost, Mqtt5Receiver
from ingest.session import SessionServed
from tests.broker import PASSWORD, USER, MosquittoProcess, broker, folder
from tests.ingest.test_collector import TOPIC, body, count, declare, until

__all__ = ["broker", "folder"]


def started(collector: Collector) -> threading.Thread:
    thread = threading.Thread(target=collector.run)
    thread.start()
    return thread


def of(broker: MosquittoProcess, database: str, name: str = "") -> Collector:
    settings = BrokerSettings(
        client_id="collector-0", subscriptions=("district/v1/#",), port=broker.port, user=USER, password=PASSWORD
    )
    made = Collector(Mqtt5Receiver(settings), Options(id="collector-0", database_url=database, batch_age_s=0.02))
    made._name = name or made._name  # as another process would call itself
    return made


@pytest.mark.broker
def test_the_second_process_with_a_client_id_waits_says_for_whom_and_takes_over(
    database: str, connection: psycopg.Connection, broker: MosquittoProcess, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    declare(connection, tmp_path / "district.yaml", "door-1")
    first, second = of(broker, database, "first on here"), of(broker, database, "second on there")
    threads = [started(first)]
    try:
        until(lambda: first.connected)
        with caplog.at_level(logging.WARNING):
            threads.append(started(second))
            until(lambda: "is served by another process: first on here at " in caplog.text)
        broker.publish(TOPIC + "door-1", [body(1), body(2)])
        until(lambda: count(connection, "reading") == 2)
        assert (first.receiver.generation, second.receiver.generation) == (1, 0)
        first.stop()
        threads[0].join(20)
        broker.publish(TOPIC + "door-1", [body(3)])
        until(lambda: count(connection, "reading") == 3)
        assert second.receiver.generation == 1
        account = ledger.total(ledger.read(connection))
        assert (account.received, account.stored) == (3, 3)
    finally:
        for each in (first, second):
            each.stop()
        for thread in threads:
            thread.join(20)


def test_a_process_is_not_kept_out_by_an_earlier_connection_of_its_own(database: str) -> None:
    with (
        psycopg.connect(database, application_name="a") as earlier,
        psycopg.connect(database, application_name="a") as own,
        psycopg.connect(database, application_name="b") as other,
    ):
        assert session.take(earlier, "broker:1883", "collector-0")
        assert session.take(other, "broker:1883", "collector-1")
        assert not session.take(own, "broker:1883", "collector-0")
        with pytest.raises(SessionServed, match=r"'collector-0' at the broker broker:1883 .* process: a at "):
            session.take(other, "broker:1883", "collector-0")
        earlier.close()
        until(lambda: session.take(own, "broker:1883", "collector-0"))


class Breaks:
    """A connection that delivers a message of QoS 0 and one of QoS 1, and breaks while more are awaited."""

    session_present = False
    generation = 0

    def __init__(self) -> None:
        self.left = [
            [
                Message(TOPIC + "door-1", body(1), 0, 0, False, False, 1),
                Message(TOPIC + "door-1", body(2), 7, 1, False, False, 2),
            ]
        ]

    def receive(self, limit: int, timeout_s: float) -> list[Message]:
        if self.left:
            return self.left.pop()
        raise ConnectionLost("gone")

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Nobody listens."""


def test_what_came_before_the_connection_was_lost_is_a_batch_and_then_the_loss_is_reported() -> None:
    collector = Collector(Breaks(), Options(id="collector-0", database_url=""))  # type: ignore[arg-type]
    assert [message.packet_id for message in collector._gather()] == [0, 7]
    with pytest.raises(ConnectionLost):
        collector._gather()
