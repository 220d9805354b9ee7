"""Air: each quantity follows the day's course, the weather and its place, smoothly between full hours."""

import numpy as np

from simulators import draw
from simulators.days import place
from simulators.draw import Whole
from simulators.physics import Air
from simulators.world import Column, Device, World, is_rain


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What a station reports at each stamp: the air of that instant."""
    return tuple(
        Column(name, level(world, device, name, air, stamps), air.per_unit)
        for name, air in world.physics.air_quality.quantities.items()
    )


def level(world: World, device: Device, name: str, air: Air, instants: Whole) -> Whole:
    """The quantity at each instant, in steps of 1 / `air.per_unit` of its unit."""
    at = place(world.zone, instants)
    hour, part = at.elapsed // 3600, at.elapsed % 3600
    last = hour + 1 >= at.length // 3600
    here = _at_full_hour(world, device, name, air, at.day, hour)
    there = _at_full_hour(world, device, name, air, at.day + last, np.where(last, 0, hour + 1))
    # Smoothstep 3x^2 - 2x^3 in whole numbers: no corner at the full hour, the same on every machine.
    eased = part * part * (3 * 3600 - 2 * part) // (3600 * 3600)
    fine = here * (3600 - eased) + there * eased
    rounded: Whole = (fine // 3600 + 5_000) // 10_000
    return rounded


def _at_full_hour(world: World, device: Device, name: str, air: Air, day: Whole, hour: Whole) -> Whole:
    """The level at a full hour of a local day, in 1 / 10,000 steps."""
    shared = world.key("air", name)
    wet = world.physics.air_quality.rain_percent[name]
    today, tomorrow = (_day_percent(world, shared, air, wet, d) for d in (day, day + 1))
    weather = today * (24 - np.minimum(hour, 24)) + tomorrow * np.minimum(hour, 24)
    own = world.key("air", name, device.id)
    site = draw.between(own, 100 - air.site_percent, 101 + air.site_percent, 0)
    noise = draw.between(own, 100 - air.noise_percent, 101 + air.noise_percent, day, hour)
    course = np.asarray(air.course, dtype=np.int64)[hour % 24]
    found: Whole = air.level * course * weather * site * noise // (24 * 100 * 100)
    return found


def _day_percent(world: World, source: int, air: Air, wet: int, day: Whole) -> Whole:
    spread = draw.between(source, 100 - air.day_percent, 101 + air.day_percent, day)
    return spread * (100 + is_rain(world, day) * (wet - 100)) // 100
