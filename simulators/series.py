"""What a device says: its stamps, and at each stamp an object of the native payload, for any stretch of time.

A device is a pure function of (seed, device, time): a stretch can be cut anywhere, and the parts are the whole.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from simulators import air_quality, draw, energy, foot_traffic, parking, wifi
from simulators.draw import Whole
from simulators.world import Column, Device, World

#: One object of a native payload (docs/native.md), ready to be encoded.
Report: TypeAlias = dict[str, object]


#: What each feed's devices measure.
FEEDS: Mapping[str, Callable[[World, Device, Whole], tuple[Column, ...]]] = {
    "air_quality": air_quality.columns,
    "energy": energy.columns,
    "foot_traffic": foot_traffic.columns,
    "parking": parking.columns,
    "wifi": wifi.columns,
}

#: Stamps computed in one go: enough for the speed of arrays, few enough for sixty devices side by side.
_AT_ONCE = 2048

#: Feeds whose reports cover the time since the report before; they are stamped at whole multiples of the interval, so
#: that no report lies across a full hour.
_OF_INTERVALS = frozenset({"foot_traffic", "energy"})


@lru_cache(maxsize=4096)
def phase_s(world: World, device: Device) -> int:
    """When within its interval a device measures [s]: nought where it reports amounts, else its own."""
    if device.feed in _OF_INTERVALS or device.role == "gate":
        return 0
    return int(draw.below(world.key("phase", device.id), device.interval_s, 0)[0])


def stamps(world: World, device: Device, start: int, end: int) -> Whole:
    """The instants in [start, end) at which the device measures, [s since 1970 UTC]."""
    phase, interval = phase_s(world, device), device.interval_s
    first = -(-(start - phase) // interval)
    return np.arange(first, -(-(end - phase) // interval), dtype=np.int64) * interval + phase


def columns(world: World, device: Device, at: Whole) -> tuple[Column, ...]:
    """What the device measures at stamps `at`, quantity by quantity."""
    return FEEDS[device.feed](world, device, at)


def delay_ms(world: World, device: Device, at: Whole) -> Whole:
    """How long after each stamp the report is sent [ms]."""
    source = world.key("delay", device.id)
    delay = world.physics.sending_delay_ms
    return draw.between(source, *delay.device, 0) + draw.between(source, *delay.report, 1, at)


def reports(world: World, device: Device, start: int, end: int) -> Iterator[Report]:
    """The device's reports with stamps in [start, end) [s since 1970 UTC], in their order."""
    at = stamps(world, device, start, end)
    for first in range(0, at.size, _AT_ONCE):
        yield from _reports_at(world, device, at[first : first + _AT_ONCE])


def report(world: World, device: Device, stamp: int) -> Report:
    """The one report of `stamp` [s since 1970 UTC]."""
    return next(reports(world, device, stamp, stamp + 1))


def _reports_at(world: World, device: Device, at: Whole) -> Iterator[Report]:
    found = columns(world, device, at)
    names = [column.quantity for column in found]
    values = [
        column.whole.tolist() if column.per_unit == 1 else (column.whole / column.per_unit).tolist() for column in found
    ]
    milliseconds = at * 1000
    sent = milliseconds + delay_ms(world, device, at)
    numbers = at // device.interval_s
    for ts, seq, sent_at, *row in zip(milliseconds.tolist(), numbers.tolist(), sent.tolist(), *values, strict=True):
        yield {"ts": ts, "seq": seq, "boot": 1, "sent": sent_at, "values": dict(zip(names, row, strict=True))}
