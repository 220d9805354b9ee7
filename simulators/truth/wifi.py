"""Access points: for how long the controller called them online."""

from collections.abc import Iterator

import numpy as np

from simulators.truth.figure import Truth, summed
from simulators.truth.view import View

METRICS = ("ap_online_rate",)


def figures(view: View) -> Iterator[Truth]:
    """The rate per access point, per space with the spaces in it, and of the district."""
    world = view.world
    points = world.of_feed("wifi")
    subjects = {f"device:{device.id}": [device] for device in points}
    subjects |= {f"space:{space}": [d for d in points if world.lies_in(d.space, space)] for space in world.spaces}
    subjects["district"] = list(points)
    online = {device: view.held(device, "device_online")[0] for device in points}
    always = np.ones(view.hours, dtype=bool)
    for subject, devices in subjects.items():
        if not devices:
            continue
        seconds = sum((online[device] for device in devices), np.zeros(view.hours, dtype=np.int64))
        registered = np.full(view.hours, 3600 * len(devices), dtype=np.int64)
        yield from summed(view, "ap_online_rate", subject, devices, seconds, registered, exact=always)
