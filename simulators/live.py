"""The district as it happens: every report at its time on the wall clock."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heapreplace

from simulators import series
from simulators.backlog import Outgoing, Wrapper, pack, wrapped
from simulators.series import Report
from simulators.world import Device, World


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
    queue: list[tuple[int, str, Device, Report, Iterator[Report]]] = []
    for device in world.devices.values():
        told = _told(world, device, start)
        report = next(told)
        queue.append((_due_ms(report), device.id, device, report, told))
    heapify(queue)
    while queue:
        due, _, device, report, told = queue[0]
        if stop.wait(max(0.0, due / 1000 - now())) or stop.is_set():
            return
        yield from pack(world, wrapped([(device, {**report, "sent": int(now() * 1000)})], wrappers), objects=1)
        following = next(told)
        heapreplace(queue, (_due_ms(following), device.id, device, following, told))


def _told(world: World, device: Device, start: int) -> Iterator[Report]:
    """Everything the device says from `start` on, without end."""
    while True:
        yield from series.reports(world, device, start, start + device.interval_s)
        start += device.interval_s


def _due_ms(report: Report) -> int:
    sent = report["sent"]
    assert isinstance(sent, int)
    return sent
