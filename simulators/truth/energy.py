"""Energy: what went through the meters that no other meter of the same place contains."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulators.faults import Fault, reset_before
from simulators.feeds.energy import counter_wh
from simulators.truth.figure import Truth, coverage, make
from simulators.truth.view import View
from simulators.world import Device, World

if TYPE_CHECKING:
    from simulators.draw import Whole

METRICS = ("energy_use",)


def figures(view: View) -> Iterator[Truth]:
    """Energy [kW.h] per meter, per space with the spaces in it, and of the district."""
    world = view.world
    meters = world.of_feed("energy")
    subjects = {f"device:{meter.id}": [meter] for meter in meters}
    for space in world.spaces:
        subjects[f"space:{space}"] = _uppermost(world, [m for m in meters if world.lies_in(m.space, space)])
    subjects["district"] = _uppermost(world, list(meters))
    resets = next((fault for fault in view.faults if fault.name == "reset"), None)
    used = {meter: np.diff(counter_wh(world, meter, view.edges)) for meter in meters}
    known = {meter: np.isin(view.edges, view.arrived(meter)) for meter in meters}
    lost = {meter: _lost_in_reset(view, meter, None if meter.wrap_wh else resets) for meter in meters}
    for subject, devices in subjects.items():
        if not devices:
            continue
        total: Whole = sum((used[meter] for meter in devices), np.zeros(view.hours, dtype=np.int64))
        for window in view.windows(("hour", "day", "window")):
            at = slice(window.first, window.stop)
            exact = all(known[m][window.first] and known[m][window.stop] and not lost[m][at].any() for m in devices)
            # Watt-hours to kilowatt-hours: the one place where the unit changes.
            value = _kwh(int(total[at].sum()))
            yield make(window, "energy_use", subject, value, coverage(view, devices, window), exact=bool(exact))


def _uppermost(world: World, meters: list[Device]) -> list[Device]:
    """Those that no other of `meters` contains, by the tree of wires."""
    ids = {meter.id for meter in meters}
    return [meter for meter in meters if not ids & set(_above(world, meter))]


def _above(world: World, meter: Device) -> list[str]:
    found: list[str] = []
    at = meter.submeter_of
    while at is not None:
        found.append(at)
        at = world.devices[at].submeter_of
    return found


def _lost_in_reset(view: View, meter: Device, resets: Fault | None) -> NDArray[np.bool_]:
    """Per hour: was the last report before a reset lost, and with it what went through until then?"""
    hours = np.zeros(view.hours, dtype=bool)
    if resets is None:
        return hours
    arrived = set(view.arrived(meter).tolist())
    for hour, end in enumerate(view.edges[1:].tolist()):
        at = reset_before(resets, meter, end + 1)
        if end - 3600 <= at <= end and not {at, at + meter.interval_s} <= arrived:
            hours[max(hour - 4, 0) : hour + 5] = True  # the gap around the reset, four hours at the most
    return hours


def _kwh(watt_hours: int) -> Fraction:
    return Fraction(watt_hours, 1000)
