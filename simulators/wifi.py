"""Wi-Fi: the clients of an access point follow the people around it; now and then one is out of order."""

from functools import lru_cache

import numpy as np

from simulators import draw
from simulators.days import days_between
from simulators.draw import Whole
from simulators.foot_traffic import counted_around, present
from simulators.world import Column, Device, World


@lru_cache(maxsize=64)
def _neighbours(world: World, spaces: tuple[str, ...]) -> int:
    return sum(counted_around(world, d.space) == spaces for d in world.of_feed("wifi"))


def is_online(world: World, device: Device, instants: Whole) -> Whole:
    """1 while the access point is in order, else 0; at most one outage a day, over before midnight."""
    physics = world.physics.wifi
    source = world.key("outage", device.id)
    online = np.ones_like(instants)
    for day in days_between(world.zone, int(instants.min()), int(instants.max()) + 1):
        if draw.below(source, 100, day, 0)[0] < physics.outage_percent:
            begins = world.start_of(day) + int(draw.below(source, 22 * 3600 - physics.outage_s[1], day, 1)[0])
            ends = begins + int(draw.between(source, *physics.outage_s, day, 2)[0])
            online[(instants >= begins) & (instants < ends)] = 0
    return online


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What the controller reports of an access point: clients, clients logged in, whether it is online."""
    physics = world.physics.wifi
    source = world.key("access point", device.id)
    around = counted_around(world, device.space)
    people = sum((present(world, space, stamps) for space in around), np.zeros_like(stamps))
    share = physics.clients_percent * draw.between(source, 70, 131, 0) // _neighbours(world, around)
    staff = draw.between(source, *physics.staff, 1)
    online = is_online(world, device, stamps)
    clients = (people * share // 10_000 + staff) * online
    return (
        Column("wifi_clients", clients),
        Column("wifi_clients_authenticated", clients * draw.between(source, *physics.authenticated_percent, 2) // 100),
        Column("device_online", online),
    )
