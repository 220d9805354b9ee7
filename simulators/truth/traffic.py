"""Roads: vehicles that passed the sections."""

from collections.abc import Iterator

import numpy as np

from simulators.feeds.traffic import passages
from simulators.truth.figure import Truth, summed
from simulators.truth.view import View

METRICS = ("traffic_vehicles",)


def figures(view: View) -> Iterator[Truth]:
    """Vehicles over all sections, by day and window."""
    sections = view.world.of_role("traffic", "road")
    if sections:
        passed = np.concatenate([passages(view.world, section, view.start, view.end) for section in sections])
        yield from summed(
            view, "traffic_vehicles", "district", sections, view.per_hour(passed), grains=("day", "window")
        )
