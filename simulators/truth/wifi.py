"""Access points: for how long the controller called them online."""

from collections.abc import Iterator

import numpy as np

from simulators.days import days_between
from simulators.feeds.wifi import log_ins
from simulators.truth.figure import Truth, summed
from simulators.truth.view import View

METRICS = ("ap_online_rate", "wifi_logins")


def figures(view: View) -> Iterator[Truth]:
    """The rate per access point, per space with the spaces in it, and of the district; log-ins of the district's days."""
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
    if points:
        days = days_between(world.zone, view.start, view.end)
        found = np.concatenate([log_ins(world, point, day)[0] for point in points for day in days])
        yield from summed(view, "wifi_logins", "district", points, view.per_hour(found), grains=("day", "window"))
