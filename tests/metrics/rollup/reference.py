"""Roll-ups straight from the words of the data model, reading by reading and with fractions: slow, and independent.

It knows one datastream with constant facts, in a zone of whole hours, and says what every closed hour must hold.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

HOUR = 3_600_000_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One reading in force: µs since 1970, exact value, span, and whether it is valid."""

    us: int
    value: Fraction
    span: int | None = None
    valid: bool = True


@dataclass(slots=True, kw_only=True)
class Hour:
    """What an hour must hold."""

    received: int = 0
    valid: int = 0
    slots: int = 0
    covered: int = 0
    minutes: set[int] = field(default_factory=set)
    amount: Fraction = Fraction(0)
    estimated: Fraction = Fraction(0)
    gap: Fraction | None = None
    #: covered by what began before the hour, and by what ends after it; the greater part of each
    shared_us: list[int] = field(default_factory=lambda: [0, 0])
    shared: list[Fraction | None] = field(default_factory=lambda: [None, None])
    doubted: int = 0
    weighted: Fraction = Fraction(0)
    values: list[Fraction] = field(default_factory=list)
    states: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    transitions: int = 0
    resets: int = 0
    dips: int = 0
    overlapped: int = 0


def hours(
    kind: str,
    readings: Sequence[Known],
    *,
    interval: int,
    hold: int,
    cutoff: int,
    dip: int = 1,
    resolution: Fraction = Fraction(1),
    frozen: int | None = None,
    doubted: int = HOUR,
) -> dict[int, Hour]:
    """Hour (µs since 1970) -> what it must hold; only hours that end by `cutoff`.

    `frozen`: a gauge that stands still for so long is not valid from then on; doubted for so long, all of it is.
    """
    table: dict[int, Hour] = defaultdict(Hour)
    shift = 1 if kind == "delta" else 0
    last = cutoff if kind in {"counter", "delta"} else cutoff - 1
    seen = [r for r in sorted(readings, key=lambda r: r.us) if r.us <= last]
    for reading in seen:
        table[(reading.us - shift) // HOUR * HOUR].received += 1
    good = [r for r in seen if r.valid]
    doubts: set[int] = set()
    if frozen is not None:
        good, doubts = _alive(good, hold, frozen, doubted)
    slots: set[int] = set()
    for reading in good:
        row = table[(reading.us - shift) // HOUR * HOUR]
        row.valid += 1
        row.values.append(reading.value)
        if (slot := (reading.us - shift) // interval) not in slots:
            slots.add(slot)
            row.slots += 1
    if kind == "counter":
        _counter(table, good, hold, dip, resolution)
    elif kind == "delta":
        _delta(table, good, interval, resolution)
    else:
        _held(table, good, hold, kind, doubts)
    return {hour: row for hour, row in sorted(table.items()) if hour + HOUR <= cutoff}


def _alive(good: Sequence[Known], hold: int, frozen: int, doubted: int) -> tuple[list[Known], set[int]]:
    """The readings that are not frozen, and when those are stamped that stand still for long enough to be doubted."""
    runs: list[list[Known]] = []
    for reading in good:
        if runs and runs[-1][-1].value == reading.value and reading.us - runs[-1][-1].us <= hold:
            runs[-1].append(reading)
        else:
            runs.append([reading])
    alive = [reading for run in runs for reading in run if reading.us - run[0].us < frozen]
    return alive, {reading.us for run in runs for reading in run if run[-1].us - run[0].us >= doubted}


def _held(table: dict[int, Hour], good: Sequence[Known], hold: int, kind: str, doubts: set[int]) -> None:
    for n, reading in enumerate(good):
        end = reading.us + hold
        if n + 1 < len(good):
            end = min(end, good[n + 1].us)
        for hour, a, b in _pieces(reading.us, end):
            row = table[hour]
            _cover(row, hour, a, b)
            row.doubted += b - a if reading.us in doubts else 0
            if kind == "gauge":
                row.weighted += reading.value * (b - a)
            else:
                row.states[int(reading.value)] += b - a
        if n and good[n - 1].value != reading.value and reading.us - good[n - 1].us <= hold:
            table[reading.us // HOUR * HOUR].transitions += 1


def _counter(table: dict[int, Hour], good: Sequence[Known], hold: int, dip: int, resolution: Fraction) -> None:
    effective: int | None = None
    for n, reading in enumerate(good):
        units = round(reading.value / resolution)
        if effective is None:
            effective = units
            continue
        p, end, fell = good[n - 1].us, reading.us, False
        last = table[(end - 1) // HOUR * HOUR]
        if units >= effective:
            increase, effective = units - effective, units
        elif effective - units <= dip:
            increase = 0
            last.dips += 1
        else:
            increase, effective, fell = units, units, True
            last.resets += 1
        if end - p > DAY:
            last.gap = increase * resolution
            continue
        for hour, a, b in _pieces(p, end):
            before, after = (floor(Fraction(increase * (x - p), end - p)) for x in (a, b))
            share = (after - before) * resolution
            table[hour].amount += share
            if end - p > hold:
                table[hour].estimated += share
            else:
                _cover(table[hour], hour, a, b, counted=not fell)
            _share(
                table[hour],
                hour,
                p,
                end,
                increase * resolution,
                resolution,
                b - a if end - p <= hold and not fell else 0,
            )


def _delta(table: dict[int, Hour], good: Sequence[Known], interval: int, resolution: Fraction) -> None:
    accepted: int | None = None
    for reading in good:
        span = interval if reading.span is None else reading.span
        start, units = reading.us - span, round(reading.value / resolution)
        if accepted is not None and start < accepted:
            table[(reading.us - 1) // HOUR * HOUR].overlapped += 1
            continue
        accepted = reading.us
        for hour, a, b in _pieces(start, reading.us):
            share = floor(Fraction(units * (b - start), span)) - floor(Fraction(units * (a - start), span))
            table[hour].amount += share * resolution
            _cover(table[hour], hour, a, b)
            _share(table[hour], hour, start, reading.us, units * resolution, resolution, b - a)


def _pieces(start: int, end: int) -> Iterator[tuple[int, int, int]]:
    while start < end:
        hour = start // HOUR * HOUR
        stop = min(end, hour + HOUR)
        yield hour, start, stop
        start = stop


def _share(row: Hour, hour: int, start: int, end: int, amount: Fraction, resolution: Fraction, covered: int) -> None:
    """What reaches over the edges of an hour, and how far it may be off."""
    for place, edge in enumerate((hour, hour + HOUR)):
        if start < edge < end:
            before = floor(amount / resolution * (edge - start) / (end - start)) * resolution
            row.shared[place] = max(before, amount - before)
            row.shared_us[place] += covered


def _cover(row: Hour, hour: int, a: int, b: int, *, counted: bool = True) -> None:
    row.covered += b - a if counted else 0
    row.minutes |= {n for n in range(60) if a - hour < (n + 1) * 60_000_000 and b - hour > n * 60_000_000}
