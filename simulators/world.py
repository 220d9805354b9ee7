"""The simulated district: spaces, car parks and devices as the catalogue has them, and the weather over them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from simulators import draw
from simulators.days import day_start, is_weekend
from simulators.draw import Whole
from simulators.physics import Physics


class Column(NamedTuple):
    """One quantity of a device at each of some instants; the value is `whole` / `per_unit`."""

    quantity: str
    whole: Whole
    per_unit: int = 1


class Event(NamedTuple):
    """Something that happens at a device."""

    #: [s since 1970 UTC]
    at: int
    type: str
    id: str
    refers_to: str | None = None
    severity: str | None = None
    attributes: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """A place that people are in."""

    id: str
    parent: str | None
    core_public: bool = False
    #: opening hours by weekday, 0 = Monday: seconds since local midnight; missing: the physics' default
    opening: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarPark:
    """A car park with its open spaces."""

    id: str
    spaces: int
    public: bool = True
    #: where it is
    space: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Device:
    """A device as the simulation needs it."""

    id: str
    gateway: str
    feed: str
    role: str
    space: str
    #: between two reports [s]; divides an hour
    interval_s: int
    #: how long a value holds while no other comes [s]; 0: three intervals
    hold_s: int = 0
    entrance: str | None = None
    #: -1: mounted the other way round, its "in" are people who leave
    sign: int = 1
    car_park: str | None = None
    #: the meter whose amount contains this one's
    submeter_of: str | None = None
    #: a meter's running total starts again at this [Wh]; 0: it never does
    wrap_wh: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """A district and the seed of everything that happens in it. Compared by identity, so that it can key caches."""

    seed: int
    district: str
    zone: str
    physics: Physics
    spaces: Mapping[str, Space]
    car_parks: Mapping[str, CarPark]
    devices: Mapping[str, Device]
    #: ids of who delivers, and of whom it is delivered to
    carriers: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()

    def key(self, *words: str) -> int:
        """The key of one source of chance in this world."""
        return draw.key(self.seed, self.district, *words)

    def of_feed(self, feed: str) -> tuple[Device, ...]:
        """The devices of `feed`, by id."""
        return tuple(device for _, device in sorted(self.devices.items()) if device.feed == feed)

    def of_role(self, feed: str, *roles: str) -> tuple[Device, ...]:
        """The devices of `feed` with one of `roles`, by id."""
        return tuple(device for device in self.of_feed(feed) if device.role in roles)

    def lies_in(self, space: str, outer: str) -> bool:
        """Whether `space` is `outer` or anywhere inside it."""
        at: str | None = space
        while at is not None and at != outer:
            at = self.spaces[at].parent
        return at == outer

    def start_of(self, day: int) -> int:
        """The first instant of a local day, [s since 1970 UTC]."""
        return day_start(self.zone, day)


@lru_cache(maxsize=8)
def _rain_source(world: World) -> int:
    return world.key("rain")


def is_rain(world: World, day: Whole) -> Whole:
    """1 for local days with rain, else 0."""
    return (draw.below(_rain_source(world), 100, day) < world.physics.rain_percent).astype(np.int64)


def percent(world: World, day: Whole, *, weekend: int, rain: int) -> Whole:
    """The product of the day's factors, in 1 / 10,000: 10,000 for a dry working day."""
    return (100 + is_weekend(day) * (weekend - 100)) * (100 + is_rain(world, day) * (rain - 100))
