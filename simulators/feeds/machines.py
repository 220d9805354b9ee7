"""Who uses a machine and when: visitors, vehicles on a charging space, parcels in a compartment, guests of a cubicle.

What can be taken once at a time has stays of its own, which cannot overlap.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulators import draw
from simulators.days import days_between, is_weekend
from simulators.draw import Whole
from simulators.feeds.foot_traffic import counted_around, hours, visits
from simulators.feeds.parking import stays_between
from simulators.outages import in_order
from simulators.world import Device, World

#: A cubicle is taken at most once in so long [s].
_TURN_S = 600
_SETTLE_S = 150
#: Parcels are put in within these local hours [s], and taken before the night or before the next parcel comes.
_PUT = (28_800, 61_200)
_LAST_TAKEN_S = 79_200
_NEXT_MORNING = (21_600, 27_000)
_SHORTEST_S = 1800


class Charging(NamedTuple):
    """Stays on a charging space; arrays of one length, times in [s since 1970 UTC]."""

    begun: Whole
    full: Whole
    left: Whole


def uses(world: World, device: Device, start: int, end: int) -> Whole:
    """When a lift, a kiosk or another machine was used, over the local days of [start, end) [s since 1970 UTC]; never while broken."""
    found = [np.empty(0, dtype=np.int64), *(_uses(world, device, day) for day in days_between(world.zone, start, end))]
    return np.concatenate(found)


@lru_cache(maxsize=512)
def _uses(world: World, device: Device, day: int) -> Whole:
    physics = world.physics.equipment
    percent = physics.used_percent[device.role]
    around = counted_around(world, device.space)
    sharing = [d for d in world.of_role("equipment", device.role) if counted_around(world, d.space) == around]
    found = [np.empty(0, dtype=np.int64)]
    for space in around:
        source = world.key("use", device.role, space)
        people = visits(world, space, day)
        person = np.arange(people.entered.size, dtype=np.int64)
        mine = draw.below(source, 100, day, person, 0) < percent
        mine &= draw.below(source, len(sharing), day, person, 1) == sharing.index(device)
        stay = (people.left - people.entered)[mine]
        at = people.entered[mine] + draw.below(source, stay, day, person[mine], 2)
        found.append(at)
        if device.role == "lift":
            found.append(at + draw.below(source, people.left[mine] - at, day, person[mine], 3))
    at = np.concatenate(found)
    kept: Whole = at[in_order(world, world.key("broken", device.id), world.physics.upkeep.broken, at) == 1]
    return kept


def charging(world: World, device: Device, start: int, end: int) -> Charging:
    """The stays of electric vehicles on the charging space, one of those of the car park it is in."""
    physics = world.physics.equipment
    parks = [park for _, park in sorted(world.car_parks.items()) if park.space == device.space and park.spaces]
    if not parks:
        return Charging(*(np.empty(0, dtype=np.int64) for _ in range(3)))
    source = world.key("charger", device.id)
    stays = stays_between(world, parks[0].id, start, end)
    mine = stays.bay == int(draw.below(source, parks[0].spaces, 0)[0])
    mine &= draw.below(source, 100, stays.arrived, 1) < physics.electric_percent
    begun, left = stays.arrived[mine], stays.left[mine]
    plugged = in_order(world, world.key("broken", device.id), world.physics.upkeep.broken, begun) == 1
    begun, left = begun[plugged], left[plugged]
    return Charging(begun, np.minimum(begun + physics.charge_s, left), left)


def parcels(world: World, device: Device, start: int, end: int) -> tuple[Whole, Whole]:
    """When parcels were put into the locker, and when each was taken out again."""
    days = days_between(world.zone, start, end)
    found = [_parcels(world, device, day) for day in range(days.start - 1, days.stop)]
    put, taken = (np.concatenate(times) for times in zip(*found, strict=True))
    return put, taken


@lru_cache(maxsize=512)
def _parcels(world: World, device: Device, day: int) -> tuple[Whole, Whole]:
    physics = world.physics.equipment
    source = world.key("locker", device.id)
    compartment = np.arange(physics.compartments, dtype=np.int64)
    compartment = compartment[draw.below(source, 100, day, compartment, 0) < physics.parcel_percent]
    put = draw.between(source, *_PUT, day, compartment, 1)
    soonest = put + _SHORTEST_S
    same_day = soonest + draw.below(source, _LAST_TAKEN_S - soonest, day, compartment, 3)
    morning = draw.between(source, *_NEXT_MORNING, day, compartment, 4)
    overnight = draw.below(source, 100, day, compartment, 2) < physics.overnight_percent
    midnight = world.start_of(day)
    return midnight + put, np.where(overnight, world.start_of(day + 1) + morning, midnight + same_day)


def cubicle_uses(world: World, device: Device, start: int, end: int) -> tuple[Whole, Whole]:
    """When cubicles of the toilets were taken, and when each was left."""
    found = [_cubicle_uses(world, device, day) for day in days_between(world.zone, start, end)]
    begun, ended = (np.concatenate(times) for times in zip(*found, strict=True))
    return begun, ended


@lru_cache(maxsize=512)
def _cubicle_uses(world: World, device: Device, day: int) -> tuple[Whole, Whole]:
    physics = world.physics.equipment
    source = world.key("cubicle", device.id)
    opens, closes = hours(world, device.space, day)
    arrivals = np.asarray(world.physics.foot_traffic.arrivals, dtype=np.int64)
    # Working days are quieter.
    weekday = 100 - 25 * (1 - int(is_weekend(np.array([day], dtype=np.int64))[0]))
    begun, ended = [], []
    for cubicle in range(physics.cubicles):
        # Turns of their own, so that no instant of the clock is free of guests.
        first = opens + int(draw.below(source, _TURN_S, day, cubicle, 3)[0])
        turns = np.arange(first, closes - _TURN_S + 1, _TURN_S, dtype=np.int64)
        chance = arrivals[turns // 3600] * physics.toilet_percent * weekday // 10_000
        mine = turns[draw.below(source, 100, day, turns, cubicle, 0) < chance]
        at = mine + draw.below(source, _SETTLE_S, day, mine, cubicle, 1)
        begun.append(world.start_of(day) + at)
        ended.append(world.start_of(day) + at + draw.between(source, *physics.toilet_s, day, mine, cubicle, 2))
    return np.concatenate(begun), np.concatenate(ended)


def open_at(world: World, space: str, instants: Whole) -> Whole:
    """1 while `space` is open, else 0."""
    is_open = np.zeros_like(instants)
    for day in days_between(world.zone, int(instants.min()), int(instants.max()) + 1):
        opens, closes = (world.start_of(day) + second for second in hours(world, space, day))
        is_open[(instants >= opens) & (instants < closes)] = 1
    return is_open
