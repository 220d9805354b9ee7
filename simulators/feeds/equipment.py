"""Machines and plant: each role in its own words, all of them with whether the platform reaches them."""

from collections.abc import Callable, Mapping

import numpy as np

from simulators import draw
from simulators.days import place
from simulators.draw import Whole
from simulators.feeds.machines import charging, cubicle_uses, open_at, parcels, uses
from simulators.outages import in_order, is_online
from simulators.world import Column, Device, World

#: Roles that report amounts.
OF_INTERVALS = frozenset({"lift", "kiosk", "service_machine", "charger", "locker", "toilet"})
#: Codes of equipment.state and charger.state (ingest/quantities.yaml).
_OFF, _STANDBY, _RUNNING, _FAULT = 0, 1, 2, 3
_AVAILABLE, _CHARGING, _FINISHING, _FAULTED = 0, 2, 4, 7


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What the platform reports of the machine."""
    online = Column("device_online", is_online(world, device.id, stamps))
    return online, *_ROLES[device.role](world, device, stamps)


def works(world: World, device: Device, instants: Whole) -> Whole:
    """1 while the machine is in order, else 0."""
    return in_order(world, world.key("broken", device.id), world.physics.upkeep.broken, instants)


def _used(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    at = uses(world, device, int(stamps.min()) - device.interval_s, int(stamps.max()) + 1)
    state = np.where(open_at(world, device.space, stamps) == 1, _RUNNING, _STANDBY)
    return (
        Column("equipment_state", np.where(works(world, device, stamps) == 1, state, _FAULT)),
        Column("equipment_sessions", _counted(at, stamps, device.interval_s)),
    )


def _aed(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    last = world.physics.equipment.battery_days
    at = place(world.zone, stamps)
    age = at.day + draw.below(world.key("battery", device.id), last, 0)
    return (
        Column("equipment_state", np.where(works(world, device, stamps) == 1, _STANDBY, _FAULT)),
        Column("device_battery", 1000 - 1000 * (age % last) // last, 10),
        Column("state_open", np.zeros_like(stamps)),
    )


def _charger(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    found = charging(world, device, int(stamps.min()) - device.interval_s, int(stamps.max()) + 1)
    in_use = _between(found.begun, found.full, stamps)
    waiting = _between(found.full, found.left, stamps)
    state = np.where(in_use > 0, _CHARGING, np.where(waiting > 0, _FINISHING, _AVAILABLE))
    return (
        Column("charger_state", np.where(works(world, device, stamps) == 1, state, _FAULTED)),
        Column("equipment_sessions", _counted(found.begun, stamps, device.interval_s)),
    )


def _locker(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    put, taken = parcels(world, device, int(stamps.min()) - device.interval_s, int(stamps.max()) + 1)
    return (
        Column("equipment_state", np.where(works(world, device, stamps) == 1, _RUNNING, _FAULT)),
        Column("locker_occupied", _between(put, taken, stamps)),
        Column("locker_compartments", np.full_like(stamps, world.physics.equipment.compartments)),
        Column("locker_parcels", _counted(put, stamps, device.interval_s)),
    )


def _toilet(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    begun, ended = cubicle_uses(world, device, int(stamps.min()) - device.interval_s, int(stamps.max()) + 1)
    return (
        Column("toilet_cubicles_occupied", _between(begun, ended, stamps)),
        Column("toilet_cubicles", np.full_like(stamps, world.physics.equipment.cubicles)),
        Column("equipment_sessions", _counted(begun, stamps, device.interval_s)),
    )


def _light(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    lit = is_dark(world, stamps) * works(world, device, stamps)
    return (
        Column("equipment_state", np.where(lit == 1, _RUNNING, _OFF)),
        Column("state_switch", lit),
        Column("power_active", lit * world.physics.equipment.lamp_w),
    )


def _power_cabinet(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    physics = world.physics.equipment
    load = np.asarray(world.physics.energy.shape, dtype=np.int64)[place(world.zone, stamps).elapsed // 3600 % 24]
    low, high = physics.cabinet
    volts = {
        line: draw.between(world.key("volts", device.id, line), *physics.volts, stamps) - load // 5
        for line in ("l1", "l2", "l3")
    }
    return (
        Column("equipment_state", np.where(works(world, device, stamps) == 1, _RUNNING, _FAULT)),
        Column("state_open", np.zeros_like(stamps)),
        Column("device_temperature", low + (high - low) * load // 100, 10),
        *(Column(f"voltage_{line}", tenths, 10) for line, tenths in volts.items()),
    )


def is_dark(world: World, instants: Whole) -> Whole:
    """1 from sunset to sunrise, else 0; the length of the night follows the year in a straight line."""
    physics = world.physics.equipment
    at = place(world.zone, instants)
    # Days from the winter solstice, 0 to 182: ordinal 1 is 1 January of the year 1, and a year has 365.25 days.
    summer = 182 - np.abs((at.day + 11) * 4 % 1461 // 4 - 182)
    sunset, sunrise = (
        winter + (june - winter) * summer // 182 for winter, june in (physics.sunset_s, physics.sunrise_s)
    )
    return ((at.elapsed >= sunset) | (at.elapsed < sunrise)).astype(np.int64)


def _between(begins: Whole, ends: Whole, instants: Whole) -> Whole:
    """How many of the stays hold at each instant."""
    return np.searchsorted(np.sort(begins), instants) - np.searchsorted(np.sort(ends), instants)


def _counted(happened: Whole, stamps: Whole, interval: int) -> Whole:
    ordered = np.sort(happened)
    return np.searchsorted(ordered, stamps) - np.searchsorted(ordered, stamps - interval)


_ROLES: Mapping[str, Callable[[World, Device, Whole], tuple[Column, ...]]] = {
    "lift": _used,
    "kiosk": _used,
    "service_machine": _used,
    "aed": _aed,
    "charger": _charger,
    "locker": _locker,
    "toilet": _toilet,
    "light": _light,
    "power_cabinet": _power_cabinet,
}
