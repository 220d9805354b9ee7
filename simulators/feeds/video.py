"""Cameras that send numbers: people in zones that do not overlap, vehicles on a road, and whether a picture comes.

The zones of one counted space share its visitors: each stands in one of them for as long as the visit lasts. Zones in
front of the doors see visitors pause before they go in.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulators import draw
from simulators.days import days_between
from simulators.draw import Whole
from simulators.feeds.foot_traffic import counted_space, counted_spaces, visits
from simulators.feeds.traffic import passages
from simulators.outages import in_order, is_online
from simulators.world import Column, Device, World


class Stays(NamedTuple):
    """Stays in a zone; arrays of one length, times in [s since 1970 UTC]."""

    entered: Whole
    left: Whole


@lru_cache(maxsize=64)
def zones(world: World, space: str) -> tuple[Device, ...]:
    """The cameras that share the visitors with one in `space`, by id."""
    inner = counted_space(world, space)
    return tuple(d for d in world.of_role("video", "crowd") if counted_space(world, d.space) == inner)


@lru_cache(maxsize=512)
def stays(world: World, camera: Device, day: int) -> Stays:
    """The stays in the camera's zone of the visitors of local `day` (an ordinal)."""
    physics = world.physics.video
    inner = counted_space(world, camera.space)
    sharing = zones(world, camera.space)
    entered, left = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for space in counted_spaces(world) if inner is None else (inner,):
        source = world.key("zone", inner or "", space)
        people = visits(world, space, day)
        person = np.arange(people.entered.size, dtype=np.int64)
        mine = draw.below(source, len(sharing), day, person, 0) == sharing.index(camera)
        if inner is None:
            mine &= draw.below(source, 100, day, person, 1) < physics.pause_percent
            entered.append(people.entered[mine] - draw.between(source, *physics.pause_s, day, person[mine], 2))
            left.append(people.entered[mine])
        else:
            entered.append(people.entered[mine])
            left.append(people.left[mine])
    return Stays(np.concatenate(entered), np.concatenate(left))


def stays_between(world: World, camera: Device, start: int, end: int) -> Stays:
    """All stays with any part in [start, end) [s since 1970 UTC], and maybe some around it."""
    days = days_between(world.zone, start, end + world.physics.video.pause_s[1])
    return Stays(*(np.concatenate(t) for t in zip(*(stays(world, camera, day) for day in days), strict=True)))


def has_picture(world: World, camera: Device, instants: Whole) -> Whole:
    """1 while the camera's picture can be fetched, else 0."""
    works = in_order(world, world.key("picture", camera.id), world.physics.upkeep.broken, instants)
    return works * is_online(world, camera.id, instants)


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What a camera reports; a crowd camera also its stays that ended since the report before."""
    found = (
        Column("device_online", is_online(world, device.id, stamps)),
        Column("video_stream_ok", has_picture(world, device, stamps)),
    )
    if device.role == "crowd":
        return *found, *_crowd(world, device, stamps)
    if device.role == "road":
        return *found, *_road(world, device, stamps)
    return found


def _crowd(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    begins = int(stamps.min()) - device.interval_s
    people = stays_between(world, device, begins, int(stamps.max()) + 1)
    order = np.argsort(people.left, kind="stable")
    left = people.left[order]
    dwelt = np.concatenate(([0], np.cumsum((people.left - people.entered)[order])))
    first, last = np.searchsorted(left, stamps - device.interval_s), np.searchsorted(left, stamps)
    return (
        Column("people_present", np.searchsorted(np.sort(people.entered), stamps) - last),
        Column("people_dwell_sum", dwelt[last] - dwelt[first]),
        Column("people_dwell_count", last - first),
    )


def _road(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    passed = passages(world, device, int(stamps.min()) - device.interval_s, int(stamps.max()) + 1)
    here = np.searchsorted(passed, stamps)
    return (
        Column("traffic_count", here - np.searchsorted(passed, stamps - device.interval_s)),
        Column("vehicles_present", here - np.searchsorted(passed, stamps - world.physics.video.in_picture_s)),
    )
