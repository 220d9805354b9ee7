"""People: who walked in and out, and how many are in."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from simulators.days import day_start, days_between
from simulators.draw import Whole
from simulators.feeds.foot_traffic import counted_spaces, entrances, visits
from simulators.truth.figure import Truth, coverage, lossy, make, summed
from simulators.truth.view import View
from simulators.world import Device, World

METRICS = ("footfall", "people_in_zone", "balance_error")


def figures(view: View) -> Iterator[Truth]:
    """Footfall per hour, day and window; people in the zone at the end of each hour; balance error per day."""
    world = view.world
    outer = [space for space in counted_spaces(world) if not _inside_another(world, space)]
    subjects = {f"space:{space}": [space] for space in counted_spaces(world)}
    if outer:
        subjects["district"] = outer
    for subject, spaces in subjects.items():
        devices = [device for space in spaces for device in entrances(world, space)]
        entered = sum((_walked(view, space)[0] for space in spaces), np.zeros(view.hours, dtype=np.int64))
        left = sum((_walked(view, space)[1] for space in spaces), np.zeros(view.hours, dtype=np.int64))
        yield from summed(view, "footfall", subject, devices, entered)
        yield from _in_zone(view, subject, devices, entered - left)
        yield from _balance(view, subject, devices, entered, left)


def _inside_another(world: World, space: str) -> bool:
    return any(space != outer and world.lies_in(space, outer) for outer in counted_spaces(world))


def _walked(view: View, space: str) -> tuple[Whole, Whole]:
    days = [visits(view.world, space, day) for day in days_between(view.world.zone, view.start, view.end)]
    return (
        view.per_hour(np.concatenate([day.entered for day in days])),
        view.per_hour(np.concatenate([day.left for day in days])),
    )


def _in_zone(view: View, subject: str, devices: list[Device], change: Whole) -> Iterator[Truth]:
    """Everybody has left by midnight, so those in are those who came and did not go since."""
    lost = lossy(view, devices)
    for day in days_between(view.world.zone, view.start, view.end):
        begins = (day_start(view.world.zone, day) - view.start) // 3600
        ends = (day_start(view.world.zone, day + 1) - view.start) // 3600
        if begins < 0:
            continue
        for window in view.windows(("hour",)):
            if begins <= window.first < ends:
                people = int(change[begins : window.stop].sum())
                exact = not lost[begins : window.stop].any()
                yield make(
                    window,
                    "people_in_zone",
                    subject,
                    Fraction(people),
                    coverage(view, devices, window),
                    exact=bool(exact),
                )


def _balance(view: View, subject: str, devices: list[Device], entered: Whole, left: Whole) -> Iterator[Truth]:
    lost = lossy(view, devices)
    for window in view.windows(("day", "window")):
        at = slice(window.first, window.stop)
        came, went = int(entered[at].sum()), int(left[at].sum())
        value = Fraction(abs(came - went), came) if came else None
        yield make(
            window, "balance_error", subject, value, coverage(view, devices, window), exact=not bool(lost[at].any())
        )
