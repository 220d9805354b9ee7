"""Zones: how long people stayed in them."""

from collections.abc import Iterator

import numpy as np

from simulators.feeds.video import stays_between
from simulators.truth.figure import Truth, summed
from simulators.truth.view import View

METRICS = ("mean_dwell",)


def figures(view: View) -> Iterator[Truth]:
    """Mean of the stays that ended, over all zones, by day and window."""
    cameras = view.world.of_role("video", "crowd")
    if not cameras:
        return
    stays = [stays_between(view.world, camera, view.start, view.end) for camera in cameras]
    entered, left = (np.concatenate(times) for times in zip(*stays, strict=True))
    dwelt, ended = view.per_hour(left, left - entered), view.per_hour(left)
    yield from summed(view, "mean_dwell", "district", cameras, dwelt, ended, grains=("day", "window"))
