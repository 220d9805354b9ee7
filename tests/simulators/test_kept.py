"""What a gateway keeps, sends again, and lets go of."""

import orjson
import pytest

from simulators.backlog import Outgoing
from simulators.kept import KEPT_MESSAGES, OVERTAKEN_S, PATIENCE_FIRST_S, Kept


def outgoing(*seqs: int, device: str = "door-1", boot: int = 1) -> Outgoing:
    objects = [{"ts": seq, "seq": seq, "boot": boot} for seq in seqs]
    return Outgoing("gw", f"district/v1/d/gw/foot_traffic/{device}", orjson.dumps(objects), len(objects), 0)


def receipt(device: str, boot: int, *said: tuple[int, int]) -> bytes:
    return orjson.dumps({"at": "2026-11-23T00:15:01.204Z", "devices": {device: {"boot": boot, "seq": said}}})


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def kept(clock: list[float]) -> Kept:
    return Kept(lambda: clock[0])


def test_a_message_is_kept_until_receipts_have_named_every_object_of_it(kept: Kept) -> None:
    kept.add(outgoing(*range(1, 10)))
    for said in (receipt("door-2", 1, (1, 9)), receipt("door-1", 2, (1, 9)), receipt("door-1", 1, (0, 3), (5, 9))):
        kept.confirm(said)
        assert len(kept) == 1
    kept.confirm(receipt("door-1", 1, (4, 4)))
    assert len(kept) == 0


def test_only_what_the_broker_has_taken_is_sent_again_and_each_time_later(kept: Kept, clock: list[float]) -> None:
    one, other = outgoing(1), outgoing(2)
    kept.add(one)
    kept.add(other)
    kept.taken(one)
    due = []
    for second in range(60):
        clock[0] = float(second)
        while (message := kept.due()) is not None:
            due.append((second, message))
            kept.taken(message)
    assert due == [(PATIENCE_FIRST_S, one), (3 * PATIENCE_FIRST_S, one), (7 * PATIENCE_FIRST_S, one)]


def test_a_collector_that_lags_is_not_sent_more_as_long_as_it_confirms_what_came_first(
    kept: Kept, clock: list[float]
) -> None:
    for number in range(100):
        clock[0] = number / 100
        kept.add(outgoing(number))
        kept.taken(outgoing(number))
    for number in range(100):
        clock[0] = 1.0 + number
        kept.confirm(receipt("door-1", 1, (number, number)))
        assert kept.due() is None


def test_a_message_is_sent_again_when_a_much_later_one_is_confirmed(kept: Kept, clock: list[float]) -> None:
    for number in range(10):
        clock[0] = float(number)
        kept.add(outgoing(number))
        kept.taken(outgoing(number))
        if number:
            kept.confirm(receipt("door-1", 1, (number, number)))
        assert kept.due() == (outgoing(0) if number == OVERTAKEN_S else None)


def test_after_a_lost_connection_all_that_was_taken_is_due_at_once(kept: Kept) -> None:
    messages = [outgoing(n) for n in range(5)]
    for message in messages:
        kept.add(message)
    for message in messages[:3]:
        kept.taken(message)
    assert kept.due() is None
    kept.hurry()
    assert [kept.due() for _ in range(4)] == [*messages[:3], None]


def test_a_message_without_a_readable_number_is_not_kept(kept: Kept) -> None:
    for body in (b'{"ts": 1, "seq": 4', b'{"ts": 1}', b'{"seq": true}', b"[1]", b'{"seq": 1, "boot": "x"}'):
        kept.add(Outgoing("gw", "district/v1/d/gw/foot_traffic/door-1", body, 0, 0))
    assert len(kept) == 0


def test_a_gateway_that_keeps_too_much_is_full_until_a_receipt_comes(kept: Kept) -> None:
    for number in range(KEPT_MESSAGES):
        assert not kept.is_full
        kept.add(outgoing(number))
    assert kept.is_full
    kept.confirm(receipt("door-1", 1, (7, 7)))
    assert not kept.is_full


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"devices": {"d": 1}}', b'{"devices": {"d": {"boot": 1}}}'])
def test_what_is_no_receipt_says_so(kept: Kept, body: bytes) -> None:
    with pytest.raises(ValueError, match="no receipt"):
        kept.confirm(body)
