"""Alarms: how many reached the centre in time."""

from collections.abc import Iterator
from fractions import Fraction

from simulators.feeds.alarms import events
from simulators.truth.figure import Truth, coverage, lossy, make
from simulators.truth.view import View

METRICS = ("alarms_in_time_share",)
#: From the device to the centre [s] (docs/domain.md 4, fire alarm path).
_IN_TIME_S = 10
_FIRST = frozenset({"alarm.raised", "alarm.test"})


def figures(view: View) -> Iterator[Truth]:
    """Alarms and tests received in time over those raised, by window."""
    panels = view.world.of_feed("alarms")
    for window in view.windows(("window",)) if panels else ():
        raised = in_time = 0
        for panel in panels:
            happened = events(view.world, panel, window.start, window.end + _IN_TIME_S + 1)
            received = {event.refers_to: event.at for event in happened if event.type == "alarm.received"}
            first = [event for event in happened if event.type in _FIRST and event.at < window.end]
            raised += len(first)
            in_time += sum(
                received.get(event.id, event.at + _IN_TIME_S + 1) - event.at <= _IN_TIME_S for event in first
            )
        value = Fraction(in_time, raised) if raised else None
        share, exact = coverage(view, panels, window), not lossy(view, panels).any()
        yield make(window, METRICS[0], "district", value, share, exact=bool(exact))
