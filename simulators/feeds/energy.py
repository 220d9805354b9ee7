"""Energy: a meter's counter is the integral of its power, in whole watt-hours, known at any instant without replay.

The energy of a local day is drawn for the day; within it, it follows a fixed course plus a ripple that is nought at
both ends of the day. An incomer counts what the meters below it count, and its own share.
"""

from functools import lru_cache

import numpy as np

from simulators import draw
from simulators.days import is_weekend, place
from simulators.draw import Whole
from simulators.world import Column, Device, World, is_rain


def counter_wh(world: World, device: Device, stamps: Whole) -> Whole:
    """The meter's counter at each stamp [Wh]; stamps are multiples of its interval."""
    own = _own_wh(world, device, stamps)
    return sum((counter_wh(world, meter, stamps) for meter in below(world, device)), own)


@lru_cache(maxsize=256)
def below(world: World, device: Device) -> tuple[Device, ...]:
    """The meters just below `device`, which it counts besides its own share."""
    return tuple(meter for meter in world.of_feed("energy") if meter.submeter_of == device.id)


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What a meter reports: its counter, the mean power since the report before, and an incomer its power factor."""
    counter = counter_wh(world, device, stamps)
    used = counter - counter_wh(world, device, stamps - device.interval_s)
    found = Column("energy_import_total", counter, 1000), Column("power_active", used * (3600 // device.interval_s))
    if device.role != "incomer":
        return found
    low, high = world.physics.energy.power_factor_percent
    load = np.asarray(world.physics.energy.shape, dtype=np.int64)[place(world.zone, stamps).elapsed // 3600 % 24]
    noise = draw.below(world.key("power factor", device.id), 3, stamps // device.interval_s)
    return *found, Column("power_factor", low + (high - low) * load // 100 - noise, 100)


def _own_wh(world: World, device: Device, stamps: Whole) -> Whole:
    physics = world.physics.energy
    at = place(world.zone, stamps)
    origin = physics.origin.toordinal()
    if stamps.size and int(at.day.min()) < origin:
        raise ValueError(f"energy is known from {physics.origin} on, got a stamp of ordinal day {int(at.day.min())}")
    first, totals = _until(world, device, int(at.day.max(initial=origin)) + 1)
    amount = totals[at.day - origin + 1] - totals[at.day - origin]
    within = np.empty_like(stamps)
    for length in np.unique(at.length):
        mine = at.length == length
        course, least = _course(physics.shape, int(length), device.interval_s)
        share = course[at.elapsed[mine] // device.interval_s]
        ripple = amount[mine] * least // course[-1] // 2
        slot = stamps[mine] // device.interval_s
        wave = draw.below(world.key("ripple", device.id), np.maximum(ripple, 1), slot)
        within[mine] = amount[mine] * share // course[-1] + np.where(at.elapsed[mine] == 0, 0, wave)
    return first + totals[at.day - origin] + within


@lru_cache(maxsize=1024)
def _until(world: World, device: Device, day: int) -> tuple[int, Whole]:
    """The counter at the origin, and the energy from there to the start of each day up to `day` [Wh]."""
    physics = world.physics.energy
    source = world.key("meter", device.id)
    days = np.arange(physics.origin.toordinal(), day, dtype=np.int64)
    usual = draw.between(source, *physics.meter_wh_per_day, 0)
    if meters := below(world, device):
        usual = usual * physics.own_percent * len(meters) // 100
    weather = (100 + is_weekend(days) * (physics.weekend_percent - 100)) * (
        100 + is_rain(world, days) * (physics.rain_percent - 100)
    )
    noise = draw.between(source, 100 - physics.noise_percent, 101 + physics.noise_percent, days, 1)
    totals = np.concatenate(([0], np.cumsum(usual * weather * noise // 1_000_000)))
    return int(draw.between(source, *physics.first_wh, 2)[0]), totals


@lru_cache(maxsize=64)
def _course(shape: tuple[int, ...], length: int, interval: int) -> tuple[Whole, int]:
    """Cumulative weights at each slot of a day of `length` s, from 0 on, and the least weight of a slot."""
    middle = np.arange(0, length, interval, dtype=np.int64) + interval // 2
    hour, part = middle // 3600, middle % 3600
    knots = np.asarray(shape, dtype=np.int64)
    weight = knots[hour % 24] * (3600 - part) + knots[(hour + 1) % 24] * part
    return np.concatenate(([0], np.cumsum(weight))), int(weight.min())
