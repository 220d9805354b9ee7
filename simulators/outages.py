"""Times in which something is out of order: at most one a local day, over before midnight."""

from collections.abc import Iterator

import numpy as np

from simulators import draw
from simulators.days import days_between
from simulators.draw import Whole
from simulators.physics import Outage
from simulators.world import World

#: No outage begins so late that it could outlast the shortest local day (23 h) [s].
_LATEST_S = 22 * 3600


def outages(world: World, source: int, outage: Outage, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The outages of local days that [start, end) touches, [s since 1970 UTC], half-open, in their order."""
    days = np.array(days_between(world.zone, start, end), dtype=np.int64)
    for day in days[draw.below(source, 100, days, 0) < outage.percent].tolist() if days.size else ():
        begins = world.start_of(day) + int(draw.below(source, _LATEST_S - outage.length_s[1], day, 1)[0])
        yield begins, begins + int(draw.between(source, *outage.length_s, day, 2)[0])


def in_order(world: World, source: int, outage: Outage, instants: Whole) -> Whole:
    """1 at the instants [s since 1970 UTC] that no outage holds, else 0."""
    fine = np.ones_like(instants)
    if instants.size:
        for begins, ends in outages(world, source, outage, int(instants.min()), int(instants.max()) + 1):
            fine[(instants >= begins) & (instants < ends)] = 0
    return fine


def is_online(world: World, device_id: str, instants: Whole) -> Whole:
    """1 while the device can be reached by the platform that speaks for it, else 0."""
    return in_order(world, world.key("outage", device_id), world.physics.upkeep.offline, instants)
