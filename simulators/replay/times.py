"""Text of a file's clock -> instants, with a declared fate for every local time that is not exactly one instant."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulators.replay.mapping import Ambiguous, Nonexistent, Stamp, Time

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- local times are naive until their zone is applied
EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 -- the day 0 that makes serials right from 1900-03-01 on
_DAY = timedelta(days=1)
_US = timedelta(microseconds=1)

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
#: Loose forms, and the strict ones that digits without anything between them need (%Y%m%d).
_LOOSE = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"1[0-2]|0?[1-9]", "d": r"3[01]|[12]\d|0?[1-9]", "H": r"2[0-4]|1\d|0?\d",
    "I": r"1[0-2]|0?[1-9]", "M": r"[0-5]?\d", "S": r"[0-5]?\d", "j": r"\d{1,3}", "f": r"\d+",
}  # fmt: skip
_STRICT = {"m": r"1[0-2]|0[1-9]", "d": r"3[01]|[12]\d|0[1-9]", "H": r"2[0-4]|[01]\d", "I": r"1[0-2]|0[1-9]",
           "M": r"[0-5]\d", "S": r"[0-5]\d", "j": r"\d{3}"}  # fmt: skip
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?(?::?(\d{2}))?")
_ISO_24 = re.compile(r"(.*[T ])24(:?00(?::?00(?:[.,]0+)?)?)(\D.*)?")


class TimeRefusedError(Exception):
    """A row's time cannot be told; the text says why."""


class TimeIgnoredError(Exception):
    """A row's time does not exist, and the mapping declares such rows as filler."""


class Parsed(NamedTuple):
    """A time as the text has it."""

    local: datetime  #: naive
    offset: timedelta | None  #: from UTC, where the text carries it


class Moment(NamedTuple):
    """What a row's time marks, in µs since 1970 UTC."""

    stamp: int
    start: int | None  #: of the row's interval; None: the row is of an instant
    end: int | None


Parse = Callable[[str], Parsed | None]


def compile_format(pattern: str, time: Time) -> Parse:
    """The function that reads one of `time.formats`; it returns None for a text of another form.

    Raises:
        ValueError: the format is not one of ours; the text says what is.
    """
    if pattern in EPOCHS:
        return lambda text: _epoch(text, EPOCHS[pattern])
    if pattern == "iso":
        return _iso
    if pattern == "excel":
        return _excel
    if "%" not in pattern:
        raise ValueError(f"expected iso, excel, {', '.join(EPOCHS)} or a format with % letters")
    expression = re.compile(_expression(pattern, time), re.IGNORECASE)
    months = {name.casefold(): number for names in (_month_names(time),) for name, number in names.items()}
    pm = time.am_pm[1].replace(".", "").casefold()

    def parse(text: str) -> Parsed | None:
        match = expression.fullmatch(text)
        if match is None:
            return None
        try:
            return _assemble(match.groupdict(), months, pm, time)
        except (ValueError, OverflowError):
            return None

    return parse


def carries_offset(pattern: str) -> bool:
    """Whether every text that this format reads says its offset from UTC."""
    return pattern in EPOCHS or "%z" in pattern or "%Z" in pattern


def _month_names(time: Time) -> dict[str, int]:
    if time.months:
        return {name: number for number, name in enumerate(time.months, start=1)}
    full = {name: number for number, name in enumerate(_MONTHS, start=1)}
    return full | {name[:3]: number for name, number in full.items()} | {"Sept": 9}


def _expression(pattern: str, time: Time) -> str:
    words = {
        "b": _alternatives(_month_names(time)),
        "p": "|".join(r"\.?".join(re.escape(c) for c in word.replace(".", "")) + r"\.?" for word in time.am_pm),
        "a": r"[^\W\d_]+\.?",
        "z": r"Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?",
        "Z": _alternatives(time.zone_names) or r"(?!)",
    }
    out, position, seen = [], 0, set()
    pieces = re.findall(r"%.|\s+|[^%\s]", pattern, re.DOTALL)
    for position, piece in enumerate(pieces):
        letter = {"B": "b", "A": "a"}.get(piece[1:], piece[1:]) if piece[0] == "%" else ""
        if piece.isspace():
            out.append(r"\s+")
        elif not letter or letter == "%":
            out.append(re.escape(letter or piece))
        elif letter in seen:
            raise ValueError(f"expected each % letter once, found {piece} again")
        elif letter in _LOOSE or letter in words:
            seen.add(letter)
            beside = position > 0 and pieces[position - 1][:1] == "%" and pieces[position - 1][1:] in _LOOSE
            form = _STRICT.get(letter) if beside else None
            out.append(f"(?P<{letter}>{form or _LOOSE.get(letter) or words[letter]})")
        else:
            raise ValueError(f"expected % with one of Y y m b B d j a A H I M S f p z Z %, found {piece}")
    _check_letters(seen)
    return "".join(out)


def _alternatives(names: Mapping[str, object]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _check_letters(seen: set[str]) -> None:
    if not seen & {"Y", "y"} or not (("d" in seen and seen & {"m", "b"}) or "j" in seen):
        raise ValueError("expected a year (%Y or %y), a month (%m or %b) and a day (%d)")
    if ("I" in seen) != ("p" in seen):
        raise ValueError("expected %I and %p together (12-hour clock), or %H alone")


def _assemble(found: dict[str, str | None], months: Mapping[str, int], pm: str, time: Time) -> Parsed:
    part = {name: value for name, value in found.items() if value is not None}
    year = int(part["Y"]) if "Y" in part else int(part["y"]) + (1900 if int(part["y"]) >= time.pivot else 2000)
    hour = int(part.get("H", "0"))
    if "I" in part:
        hour = int(part["I"]) % 12 + (12 if part["p"].replace(".", "").casefold() == pm else 0)
    minute, second = int(part.get("M", "0")), int(part.get("S", "0"))
    fraction = int(part.get("f", "0")[:6].ljust(6, "0"))
    closes = hour == 24
    if closes and (minute or second or fraction):
        raise ValueError("24:00 is the only time of hour 24")
    if "j" in part:
        date = datetime(year, 1, 1) + (int(part["j"]) - 1) * _DAY  # noqa: DTZ001
        if date.year != year or part["j"] in ("0", "00", "000"):
            raise ValueError("no such day of the year")
    else:
        month = int(part["m"]) if "m" in part else months[part["b"].casefold()]
        date = datetime(year, month, int(part["d"]))  # noqa: DTZ001
    local = date + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)
    zone = part.get("z") or (_by_name(time.zone_names, part["Z"]) if "Z" in part else None)
    return Parsed(local, None if zone is None else offset(zone))


def _by_name(offsets: Mapping[str, str], name: str) -> str:
    return next(value for key, value in offsets.items() if key.casefold() == name.casefold())


def offset(text: str) -> timedelta:
    """The offset from UTC of `Z`, `+08:00`, `+0800` or `+08`.

    Raises:
        ValueError: another text.
    """
    if text.upper() in ("Z", "UTC"):
        return timedelta(0)
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ValueError("expected an offset like +08:00")
    length = timedelta(hours=int(match[2]), minutes=int(match[3] or 0), seconds=int(match[4] or 0))
    if length >= _DAY:
        raise ValueError("expected an offset below 24 hours")
    return -length if match[1] == "-" else length


def _epoch(text: str, microseconds: int) -> Parsed | None:
    if not re.fullmatch(r"[+-]?\d{1,20}(\.\d*)?([eE]\+?\d{1,2})?", text):
        return None
    try:
        return Parsed(EPOCH + int(Decimal(text) * microseconds) * _US, timedelta(0))
    except (OverflowError, InvalidOperation):
        return None


def _iso(text: str) -> Parsed | None:
    closes = _ISO_24.fullmatch(text)
    if closes is not None:
        text = f"{closes[1]}00{closes[2]}{closes[3] or ''}"
    try:
        found = datetime.fromisoformat(text.replace(" +", "+").replace(" Z", "Z").replace(" UTC", "Z"))
        return Parsed(found.replace(tzinfo=None) + (_DAY if closes else timedelta(0)), found.utcoffset())
    except (ValueError, OverflowError):
        return None


def _excel(text: str) -> Parsed | None:
    if not re.fullmatch(r"\d{1,7}(\.\d*)?", text):
        return None
    # A serial is a binary fraction of a day: what it means is the nearest millisecond.
    milliseconds = int((Decimal(text) * 86_400_000).to_integral_value())
    return Parsed(_EXCEL_EPOCH + timedelta(milliseconds=milliseconds), None)


def zone(name: str) -> tzinfo:
    """The zone of an IANA name, `UTC` or an offset.

    Raises:
        ValueError: no such zone.
    """
    if name == "UTC":
        return UTC
    if name[0] in "+-":
        return timezone(offset(name))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("expected an IANA zone like Europe/London, UTC or an offset like +08:00") from None


class Clock:
    """Reads the times of one file, in the order of its rows (which `ambiguous: in_order` depends on)."""

    def __init__(self, time: Time, interval: timedelta) -> None:
        self._time, self._interval = time, interval
        self._zone = zone(time.zone) if time.zone is not None else None
        self._formats = [compile_format(pattern, time) for pattern in time.formats]
        ends = time.other_end.formats if time.other_end is not None else ()
        self._end_formats = [compile_format(pattern, time) for pattern in ends] or self._formats
        self._last: dict[str, tuple[datetime, int]] = {}
        self.read_by = [0] * len(self._formats)  #: rows that each format has read

    def moment(self, text: str, other: str | None, who: str) -> Moment:
        """The instant and the interval of a row.

        Args:
            text: cells of the time columns, joined by a space.
            other: the same of the interval's other end, or None.
            who: whose rows follow each other in time (the device, or the whole file).

        Raises:
            TimeRefusedError: no time can be told.
            TimeIgnoredError: a filler row of an hour that does not exist.
        """
        try:
            return self._moment(text, other, who)
        except OverflowError:
            raise TimeRefusedError(f"the time {text!r} is out of the calendar") from None

    def _moment(self, text: str, other: str | None, who: str) -> Moment:
        time = self._time
        parsed = self._shifted(self._parse(text, self._formats, self.read_by), closes=time.stamp is not Stamp.START)
        if time.stamp is Stamp.INSTANT:
            return Moment(self._instant(parsed, who), None, None)
        if other is not None:
            far = self._shifted(self._parse(other, self._end_formats, None), closes=time.stamp is Stamp.START)
            ends = sorted_ends(time.stamp, self._instant(parsed, who), self._instant(far, f"{who}\n"))
        elif time.ambiguous is Ambiguous.BOTH and parsed.offset is None:
            ends = self._both(parsed)
        else:
            ends = self._declared(parsed, who)
        if ends[0] >= ends[1]:
            raise TimeRefusedError(f"the interval of {text!r} ends before it starts (midnight_closes_day?)")
        return Moment(ends[0] if time.stamp is Stamp.START else ends[1], *ends)

    def _parse(self, text: str, formats: list[Parse], counts: list[int] | None) -> Parsed:
        for position, parse in enumerate(formats):
            if (parsed := parse(text)) is not None:
                if counts is not None:
                    counts[position] += 1
                return parsed
        raise TimeRefusedError(f"the time {text!r} has none of the formats {', '.join(self._time.formats)}")

    def _shifted(self, parsed: Parsed, *, closes: bool) -> Parsed:
        midnight = parsed.local.time() == EPOCH.time()
        day = _DAY if closes and midnight and self._time.midnight_closes_day else timedelta(0)
        return parsed._replace(local=parsed.local + self._time.add + day)

    def _declared(self, parsed: Parsed, who: str) -> tuple[int, int]:
        """The interval of the declared length; whole days are days of the zone, 23 or 25 hours where clocks change."""
        instant = self._instant(parsed, who)
        step = self._interval if self._time.stamp is Stamp.START else -self._interval
        if parsed.offset is None and not self._interval % _DAY:
            return sorted_ends(self._time.stamp, instant, self._at(parsed.local + step, 0))
        return sorted_ends(self._time.stamp, instant, instant + step // _US)

    def _both(self, parsed: Parsed) -> tuple[int, int]:
        """The interval of a row with both occurrences of its hour: start of the first one to end of the second."""
        start = parsed.local if self._time.stamp is Stamp.START else parsed.local - self._interval
        if not self._interval % _DAY:
            return self._at(start, 0), self._at(start + self._interval, 0)
        kind = self._kind(start)
        if kind < 0:
            self._gap(start)
        return self._at(start, 0), self._at(start, 1 if kind > 0 else 0) + self._interval // _US

    def _instant(self, parsed: Parsed, who: str) -> int:
        if parsed.offset is not None:
            return (parsed.local - parsed.offset - EPOCH) // _US
        kind = self._kind(parsed.local)
        if kind < 0:
            self._gap(parsed.local)
        fold = self._fold(parsed.local, who) if kind > 0 else 0
        self._last[who] = (parsed.local, fold)
        return self._at(parsed.local, fold)

    def _kind(self, local: datetime) -> int:
        """1: the local time exists twice; -1: not at all; 0: once."""
        first, second = (local.replace(tzinfo=self._zone, fold=fold).utcoffset() for fold in (0, 1))
        if first is None or second is None:
            raise TimeRefusedError(f"the time {local} carries no offset and $.time.zone is not given")
        return (first > second) - (first < second)

    def _at(self, local: datetime, fold: int) -> int:
        ahead = local.replace(tzinfo=self._zone, fold=fold).utcoffset()
        return (local - (ahead or timedelta(0)) - EPOCH) // _US

    def _fold(self, local: datetime, who: str) -> int:
        match self._time.ambiguous:
            case Ambiguous.EARLIER:
                return 0
            case Ambiguous.LATER:
                return 1
            case Ambiguous.IN_ORDER:
                last, fold = self._last.get(who, (None, 0))
                if last is None or self._kind(last) <= 0 or abs(last - local) >= _DAY:
                    return 0
                return 1 if fold == 1 or local <= last else 0
            case _:
                raise TimeRefusedError(
                    f"the local time {local} exists twice in {self._time.zone}; declare $.time.ambiguous"
                )

    def _gap(self, local: datetime) -> None:
        match self._time.nonexistent:
            case Nonexistent.IGNORE:
                raise TimeIgnoredError("local time that does not exist")
            case Nonexistent.REFUSE:
                raise TimeRefusedError(
                    f"the local time {local} does not exist in {self._time.zone}; declare $.time.nonexistent"
                )


def sorted_ends(stamp: Stamp, here: int, there: int) -> tuple[int, int]:
    """(start, end) of an interval from the end that `stamp` names and the other one."""
    return (here, there) if stamp is Stamp.START else (there, here)
