"""Roads, the taxi stop and bicycles: what brings people and vehicles into the district and away again.

Every vehicle of a car park passes one section on its way in and one on its way out; a taxi waits until it is taken by a
visitor who left; a bicycle stands while its rider is in.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from simulators import draw
from simulators.days import days_between
from simulators.draw import Whole
from simulators.feeds.foot_traffic import Visits, counted_spaces, visits
from simulators.feeds.parking import stays_between
from simulators.outages import is_online
from simulators.world import Column, Device, World

#: Through traffic is spread over the hours that every local day has.
_KNOTS = tuple(hour * 3600 for hour in range(24))
#: A speed is told for an hour's worth of vehicles.
_HOUR_S = 3600


def passages(world: World, section: Device, start: int, end: int) -> Whole:
    """When vehicles passed a section of a road, in order, over [start, end) [s since 1970 UTC] and maybe around it."""
    found = [local_passages(world, section, start, end)]
    found += [_through(world, section, day) for day in days_between(world.zone, start, end)]
    return np.sort(np.concatenate(found))


def local_passages(world: World, section: Device, start: int, end: int) -> Whole:
    """Those of vehicles on their way to a car park of the district, or from it."""
    physics = world.physics.traffic
    sections = world.of_role(section.feed, "road")
    place = sections.index(section)
    found = [np.empty(0, dtype=np.int64)]
    for park in sorted(world.car_parks):
        source = world.key("road", section.feed, park)
        stays = stays_between(world, park, start - physics.near_s[1], end + physics.near_s[1])
        for way, (instants, sign) in enumerate(((stays.arrived, -1), (stays.left, 1))):
            mine = draw.below(source, len(sections), stays.arrived, stays.bay, way) == place
            drive = draw.between(source, *physics.near_s, stays.arrived[mine], stays.bay[mine], 2 + way)
            found.append(instants[mine] + sign * drive)
    return np.concatenate(found)


@lru_cache(maxsize=256)
def _through(world: World, section: Device, day: int) -> Whole:
    physics = world.physics.traffic
    source = world.key("through", section.id)
    vehicle = np.arange(int(draw.between(source, *physics.through_per_day, day, 0)[0]), dtype=np.int64)
    return world.start_of(day) + draw.from_profile(source, _KNOTS, physics.through[:23], day, vehicle, 1)


@lru_cache(maxsize=256)
def pickups(world: World, stop: Device, day: int) -> tuple[Whole, Whole]:
    """When the taxis that visitors of local `day` took at the stop came, and when they were taken."""
    physics = world.physics.traffic

    def taken(source: int, people: Visits, person: Whole) -> tuple[Whole, Whole]:
        at = people.left[person] + draw.between(source, *physics.taxi_walk_s, day, person, 2)
        return at - draw.between(source, *physics.taxi_wait_s, day, person, 3), at

    return _of_visitors(world, stop, day, physics.taxi_percent, taken)


@lru_cache(maxsize=256)
def bicycles(world: World, stand: Device, day: int) -> tuple[Whole, Whole]:
    """When the visitors of local `day` locked their bicycles at the stand, and when they took them again."""
    physics = world.physics.traffic

    def parked(_source: int, people: Visits, person: Whole) -> tuple[Whole, Whole]:
        return people.entered[person] - physics.lock_s, people.left[person] + physics.lock_s

    return _of_visitors(world, stand, day, physics.bicycle_percent, parked)


def _of_visitors(
    world: World,
    device: Device,
    day: int,
    percent: int,
    times: Callable[[int, Visits, Whole], tuple[Whole, Whole]],
) -> tuple[Whole, Whole]:
    """Begin and end for those visitors of a day who come to this one of the devices of its role."""
    sharing = world.of_role(device.feed, device.role)
    begins, ends = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for space in counted_spaces(world):
        source = world.key(device.role, space)
        people = visits(world, space, day)
        person = np.arange(people.entered.size, dtype=np.int64)
        mine = draw.below(source, 100, day, person, 0) < percent
        mine &= draw.below(source, len(sharing), day, person, 1) == sharing.index(device)
        begun, ended = times(source, people, person[mine])
        begins.append(begun)
        ends.append(ended)
    return np.sort(np.concatenate(begins)), np.sort(np.concatenate(ends))


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What a detector of a road, a taxi stop or a bicycle stand reports."""
    online = Column("device_online", is_online(world, device.id, stamps))
    begins = int(stamps.min()) - device.interval_s
    if device.role == "road":
        return online, *_road(world, device, stamps, begins)
    of_day = pickups if device.role == "taxi_stop" else bicycles
    days = days_between(world.zone, begins, int(stamps.max()) + 1)
    came, went = (np.concatenate(t) for t in zip(*(of_day(world, device, day) for day in days), strict=True))
    gone = np.searchsorted(went, stamps)
    present = np.searchsorted(came, stamps) - gone
    if device.role == "taxi_stop":
        taken = gone - np.searchsorted(went, stamps - device.interval_s)
        return online, Column("traffic_pickups", taken), Column("vehicles_present", present)
    outside = present * world.physics.traffic.outside_percent // 100
    return online, Column("bicycles_present", present), Column("bicycles_present_outside", outside)


def _road(world: World, device: Device, stamps: Whole, begins: int) -> tuple[Column, ...]:
    physics = world.physics.traffic
    passed = passages(world, device, begins, int(stamps.max()) + 1)
    count = np.searchsorted(passed, stamps) - np.searchsorted(passed, stamps - device.interval_s)
    flow = count * _HOUR_S // device.interval_s
    speed = np.maximum(physics.free_speed - flow * physics.slowing // 10, physics.slowest)
    covered = np.minimum(count * physics.covered_ms // device.interval_s, 1000)
    return (
        Column("traffic_count", count),
        Column("traffic_speed", speed, 10),
        Column("traffic_occupancy_ratio", covered, 1000),
    )
