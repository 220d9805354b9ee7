"""People: every visitor of a counted space enters once and leaves once, on one local day, through counted entrances.

An event carries whole seconds; it happens within that second, so a report stamped t counts the events of
[t - interval, t) and no event lies on a boundary.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from simulators import draw
from simulators.days import days_between
from simulators.draw import Whole
from simulators.world import Column, Device, World, percent

#: Everybody has left this long before the shortest local day (23 h) ends [s].
_QUIET_S = 900


class Visits(NamedTuple):
    """The visitors of one space on one local day; arrays of one length, times in [s since 1970 UTC]."""

    entered: Whole
    left: Whole
    #: positions in `entrances(world, space)`
    by: Whole
    out_by: Whole


@lru_cache(maxsize=64)
def entrances(world: World, space: str) -> tuple[Device, ...]:
    """The counters on the boundary of `space`, by id."""
    return tuple(d for d in world.of_feed("foot_traffic") if d.entrance is not None and d.space == space)


@lru_cache(maxsize=64)
def counted_spaces(world: World) -> tuple[str, ...]:
    """The spaces with counted entrances, by id."""
    return tuple(sorted({d.space for d in world.of_feed("foot_traffic") if d.entrance is not None}))


def counted_space(world: World, space: str) -> str | None:
    """The innermost counted space that `space` is or lies in."""
    at: str | None = space
    while at is not None and at not in counted_spaces(world):
        at = world.spaces[at].parent
    return at


def counted_around(world: World, space: str) -> tuple[str, ...]:
    """The counted spaces whose people can be in `space`: the innermost one around it, else all."""
    inner = counted_space(world, space)
    return counted_spaces(world) if inner is None else (inner,)


@lru_cache(maxsize=512)
def visits(world: World, space: str, day: int) -> Visits:
    """The visitors of `space` on local `day` (an ordinal)."""
    physics = world.physics.foot_traffic
    source = world.key("visits", space)
    doors = len(entrances(world, space))
    opens, closes = hours(world, space, day)
    today = np.array([day], dtype=np.int64)
    factor = percent(world, today, weekend=physics.weekend_percent, rain=physics.rain_percent)
    noise = draw.between(source, 100 - physics.noise_percent, 101 + physics.noise_percent, today, 0)
    count = int(doors * physics.visits_per_entrance * factor[0] * noise[0] // 1_000_000)
    person = np.arange(count, dtype=np.int64)

    knots = [opens, *(h * 3600 for h in range(24) if opens < h * 3600 < closes), closes]
    weights = [physics.arrivals[left // 3600] * (right - left) // 60 for left, right in pairwise(knots)]
    entered = draw.from_profile(source, knots, weights, today, person, 1)
    stay = draw.from_profile(source, physics.stay_s, [1] * (len(physics.stay_s) - 1), today, person, 2)
    last = closes + draw.below(source, physics.linger_s, today, person, 3)
    left = np.maximum(np.minimum(entered + stay, last), entered + 1)
    midnight = world.start_of(day)
    return Visits(
        entered=entered + midnight,
        left=left + midnight,
        by=draw.below(source, doors, today, person, 4),
        out_by=draw.below(source, doors, today, person, 5),
    )


def present(world: World, space: str, instants: Whole) -> Whole:
    """People in counted `space` just before each instant [s since 1970 UTC]."""
    entered, left = (np.sort(np.concatenate(times)) for times in zip(*_over(world, space, instants, 0), strict=True))
    return np.searchsorted(entered, instants) - np.searchsorted(left, instants)


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What a counter reports at each stamp: people in and out since the report before."""
    if device.entrance is None:
        inwards, outwards = _passages(world, device, stamps)
    else:
        place = entrances(world, device.space).index(device)
        days = [visits(world, device.space, day) for day in _days(world, stamps, device.interval_s)]
        inwards = np.concatenate([day.entered[day.by == place] for day in days])
        outwards = np.concatenate([day.left[day.out_by == place] for day in days])
    if device.sign < 0:
        inwards, outwards = outwards, inwards
    return (
        Column("people_in", _counted(inwards, stamps, device.interval_s)),
        Column("people_out", _counted(outwards, stamps, device.interval_s)),
    )


def _passages(world: World, device: Device, stamps: Whole) -> tuple[Whole, Whole]:
    """Passages of a counter inside: some visitors pass it once each way while they are there."""
    source = world.key("passage", device.id)
    inwards, outwards = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for space in counted_around(world, device.space):
        for day in _days(world, stamps, device.interval_s):
            people = visits(world, space, day)
            person = np.arange(people.entered.size, dtype=np.int64)
            passes = draw.below(source, 100, day, person, 0) < world.physics.foot_traffic.passage_percent
            entered, stay = people.entered[passes], (people.left - people.entered)[passes]
            there = entered + draw.below(source, stay, day, person[passes], 1)
            inwards.append(there)
            outwards.append(there + draw.below(source, entered + stay - there, day, person[passes], 2))
    return np.concatenate(inwards), np.concatenate(outwards)


def hours(world: World, space: str, day: int) -> tuple[int, int]:
    """Opening and closing of `space` [s since local midnight], cut to what fits every local day."""
    physics = world.physics.foot_traffic
    at: str | None = space
    opens, closes = (int(text[:2]) * 3600 + int(text[3:]) * 60 for text in physics.opening)
    while at is not None:
        opening = world.spaces[at].opening
        if opening:
            opens, closes = opening.get((day + 6) % 7, (opens, closes))
            break
        at = world.spaces[at].parent
    return opens, min(closes, 23 * 3600 - _QUIET_S - physics.linger_s)


def _days(world: World, stamps: Whole, interval: int) -> range:
    return days_between(world.zone, int(stamps.min()) - interval, int(stamps.max()) + 1)


def _over(world: World, space: str, instants: Whole, before: int) -> list[tuple[Whole, Whole]]:
    return [(v.entered, v.left) for v in (visits(world, space, day) for day in _days(world, instants, before))]


def _counted(events: Whole, stamps: Whole, interval: int) -> Whole:
    ordered = np.sort(events)
    return np.searchsorted(ordered, stamps) - np.searchsorted(ordered, stamps - interval)
