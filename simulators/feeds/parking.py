"""Vehicles: every space of a car park has its own stays, which cannot overlap, so a car park is never over-full.

A space of a resident is taken every night, from the evening to the next morning; the others take at most one vehicle in
the morning, one in the afternoon and one in the evening. As with people, events carry whole seconds and happen within
them.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulators import draw
from simulators.days import days_between
from simulators.draw import Whole
from simulators.world import Column, Device, World, is_rain

#: Residents come and go within these local hours [s], clear of everybody else's.
_EVENING = (66_600, 75_600)
_MORNING = (21_600, 28_000)


class Stays(NamedTuple):
    """Stays that begin on one local day; arrays of one length, times in [s since 1970 UTC]."""

    arrived: Whole
    left: Whole
    #: position of the gate in `gates(world, car_park)`, same for both ways
    gate: Whole
    #: number of the parking space, from 0
    bay: Whole


@lru_cache(maxsize=64)
def gates(world: World, car_park: str) -> tuple[Device, ...]:
    """The gates of a car park, by id."""
    return tuple(d for d in world.of_feed("parking") if d.car_park == car_park and d.role == "gate")


@lru_cache(maxsize=512)
def stays(world: World, car_park: str, day: int) -> Stays:
    """The stays that begin in `car_park` on local `day` (an ordinal); all end before the next day does."""
    physics = world.physics.parking
    source = world.key("stays", car_park)
    bay = np.arange(world.car_parks[car_park].spaces, dtype=np.int64)
    resident = draw.below(source, 100, bay, 0) < physics.residents_percent
    weekend = (day + 6) % 7 >= 5
    rain = bool(is_rain(world, np.array([day]))[0])
    kind = {(False, False): "dry", (False, True): "rain", (True, False): "weekend", (True, True): "weekend_rain"}
    taken = physics.taken_percent[kind[weekend, rain]]

    jitter = [draw.below(source, physics.spread_s, day, bay, 1 + i) for i in range(4)]
    cuts = [physics.cuts_s[name] + shift for name, shift in zip(("open", "noon", "tea", "close"), jitter, strict=True)]
    midnight, next_midnight = world.start_of(day), world.start_of(day + 1)
    arrived, left, where = [], [], []
    for period, share in enumerate(taken):
        mine = ~resident & (draw.below(source, 100, day, bay, 10 + period) < share)
        begins, ends, who = cuts[period][mine], cuts[period + 1][mine], bay[mine]
        at = begins + draw.below(source, (ends - begins) * 3 // 5, day, who, 20 + period)
        longest = ends - at - physics.shortest_s
        arrived.append(midnight + at)
        left.append(midnight + at + physics.shortest_s + draw.below(source, longest, day, who, 30 + period))
        where.append(who)
    night = bay[resident]
    arrived.append(midnight + draw.between(source, *_EVENING, day, night, 40))
    left.append(next_midnight + draw.between(source, *_MORNING, day, night, 41))
    where.append(night)
    vehicle = np.concatenate(where)
    return Stays(
        arrived=np.concatenate(arrived),
        left=np.concatenate(left),
        gate=draw.below(source, max(len(gates(world, car_park)), 1), day, vehicle, 50),
        bay=vehicle,
    )


def stays_between(world: World, car_park: str, start: int, end: int) -> Stays:
    """All stays with any part in [start, end) and maybe some around it; times in [s since 1970 UTC]."""
    days = days_between(world.zone, start, end)
    found = [stays(world, car_park, day) for day in range(days.start - 1, days.stop)]
    return Stays(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def occupied(world: World, car_park: str, instants: Whole) -> Whole:
    """Vehicles in the car park just before each instant [s since 1970 UTC]."""
    all_stays = stays_between(world, car_park, int(instants.min()), int(instants.max()) + 1)
    return np.searchsorted(np.sort(all_stays.arrived), instants) - np.searchsorted(np.sort(all_stays.left), instants)


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What a gate (crossings, and stays that ended) or a counting device (spaces taken, spaces) reports."""
    assert device.car_park is not None
    if device.role != "gate":
        total = np.full_like(stamps, world.car_parks[device.car_park].spaces)
        return Column("parking_used", occupied(world, device.car_park, stamps)), Column("parking_total", total)
    interval = device.interval_s
    found = stays_between(world, device.car_park, int(stamps.min()) - interval, int(stamps.max()) + 1)
    mine = found.gate == gates(world, device.car_park).index(device)
    arrived = np.sort(found.arrived[mine])
    order = np.argsort(found.left[mine], kind="stable")
    left = found.left[mine][order]
    parked = np.concatenate(([0], np.cumsum((found.left - found.arrived)[mine][order])))
    first, last = np.searchsorted(left, stamps - interval), np.searchsorted(left, stamps)
    return (
        Column("parking_in", np.searchsorted(arrived, stamps) - np.searchsorted(arrived, stamps - interval)),
        Column("parking_out", last - first),
        Column("parking_stay_sum", parked[last] - parked[first]),
        Column("parking_stay_count", last - first),
    )
