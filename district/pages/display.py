"""Numbers, units, times and shares as people read them on a page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from dashboards.units import units
from district.pages.language import Language, Words

ABSENT = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number and its unit, apart, so that a page can set them in different sizes."""

    number: str
    unit: str


def quantity(value: Decimal | float | None, unit: str, words: Words) -> Figure:
    """`value` [UCUM `unit`] for a screen; None becomes a dash, never a zero."""
    if value is None:
        return Figure(number=ABSENT, unit="")
    number = Decimal(str(value))
    entry = units().get("share" if unit == "1" else unit)
    if entry is None:
        return Figure(number=grouped(number, 2), unit=unit)
    if unit == "s" and number >= 3600:
        return Figure(number=grouped(number / 3600, 1), unit=words("unit.hours"))
    if entry.share:
        number *= 100
    return Figure(number=grouped(number, entry.digits), unit=words.pick(entry.zh, entry.en))


def grouped(number: Decimal | float, digits: int = 0) -> str:
    """`number` with thousands separators, rounded half up to at most `digits` digits after the point.

    >>> grouped(Decimal("1234.50"), 1)
    '1,234.5'
    """
    rounded = Decimal(str(number)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: Decimal | float | None, digits: int = 1) -> str:
    """A share of 0 to 1 in percent. What is not whole is never rounded up to 100, what is there never down to 0.

    >>> percent(Decimal("0.99999")), percent(Decimal("0.0001"))
    ('99.9 %', '< 0.1 %')
    """
    if share is None:
        return ABSENT
    exact = Decimal(str(share))
    rounded = (exact * 100).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    if rounded >= 100 and exact < 1:
        rounded = Decimal(100) - Decimal(1).scaleb(-digits)
    if not rounded and exact > 0:
        return f"< {Decimal(1).scaleb(-digits):f} %"
    text = f"{rounded:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def age(span: timedelta | None, words: Words) -> str:
    """How long ago, in the largest unit that says enough."""
    if span is None:
        return words("age.never")
    seconds = max(0, int(span.total_seconds()))
    for size, key in ((86400, "age.days"), (3600, "age.hours"), (60, "age.minutes")):
        if seconds >= 2 * size or (size == 60 and seconds >= 60):
            return words(key, n=seconds // size)
    return words("age.seconds", n=seconds)


def moment(when: datetime, zone: str, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """`when` in the district's zone."""
    return when.astimezone(ZoneInfo(zone)).strftime(pattern)


def period(start: datetime, end: datetime, zone: str) -> str:
    """A half-open window in the district's zone; whole days name their first and last day."""
    first, last = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    if first.hour == first.minute == last.hour == last.minute == 0 and first < last:
        final = last - timedelta(days=1)
        if final.date() == first.date():
            return f"{first:%Y-%m-%d}"
        return f"{first:%Y-%m-%d} – {final:%Y-%m-%d}"
    if first.date() == last.date():
        return f"{first:%Y-%m-%d %H:%M} – {last:%H:%M}"
    return f"{first:%Y-%m-%d %H:%M} – {last:%Y-%m-%d %H:%M}"


def weekday(day: datetime, language: Language) -> str:
    """Short name of the day of the week."""
    names = "一二三四五六日" if language is Language.ZH else ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return names[day.weekday()]
