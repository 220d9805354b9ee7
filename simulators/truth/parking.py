"""Vehicles: who drove in and out, how long they stayed, how full it was, and which car parks report."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np

from simulators.draw import Whole
from simulators.feeds.parking import gates, stays_between
from simulators.truth.arrival import online_minutes
from simulators.truth.figure import Truth, coverage, lossy, make, summed
from simulators.truth.view import View, Window
from simulators.world import CarPark, Device

METRICS = (
    "parking_in",
    "parking_out",
    "parking_occupancy",
    "parking_turnover",
    "parking_mean_dwell",
    "parking_peak_hour",
    "parking_balance_error",
    "parking_share_of_car_parks_connected",
    "parking_share_of_spaces_connected",
)
#: A car park is connected when this share of its hours is valid, an hour when this many minutes are (docs/domain.md 8).
_CONNECTED = Fraction(9, 10)
_VALID_MINUTES = 45


def figures(view: View) -> Iterator[Truth]:
    """All parking figures, per car park, and over the public ones for the district."""
    world = view.world
    subjects = {f"car_park:{park.id}": [park] for park in world.car_parks.values()}
    subjects["district"] = [park for park in world.car_parks.values() if park.public]
    for subject, parks in subjects.items():
        gated = [device for park in parks for device in gates(world, park.id)]
        if gated:
            yield from _of_gates(view, subject, parks, gated)
        yield from _occupancy(view, subject, parks)
        yield from _connected(view, subject, parks)


def _of_gates(view: View, subject: str, parks: Sequence[CarPark], gated: Sequence[Device]) -> Iterator[Truth]:
    arrived, left, stayed = (np.zeros(view.hours, dtype=np.int64) for _ in range(3))
    for park in parks:
        if gates(view.world, park.id):
            found = stays_between(view.world, park.id, view.start, view.end)
            arrived += view.per_hour(found.arrived)
            left += view.per_hour(found.left)
            stayed += view.per_hour(found.left, found.left - found.arrived)
    spaces = sum(park.spaces for park in parks)
    yield from summed(view, "parking_in", subject, gated, arrived)
    yield from summed(view, "parking_out", subject, gated, left)
    yield from summed(view, "parking_turnover", subject, gated, arrived, spaces, grains=("day", "window"))
    yield from summed(view, "parking_mean_dwell", subject, gated, stayed, left, grains=("day", "window"))
    lost = lossy(view, gated)
    for window in view.windows(("day", "window")):
        at = slice(window.first, window.stop)
        share, exact = coverage(view, gated, window), not bool(lost[at].any())
        came, went = int(arrived[at].sum()), int(left[at].sum())
        balance = Fraction(abs(came - went), came) if came else None
        yield make(window, "parking_balance_error", subject, balance, share, exact=exact)
        yield make(window, "parking_peak_hour", subject, peak(view, window, arrived + left), share, exact=exact)


def peak(view: View, window: Window, moved: Whole) -> Fraction:
    """The local hour with the greatest mean movement; of equal ones the earliest."""
    zone = ZoneInfo(view.world.zone)
    by_hour: dict[int, list[int]] = {}
    for hour in range(window.first, window.stop):
        local = datetime.fromtimestamp(view.start + hour * 3600, zone).hour
        by_hour.setdefault(local, []).append(int(moved[hour]))
    means = {local: Fraction(sum(counts), len(counts)) for local, counts in by_hour.items()}
    return Fraction(min(local for local, mean in means.items() if mean == max(means.values())))


def _occupancy(view: View, subject: str, parks: Sequence[CarPark]) -> Iterator[Truth]:
    """Time-weighted over what the counting devices saw: a count holds until the next, three intervals at most."""
    counting = {park: [d for d in _devices(view, park) if d.role != "gate"] for park in parks}
    devices = [device for found in counting.values() for device in found]
    if not devices:
        return
    vehicles, spaces = np.zeros(view.hours, dtype=np.int64), np.zeros(view.hours, dtype=np.int64)
    for park, found in counting.items():
        for device in found:
            held, seconds = view.held(device, "parking_used")
            vehicles += held
            spaces += seconds * park.spaces
    always = np.ones(view.hours, dtype=bool)
    yield from summed(view, "parking_occupancy", subject, devices, vehicles, spaces, exact=always)


def _connected(view: View, subject: str, parks: Sequence[CarPark]) -> Iterator[Truth]:
    valid = {park: _valid_hours(view, park) for park in parks}
    devices = [device for park in parks for device in _devices(view, park)]
    for window in view.windows(("day", "window")):
        hours = window.stop - window.first
        connected = [p for p in parks if Fraction(int(valid[p][window.first : window.stop].sum()), hours) >= _CONNECTED]
        share = coverage(view, devices, window)
        of_parks = Fraction(len(connected), len(parks)) if parks else None
        of_spaces = Fraction(sum(p.spaces for p in connected), sum(p.spaces for p in parks)) if parks else None
        yield make(window, "parking_share_of_car_parks_connected", subject, of_parks, share, exact=True)
        yield make(window, "parking_share_of_spaces_connected", subject, of_spaces, share, exact=True)


def _valid_hours(view: View, park: CarPark) -> Whole:
    devices = _devices(view, park)
    if not devices:
        return np.zeros(view.hours, dtype=np.int64)
    valid: Whole = np.min([online_minutes(view, device) >= _VALID_MINUTES for device in devices], axis=0).astype(
        np.int64
    )
    return valid


def _devices(view: View, park: CarPark) -> list[Device]:
    return [device for device in view.world.of_feed("parking") if device.car_park == park.id]
