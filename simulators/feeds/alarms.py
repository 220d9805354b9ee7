"""Alarm panels: what they raise, when the centre receives and acknowledges it, monthly tests, and polls of the path."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from simulators import draw
from simulators.days import days_between
from simulators.draw import Whole
from simulators.outages import in_order, is_online
from simulators.world import Column, Device, Event, World


@lru_cache(maxsize=4096)
def alarms(world: World, panel: Device, day: int) -> tuple[Event, ...]:
    """The alarms raised on local `day`, and what became of each, in order of the alarms."""
    physics = world.physics.alarms
    source = world.key("alarm", panel.id)
    if draw.below(source, 100, day, 0)[0] >= physics.raised_percent[panel.role]:
        return ()
    raised = world.start_of(day) + int(draw.between(source, *physics.raised_s[panel.role], day, 1)[0])
    about = {"kind": panel.role, "zone": panel.space}
    name = f"a-{raised}"
    found = [Event(raised, "alarm.raised", name, severity=physics.severity[panel.role], attributes=about)]
    if has_link(world, panel, np.array([raised]))[0]:
        received = raised + _latency(world, source, day)
        acknowledged = received + int(draw.between(source, *physics.acknowledged_s, day, 5)[0])
        found.append(Event(received, "alarm.received", f"{name}-received", refers_to=name))
        found.append(Event(acknowledged, "alarm.acknowledged", f"{name}-acknowledged", refers_to=name))
    found.append(Event(reset_at(world, panel, day, raised), "alarm.reset", f"{name}-reset", refers_to=name))
    return tuple(found)


@lru_cache(maxsize=4096)
def tests(world: World, panel: Device, block: int) -> tuple[Event, ...]:
    """The test of a block of days: as an alarm, said to be a test, and its receipt; a drill is acknowledged too."""
    physics = world.physics.alarms
    source = world.key("test", panel.id)
    day = block * physics.test_block_days + int(draw.below(source, physics.test_block_days, block, 0)[0])
    at = world.start_of(day) + int(draw.between(source, *physics.test_s, block, 1)[0])
    name = f"t-{at}"
    found = [Event(at, "alarm.test", name, severity="info", attributes={"kind": panel.role, "zone": panel.space})]
    if has_link(world, panel, np.array([at]))[0]:
        received = at + _latency(world, source, block)
        found.append(Event(received, "alarm.received", f"{name}-received", refers_to=name))
        if panel.role == "crowd":
            acknowledged = received + int(draw.between(source, *physics.acknowledged_s, block, 5)[0])
            found.append(Event(acknowledged, "alarm.acknowledged", f"{name}-acknowledged", refers_to=name))
    return tuple(found)


def polls(world: World, panel: Device, start: int, end: int) -> Whole:
    """When the centre polled the panel and was answered, in [start, end) [s since 1970 UTC]."""
    physics = world.physics.alarms
    phase = int(draw.below(world.key("poll", panel.id), physics.poll_s, 0)[0])
    first, last = -(-(start - phase) // physics.poll_s), -(-(end - phase) // physics.poll_s)
    at = np.arange(first, last, dtype=np.int64) * physics.poll_s + phase
    answered: Whole = at[has_link(world, panel, at) == 1]
    return answered


def has_link(world: World, panel: Device, instants: Whole) -> Whole:
    """1 while the path to the centre is up, else 0."""
    return in_order(world, world.key("link", panel.id), world.physics.alarms.link, instants)


def reset_at(world: World, panel: Device, day: int, raised: int) -> int:
    """When somebody went there and reset the alarm of local `day`."""
    return raised + int(draw.between(world.key("alarm", panel.id), *world.physics.alarms.reset_s, day, 6)[0])


def _latency(world: World, source: int, number: int) -> int:
    physics = world.physics.alarms
    slow = draw.below(source, 100, number, 3)[0] < physics.slow_percent
    return int(draw.between(source, *(physics.slow_s if slow else physics.latency_s), number, 4)[0])


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What a panel reports: whether it is reached, its path to the centre, and an alarm that nobody has reset."""
    active = np.zeros_like(stamps)
    for day in days_between(world.zone, int(stamps.min()), int(stamps.max()) + 1):
        if found := alarms(world, device, day):
            active[(stamps >= found[0].at) & (stamps < found[-1].at)] = 1
    return (
        Column("device_online", is_online(world, device.id, stamps)),
        Column("alarm_link", has_link(world, device, stamps)),
        Column("alarm_active", active),
    )


def events(world: World, device: Device, start: int, end: int) -> list[Event]:
    """Alarms with what became of them, tests with their receipts, and polls, in [start, end)."""
    found = [event for event in _events(world, device, start, end) if start <= event.at < end]
    return sorted(found, key=lambda event: (event.at, event.id))


def _events(world: World, device: Device, start: int, end: int) -> Iterator[Event]:
    days, block_days = days_between(world.zone, start, end), world.physics.alarms.test_block_days
    for day in days:
        yield from alarms(world, device, day)
    for block in range(days.start // block_days, -(-days.stop // block_days)):
        yield from tests(world, device, block)
    for at in polls(world, device, start, end).tolist():
        yield Event(at, "alarm.poll", f"p-{at}")
