"""Numbers of foreign payloads: also as text, converted exactly, never NaN or infinite."""

import math
import re
from fractions import Fraction
from functools import cache

from ingest.units import SAME, Conversion, conversion

#: A number as text, with the marks that devices leave around it: `+27.0`, ` 1,`, `-80.000000`, `1.5e3`.
_TEXT = re.compile(r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*,?\s*")


def number(value: object) -> float | None:
    """The finite number that was sent, as a number or as text; None: it is none. A boolean is no number.

    >>> number("+27.0"), number("1,"), number("read failed"), number(True)
    (27.0, 1.0, None, None)
    """
    if isinstance(value, str):
        match = _TEXT.fullmatch(value)
        if match is None:
            return None
        value = float(match[1])
    elif type(value) is not int and type(value) is not float:
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def convert(value: float, unit: str, canonical: str) -> float:
    """A number in `unit` as one in `canonical` (both UCUM), exact but for one rounding at the end.

    >>> convert(26121, "W.h", "kW.h"), convert(68.9, "[degF]", "Cel")
    (26.121, 20.5)

    Raises:
        ValueError: no exact conversion is known.
    """
    return converted(value, _conversion(unit, canonical))


_conversion = cache(conversion)


def converted(value: float, how: Conversion) -> float:
    """The exact product of the decimal number that was sent, rounded once; infinite where no double holds it."""
    if how is SAME:
        return float(value)
    scale = 1
    digits = value if isinstance(value, int) else None
    if digits is None:
        text = repr(value)
        whole, point, fraction = text.partition(".")
        if "e" in fraction or not point:
            return _float(how.apply(Fraction(text)))
        digits, scale = int(whole + fraction), 10 ** len(fraction)
    factor, offset = how
    # Python rounds the quotient of two integers once, whatever their size.
    numerator = digits * factor.numerator * offset.denominator + offset.numerator * factor.denominator * scale
    try:
        return numerator / (factor.denominator * offset.denominator * scale)
    except OverflowError:
        return math.inf


def _float(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf
