"""Air: the hourly index from what the stations showed, by tables of its own (aqi.yaml)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from functools import cache
from importlib import resources

import yaml
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as checked

from simulators.days import day_of
from simulators.draw import Whole
from simulators.truth.figure import Truth, coverage, make
from simulators.truth.view import HOUR_S, View, Window
from simulators.world import Device

METRICS = ("air_quality_index",)


@checked(frozen=True, slots=True, kw_only=True)
class _Tables:
    steps: tuple[int, ...]
    decimals: Mapping[str, int]
    gases: Mapping[str, tuple[int, ...]]
    particles: Mapping[date, Mapping[str, int | tuple[int, ...]]]
    usable_share: Decimal


@cache
def _tables() -> _Tables:
    text = resources.files("simulators").joinpath("truth/aqi.yaml").read_text(encoding="utf-8")
    return TypeAdapter(_Tables).validate_python(yaml.safe_load(text))


def figures(view: View) -> Iterator[Truth]:
    """The index per station, per space with the spaces in it, and of the district."""
    world = view.world
    stations = world.of_feed("air_quality")
    # The particles of an hour may look back a day.
    wide = View(world=world, start=view.start - 23 * HOUR_S, end=view.end, faults=view.faults, sent=view.sent)
    held = {(d, name): wide.held(d, name) for d in stations for name in _tables().decimals}
    subjects = {f"device:{device.id}": [device] for device in stations}
    subjects |= {f"space:{space}": [d for d in stations if world.lies_in(d.space, space)] for space in world.spaces}
    subjects["district"] = list(stations)
    for subject, devices in subjects.items():
        if not devices:
            continue
        for window in view.windows(("hour",)):
            index = _index(view, devices, held, window)
            exact = not any(view.spoilt(device)[window.first] for device in devices)
            yield make(window, "air_quality_index", subject, index, coverage(view, devices, window), exact=exact)


def sub_index(concentration: Decimal, table: Sequence[int]) -> int:
    """The index of one pollutant, rounded up; at the table's end it stays.

    >>> sub_index(Decimal(60), (0, 35, 60, 115)), sub_index(Decimal(61), (0, 35, 60, 115))
    (100, 101)
    """
    steps = _tables().steps
    for place in range(1, len(table)):
        if concentration <= table[place]:
            with localcontext(prec=60):
                rise = (concentration - table[place - 1]) * (steps[place] - steps[place - 1])
                whole, rest = divmod(rise, table[place] - table[place - 1])
                return steps[place - 1] + int(whole) + (rest > 0)
    return steps[len(table) - 1]


def _index(
    view: View, devices: Sequence[Device], held: Mapping[tuple[Device, str], tuple[Whole, Whole]], window: Window
) -> Fraction | None:
    tables = _tables()
    today = date.fromordinal(day_of(view.world.zone, window.start))
    edition = tables.particles[max(since for since in tables.particles if since <= today)]
    hours = edition["hours"]
    assert isinstance(hours, int)
    found = []
    for name, decimals in tables.decimals.items():
        span = hours if name in edition else 1
        at = slice(window.first + 24 - span, window.first + 24)
        usable = [d for d in devices if int(held[d, name][1][at].sum()) >= tables.usable_share * HOUR_S * span]
        seconds = sum(int(held[d, name][1][at].sum()) for d in usable)
        if not seconds:
            continue
        amount = sum(int(held[d, name][0][at].sum()) for d in usable)
        mean = Fraction(amount, seconds * view.world.physics.air_quality.quantities[name].per_unit)
        table = edition.get(name, tables.gases.get(name))
        assert isinstance(table, tuple)
        found.append(sub_index(_rounded(mean, decimals), table))
    return Fraction(max(found)) if found else None


def _rounded(mean: Fraction, decimals: int) -> Decimal:
    """Half to even, decided on the exact fraction: long division first would move a half."""
    scaled = mean * 10**decimals
    floor = scaled.numerator // scaled.denominator
    rest = scaled - floor
    with localcontext(prec=40):
        half = Decimal(floor) + (
            Decimal("0.5") if rest == Fraction(1, 2) else Decimal(0 if rest < Fraction(1, 2) else 1)
        )
        return half.to_integral_value(ROUND_HALF_EVEN).scaleb(-decimals)
