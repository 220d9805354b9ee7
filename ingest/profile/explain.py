"""What a report says in our words: its keys read by a profile."""

import math
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest import quantities
from ingest.formats import json_document, stamps
from ingest.formats.numbers import converted, number
from ingest.formats.redaction import word
from ingest.formats.report import Happening, Naive, Report, Time, flat
from ingest.model import Flag, PayloadError, Reason
from ingest.profile.compiled import LAYOUTS, Compiled, Element
from ingest.profile.rules import HOLE, NO_VALUE, Rule, token
from ingest.profile.spec import Order
from ingest.quantities import Type
from ingest.registry import channel_of
from ingest.units import SAME

_HISTORICAL = int(Flag.HISTORICAL)
_SOURCE_BAD = int(Flag.SOURCE_BAD)
#: A whole number of JSON has no limit, a double has: what lies beyond compares as infinite does.
_LARGEST = sys.float_info.max
#: Letters of a text in which a pattern is looked for. Our choice.
_LONGEST = 1_000


class Run(NamedTuple):
    """Values of one device at one time."""

    time: Time
    span_us: int | None
    flags: int
    values: list[tuple[str, str, float]]  #: quantity, channel, canonical value


class Undeclared(NamedTuple):
    """A number whose unit neither message nor profile names."""

    time: Time
    quantity: str
    channel: str
    value: float  #: as sent


@dataclass(slots=True)
class Explained:
    """What a report says in our words."""

    runs: list[Run] = field(default_factory=list)
    events: list[Happening] = field(default_factory=list)
    problems: list[tuple[Reason, str]] = field(default_factory=list)
    #: keys that the profile does not know
    unknown: int = 0
    undeclared: list[Undeclared] = field(default_factory=list)
    #: states (quantity, channel) that were sent as numbers: there is no word of the maker's to show
    coded: set[tuple[str, str]] = field(default_factory=set)


def explain(report: Report, profile: Compiled) -> Explained:
    """What a report of a device with this profile says."""
    said = Explained()
    if profile.embedded:
        report = _unfolded(report, profile.embedded, said)
    values, units = report.values, report.units
    time = report.time
    if profile.time is not None and (own := stamps.instant(values.get(profile.time))) is not None:
        time = own
    flags = report.flags
    for key, good in profile.good.items():
        if key in values and token(values[key]) not in good:
            flags |= _SOURCE_BAD
    reader = _Reader(report, values, "", time, "", said)
    elements: dict[str, list[tuple[Element, object]]] = {}
    entry_of = profile.entry
    for key, value in values.items():
        entry = entry_of(key)
        if entry is None:
            said.unknown += 1
        elif type(entry) is tuple:
            for rule in entry:
                if reader.take(rule, value, units.get(key) if units else None) and not rule.further:
                    break
        else:
            assert isinstance(entry, Element)
            elements.setdefault(entry.name, []).append((entry, value))
    span = report.span_us if profile.since is None else _span(values.get(profile.since), time) or report.span_us
    reader.finish(span, flags)
    for found in elements.values():
        _element(report, found, time, flags, said)
    return said


def unacceptable(quantity: str, value: float) -> tuple[Reason, str] | None:
    """Why a quantity cannot have a value; None: it can."""
    meaning = quantities.load()[quantity]
    if not math.isfinite(value):
        return Reason.NOT_FINITE, f"{quantity}: {value}"
    match meaning.type:
        case Type.COUNT if not float(value).is_integer():
            return Reason.WRONG_TYPE, f"{quantity}: expected a whole number, got {value}"
        case Type.BOOL if value not in (0, 1):
            return Reason.UNKNOWN_STATE, f"{quantity}: expected 0 or 1, got {value}"
        case Type.ENUM if meaning.codes is not None and value not in meaning.codes:
            return Reason.UNKNOWN_STATE, f"{quantity}: no state has the code {value}"
    return None


def _element(report: Report, found: Sequence[tuple[Element, object]], time: Time, flags: int, said: Explained) -> None:
    """One element of a declared list: a report of its own."""
    spec, name = found[0][0].spec, found[0][0].name
    within = {element.rest: value for element, value in found}
    historical = spec.historical
    if spec.time is not None:
        own = stamps.instant(within.get(spec.time))
        if own is None:
            said.problems.append((Reason.BAD_TIME, f"{name}.{spec.time}: no usable time"))
            return
        time = own
        historical = True if historical is None else historical
    channel = spec.channel
    for key, value in within.items():
        hole = f"{{{key}}}"
        if hole in channel:
            channel = channel.replace(hole, channel_of(str(value)))
    reader = _Reader(report, within, f"{name}.", time, channel, said)
    for element, value in found:
        said.unknown += not element.known
        for rule in element.rules:
            if reader.take(rule, value, report.units.get(f"{name}.{element.rest}")) and not rule.further:
                break
    span = None if spec.since is None else _span(within.get(spec.since), time)
    reader.finish(span, flags | (_HISTORICAL if historical else 0))


def _unfolded(report: Report, embedded: Sequence[str], said: Explained) -> Report:
    """The report with the keys of texts that hold JSON."""
    values = dict(report.values)
    for key in embedded:
        text = values.get(key)
        if not isinstance(text, str) or not text.strip():
            continue
        try:
            inner = json_document.read(text.encode())
        except (PayloadError, UnicodeEncodeError):
            said.problems.append((Reason.BAD_JSON, f"{key}: expected JSON in a text"))
            continue
        del values[key]
        values |= flat(inner, key)
    return report._replace(values=values)


def _span(start: object, end: Time) -> int | None:
    """The length of an interval [µs]; None: not both of its ends are known, or they are no interval."""
    begun = stamps.instant(start)
    if isinstance(begun, Naive) and isinstance(end, Naive):
        return end.us - begun.us if end.us > begun.us else None
    if isinstance(begun, int) and isinstance(end, int):
        return end - begun if end > begun else None
    return None


@dataclass(slots=True)
class _Reader:
    """Values of one time, one after the other."""

    report: Report
    values: Mapping[str, object]
    prefix: str  #: of the element, in the whole report
    time: Time
    channel: str  #: of the element
    said: Explained
    found: dict[tuple[str, str], float] = field(default_factory=dict)
    #: found more than once, with different values: which is right cannot be known
    contradicted: set[tuple[str, str]] = field(default_factory=set)

    def finish(self, span_us: int | None, flags: int) -> None:
        """What was found becomes a run."""
        for place in self.contradicted:
            del self.found[place]
            self._contradict(place)
        if self.found:
            run = [(quantity, channel, value) for (quantity, channel), value in self.found.items()]
            self.said.runs.append(Run(self.time, span_us, flags, run))

    def take(self, rule: Rule, value: object, unit: str | None) -> bool:
        """Read a value by a rule; False: the rule does not hold here."""
        if rule.when and not self._holds(rule):
            return False
        quantity = rule.quantity
        if rule.pattern is not None:
            if isinstance(value, int | float) and not isinstance(value, bool):
                value = str(value)
            match = rule.pattern.search(value[:_LONGEST]) if isinstance(value, str) else None
            value = match and match[1]
        if quantity is None:
            self._event(rule, value)
            return True
        if rule.unit_key is not None and isinstance(named := self._beside(rule.unit_key), str) and named.strip():
            unit = named
        how = rule.conversion if unit is None else rule.conversion_from(unit)
        if rule.plain and (type(value) is float or type(value) is int) and -_LARGEST <= value <= _LARGEST:
            amount: float = value
        elif rule.plain and type(value) is str and (read := number(value)) is not None:
            amount = read
        else:
            found = self._amount(rule, value)
            if found is None:
                return True
            amount = found
        channel = self._channel(rule)
        if how is None:
            detail = f"{quantity.name}: " + (
                "neither message nor profile names a unit" if unit is None else f"unit {unit[:32]!r} is not known"
            )
            self.said.problems.append((Reason.UNIT_UNDECLARED, detail))
            self.said.undeclared.append(Undeclared(self.time, quantity.name, channel, amount))
            return True
        stored = float(amount) if how is SAME else converted(amount, how)
        usual = quantity.type is Type.REAL and math.isfinite(stored)
        refusal = None if usual else unacceptable(quantity.name, stored)
        if refusal is not None:
            self.said.problems.append(refusal)
        else:
            place = quantity.name, channel
            if self.found.setdefault(place, stored) != stored:
                self.contradicted.add(place)
                self._contradict(place)
                return True
            if quantity.codes and not isinstance(token(value), str):
                self.said.coded.add((quantity.name, channel))
        return True

    def _contradict(self, place: tuple[str, str]) -> None:
        quantity, channel = place
        where = f" on channel {channel}" if channel else ""
        detail = f"{quantity}: several keys give different values{where}; give each a `channel` of its own"
        self.said.problems.append((Reason.BAD_SHAPE, detail))

    def _channel(self, rule: Rule) -> str:
        own = rule.channel
        if rule.holes:
            own = channel_of(HOLE.sub(lambda match: str(self._beside(match[1]) or ""), own))
        return f"{self.channel}_{own}" if self.channel and own else self.channel or own

    def _beside(self, path: str) -> object:
        """The value of another key, of the element where it stands there."""
        return self.values[path] if path in self.values else self.report.values.get(path)

    def _holds(self, rule: Rule) -> bool:
        return all(token(self._beside(path)) in wanted for path, wanted in rule.when.items())

    def _amount(self, rule: Rule, value: object) -> float | None:
        """The number that was sent, before conversion; None: no value, or one that was refused."""
        if value is None or (isinstance(value, str) and value.strip().casefold() in NO_VALUE):
            return None
        if rule.base is not None and isinstance(value, str) and token(value) not in rule.missing:
            try:
                value = int(value, rule.base)
            except ValueError:
                return self._refuse(rule, Reason.WRONG_TYPE, f"expected a number of base {rule.base}")
        if rule.register is not None:
            value = self._registers(rule, value)
            if value is None:
                return None
        sent = token(value) if isinstance(value, str | bool | int | float) else value
        if not isinstance(sent, str | bool | int | float):
            return self._refuse(rule, Reason.WRONG_TYPE, f"expected a value, got {_kind(value)}")
        if sent in rule.missing:
            return None
        if not isinstance(sent, str) and not -_LARGEST <= sent <= _LARGEST:
            return self._refuse(rule, Reason.NOT_FINITE, "too large a number" if isinstance(sent, int) else f"{sent}")
        assert rule.quantity is not None
        if rule.bit is not None:
            if not isinstance(sent, int | float) or not float(sent).is_integer():
                return self._refuse(rule, Reason.WRONG_TYPE, f"expected a whole number, got {_shown(value)}")
            return float(int(sent) >> rule.bit & 1)
        if sent in rule.words:
            return rule.words[sent]
        if "*" in rule.words:
            return rule.words["*"]
        state = rule.quantity.type in {Type.BOOL, Type.ENUM}
        if state or isinstance(sent, str):
            reason = Reason.UNKNOWN_STATE if state or rule.words else Reason.WRONG_TYPE
            return self._refuse(rule, reason, _shown(value))
        if isinstance(sent, bool):
            return self._refuse(rule, Reason.WRONG_TYPE, "expected a number, got a boolean")
        return sent

    def _refuse(self, rule: Rule, reason: Reason, detail: str) -> float | None:
        assert rule.quantity is not None
        self.said.problems.append((reason, f"{rule.quantity.name}: {detail}"))
        return None

    def _registers(self, rule: Rule, value: object) -> float | None:
        """The number that starts at the rule's register; or that a whole number holds, bit by bit."""
        assert rule.register is not None
        layout = LAYOUTS[rule.register.type]
        words = []
        stem, _, place = rule.key[:-1].rpartition("[") if rule.key.endswith("]") else ("", "", "")
        count = struct.calcsize(layout) // 2
        if not stem:
            bits = value if isinstance(value, int) and not isinstance(value, bool) else number(value)
            if bits is None or bits % 1 or not -(1 << 16 * count - 1) <= bits < 1 << 16 * count:
                return self._refuse(rule, Reason.WRONG_TYPE, f"expected a whole number of {16 * count} bits")
            words = [int(bits) >> 16 * (count - 1 - step) & 0xFFFF for step in range(count)]
        for step in range(count if stem else 0):
            word = self.values.get(f"{stem}[{int(place) + step}]")
            if not isinstance(word, int) or isinstance(word, bool) or not -0x8000 <= word <= 0xFFFF:
                return self._refuse(rule, Reason.WRONG_TYPE, f"{rule.key}: expected 16-bit registers, got {word!r:.32}")
            words.append(word & 0xFFFF)
        if rule.register.order in {Order.CDAB, Order.DCBA}:
            words.reverse()
        swap = "<" if rule.register.order in {Order.BADC, Order.DCBA} else ">"
        found: float = struct.unpack(f">{layout}", struct.pack(f"{swap}{len(words)}H", *words))[0]
        return found

    def _event(self, rule: Rule, value: object) -> None:
        if value is None or isinstance(value, dict | list):
            return
        sent = token(value)
        if sent in rule.missing or sent in rule.words or sent in NO_VALUE or sent in {False, "false", "no"}:
            return
        assert rule.event is not None
        attributes: dict[str, object] = {"value": value}
        if channel := self._channel(rule):
            attributes["channel"] = channel
        self.said.events.append(
            Happening(
                self.report.address, self.time, rule.event, severity=rule.severity, attributes=attributes,
                flags=self.report.flags,
            )
        )  # fmt: skip


def _shown(value: object) -> str:
    """A value in a sentence for the operator: a text that may be a name is not repeated."""
    return repr(word(value)) if isinstance(value, str) else f"{value!r:.64}"


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "nothing"
