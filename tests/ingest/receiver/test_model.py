"""The clock of receipt and the settings that cannot work."""

import time

import pytest

from ingest.receiver import BrokerSettings, ReceiverError
from ingest.receiver.model import ReceiptClock


def test_two_reads_in_one_microsecond_get_different_times() -> None:
    clock = ReceiptClock()
    last = 0
    for _ in range(10_000):
        first = clock.now()
        assert first > last
        last = first + 99  # a read of 100 messages runs ahead of the clock
        clock.used(last)


def test_the_clock_follows_a_correction_of_the_system_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ReceiptClock()
    now_us = clock.now()
    clock.used(now_us)
    monkeypatch.setattr(time, "time_ns", lambda: (now_us - 3_600_000_000) * 1000)
    assert clock.now() == now_us - 3_600_000_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"keepalive_s": 0}, "seconds like 30, got 0"), ({"password": "x"}, "expected a name beside the password")],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ReceiverError, match=words):
        BrokerSettings(client_id="collector-0", **changes)  # type: ignore[arg-type]
