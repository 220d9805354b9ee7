"""What never arrived is named by its number; what is safe is told to the gateway once a second at most."""

import orjson
import psycopg

from ingest import ledger, sequences
from ingest.receipts import Receipts
from ingest.sequences import Hole, Source
from tests.ingest.test_store import Writer
from tests.ingest.world import message


def numbered(seq: int, boot: int = 1, **values: object) -> dict[str, object]:
    return {"ts": f"2026-11-23T12:00:{seq % 60:02}Z", "seq": seq, "boot": boot, "values": values or {"people_in": 1}}


def test_holes_are_named_and_close_when_the_message_comes_after_all(connection: psycopg.Connection) -> None:
    writer = Writer(connection)
    writer.write(message([numbered(1), numbered(2)]), message(numbered(6)))
    writer.write(
        message(numbered(9)), message(numbered(4, boot=2)), message(numbered(1), "district/v1/d/gw/foot_traffic/door-2")
    )
    assert sequences.holes(connection) == [Hole("d", "door-1", 1, 3, 5), Hole("d", "door-1", 1, 7, 8)]
    connection.commit()
    writer.write(message([numbered(3), numbered(4), numbered(5)]))
    assert sequences.holes(connection, "d") == [Hole("d", "door-1", 1, 7, 8)]
    assert sequences.holes(connection, "elsewhere") == []
    assert list(ledger.check(connection)) == []


def test_what_was_refused_has_arrived_too(connection: psycopg.Connection) -> None:
    writer = Writer(connection)
    writer.write(
        message(numbered(1)), message(numbered(2, people_in="x")), message(numbered(3)), message(b'{"seq": 4'),
        message({"seq": -1, "values": {}}), message({"seq": "5", "values": {}}), message([[{"seq": 6}]]),
    )  # fmt: skip
    assert writer.store.met == {Source("d", "gw", "door-1", 1): [(1, 3)]}


def test_receipts_join_what_was_committed_and_wait_a_second(connection: psycopg.Connection) -> None:
    now = 0.0
    sent: list[tuple[str, dict[str, object]]] = []

    def publish(topic: str, payload: bytes) -> None:
        sent.append((topic, orjson.loads(payload)["devices"]))

    receipts = Receipts(publish, lambda: now)
    place = "district/v1-receipt/d/gw"
    receipts.add({Source("d", "gw", "door-1", 1): [(1, 3)]})
    receipts.send()
    receipts.add({Source("d", "gw", "door-1", 1): [(4, 4), (9, 9)], Source("d", "gw", "door-2", 0): [(7, 7)]})
    receipts.add({Source("d", "gw", "door-1", 1): [(5, 5)], Source("d", "gw", "door-1", 2): [(0, 0)]})
    receipts.send()
    assert sent == [(place, {"door-1": {"boot": 1, "seq": [[1, 3]]}})]
    now = 1.0
    receipts.send()
    receipts.send()
    assert sent[1:] == [
        (place, {"door-2": {"boot": 0, "seq": [[7, 7]]}, "door-1": {"boot": 1, "seq": [[4, 5], [9, 9]]}}),
        (place, {"door-1": {"boot": 2, "seq": [[0, 0]]}}),
    ]
