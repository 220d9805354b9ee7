"""Hourly air quality index: sub-indices by the edition in force on the day, rounded up, the greatest one counts.

Keys of the concentrations are ``EDITION-DATE/pollutant``, for example ``2026-03-01/pm2_5``: the date of effect names
the edition, so that a past hour is never rescored. Concentrations are [ug/m3], CO [mg/m3], as sums of
value x microseconds over microseconds covered. Source: HJ 633 (aqi.yaml).
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources

import yaml
from pydantic import ConfigDict, TypeAdapter


class AqiError(ValueError):
    """No pollutant has a usable concentration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One edition of the standard."""

    edition: str
    #: first day of data it applies to
    since: date
    #: hours over which PM2.5 and PM10 are averaged
    particle_mean_h: int
    #: pollutant to concentrations at the steps of the index [ug/m3; CO mg/m3]
    tables: Mapping[str, tuple[int, ...]]
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A named range of the index."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    up_to: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """All of aqi.yaml."""

    index: tuple[int, ...]
    digits: Mapping[str, int]
    #: share of the 24 hours that a moving mean needs
    covered_share: Decimal
    levels: tuple[Level, ...]
    editions: tuple[Edition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An air quality index and what it rests on."""

    index: int
    #: sub-index per pollutant
    parts: Mapping[str, int]
    #: pollutant of the greatest sub-index; None at 50 and below
    main: str | None
    edition: Edition
    level: Level
    #: a pollutant lies above the last step of its hourly table
    above_table: bool


@cache
def standard() -> Standard:
    """Returns the tables of aqi.yaml."""
    raw = yaml.safe_load(resources.files("metrics").joinpath("aqi.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(Standard).validate_python(
        {
            "index": raw["index"],
            "digits": raw["rounding"]["digits"],
            "covered_share": raw["moving"]["covered_share"],
            "levels": raw["levels"],
            "editions": [{**edition, "since": edition["from"]} for edition in raw["editions"]],
        }
    )


def edition_on(day: date) -> Edition:
    """Returns the edition for data of a local day; days before the first edition take the first."""
    editions = standard().editions
    return max((edition for edition in editions if edition.since <= day), key=lambda e: e.since, default=editions[0])


def key_of(edition: Edition, pollutant: str) -> str:
    """Returns the key under which a concentration is handed to the index."""
    return f"{edition.since.isoformat()}/{pollutant}"


def rounded(weighted: Decimal, covered: Decimal, pollutant: str) -> int:
    """Returns the mean concentration in units of the last digit that the tables use: half to even, exactly.

    >>> rounded(Decimal("35.5"), Decimal(1), "pm2_5"), rounded(Decimal(345), Decimal(10), "pm2_5")
    (36, 34)
    >>> rounded(Decimal("2.05"), Decimal(1), "co")
    20
    """
    (a, b), (c, d) = weighted.as_integer_ratio(), covered.as_integer_ratio()
    whole, rest = divmod(a * d * 10 ** standard().digits[pollutant], b * c)
    twice = 2 * rest - b * c
    up = twice > 0 or (twice == 0 and whole % 2 == 1)
    return int(whole + up)


def sub_index(concentration: int, pollutant: str, edition: Edition) -> tuple[int, tuple[int, int, int, int] | None]:
    """Returns the sub-index, rounded up, and the step (Ih, Il, Bh, Bl) it was taken from; None: at the table's end.

    Args:
        concentration: as `rounded` gives it.
        pollutant: for example ``pm2_5``.
        edition: of the standard.
    """
    steps, table, scale = standard().index, edition.tables[pollutant], 10 ** standard().digits[pollutant]
    place = bisect_left(table, concentration / Decimal(scale) if scale > 1 else concentration, lo=1)
    if place == len(table):
        return steps[place - 1], None
    ih, il, bh, bl = step = steps[place], steps[place - 1], table[place], table[place - 1]
    return il - (-(ih - il) * (concentration - bl * scale) // ((bh - bl) * scale)), step


def air_quality_index(weighted: Mapping[str, Decimal], covered: Mapping[str, Decimal]) -> Index:
    """Returns the index of one hour.

    Args:
        weighted: key to sum of concentration x microseconds.
        covered: key to microseconds covered.

    Raises:
        AqiError: no pollutant has a concentration.
    """
    usable = [key for key in weighted if covered.get(key)]
    if not usable:
        raise AqiError("no pollutant has a valid hour")
    edition = edition_on(date.fromisoformat(usable[0].partition("/")[0]))
    parts, above = {}, False
    for key in sorted(usable):
        pollutant = key.partition("/")[2]
        parts[pollutant], step = sub_index(rounded(weighted[key], covered[key], pollutant), pollutant, edition)
        above = above or step is None
    index = max(parts.values())
    main = min(pollutant for pollutant, part in parts.items() if part == index) if index > standard().index[1] else None
    level = next(level for level in standard().levels if index <= level.up_to)
    return Index(index=index, parts=parts, main=main, edition=edition, level=level, above_table=above)


def print_index(weighted: Mapping[str, Decimal], covered: Mapping[str, Decimal], spell: Callable[[str], str]) -> str:
    """Returns the index as an expression of round_half_even, ceil and max over the numbers that ``spell`` prints."""
    parts = []
    for key in sorted(key for key in weighted if covered.get(key)):
        date_, _, pollutant = key.partition("/")
        edition = edition_on(date.fromisoformat(date_))
        value, step = sub_index(rounded(weighted[key], covered[key], pollutant), pollutant, edition)
        if step is None:
            parts.append(str(value))
            continue
        (ih, il, bh, bl), digits = step, standard().digits[pollutant]
        concentration = f"round_half_even({spell(key)}, {digits})"
        parts.append(f"ceil(({ih} - {il}) / ({bh} - {bl}) * ({concentration} - {bl}) + {il})")
    return f"max({', '.join(parts)})"
