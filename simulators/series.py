"""What a device says: its stamps, at each stamp an object of the native payload, and between them what happens.

A device is a pure function of (seed, device, time): a stretch can be cut anywhere, and the parts are the whole.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import merge
from typing import TypeAlias

import numpy as np

from simulators import draw
from simulators.draw import Whole
from simulators.feeds import (
    air_quality,
    alarms,
    deliveries,
    energy,
    equipment,
    foot_traffic,
    parking,
    thermal,
    traffic,
    video,
    wifi,
)  # fmt: skip
from simulators.world import Column, Device, Event, World

#: One object of a native payload (docs/native.md), ready to be encoded.
Report: TypeAlias = dict[str, object]

ANY_ROLE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """How the devices of one feed behave."""

    columns: Callable[[World, Device, Whole], tuple[Column, ...]]
    #: what happens at a device in [start, end), in order
    events: Callable[[World, Device, int, int], list[Event]] = field(default=lambda *_: [])
    #: Roles whose reports cover the time since the report before, or go before events; they are stamped at whole multiples
    #: of the interval, so that no report lies across a full hour.
    of_intervals: frozenset[str] = frozenset()


FEEDS: Mapping[str, Feed] = {
    "air_quality": Feed(columns=air_quality.columns),
    "alarms": Feed(columns=alarms.columns, events=alarms.events, of_intervals=frozenset({ANY_ROLE})),
    "deliveries": Feed(columns=deliveries.columns, events=deliveries.events, of_intervals=frozenset({ANY_ROLE})),
    "energy": Feed(columns=energy.columns, of_intervals=frozenset({ANY_ROLE})),
    "equipment": Feed(columns=equipment.columns, of_intervals=equipment.OF_INTERVALS),
    "foot_traffic": Feed(columns=foot_traffic.columns, of_intervals=frozenset({ANY_ROLE})),
    "parking": Feed(columns=parking.columns, of_intervals=frozenset({"gate"})),
    "thermal": Feed(columns=thermal.columns, events=thermal.events, of_intervals=frozenset({ANY_ROLE})),
    "traffic": Feed(columns=traffic.columns, of_intervals=frozenset({"road", "taxi_stop"})),
    "video": Feed(columns=video.columns, of_intervals=frozenset({"crowd", "road"})),
    "wifi": Feed(columns=wifi.columns, of_intervals=frozenset({ANY_ROLE})),
}

#: Stamps computed in one go: enough for the speed of arrays, few enough for sixty devices side by side.
_AT_ONCE = 2048


@lru_cache(maxsize=4096)
def phase_s(world: World, device: Device) -> int:
    """When within its interval a device measures [s]: nought where it reports amounts, else its own."""
    if FEEDS[device.feed].of_intervals & {ANY_ROLE, device.role}:
        return 0
    return int(draw.below(world.key("phase", device.id), device.interval_s, 0)[0])


def stamps(world: World, device: Device, start: int, end: int) -> Whole:
    """The instants in [start, end) at which the device measures, [s since 1970 UTC]."""
    phase, interval = phase_s(world, device), device.interval_s
    first = -(-(start - phase) // interval)
    return np.arange(first, -(-(end - phase) // interval), dtype=np.int64) * interval + phase


def columns(world: World, device: Device, at: Whole) -> tuple[Column, ...]:
    """What the device measures at stamps `at`, quantity by quantity."""
    return FEEDS[device.feed].columns(world, device, at)


def slot(world: World, device: Device, instant: int) -> int:
    """The stamp of the last report at or before `instant` [s since 1970 UTC]: what happens after it shares its fate."""
    phase, interval = phase_s(world, device), device.interval_s
    return (instant - phase) // interval * interval + phase


def delay_ms(world: World, device: Device, at: Whole) -> Whole:
    """How long after each stamp the report is sent [ms]."""
    source = world.key("delay", device.id)
    delay = world.physics.sending_delay_ms
    return draw.between(source, *delay.device, 0) + draw.between(source, *delay.report, 1, at)


def reports(world: World, device: Device, start: int, end: int) -> Iterator[Report]:
    """The device's reports and events with times in [start, end) [s since 1970 UTC], in their order."""
    happened = _events(world, device, start, end)
    return (
        merge(_measured(world, device, start, end), happened, key=_time)
        if happened
        else _measured(world, device, start, end)
    )


def report(world: World, device: Device, stamp: int) -> Report:
    """The one report of `stamp` [s since 1970 UTC]."""
    return next(reports(world, device, stamp, stamp + 1))


def _measured(world: World, device: Device, start: int, end: int) -> Iterator[Report]:
    at = stamps(world, device, start, end)
    for first in range(0, at.size, _AT_ONCE):
        yield from _reports_at(world, device, at[first : first + _AT_ONCE])


def _events(world: World, device: Device, start: int, end: int) -> list[Report]:
    happened = FEEDS[device.feed].events(world, device, start, end)
    if not happened:
        return []
    at = np.array([event.at for event in happened], dtype=np.int64)
    sent = at * 1000 + delay_ms(world, device, at)
    return [
        {"ts": event.at * 1000, "sent": sent_at, "event": _entry(event)}
        for event, sent_at in zip(happened, sent.tolist(), strict=True)
    ]


def _entry(event: Event) -> Mapping[str, object]:
    entry: dict[str, object] = {"type": event.type, "id": event.id}
    if event.refers_to is not None:
        entry["refers_to"] = event.refers_to
    if event.severity is not None:
        entry["severity"] = event.severity
    if event.attributes:
        entry["attributes"] = dict(event.attributes)
    return entry


def _time(report: Report) -> int:
    ts = report["ts"]
    assert isinstance(ts, int)
    return ts


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
