"""A device is a pure function of seed, device and time."""

import hashlib

from simulators import series
from simulators.backlog import backlog
from simulators.draw import below, key

from .worlds import DAY, HOUR, MONDAY, large, small


def _digest(seed: int) -> str:
    payloads = (message.topic.encode() + message.payload for message in backlog(small(seed), MONDAY, MONDAY + DAY))
    return hashlib.sha256(b"\n".join(payloads)).hexdigest()


def test_the_same_seed_gives_the_same_bytes_on_any_machine() -> None:
    assert _digest(7) == _digest(7)
    assert _digest(7) != _digest(8)
    assert _digest(7)[:16] == "ba112482f102e819"


def test_any_instant_can_be_asked_without_replay() -> None:
    world = small()
    for device in world.devices.values():
        whole = list(series.reports(world, device, MONDAY - DAY, MONDAY + DAY))
        for report in whole[:: len(whole) // 7]:
            fresh = small()
            stamp = report["ts"]
            assert isinstance(stamp, int)
            assert series.report(fresh, fresh.devices[device.id], stamp // 1000) == report


def test_a_stretch_cut_anywhere_is_the_whole() -> None:
    world = small()
    for device in world.devices.values():
        whole = list(series.reports(world, device, MONDAY, MONDAY + DAY))
        cut = MONDAY + 11 * HOUR + 173
        parts = [*series.reports(world, device, MONDAY, cut), *series.reports(world, device, cut, MONDAY + DAY)]
        assert parts == whole
        assert len(whole) == DAY // device.interval_s


def test_reports_of_a_device_are_numbered_without_a_hole() -> None:
    world = small()
    numbers = [report["seq"] for report in series.reports(world, world.devices["station"], MONDAY, MONDAY + DAY)]
    first = numbers[0]
    assert isinstance(first, int)
    assert numbers == list(range(first, first + DAY // 300))


def test_a_backlog_holds_every_report_once_in_order_of_sending() -> None:
    world = large()
    messages = list(backlog(world, MONDAY, MONDAY + DAY))
    assert sum(message.objects for message in messages) == sum(DAY // d.interval_s for d in world.devices.values())
    assert [message.sent for message in messages] == sorted(message.sent for message in messages)
    assert max(message.objects for message in messages) == 200
    assert max(len(message.payload) for message in messages) < 256 * 1024


def test_chance_does_not_depend_on_what_is_asked_with_it() -> None:
    import numpy as np

    source = key(7, "some", "where")
    many = below(source, 1000, np.arange(10_000), 3)
    assert below(source, 1000, 4711, 3)[0] == many[4711]
    assert 480 < many.mean() < 520
    assert key(7, "some", "where") != key(7, "somewhere")
