"""Infrared temperature: plant that grows warm with its load, and hot where a contact is loose; people at a door."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from simulators import draw
from simulators.days import days_between, place
from simulators.draw import Whole
from simulators.outages import is_online, outages
from simulators.world import Column, Device, Event, World

SPOTS = ("p1", "p2", "p3")
_MINUTE_S = 60


def temperature(world: World, device: Device, spot: str, instants: Whole) -> Whole:
    """Of one spot at each instant [0.1 Cel]."""
    physics = world.physics.thermal
    source = world.key("spot", device.id, spot)
    load = np.asarray(world.physics.energy.shape, dtype=np.int64)
    at = place(world.zone, instants)
    hour, part = at.elapsed // 3600 % 24, at.elapsed % 3600
    course = load[hour] * (3600 - part) + load[(hour + 1) % 24] * part
    noise = draw.below(source, physics.noise, instants // (10 * _MINUTE_S), 1)
    usual: Whole = draw.between(source, *physics.ambient, 0) + physics.load * course // (3600 * 100) + noise
    return usual + _excess(world, source, instants)


def _excess(world: World, source: int, instants: Whole) -> Whole:
    """How much warmer than usual: up to the middle of an episode and down again."""
    physics = world.physics.thermal
    warmer = np.zeros_like(instants)
    if instants.size:
        for begins, ends in outages(world, source, physics.hot, int(instants.min()), int(instants.max()) + 1):
            rise = int(draw.between(source, *physics.hot_rise, begins, 3)[0])
            ramp = np.minimum(instants - begins, ends - instants) * 2
            warmer += np.maximum(rise * ramp // (ends - begins), 0)
    return warmer


@lru_cache(maxsize=256)
def too_hot(world: World, device: Device, day: int) -> tuple[tuple[str, int, int, int], ...]:
    """Alarms that begin on local `day`: spot, from and to [s since 1970 UTC], highest temperature [0.1 Cel]."""
    physics = world.physics.thermal
    found = []
    for spot in SPOTS:
        source = world.key("spot", device.id, spot)
        for begins, ends in outages(world, source, physics.hot, world.start_of(day), world.start_of(day + 1)):
            minutes = np.arange(-(-begins // _MINUTE_S) * _MINUTE_S, ends, _MINUTE_S, dtype=np.int64)
            degrees = temperature(world, device, spot, minutes)
            hot = minutes[degrees >= physics.limit]
            if hot.size:
                found.append((spot, int(hot[0]), int(hot[-1]) + _MINUTE_S, int(degrees.max())))
    return tuple(found)


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What a thermal camera reports: each spot, the hottest of them, and whether one is above its limit."""
    online = Column("device_online", is_online(world, device.id, stamps))
    if device.role == "screening":
        skin = draw.between(world.key("skin", device.id), *world.physics.thermal.skin, stamps)
        return online, Column("thermal_max_temperature", skin, 10)
    spots = {spot: temperature(world, device, spot, stamps) for spot in SPOTS}
    active = np.zeros_like(stamps)
    for day in days_between(world.zone, int(stamps.min()), int(stamps.max()) + 1):
        for _, begins, ends, _ in too_hot(world, device, day):
            active[(stamps >= begins) & (stamps < ends)] = 1
    return (
        online,
        *(Column(f"thermal_spot_temperature_{spot}", tenths, 10) for spot, tenths in spots.items()),
        Column("thermal_max_temperature", np.max(list(spots.values()), axis=0), 10),
        Column("alarm_active", active),
    )


def events(world: World, device: Device, start: int, end: int) -> list[Event]:
    """An alarm when a spot passes its limit, and its end."""
    if device.role != "spot":
        return []
    found = (event for event in _alarms(world, device, start, end) if start <= event.at < end)
    return sorted(found, key=lambda event: (event.at, event.id))


def _alarms(world: World, device: Device, start: int, end: int) -> Iterator[Event]:
    physics = world.physics.thermal
    for day in days_between(world.zone, start, end):
        for spot, begins, ends, highest in too_hot(world, device, day):
            severity = "critical" if highest >= physics.critical else "warning"
            about = {"kind": "heat", "spot": spot, "temperature": physics.limit / 10}
            yield Event(begins, "alarm.raised", f"{spot}-{begins}", severity=severity, attributes=about)
            yield Event(ends, "alarm.cleared", f"{spot}-{begins}-cleared", refers_to=f"{spot}-{begins}")
