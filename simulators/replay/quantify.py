"""Text of a cell -> number in the quantity's canonical unit, exact until one last rounding."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from ingest import units
from ingest.model import Kind
from ingest.quantities import Quantity
from simulators.replay.keys import show
from simulators.replay.mapping import Covers, File, Value

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity|#n/a|#div/0!|#num!|#value!)", re.IGNORECASE)


class CellRefusedError(Exception):
    """A cell is no value of its quantity; the text says why."""


class Bound(NamedTuple):
    """A value of the mapping together with what the vocabulary says of its quantity."""

    value: Value
    quantity: Quantity
    convert: units.Conversion
    missing: frozenset[str]
    missing_numbers: frozenset[Fraction]
    covers_interval: bool

    @property
    def native(self) -> str:
        """Name in a native payload."""
        name = self.quantity.name.replace(".", "_")
        return f"{name}_{self.value.channel}" if self.value.channel else name


def bind(value: Value, quantity: Quantity, missing: tuple[str, ...]) -> Bound:
    """The value with its conversion to `quantity`'s unit and its markers of missing values.

    Raises:
        ValueError: no exact conversion is known.
    """
    markers = frozenset((*missing, *value.missing))
    numbers = frozenset(Fraction(marker) for marker in markers if _NUMBER.fullmatch(marker))
    covers = value.covers or (Covers.INTERVAL if quantity.kind is Kind.DELTA else Covers.INSTANT)
    return Bound(
        value, quantity, units.conversion(value.unit, quantity.unit), markers, numbers, covers is Covers.INTERVAL
    )


def number_reader(file: File) -> Callable[[str], Fraction | None]:
    """The function that reads the file's numbers; it returns None for a text that is none."""
    marks = {"none": "", "space": r"[\s\u00a0\u202f]"}
    group = marks.get(file.thousands, re.escape(file.thousands))
    grouped = re.compile(rf"[+-]?\d{{1,3}}({group}\d{{3}})+(?!\d)(?!{group}).*", re.ASCII) if group else None
    separators = re.compile(group) if group else None

    def read(text: str) -> Fraction | None:
        text = text.replace("\u2212", "-")
        if grouped is not None and separators is not None and grouped.fullmatch(text):
            text = separators.sub("", text)
        if file.decimal != ".":
            if "." in text:
                return None
            text = text.replace(file.decimal, ".")
        return Fraction(text) if _NUMBER.fullmatch(text) else None

    return read


def quantify(text: str, bound: Bound, read: Callable[[str], Fraction | None]) -> int | float | None:
    """The cell's value in the canonical unit; None where it is missing.

    Raises:
        CellRefusedError: the cell is no value of its quantity.
    """
    if not text:
        if bound.value.empty_is is None:
            return None
        text = bound.value.empty_is
    if text in bound.missing:
        return None
    if text in bound.value.words:
        return _typed(Fraction(bound.value.words[text]), text, bound)
    number = read(text)
    if number is None:
        if _NOT_FINITE.fullmatch(text):
            raise CellRefusedError(f"{show(text)} is not finite")
        raise CellRefusedError(f"{show(text)} is no number")
    if number in bound.missing_numbers:
        return None
    factor = Fraction(*bound.value.factor) if bound.value.factor else Fraction(1)
    return _typed(bound.convert.apply(number * factor), text, bound)


def _typed(number: Fraction, text: str, bound: Bound) -> int | float:
    quantity = bound.quantity
    if quantity.type == "real":
        try:
            return float(number)
        except OverflowError:
            raise CellRefusedError(f"{show(text)} is not finite") from None
    if number.denominator != 1 or abs(number) > 2**53:
        raise CellRefusedError(f"{show(text)} is no whole number, and {quantity.name} counts")
    if quantity.type == "bool" and number not in (0, 1):
        raise CellRefusedError(f"{show(text)} is neither 0 nor 1; declare words for {quantity.name}")
    if quantity.codes is not None and number not in quantity.codes:
        known = ", ".join(f"{code} {word}" for code, word in quantity.codes.items())
        raise CellRefusedError(f"{show(text)} is no code of {quantity.name} ({known}); declare words")
    return int(number)
