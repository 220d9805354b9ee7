"""Deliveries: a platform sends vehicles with the parcels of one or two carriers, from merchant to merchant."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulators import draw
from simulators.days import days_between
from simulators.draw import Whole
from simulators.outages import is_online
from simulators.world import Column, Device, Event, World


class Stop(NamedTuple):
    """One hand-over; times in [s since 1970 UTC]."""

    at: int
    due: int
    merchant: str
    carrier: str
    parcels: int


class Trip(NamedTuple):
    """One vehicle's way; times in [s since 1970 UTC]."""

    id: str
    begins: int
    ends: int
    carriers: tuple[str, ...]
    stops: tuple[Stop, ...]


@lru_cache(maxsize=2048)
def trips(world: World, platform: Device, day: int) -> tuple[Trip, ...]:
    """The trips that begin on local `day`; all end on it."""
    if not world.carriers or not world.merchants:
        return ()
    physics = world.physics.deliveries
    source = world.key("trips", platform.id)
    count = int(draw.between(source, *physics.trips_per_day, day, 0)[0])
    return tuple(_trip(world, source, day, number) for number in range(count))


def _trip(world: World, source: int, day: int, number: int) -> Trip:
    physics = world.physics.deliveries
    carriers = [world.carriers[int(draw.below(source, len(world.carriers), day, number, 1)[0])]]
    others = [carrier for carrier in world.carriers if carrier not in carriers]
    if others and draw.below(source, 100, day, number, 2)[0] < physics.joint_percent:
        carriers.append(others[int(draw.below(source, len(others), day, number, 3)[0])])
    begins = world.start_of(day) + int(draw.between(source, *physics.starts_s, day, number, 4)[0])
    place = np.arange(int(draw.between(source, *physics.stops, day, number, 5)[0]), dtype=np.int64)
    legs = draw.between(source, *physics.drive_s, day, number, place, 6)
    at = begins + np.cumsum(legs)
    due = at + draw.between(source, *physics.slack_s, day, number, place, 7)
    merchant = draw.below(source, len(world.merchants), day, number, place, 8)
    carrier = draw.below(source, len(carriers), day, number, place, 9)
    parcels = draw.between(source, *physics.parcels, day, number, place, 10)
    stops = tuple(
        Stop(when, promised, world.merchants[m], carriers[c], n)
        for when, promised, m, c, n in zip(
            at.tolist(), due.tolist(), merchant.tolist(), carrier.tolist(), parcels.tolist(), strict=True
        )
    )
    home = int(draw.between(source, *physics.drive_s, day, number, 11)[0])
    return Trip(f"{begins}-{number}", begins, stops[-1].at + home, tuple(sorted(carriers)), stops)


def columns(world: World, device: Device, stamps: Whole) -> tuple[Column, ...]:
    """What a platform reports by itself: that it is there."""
    return (Column("device_online", is_online(world, device.id, stamps)),)


def events(world: World, device: Device, start: int, end: int) -> list[Event]:
    """Trips, their stops and their ends, in [start, end)."""
    found = [
        event
        for day in days_between(world.zone, start, end)
        for trip in trips(world, device, day)
        for event in _events(trip)
        if start <= event.at < end
    ]
    return sorted(found, key=lambda event: (event.at, event.id))


def _events(trip: Trip) -> list[Event]:
    aboard = {"carriers": list(trip.carriers), "parcels": sum(stop.parcels for stop in trip.stops)}
    stops = [
        Event(stop.at, "delivery.stop", f"{trip.id}-{place}", refers_to=trip.id, attributes=_about(stop))
        for place, stop in enumerate(trip.stops)
    ]
    begin = Event(trip.begins, "delivery.trip", trip.id, attributes=aboard)
    return [begin, *stops, Event(trip.ends, "delivery.end", f"{trip.id}-end", refers_to=trip.id)]


def _about(stop: Stop) -> dict[str, object]:
    due = datetime.fromtimestamp(stop.due, UTC).isoformat().replace("+00:00", "Z")
    return {"merchant": stop.merchant, "carrier": stop.carrier, "parcels": stop.parcels, "due": due}
