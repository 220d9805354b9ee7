"""Sentences of `texts.yaml` in both languages, and numbers and dates as a reader expects them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache

from scoring import library
from scoring.digest import decimal_text
from scoring.model import Text
from scoring.source import Node, parse

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
UNBROKEN = 1000  # our choice: from here on nobody reads a fraction


@cache
def catalogue() -> Mapping[str, Text]:
    """Every sentence by its path, ``outcomes.met``."""
    found: dict[str, Text] = {}
    for file in library.sentences():
        _collect(parse(file.read_text(encoding="utf-8"), "texts.yaml"), "", found)
    return found


def _collect(node: Node, path: str, found: dict[str, Text]) -> None:
    entries = dict(node.entries())
    if {"zh", "en"} <= entries.keys() <= {"zh", "en", "one"}:
        found[path] = Text(zh=entries["zh"].text(), en=entries["en"].text())
        if "one" in entries:
            found[f"{path}.one"] = Text(zh=entries["zh"].text(), en=entries["one"].text())
        return
    for key, below in entries.items():
        _collect(below, f"{path}.{key}" if path else key, found)


@cache
def phrases() -> Mapping[str, Text]:
    """The clauses that rules refer to, by name."""
    return {key.removeprefix("phrases."): text for key, text in catalogue().items() if key.startswith("phrases.")}


def say(key: str, **names: Text | str | int) -> Text:
    """The sentence `key` with its names filled in; a `Text` gives each language its own words."""
    template = catalogue()[key]
    return Text(
        zh=template.zh.format(
            **{name: value.zh if isinstance(value, Text) else value for name, value in names.items()}
        ),
        en=template.en.format(
            **{name: value.en if isinstance(value, Text) else value for name, value in names.items()}
        ),
    )


def together(*texts: Text) -> Text:
    """Texts one after the other."""
    return Text(zh="".join(text.zh for text in texts), en="".join(text.en for text in texts))


def joined(texts: list[Text], separator: str = "list") -> Text:
    """Texts with a separator of the catalogue between them."""
    between = catalogue()[separator]
    return Text(zh=between.zh.join(text.zh for text in texts), en=between.en.join(text.en for text in texts))


def amount(value: Fraction | Decimal, unit: str, *, round_up: bool = False) -> Text:
    """`value` with its unit, with at most two digits after the point and none from a thousand on.

    Rounded towards failing its comparison, so that 89.996 % never reads as the 90 % that were asked for.

    Args:
        value: in `unit`.
        unit: UCUM code; '1' is shown in percent, seconds from two minutes on in minutes, money in 万元.
        round_up: for a value that must stay below something.
    """
    number = Fraction(value)
    if unit == "1":
        number, unit = number * 100, "%"
    elif unit == "s" and number >= 120:
        number, unit = number / 60, "min"
    elif unit == "CNY":
        number = number / 10_000  # the form counts in 万元
    digits = 0 if number >= UNBROKEN else 2
    scaled = number * 10**digits
    whole = -(-scaled.numerator // scaled.denominator) if round_up else scaled.numerator // scaled.denominator
    written = Decimal(whole).scaleb(-digits)
    text = decimal_text(written)
    return counted(unit, Text(zh=text, en=f"{whole:,}" if digits == 0 else text), one=text == "1")


def counted(unit: str, number: Text, *, one: bool) -> Text:
    """`number` with the words of its unit."""
    key = f"units.{unit}" if f"units.{unit}" in catalogue() else "units.other"
    return say(f"{key}.one" if one and f"{key}.one" in catalogue() else key, number=number)


def calendar_day(day: date) -> Text:
    """`day` as it is written in a letter."""
    return Text(zh=f"{day.year}年{day.month}月{day.day}日", en=f"{day.day} {MONTHS[day.month - 1]} {day.year}")
