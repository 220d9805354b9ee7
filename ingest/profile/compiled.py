"""A profile made ready for use: wildcards resolved once per key, conversions exact, words looked up in tables."""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from ingest import quantities
from ingest.formats.numbers import number
from ingest.formats.unit_words import ucum
from ingest.profile.spec import KeySpec, ListSpec, Meaning, Profile, Register, Scalar
from ingest.profile.spec import Type as RegisterType
from ingest.quantities import Quantity, Type
from ingest.registry import channel_of
from ingest.units import SAME, Conversion, conversion

#: Keys remembered per profile before the memory starts anew: whoever may publish may invent keys without end.
KEYS_KEPT = 20_000

#: What a device says instead of a value, whatever the profile declares.
NO_VALUE: Final = frozenset({"", "null", "none", "nan", "n/a", "na", "-", "--"})
_SWITCH: Final[Mapping[object, float]] = {
    "true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0, "yes": 1.0, "no": 0.0, 1.0: 1.0, 0.0: 0.0
}  # fmt: skip
#: Layout of a register type for `struct`, big-endian.
LAYOUTS: Final[Mapping[RegisterType, str]] = {
    RegisterType.INT16: "h", RegisterType.UINT16: "H", RegisterType.INT32: "i", RegisterType.UINT32: "I",
    RegisterType.INT64: "q", RegisterType.UINT64: "Q", RegisterType.FLOAT32: "f", RegisterType.FLOAT64: "d",
}  # fmt: skip
_WILDCARD = re.compile(r"\*\*|\*")
_HOLE = re.compile(r"\{([^{}]+)\}")


class ProfileError(ValueError):
    """A profile contradicts itself or the vocabulary; the text goes on after the key path."""


def token(value: object) -> object:
    """A scalar as it is compared: numbers in any spelling are equal, words regardless of case and blanks around."""
    if isinstance(value, str):
        found = number(value)
        return value.strip().casefold() if found is None else found
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One meaning of one key."""

    quantity: Quantity | None
    event: str | None
    severity: str | None
    channel: str
    #: to the canonical unit; None: no unit is declared
    conversion: Conversion | None
    scale: Conversion  #: value as sent -> value in the declared unit
    unit: str | None
    bit: int | None
    register: Register | None
    key: str  #: the key path itself, of which registers are counted on
    missing: frozenset[object]
    words: Mapping[object, float | None]
    when: Mapping[str, frozenset[object]]
    #: numbers that stand for nothing else go the short way
    plain: bool
    #: conversions of units that messages name, found once
    named: dict[str, Conversion | None] = field(default_factory=dict)

    def conversion_from(self, unit: str) -> Conversion | None:
        """How a value in a unit that the message names becomes canonical; None: no exact way is known."""
        if unit not in self.named:
            assert self.quantity is not None
            try:
                found: Conversion | None = composed(self.scale, conversion(ucum(unit), self.quantity.unit))
            except ValueError:
                found = None
            if len(self.named) < 1_000:
                self.named[unit] = found
            return found
        return self.named[unit]


@dataclass(frozen=True, slots=True)
class Element:
    """A key inside an element of a declared list."""

    spec: ListSpec
    name: str  #: of the list and the element, `history[3]`
    rest: str  #: key path within the element
    rules: tuple[Rule, ...]
    known: bool  #: a rule, the time, or ignored on purpose


IGNORED: Final = ()
Entry = tuple[Rule, ...] | Element | None


class Compiled:
    """A profile ready for use."""

    def __init__(self, spec: Profile) -> None:
        self.spec = spec
        self._exact = {key: entry for key, entry in spec.keys.items() if "*" not in key}
        self._patterns = [(pattern(key), key, entry) for key, entry in spec.keys.items() if "*" in key]
        self._lists = [(re.compile(rf"({_expression(name)}\[(\d+)\])\.?(.*)"), one) for name, one in spec.lists.items()]
        self._ignored = [pattern(key) for key in spec.ignore]
        self._spanned = {place for key, entry in spec.keys.items() for place in _spanned(key, entry)}
        self.time = spec.time
        self.good = {key: frozenset(map(token, values)) for key, values in spec.good.items()}
        self._known: dict[str, Entry] = {}
        for key, entry in spec.keys.items():
            _rules(key, key, entry, ["1"] * len(_WILDCARD.findall(key)))
        for one in spec.lists.values():
            for key, entry in (one.keys or {}).items():
                _rules(key, key, entry, ["1"] * len(_WILDCARD.findall(key)))

    def entry(self, key: str) -> Entry:
        """What a key means: rules (none: ignored on purpose), an element of a list, or None: nobody knows."""
        try:
            return self._known[key]
        except KeyError:
            if len(self._known) >= KEYS_KEPT:
                self._known.clear()
            found = self._known[key] = self._find(key)
            return found

    def _find(self, key: str) -> Entry:
        if key not in self._exact and key in self.spec.ignore:
            return IGNORED
        rules = self._rules_of(key, self._exact, self._patterns)
        if rules is not None:
            return rules
        for expression, one in self._lists:
            if (match := expression.fullmatch(key)) is not None:
                name, _, rest = match[1], match[2], match[match.re.groups]
                return self._element(one, name, rest)
        if (
            key == self.time
            or key in self.good
            or key in self._spanned
            or any(expression.fullmatch(key) for expression in self._ignored)
        ):
            return IGNORED
        return None

    def _element(self, one: ListSpec, name: str, rest: str) -> Element:
        if one.keys is None:
            rules = self._rules_of(rest, self._exact, self._patterns)
        else:
            exact = {key: entry for key, entry in one.keys.items() if "*" not in key}
            rules = self._rules_of(rest, exact, [(pattern(k), k, e) for k, e in one.keys.items() if "*" in k])
        named = set(_HOLE.findall(one.channel))
        ignored = (
            rest == one.time
            or rest in named
            or any(expression.fullmatch(f"{name}.{rest}") or expression.fullmatch(rest) for expression in self._ignored)
        )
        return Element(one, name, rest, rules or (), ignored or rules is not None)

    @staticmethod
    def _rules_of(
        key: str, exact: Mapping[str, KeySpec], patterns: Sequence[tuple[re.Pattern[str], str, KeySpec]]
    ) -> tuple[Rule, ...] | None:
        if (entry := exact.get(key)) is not None:
            return _rules(key, key, entry, [])
        for expression, declared, entry in patterns:
            if (match := expression.fullmatch(key)) is not None:
                return _rules(key, declared, entry, list(match.groups()))
        return None


def composed(first: Conversion, second: Conversion) -> Conversion:
    """Both conversions, one after the other."""
    if first is SAME:
        return second
    if second is SAME:
        return first
    return Conversion(first.factor * second.factor, first.offset * second.factor + second.offset)


def pattern(path: str) -> re.Pattern[str]:
    """A key path with wildcards: `*` is part of one level, `**` anything; each is a group."""
    return re.compile(_expression(path), re.DOTALL)


def _expression(path: str) -> str:
    parts, end = [], 0
    for match in _WILDCARD.finditer(path):
        parts += [re.escape(path[end : match.start()]), "(.+)" if match[0] == "**" else r"([^.\[\]]+)"]
        end = match.end()
    return "".join([*parts, re.escape(path[end:])])


def filled(template: str, values: Sequence[str]) -> str:
    """A channel with the text of each wildcard in its place; `{1+1}` counts from one where the device counts from nought.

    >>> filled("l{1+1}", ["0"]), filled("line_{2}", ["a", "North Door"])
    ('l1', 'line_north_door')

    Raises:
        ProfileError: a place that no wildcard has.
    """

    def place(match: re.Match[str]) -> str:
        which, plus, step = match[1].partition("+")
        if not which.isdigit() or not 1 <= int(which) <= len(values):
            raise ProfileError(f".channel: expected {{1}} for the first * of the key, got {match[0]!r}")
        text = values[int(which) - 1]
        return str(int(text) + int(step)) if plus and text.isdigit() and step.isdigit() else channel_of(text)

    return _HOLE.sub(place, template)


def _rules(key: str, declared: str, entry: KeySpec, wildcards: list[str]) -> tuple[Rule, ...]:
    where = f".keys.{declared}"
    if entry.cases:
        if entry.quantity or entry.event:
            raise ProfileError(f"{where}: expected `quantity` or `event` within `cases`, or no `cases`")
        return tuple(
            _rule(key, case, wildcards, f"{where}.cases[{position}]") for position, case in enumerate(entry.cases)
        )
    return (_rule(key, entry, wildcards, where),)


def _rule(key: str, meaning: Meaning, wildcards: list[str], where: str) -> Rule:
    try:
        return _checked(key, meaning, wildcards)
    except ValueError as error:
        raise ProfileError(f"{where}{error}") from error


def _checked(key: str, meaning: Meaning, wildcards: list[str]) -> Rule:
    if (meaning.quantity is None) == (meaning.event is None):
        raise ProfileError(": expected either `quantity` or `event`")
    quantity = None if meaning.quantity is None else _quantity(meaning)
    try:
        factor = Fraction(str(meaning.factor)) if meaning.factor is not None else Fraction(1)
    except (ValueError, ZeroDivisionError):
        raise ProfileError(f'.factor: expected a number like 0.1 or "1/3", got {meaning.factor!r}') from None
    offset = Fraction(str(meaning.offset)) if meaning.offset is not None else Fraction(0)
    scale = SAME if factor == 1 and offset == 0 else Conversion(factor, offset)
    how = None if quantity is None else _conversion(meaning, quantity, scale)
    if meaning.register is not None and not key.endswith("]"):
        raise ProfileError(f".register: expected a key that ends in the register's place like data[0], got {key!r}")
    missing = frozenset(map(token, meaning.missing))
    words = _words(meaning, quantity)
    kinds = {Type.REAL, Type.COUNT}
    plain = quantity is not None and quantity.type in kinds and meaning.bit is None and meaning.register is None
    return Rule(
        quantity=quantity,
        event=meaning.event,
        severity=meaning.severity,
        channel=filled(meaning.channel, wildcards),
        conversion=how,
        scale=scale,
        unit=meaning.unit,
        bit=meaning.bit,
        register=meaning.register,
        key=key,
        missing=missing,
        words=words,
        when={_filled_path(path, wildcards): frozenset(map(token, values)) for path, values in meaning.when.items()},
        plain=plain and not missing and not words,
    )


def _spanned(key: str, meaning: Meaning) -> Sequence[str]:
    """The registers behind the first that a key takes too."""
    if meaning.register is None or not (match := re.fullmatch(r"(.*\[)(\d+)\]", key)):
        return ()
    steps = range(1, struct.calcsize(LAYOUTS[meaning.register.type]) // 2)
    return [f"{match[1]}{int(match[2]) + step}]" for step in steps]


def _filled_path(path: str, wildcards: list[str]) -> str:
    for position, text in enumerate(wildcards, 1):
        path = path.replace(f"{{{position}}}", text)
    return path


def _quantity(meaning: Meaning) -> Quantity:
    vocabulary = quantities.load()
    quantity = vocabulary.get(meaning.quantity or "")
    if quantity is None:
        try:
            found, channel = quantities.parse(meaning.quantity or "")
        except quantities.UnknownQuantityError as error:
            raise ProfileError(f".quantity: {error}") from error
        if channel:
            raise ProfileError(
                f".quantity: expected {found.name!r} with `channel: {channel}`, got {meaning.quantity!r}"
            )
        quantity = found
    if meaning.kind is not None and meaning.kind != quantity.kind:
        others = [
            other.name for other in vocabulary.values() if other.flow == quantity.flow and other.kind == meaning.kind
        ]
        better = f" (a {meaning.kind} of it is {' or '.join(others)})" if quantity.flow and others else ""
        raise ProfileError(f".kind: expected {quantity.kind} for {quantity.name}, got {meaning.kind}{better}")
    return quantity


def _conversion(meaning: Meaning, quantity: Quantity, scale: Conversion) -> Conversion | None:
    if meaning.unit is None:
        counted = quantity.codes or quantity.unit.startswith("{") or quantity.type is Type.BOOL
        return scale if counted else None
    try:
        return composed(scale, conversion(meaning.unit, quantity.unit))
    except ValueError as error:
        raise ProfileError(f".unit: {error}") from error


def _words(meaning: Meaning, quantity: Quantity | None) -> Mapping[object, float | None]:
    if quantity is None:
        # Words of an event: those that map to null mean that nothing happened.
        return {token(word): None for word, value in meaning.words.items() if value is None}
    codes = {word: float(code) for code, word in (quantity.codes or {}).items()}
    known: dict[object, float | None] = dict(_SWITCH) if quantity.type is Type.BOOL else {}
    known |= {token(word): code for word, code in codes.items()}
    for word, value in meaning.words.items():
        known[token(word)] = None if value is None else _code(value, codes, quantity)
    return known


def _code(value: Scalar, codes: Mapping[str, float], quantity: Quantity) -> float:
    if isinstance(value, str):
        if value not in codes:
            raise ProfileError(f".words: expected one of {', '.join(codes) or 'numbers'}, got {value!r}")
        return codes[value]
    if quantity.codes and value not in quantity.codes:
        raise ProfileError(f".words: expected one of {', '.join(codes)}, got {value!r}")
    if quantity.type is Type.BOOL and value not in (0, 1):
        raise ProfileError(f".words: expected 0 or 1, got {value!r}")
    return float(value)
