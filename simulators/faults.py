"""What goes wrong on the way, as named wrappers on streams of (device, report): pure, seeded, in any combination.

A wrapper touches the reports of a device whose stamps `hits` names, and passes on everything else, the doings of other
wrappers included:

======== =================================================== =======
name     what it does                                        effect
======== =================================================== =======
gap      nothing is sent for some time                       lost
stuck    some values stay as they were                       bent
spike    a value is far out of what is plausible             flagged
duplicate the report is sent twice                           none
conflict  it is sent again with other values                 none
late     the report is sent a day later                      none
reset    the counter starts again at nought                  none
wrap     the counter starts again at its declared limit      none
malformed the report cannot be read                          lost
clock    the clock is fast by more than is believed          lost
unknown  a device that nobody knows repeats the report       none
======== =================================================== =======
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources

import numpy as np
import orjson
import yaml
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from ingest.formats import native
from ingest.model import Reason
from simulators import draw, series
from simulators.backlog import Pair
from simulators.days import day_of
from simulators.draw import Whole
from simulators.feeds import energy
from simulators.series import Report
from simulators.world import Device, World

DAY_S = 86_400
#: Out of the range of every quantity it is used for.
_IMPLAUSIBLE = 99_999.0
#: Further ahead than any collector believes (docs/native.md, "Times"), even of a report that comes a day late [s].
_AHEAD_S = (2 * DAY_S, 3 * DAY_S)


class Effect(StrEnum):
    """What becomes of a report that a fault touches."""

    LOST = "lost"
    BENT = "bent"
    #: its bent values are known to be none
    FLAGGED = "flagged"
    NONE = "none"


@checked(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Rate:
    """How often, for how long, and to which devices it happens."""

    chance_percent: int = 0
    length_s: tuple[int, int] = (0, 1)
    chance_permille: int = 0
    block_days: int = 0
    feeds: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()


@cache
def rates() -> Mapping[str, Rate]:
    """The shipped rates, by name of the fault."""
    text = resources.files("simulators").joinpath("faults.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Rate]).validate_python(yaml.safe_load(text))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fault:
    """One wrapper. Compared by identity, so that it can key caches."""

    name: str
    effect: Effect
    world: World
    rate: Rate
    #: [s since 1970 UTC] late only: a report that could not be there by then is not held back
    until: int = 0
    alter: Callable[["Fault", Device, Report], Iterable[Pair]] = field(repr=False)

    def __call__(self, pairs: Iterable[Pair]) -> Iterator[Pair]:
        """The stream with this fault in it."""
        if self.name == "late":
            yield from _held_back(self, pairs)
            return
        for device, item in pairs:
            if isinstance(item, bytes) or not self.touches(device, _stamp(item)):
                yield device, item
            else:
                yield from self.alter(self, device, item)

    def touches(self, device: Device, stamp: int) -> bool:
        """Whether the report of `stamp` [s since 1970 UTC] is one of those that this fault alters.

        What happens between two reports shares the fate of the first.
        """
        if self.world.devices.get(device.id) is not device or (self.rate.feeds and device.feed not in self.rate.feeds):
            return False
        # A running total either starts again at a limit or anywhere.
        if self.name in {"reset", "wrap"} and (self.name == "wrap") != (device.wrap_wh > 0):
            return False
        stamp = series.slot(self.world, device, stamp)
        return stamp in _touched(self, device, day_of(self.world.zone, stamp))

    def hits(self, device: Device, stamps: Whole) -> NDArray[np.bool_]:
        """Which of the reports at `stamps` [s since 1970 UTC] this fault alters."""
        return np.array([self.touches(device, stamp) for stamp in stamps.tolist()], dtype=bool)

    def key(self, device: Device) -> int:
        """The key of this fault's chance for a device."""
        return self.world.key("fault", self.name, device.id)


def make(name: str, world: World, *, until: int = 0) -> Fault:
    """The fault of that name in `world`.

    Args:
        name: one of `NAMES`.
        world: the district it happens in; its seed decides when.
        until: end of what is sent [s since 1970 UTC]; what `late` cannot deliver by then it leaves alone.

    Raises:
        ValueError: there is no such fault.
    """
    if name not in _ALTERATIONS:
        raise ValueError(f"expected a fault such as 'gap' (known: {', '.join(NAMES)}), got {name!r}")
    effect, alter = _ALTERATIONS[name]
    return Fault(name=name, effect=effect, world=world, rate=rates()[name], until=until, alter=alter)


def window(fault: Fault, device: Device, day: int) -> tuple[int, int] | None:
    """When the fault lasts on local `day`, [s since 1970 UTC], half-open; None: not that day."""
    if draw.below(fault.key(device), 100, day, 0)[0] >= fault.rate.chance_percent:
        return None
    length = int(draw.between(fault.key(device), *fault.rate.length_s, day, 1)[0])
    start, next_start = fault.world.start_of(day), fault.world.start_of(day + 1)
    begins = start + int(draw.below(fault.key(device), next_start - start - length, day, 2)[0])
    return begins, begins + length


def reset_before(fault: Fault, device: Device, stamp: int) -> int:
    """The last stamp before `stamp` after which the counter started again; one in each block of days."""
    day = day_of(fault.world.zone, stamp)
    for block in range(day // fault.rate.block_days, -1, -1):
        at = _reset_in(fault, device, block)
        if at < stamp:
            return at
    raise ValueError(f"no block of days before {stamp}")


@lru_cache(maxsize=4096)
def _reset_in(fault: Fault, device: Device, block: int) -> int:
    """The stamp in a block of days after which the counter starts again."""
    days, source = fault.rate.block_days, fault.key(device)
    day = block * days + int(draw.below(source, days, block, 0)[0])
    second = int(draw.below(source, 22 * 3600, block, 1)[0])
    return (fault.world.start_of(day) + second) // device.interval_s * device.interval_s


@lru_cache(maxsize=4096)
def _counter_at(world: World, device: Device, stamp: int) -> int:
    return int(energy.counter_wh(world, device, np.array([stamp], dtype=np.int64))[0])


@lru_cache(maxsize=65_536)
def _touched(fault: Fault, device: Device, day: int) -> frozenset[int]:
    """The stamps of local `day` that the fault alters."""
    start, end = fault.world.start_of(day), fault.world.start_of(day + 1)
    at = series.stamps(fault.world, device, start, end)
    if fault.name in {"reset", "wrap"}:
        return frozenset(at.tolist())
    if fault.rate.chance_permille:
        return frozenset(at[draw.below(fault.key(device), 1000, at) < fault.rate.chance_permille].tolist())
    span = window(fault, device, day)
    if span is None:
        return frozenset()
    at = at[(at >= span[0]) & (at < span[1])]
    if fault.name == "late":
        at = at[at + DAY_S < fault.until]
    return frozenset(at.tolist())


def _gap(_fault: Fault, _device: Device, _report: Report) -> Iterable[Pair]:
    return ()


def _stuck(fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    stamp = _stamp(report)
    first = min(_touched(fault, device, day_of(fault.world.zone, stamp)))
    frozen = series.report(fault.world, device, first)["values"]
    assert isinstance(frozen, dict)
    values = {k: v for k, v in frozen.items() if k in fault.rate.quantities}
    yield device, {**report, "values": {**_values(report), **values}}


def _duplicate(_fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    yield device, report
    yield device, report


def _spike(fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    values = dict.fromkeys(fault.rate.quantities, _IMPLAUSIBLE)
    yield device, {**report, "values": {**_values(report), **values}}


def _conflict(_fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    yield device, report
    yield device, {**report, "values": {name: _number(value) + 1 for name, value in _values(report).items()}}


def _wrap(fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    (quantity,) = fault.rate.quantities
    shown_wh = round(_number(_values(report)[quantity]) * 1000) % device.wrap_wh
    yield device, {**report, "values": {**_values(report), quantity: shown_wh / 1000}}


def _clock(fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    ahead_s = int(draw.between(fault.key(device), *_AHEAD_S, day_of(fault.world.zone, _stamp(report)), 3)[0])
    yield device, {**report, "ts": (_stamp(report) + ahead_s) * 1000}


def _late(_fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    sent = report["sent"]
    assert isinstance(sent, int)
    yield device, {**report, "sent": sent + DAY_S * 1000}


def _held_back(fault: Fault, pairs: Iterable[Pair]) -> Iterator[Pair]:
    held: deque[tuple[int, Pair]] = deque()
    for device, item in pairs:
        if not isinstance(item, bytes):
            stamp = _stamp(item)
            while held and held[0][0] + DAY_S <= stamp:
                yield held.popleft()[1]
            if fault.touches(device, stamp):
                held.extend((stamp, pair) for pair in fault.alter(fault, device, item))
                continue
        yield device, item
    yield from (pair for _, pair in held)


def _reset(fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    stamp = _stamp(report)
    before = reset_before(fault, device, stamp)
    (quantity,) = fault.rate.quantities
    counter = _values(report)[quantity]
    assert isinstance(counter, float)
    since_wh = round(counter * 1000) - _counter_at(fault.world, device, before)
    counted = {
        "seq": (stamp - before) // device.interval_s,
        "boot": 2 + day_of(fault.world.zone, before) // fault.rate.block_days,
        "values": {**_values(report), quantity: since_wh / 1000},
    }
    yield device, {**report, **counted}


def _malformed(fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    if "event" in report:
        yield device, MALFORMED[Reason.BAD_JSON](report)
        return
    kinds = tuple(MALFORMED.values())
    yield device, kinds[int(draw.below(fault.key(device), len(kinds), _stamp(report), 1)[0])](report)


def _unknown(_fault: Fault, device: Device, report: Report) -> Iterable[Pair]:
    yield device, report
    yield replace(device, id=f"stranger-{device.id}"), report


def _stamp(report: Report) -> int:
    ts = report["ts"]
    assert isinstance(ts, int)
    return ts // 1000


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return value


def _values(report: Report) -> dict[str, object]:
    values = report["values"]
    assert isinstance(values, dict)
    return values


#: Reason of the quarantine -> a report that must end there.
MALFORMED: Mapping[Reason, Callable[[Report], Report | bytes]] = {
    Reason.BAD_JSON: lambda report: native.encode([report])[:-7],
    Reason.BAD_SHAPE: lambda report: {**report, "values": list(_values(report).values())},
    Reason.WRONG_TYPE: lambda report: {**report, "values": dict.fromkeys(_values(report), "n/a")},
    Reason.NOT_FINITE: lambda report: (
        orjson.dumps({**report, "values": {}})[:-2]
        + b",".join(orjson.dumps(name) + b":NaN" for name in _values(report))
        + b"}}"
    ),
    Reason.UNKNOWN_QUANTITY: lambda report: {**report, "values": {f"not_{k}": v for k, v in _values(report).items()}},
    # Seconds where milliseconds belong: 1970.
    Reason.BAD_TIME: lambda report: {**report, "ts": _stamp(report)},
}

_ALTERATIONS: Mapping[str, tuple[Effect, Callable[[Fault, Device, Report], Iterable[Pair]]]] = {
    "gap": (Effect.LOST, _gap),
    "stuck": (Effect.BENT, _stuck),
    "spike": (Effect.FLAGGED, _spike),
    "duplicate": (Effect.NONE, _duplicate),
    "conflict": (Effect.NONE, _conflict),
    "late": (Effect.NONE, _late),
    "reset": (Effect.NONE, _reset),
    "wrap": (Effect.NONE, _wrap),
    "malformed": (Effect.LOST, _malformed),
    "clock": (Effect.LOST, _clock),
    "unknown": (Effect.NONE, _unknown),
}
#: The faults there are, in the order in which they should be laid around a stream: what is lost is lost first.
NAMES = tuple(_ALTERATIONS)
