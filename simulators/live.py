"""The district as it happens: every report at its time on the wall clock."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heapreplace
from typing import TYPE_CHECKING

import numpy as np

from simulators import series
from simulators.backlog import Outgoing, Wrapper, pack, wrapped
from simulators.world import Device, World

if TYPE_CHECKING:
    from simulators.series import Report


def live(
    world: World,
    start: int,
    wrappers: Sequence[Wrapper] = (),
    *,
    stop: threading.Event,
    now: Callable[[], float] = time.time,
) -> Iterator[Outgoing]:
    """Messages of one report each, from stamp `start` [s since 1970 UTC] on, each when its time comes, until `stop`.

    Reports whose time has passed already come at once; `sent` is then the true time, as it is for all others.
    """
    queue: list[tuple[int, str, Device, int]] = []
    for device in world.devices.values():
        stamp = int(series.stamps(world, device, start, start + device.interval_s)[0])
        queue.append((_due_ms(world, device, stamp), device.id, device, stamp))
    heapify(queue)
    while queue:
        due, _, device, stamp = queue[0]
        if stop.wait(max(0.0, due / 1000 - now())) or stop.is_set():
            return
        report: Report = {**series.report(world, device, stamp), "sent": int(now() * 1000)}
        yield from pack(world, wrapped([(device, report)], wrappers), objects=1)
        following = stamp + device.interval_s
        heapreplace(queue, (_due_ms(world, device, following), device.id, device, following))


def _due_ms(world: World, device: Device, stamp: int) -> int:
    return stamp * 1000 + int(series.delay_ms(world, device, np.array([stamp]))[0])
