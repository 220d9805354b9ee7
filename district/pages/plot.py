"""Geometry of the plots: pure functions from values to coordinates, which a template turns into SVG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis."""

    #: coordinate [px]
    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The drawing's size and the margins that hold the axis labels [px]."""

    width: int = 960
    height: int = 168
    left: int = 58
    right: int = 12
    top: int = 14
    bottom: int = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One series by the hour, ready to draw."""

    frame: Frame
    #: SVG path data of the line; a gap in the data is a gap in the line
    line: str
    #: SVG path data of the area below it
    area: str
    #: x and width [px] of spans without a value
    gaps: tuple[tuple[float, float], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    least: float | None
    most: float | None


def hourly(points: Sequence[tuple[datetime, float | None]], start: datetime, end: datetime, zone: str, *,
           frame: Frame | None = None, percent: bool = False) -> Plot:  # fmt: skip
    """Draws values of clock hours in [start, end); an hour without a value, or without a row, stays empty."""
    frame = frame or Frame()
    known = {hour: value for hour, value in points if value is not None and start <= hour < end}
    ticks = _scale(min(0.0, *known.values()) if known else 0.0, max(known.values(), default=1.0))
    low, high = ticks[0], ticks[-1]
    span = max((end - start) / HOUR, 1.0)

    def x(when: datetime) -> float:
        return round(frame.left + (when - start) / HOUR / span * (frame.width - frame.left - frame.right), 1)

    def y(value: float) -> float:
        return round(frame.top + (high - value) / (high - low) * (frame.height - frame.top - frame.bottom), 1)

    runs = _runs(sorted(known))
    lines, areas = [], []
    for run in runs:
        corners = [(x(hour + HOUR / 2), y(known[hour])) for hour in run]
        if len(corners) == 1:
            corners = [(x(run[0]), corners[0][1]), (x(run[0] + HOUR), corners[0][1])]
        path = "L".join(f"{a:g},{b:g}" for a, b in corners)
        lines.append(f"M{path}")
        areas.append(f"M{corners[0][0]:g},{y(low):g}L{path}L{corners[-1][0]:g},{y(low):g}Z")
    edges = [start, *(edge for run in runs for edge in (run[0], run[-1] + HOUR)), end]
    gaps = [(x(a), round(x(b) - x(a), 1)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
    return Plot(
        frame=frame,
        line="".join(lines),
        area="".join(areas),
        gaps=tuple(gaps),
        x_ticks=_days(start, end, zone, x),
        y_ticks=tuple(Tick(at=y(tick), label=_label(tick, ticks[1] - ticks[0], percent=percent)) for tick in ticks),
        least=min(known.values(), default=None),
        most=max(known.values(), default=None),
    )


def _runs(hours: Sequence[datetime]) -> list[list[datetime]]:
    """Neighbouring hours together."""
    runs: list[list[datetime]] = []
    for hour in hours:
        if runs and hour - runs[-1][-1] <= HOUR:
            runs[-1].append(hour)
        else:
            runs.append([hour])
    return runs


def _scale(low: float, high: float) -> list[float]:
    """Round ticks, about four steps, that hold every value."""
    reach = max(high - low, 1e-9)
    power = 10.0 ** math.floor(math.log10(reach / 3))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if reach / (power * factor) <= 4)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    return [tick * step for tick in range(first, last + 1)]


def _label(value: float, step: float, *, percent: bool) -> str:
    if percent:
        return f"{round(value * 100, 6):g} %"
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{digits}f}"


def _days(start: datetime, end: datetime, zone: str, x: Callable[[datetime], float]) -> tuple[Tick, ...]:
    """Ticks at local midnights, at most nine; within two days every six hours."""
    local = start.astimezone(ZoneInfo(zone))
    days = (end - start) / timedelta(days=1)
    ticks = []
    if days <= 2:
        hour = start
        while hour < end:
            here = hour.astimezone(ZoneInfo(zone))
            if here.hour % 6 == 0:
                ticks.append(Tick(at=x(hour), label=f"{here:%H}:00"))
            hour += HOUR
        return tuple(ticks)
    every = math.ceil(days / 8)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight < local:
        midnight += timedelta(days=1)
    while midnight < end:
        ticks.append(Tick(at=x(midnight), label=f"{midnight:%m-%d}"))
        midnight += timedelta(days=every)
    return tuple(ticks)
