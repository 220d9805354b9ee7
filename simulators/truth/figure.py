"""One true figure, and how to make many of them from columns of one number per hour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simulators.draw import Whole
from simulators.truth.view import View, Window, of_amounts
from simulators.world import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a figure must be."""

    metric: str
    subject: str
    #: hour, day or window
    grain: str
    start: datetime
    end: datetime
    #: None: there is none, and none must be shown
    value: Fraction | None
    #: slots that arrived over slots expected, of the devices concerned; None: nothing was expected
    coverage: Fraction | None
    #: nothing that was lost or bent on the way can change the figure; else its coverage has to excuse it
    exact: bool


def make(
    window: Window, metric: str, subject: str, value: Fraction | None, coverage: Fraction | None, *, exact: bool
) -> Truth:
    """One figure of `window`."""
    start, end = (datetime.fromtimestamp(instant, UTC) for instant in (window.start, window.end))
    return Truth(
        metric=metric,
        subject=subject,
        grain=window.grain,
        start=start,
        end=end,
        value=value,
        coverage=coverage,
        exact=exact,
    )


def summed(
    view: View,
    metric: str,
    subject: str,
    devices: Sequence[Device],
    above: Whole,
    below: Whole | int = 1,
    *,
    exact: NDArray[np.bool_] | None = None,
    grains: Sequence[str] = ("hour", "day", "window"),
    per: int = 1,
) -> Iterator[Truth]:
    """Figures that add up over time: sum of `above` over sum of `below` (a number: over that number), over `per`.

    Args:
        view: the stretch of time.
        metric: name of the metric.
        subject: what it is a figure of.
        devices: those that it rests on.
        above: one number per hour.
        below: one number per hour, or one number that does not grow with the window.
        exact: per hour, whether the figure can be exact; None: no slot of a device is lost in it.
        grains: which windows.
        per: a constant divisor.
    """
    fine = ~lossy(view, devices) if exact is None else exact
    for window in view.windows(grains):
        at = slice(window.first, window.stop)
        under = int(below[at].sum()) if isinstance(below, np.ndarray) else below
        value = Fraction(int(above[at].sum()), under * per) if under else None
        yield make(window, metric, subject, value, coverage(view, devices, window), exact=bool(fine[at].all()))


def coverage(view: View, devices: Sequence[Device], window: Window) -> Fraction | None:
    """Slots that arrived over slots expected in `window`."""
    at = slice(window.first, window.stop)
    expected = sum((window.stop - window.first) * 3600 // device.interval_s for device in devices)
    arrived = sum(int(view.slots(device)[at].sum()) for device in devices)
    return Fraction(arrived, expected) if expected else None


def lossy(view: View, devices: Sequence[Device]) -> NDArray[np.bool_]:
    """Per hour: did a report of one of `devices` not arrive?"""
    lost = np.zeros(view.hours, dtype=bool)
    for device in devices:
        arrived = view.amounts(device) if of_amounts(view.world, device) else view.slots(device)
        lost |= arrived < 3600 // device.interval_s
    return lost
