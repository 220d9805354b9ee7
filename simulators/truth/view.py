"""A stretch of time in a simulated district, and which reports of it arrived."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import quantities
from ingest.model import Kind
from ingest.series import SeriesTable
from simulators import series
from simulators.days import days_between
from simulators.draw import Whole
from simulators.faults import Effect, Fault
from simulators.world import Device, World

HOUR_S = 3600
#: 2026-01-01T04:00:00Z: what a device measures is the same at any time.
_SOME_TIME = 1_767_240_000
#: A value holds for this many intervals, and a device is online for as long after a report (docs/domain.md 3).
HOLD_INTERVALS = 3


class Window(NamedTuple):
    """An hour, a local day, or all of the view."""

    grain: str
    #: [s since 1970 UTC], half-open
    start: int
    end: int
    #: positions of its hours in the view, half-open
    first: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """Full hours [start, end) [s since 1970 UTC] of a world, as its reports tell of them."""

    world: World
    start: int
    end: int
    faults: tuple[Fault, ...] = ()
    sent: tuple[int, int] | None = None

    @property
    def hours(self) -> int:
        """How many hours there are."""
        return (self.end - self.start) // HOUR_S

    @property
    def edges(self) -> Whole:
        """The full hours, `end` included."""
        return np.arange(self.start, self.end + 1, HOUR_S, dtype=np.int64)

    def windows(self, grains: Sequence[str]) -> Iterator[Window]:
        """The windows of those grains that lie wholly in the view."""
        if "hour" in grains:
            for hour in range(self.hours):
                begins = self.start + hour * HOUR_S
                yield Window("hour", begins, begins + HOUR_S, hour, hour + 1)
        days = [
            (self.world.start_of(day), self.world.start_of(day + 1))
            for day in days_between(self.world.zone, self.start, self.end)
        ]
        whole = [(begins, ends) for begins, ends in days if self.start <= begins and ends <= self.end]
        if "day" in grains:
            for begins, ends in whole:
                yield self._window("day", begins, ends)
        if "window" in grains and whole and whole == days:
            yield self._window("window", self.start, self.end)

    def arrived(self, device: Device) -> Whole:
        """Stamps of the device that arrived, from a day before the view to an hour after it."""
        return _arrived(self, device)

    def slots(self, device: Device) -> Whole:
        """How many reports of the device arrived, per hour; an amount on the full hour belongs to the hour before."""
        return _slots(self, device)

    def amounts(self, device: Device) -> Whole:
        """How many amounts of the device arrived, per hour that they cover."""
        return self.per_hour(self.arrived(device) - 1)

    def spoilt(self, device: Device) -> NDArray[np.bool_]:
        """Per hour: can a report with wrong values be in force in it?"""
        return _spoilt(self, device)

    def per_hour(self, instants: Whole, weights: Whole | None = None) -> Whole:
        """How many of `instants` [s since 1970 UTC] lie in each hour, or the sum of their `weights`."""
        inside = (instants >= self.start) & (instants < self.end)
        counts = np.zeros(self.hours, dtype=np.int64)
        np.add.at(counts, (instants[inside] - self.start) // HOUR_S, 1 if weights is None else weights[inside])
        return counts

    def held(self, device: Device, quantity: str) -> tuple[Whole, Whole]:
        """Value times seconds it held, in 1 / per_unit of its unit, and the seconds that a value held; per hour."""
        at = self.arrived(device)
        for fault in self.faults:
            if fault.effect is Effect.FLAGGED and quantity in fault.rate.quantities:
                at = at[~fault.hits(device, at)]
        if not at.size:
            return np.zeros(self.hours, dtype=np.int64), np.zeros(self.hours, dtype=np.int64)
        values = next(c.whole for c in series.columns(self.world, device, at) if c.quantity == quantity)
        until = np.minimum(np.append(at[1:], at[-1] + hold_s(device)), at + hold_s(device))
        turn = np.minimum(until, (at // HOUR_S + 1) * HOUR_S)
        parts = [(at, turn - at), (turn, until - turn)]
        weighted = sum(
            (self.per_hour(when, values * length) for when, length in parts), np.zeros(self.hours, dtype=np.int64)
        )
        seconds = sum((self.per_hour(when, length) for when, length in parts), np.zeros(self.hours, dtype=np.int64))
        return weighted, seconds

    def _window(self, grain: str, begins: int, ends: int) -> Window:
        return Window(grain, begins, ends, (begins - self.start) // HOUR_S, (ends - self.start) // HOUR_S)


def hold_s(device: Device) -> int:
    """How long a value of the device holds while no other comes [s]; at most an hour."""
    return device.hold_s or HOLD_INTERVALS * device.interval_s


@lru_cache(maxsize=4096)
def kinds(world: World, device: Device) -> tuple[Kind, ...]:
    """What the values of the device's reports are, one by one."""
    stamp = np.array([series.slot(world, device, _SOME_TIME)], dtype=np.int64)
    return tuple(_kind(column.quantity) for column in series.columns(world, device, stamp))


def of_amounts(world: World, device: Device) -> bool:
    """Whether the device's reports tell amounts of the interval before their stamp, maybe besides other values."""
    return Kind.DELTA in kinds(world, device)


def _kind(name: str) -> Kind:
    """Of a quantity as it stands in a native report."""
    found = SeriesTable().split(name)
    assert found is not None, name
    return quantities.load()[found[0]].kind


def _expected(view: View, device: Device) -> Whole:
    return series.stamps(view.world, device, view.start - 86_400, view.end + HOUR_S)


@lru_cache(maxsize=512)
def _arrived(view: View, device: Device) -> Whole:
    at = _expected(view, device)
    if view.sent is not None:
        at = at[(at >= view.sent[0]) & (at < view.sent[1])]
    for fault in view.faults:
        if fault.effect is Effect.LOST:
            at = at[~fault.hits(device, at)]
    return at


@lru_cache(maxsize=512)
def _slots(view: View, device: Device) -> Whole:
    # A slot counts where it is fullest; a stamp on a full hour is an amount's hour before and any other value's own.
    at = view.arrived(device)
    told = kinds(view.world, device)
    amounts = view.per_hour(at - 1) if Kind.DELTA in told else np.zeros(view.hours, dtype=np.int64)
    others = view.per_hour(at) if set(told) - {Kind.DELTA} else np.zeros(view.hours, dtype=np.int64)
    slots: Whole = np.maximum(amounts, others)
    return slots


@lru_cache(maxsize=512)
def _spoilt(view: View, device: Device) -> NDArray[np.bool_]:
    at = view.arrived(device)
    spoilt = np.zeros(at.size, dtype=bool)
    for fault in view.faults:
        if fault.effect is Effect.BENT:
            spoilt |= fault.hits(device, at)
    touched = view.per_hour(at[spoilt]) + view.per_hour(at[spoilt] + hold_s(device) - 1)
    return touched > 0
