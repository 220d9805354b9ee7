"""Wi-Fi: the clients of an access point follow the people around it; now and then one is out of order."""

from functools import lru_cache

import numpy as np

from simulators import draw
from simulators.days import days_between
from simulators.draw import Whole
from simulators.feeds.foot_traffic import counted_around, present, visits
from simulators.outages import in_order
from simulators.world import Column, Device, World


@lru_cache(maxsize=64)
def _neighbours(world: World, spaces: tuple[str, ...]) -> tuple[Device, ...]:
    return tuple(d for d in world.of_feed("wifi") if counted_around(world, d.space) == spaces)


def is_online(world: World, device: Device, instants: Whole) -> Whole:
    """1 while the access point is in order, else 0; at most one outage a day, over before midnight."""
    return in_order(world, world.key("outage", device.id), world.physics.wifi.outage, instants)


@lru_cache(maxsize=512)
def log_ins(world: World, device: Device, day: int) -> tuple[Whole, Whole]:
    """When guests logged in at the access point on local `day`, and when one failed to; [s since 1970 UTC], in order.

    A visitor tries once, soon after the door, and only while the access point is in order.
    """
    physics = world.physics.wifi
    around = counted_around(world, device.space)
    place = _neighbours(world, around).index(device)
    succeeded, failed = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for space in around:
        source = world.key("log-in", space)
        people = visits(world, space, day)
        person = np.arange(people.entered.size, dtype=np.int64)
        tries = draw.below(source, 100, day, person, 0) < physics.log_in_percent
        tries &= draw.below(source, len(_neighbours(world, around)), day, person, 1) == place
        stay = (people.left - people.entered)[tries]
        at = people.entered[tries] + draw.below(source, np.minimum(stay, physics.log_in_s), day, person[tries], 2)
        wrong = draw.below(source, 100, day, person[tries], 3) < physics.log_in_failure_percent
        online = is_online(world, device, at) == 1
        succeeded.append(at[online & ~wrong])
        failed.append(at[online & wrong])
    return np.sort(np.concatenate(succeeded)), np.sort(np.concatenate(failed))


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What the controller reports of an access point: clients, how many are logged in and how many too weak; log-ins."""
    physics = world.physics.wifi
    source = world.key("access point", device.id)
    around = counted_around(world, device.space)
    people = sum((present(world, space, stamps) for space in around), np.zeros_like(stamps))
    share = physics.clients_percent * draw.between(source, 70, 131, 0) // len(_neighbours(world, around))
    staff = draw.between(source, *physics.staff, 1)
    online = is_online(world, device, stamps)
    clients = (people * share // 10_000 + staff) * online
    days = days_between(world.zone, int(stamps.min()) - device.interval_s, int(stamps.max()) + 1)
    tried = [np.concatenate(times) for times in zip(*(log_ins(world, device, day) for day in days), strict=True)]
    succeeded, failed = (np.searchsorted(t, stamps) - np.searchsorted(t, stamps - device.interval_s) for t in tried)
    return (
        Column("wifi_clients", clients),
        Column("wifi_clients_authenticated", clients * draw.between(source, *physics.authenticated_percent, 2) // 100),
        Column("device_online", online),
        Column("wifi_clients_below", clients * draw.between(source, *physics.weak_percent, 3) // 100),
        Column("wifi_logins", succeeded),
        Column("wifi_login_failures", failed),
    )
