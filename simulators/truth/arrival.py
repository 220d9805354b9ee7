"""Which reports came, when, and for how long a device counts as online."""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

import numpy as np

from ingest.model import Kind
from simulators import series
from simulators.draw import Whole
from simulators.faults import DAY_S
from simulators.truth.figure import Truth, coverage, make
from simulators.truth.view import HOLD_INTERVALS, View, Window, kinds, of_amounts
from simulators.world import Device

METRICS = ("completeness", "online_rate", "freshness_p95", "class_completeness", "class_online_rate")

#: Freshness is told in classes; these are their upper edges [s], the last the age at which a report is refused.
_EDGES_S = (5, 10, 30, 60, 120, 300, 900, 3600, 86_400, 2_592_000)
_RANK = Fraction(95, 100)


def figures(view: View) -> Iterator[Truth]:
    """Completeness, online rate and freshness, by hour for feeds, by day and window for everything that has devices."""
    for subject, devices in _subjects(view).items():
        grains = ("hour", "day", "window") if subject.startswith("feed:") and "/" not in subject else ("day", "window")
        for window in view.windows(grains):
            share = coverage(view, devices, window)
            yield make(window, "completeness", subject, share, share, exact=True)
            yield make(window, "online_rate", subject, _online(view, devices, window), share, exact=True)
            if not subject.startswith("space:") and "/" not in subject:
                yield make(window, "freshness_p95", subject, _freshness(view, devices, window), share, exact=True)
    for feed in sorted({device.feed for device in view.world.devices.values()}):
        core = [device for device in view.world.of_feed(feed) if view.world.spaces[device.space].core_public]
        if core:
            for window in view.windows(("day", "window")):
                share = coverage(view, core, window)
                yield make(window, "class_completeness", f"feed:{feed}", share, share, exact=True)
                yield make(window, "class_online_rate", f"feed:{feed}", _online(view, core, window), share, exact=True)


def online_minutes(view: View, device: Device) -> Whole:
    """Minutes of each hour in which the device is online, begun ones included.

    It is online from a report (an amount: from the begin of its interval) to the end of the silence allowed after it.
    """
    at = view.arrived(device)
    begins = (at - (device.interval_s if of_amounts(view.world, device) else 0)) // 60
    ends = -(-(at + HOLD_INTERVALS * device.interval_s) // 60)
    first, last = view.start // 60, view.end // 60
    change = np.zeros(last - first + 1, dtype=np.int64)
    np.add.at(change, np.clip(begins - first, 0, last - first), 1)
    np.add.at(change, np.clip(ends - first, 0, last - first), -1)
    online: Whole = (np.cumsum(change)[:-1] > 0).reshape(-1, 60).sum(axis=1)
    return online


def _subjects(view: View) -> dict[str, list[Device]]:
    subjects: dict[str, list[Device]] = {"district": list(view.world.devices.values())}
    for device in view.world.devices.values():
        for subject in (
            f"device:{device.id}",
            f"feed:{device.feed}",
            f"feed:{device.feed}/space:{device.space}",
            f"space:{device.space}",
        ):
            subjects.setdefault(subject, []).append(device)
    return subjects


def _online(view: View, devices: list[Device], window: Window) -> Fraction:
    online = sum(int(_minutes(view, device)[window.first : window.stop].sum()) for device in devices)
    return Fraction(online, 60 * (window.stop - window.first) * len(devices))


def _freshness(view: View, devices: list[Device], window: Window) -> Fraction | None:
    """Nearest rank over the classes of lateness; every value of a report counts."""
    classes = sum((_lateness(view, device)[window.first : window.stop].sum(axis=0) for device in devices), _NONE)
    total = int(classes.sum())
    if not total:
        return None
    rank = -(-total * _RANK.numerator // _RANK.denominator)
    place = int(np.searchsorted(np.cumsum(classes), rank))
    return Fraction(_EDGES_S[place])


_NONE = np.zeros(len(_EDGES_S), dtype=np.int64)


@lru_cache(maxsize=512)
def _minutes(view: View, device: Device) -> Whole:
    return online_minutes(view, device)


@lru_cache(maxsize=512)
def _lateness(view: View, device: Device) -> Whole:
    """Values per hour and class, shape (hours, classes)."""
    at = view.arrived(device)
    late_ms = series.delay_ms(view.world, device, at)
    for fault in view.faults:
        if fault.name == "late":
            late_ms = late_ms + fault.hits(device, at) * (DAY_S * 1000)
    place = np.searchsorted(np.array(_EDGES_S), -(-late_ms // 1000))
    told = kinds(view.world, device)
    amounts = told.count(Kind.DELTA)
    others = len(told) - amounts
    return np.stack(
        [
            view.per_hour(at[place == c] - 1) * amounts + view.per_hour(at[place == c]) * others
            for c in range(len(_EDGES_S))
        ],
        axis=1,
    )
