"""What the figures of a simulated district must be, computed from what happened in it, never from what was stored.

Written from the definitions in words (docs/metrics.md) and without a line of the code that computes the figures: break
a formula on either side, and the other finds it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from simulators.faults import Fault
from simulators.truth import (
    air_quality,
    alarms,
    arrival,
    deliveries,
    energy,
    equipment,
    foot_traffic,
    parking,
    traffic,
    video,
    wifi,
)  # fmt: skip
from simulators.truth.figure import Truth
from simulators.truth.view import View
from simulators.world import World

__all__ = ["METRICS", "Truth", "truth"]

#: Which metrics a part of the model answers for.
_PARTS: Mapping[tuple[str, ...], Callable[[View], Iterator[Truth]]] = {
    foot_traffic.METRICS: foot_traffic.figures,
    parking.METRICS: parking.figures,
    wifi.METRICS: wifi.figures,
    energy.METRICS: energy.figures,
    air_quality.METRICS: air_quality.figures,
    video.METRICS: video.figures,
    equipment.METRICS: equipment.figures,
    traffic.METRICS: traffic.figures,
    alarms.METRICS: alarms.figures,
    deliveries.METRICS: deliveries.figures,
    arrival.METRICS: arrival.figures,
}
METRICS = tuple(metric for metrics in _PARTS for metric in metrics)


def truth(
    world: World,
    start: int,
    end: int,
    *,
    faults: Sequence[Fault] = (),
    metrics: Sequence[str] | None = None,
    sent: tuple[int, int] | None = None,
) -> list[Truth]:
    """The figures of every whole hour and local day of [start, end), and of the window where it is made of whole days.

    Args:
        world: the district.
        start: begin [s since 1970 UTC], a full hour.
        end: end [s since 1970 UTC], a full hour.
        faults: what went wrong on the way.
        metrics: only these.
        sent: stamps [s since 1970 UTC], half-open, outside which nothing was sent; None: everything was.

    Raises:
        ValueError: a metric that has no truth, or a window that does not lie on full hours.
    """
    asked = METRICS if metrics is None else tuple(metrics)
    for metric in asked:
        if metric not in METRICS:
            raise ValueError(f"expected a metric such as footfall (known: {', '.join(METRICS)}), got {metric!r}")
    if start % 3600 or end % 3600 or end <= start:
        raise ValueError(f"expected a window of full hours, got [{start}, {end})")
    view = View(world=world, start=start, end=end, faults=tuple(faults), sent=sent)
    parts = [part for metrics_, part in _PARTS.items() if set(metrics_) & set(asked)]
    return [figure for part in parts for figure in part(view) if figure.metric in asked]
