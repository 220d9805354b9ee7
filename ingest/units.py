"""Exact conversion of a unit to the canonical one: integer pairs from units.yaml, one rounding at the very end."""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml


class Conversion(NamedTuple):
    """canonical = given x factor + offset."""

    factor: Fraction
    offset: Fraction

    def apply(self, number: Fraction) -> Fraction:
        """The exact canonical value of a number as given."""
        return number * self.factor + self.offset


SAME = Conversion(Fraction(1), Fraction(0))


@cache
def table() -> Mapping[str, Mapping[str, Conversion]]:
    """Conversions by canonical unit and unit given."""
    document = yaml.safe_load(files("ingest").joinpath("units.yaml").read_text(encoding="utf-8"))
    return {
        canonical: {
            unit: Conversion(Fraction(pair[0], pair[1]), Fraction(pair[2], pair[3]) if len(pair) == 4 else Fraction(0))
            for unit, pair in units.items()
        }
        for canonical, units in document.items()
    }


def conversion(unit: str, canonical: str) -> Conversion:
    """How a number in `unit` becomes one in `canonical` (both UCUM); a plain `1` stands for any counted thing.

    Raises:
        ValueError: no exact conversion is known; the text lists those that are.
    """
    if unit == canonical or (unit == "1" and canonical.startswith("{")):
        return SAME
    known = table().get(canonical, {})
    if unit not in known:
        raise ValueError(f"expected {' or '.join([canonical, *known])} (UCUM), got {unit!r}")
    return known[unit]
