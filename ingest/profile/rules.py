"""The meanings of one key, made ready for use: conversions exact, words in tables, channels filled in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from ingest import quantities
from ingest.formats.numbers import number
from ingest.formats.unit_words import ucum
from ingest.profile.spec import KeySpec, Meaning, Register, Scalar
from ingest.quantities import Quantity, Type
from ingest.registry import channel_of
from ingest.units import SAME, Conversion, conversion

#: What a device says instead of a value, whatever the profile declares.
NO_VALUE: Final = frozenset({"", "null", "none", "nan", "n/a", "na", "-", "--"})
_SWITCH: Final[Mapping[object, float]] = {
    "true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0, "yes": 1.0, "no": 0.0, 1.0: 1.0, 0.0: 0.0
}  # fmt: skip
#: A longer text is no unit, and is not remembered. Our choice.
LONGEST_UNIT: Final = 64
#: A place in a channel.
HOLE: Final = re.compile(r"\{([^{}]+)\}")


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
    unit_key: str | None
    pattern: re.Pattern[str] | None
    base: int | None
    #: the rules after it are read too
    further: bool
    #: the channel has the values of other keys in it
    holes: bool
    missing: frozenset[object]
    words: Mapping[object, float | None]
    when: Mapping[str, frozenset[object]]
    #: numbers that stand for nothing else go the short way
    plain: bool
    #: conversions of units that messages name, found once
    named: dict[str, Conversion | None] = field(default_factory=dict)

    def conversion_from(self, unit: str) -> Conversion | None:
        """How a value in a unit that the message names becomes canonical; None: no exact way is known."""
        if len(unit) > LONGEST_UNIT:
            return None
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


def composed(first: Conversion, second: Conversion) -> Conversion:
    """Both conversions, one after the other."""
    if first is SAME:
        return second
    if second is SAME:
        return first
    return Conversion(first.factor * second.factor, first.offset * second.factor + second.offset)


def filled(template: str, values: Sequence[str]) -> str:
    """A channel with the text of each wildcard in its place; `{1+1}` counts from one where the device counts from nought.

    Other names stay: they are keys, whose values are not known yet.

    >>> filled("l{1+1}", ["0"]), filled("line_{2}", ["a", "North Door"]), filled("{zone}", [])
    ('l1', 'line_north_door', '{zone}')

    Raises:
        ProfileError: a place that no wildcard has.
    """

    def place(match: re.Match[str]) -> str:
        which, plus, step = match[1].partition("+")
        if not which[:1].isdigit():
            return match[0]
        if not which.isdigit() or not 1 <= int(which) <= len(values):
            raise ProfileError(f".channel: expected {{1}} for the first * of the key, got {match[0]!r}")
        text = values[int(which) - 1]
        return str(int(text) + int(step)) if plus and text.isdigit() and step.isdigit() else channel_of(text)

    return HOLE.sub(place, template)


def rules(key: str, declared: str, entry: KeySpec, wildcards: list[str]) -> tuple[Rule, ...]:
    """The meanings of a key that a profile declares under `declared`, whose wildcards stand for these texts."""
    where = f".keys.{declared}"
    for name, meanings in (("cases", entry.cases), ("all", entry.all)):
        if meanings:
            if entry.quantity or entry.event or (entry.cases and entry.all):
                raise ProfileError(f"{where}: expected `quantity` or `event` within `{name}`, or no `{name}`")
            several = enumerate(meanings)
            found = tuple(
                _rule(key, one, wildcards, f"{where}.{name}[{place}]", further=name == "all") for place, one in several
            )
            if name == "all":
                _tell_apart(found, f"{where}.all")
            return found
    return (_rule(key, entry, wildcards, where),)


def _tell_apart(found: Sequence[Rule], where: str) -> None:
    """Refuse meanings of one value that always hold together and are readings of one quantity and channel.

    Parts of a text may be two spellings of one thing, and conditions may exclude each other: only a message tells.
    """
    first: dict[tuple[str, str], int] = {}
    for place, rule in enumerate(found):
        if rule.quantity is None or rule.when or rule.pattern is not None:
            continue
        before = first.setdefault((rule.quantity.name, rule.channel), place)
        if before != place:
            raise ProfileError(
                f"{where}[{place}].channel: expected another than that of {where.rpartition('.')[2]}[{before}], which is"
                f" {rule.quantity.name} too, like `channel: b{place}`; got {rule.channel!r}"
            )


def _rule(key: str, meaning: Meaning, wildcards: list[str], where: str, *, further: bool = False) -> Rule:
    try:
        return _checked(key, meaning, wildcards, further=further)
    except ValueError as error:
        raise ProfileError(f"{where}{error}") from error


def _checked(key: str, meaning: Meaning, wildcards: list[str], *, further: bool) -> Rule:
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
    if meaning.base is not None and not 2 <= meaning.base <= 36:
        raise ProfileError(f".base: expected a base like 16, got {meaning.base}")
    channel = filled(meaning.channel, wildcards)
    missing = frozenset(map(token, meaning.missing))
    words = _words(meaning, quantity)
    kinds = {Type.REAL, Type.COUNT}
    bare = meaning.bit is None and meaning.register is None and meaning.pattern is None and meaning.base is None
    plain = quantity is not None and quantity.type in kinds and bare
    return Rule(
        quantity=quantity,
        event=meaning.event,
        severity=meaning.severity,
        channel=channel,
        holes="{" in channel,
        unit_key=None if meaning.unit_key is None else _filled_path(meaning.unit_key, wildcards),
        pattern=None if meaning.pattern is None else _part(meaning.pattern),
        base=meaning.base,
        further=further,
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


def _part(text: str) -> re.Pattern[str]:
    try:
        expression = re.compile(text)
    except re.error as error:
        raise ProfileError(
            f".pattern: expected a regular expression like 'T:([-0-9.]+)', got {text!r}: {error}"
        ) from None
    if expression.groups != 1:
        raise ProfileError(f".pattern: expected one group like 'T:([-0-9.]+)', got {text!r}")
    return expression


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
