"""The vocabulary of `quantities.yaml`: what can be measured, in which unit, and how it may be aggregated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated

from ingest.model import Kind
from ingest.yaml_document import DocumentError, Key, Strict, path, suggestion
from ingest.yaml_document import parse as parse_yaml

FILE = "quantities.yaml"


class Type(StrEnum):
    """What a value of the quantity can be."""

    REAL = "real"
    COUNT = "count"
    BOOL = "bool"
    ENUM = "enum"


class Combine(StrEnum):
    """How the devices of a space combine into one figure."""

    SUM = "sum"
    MEAN = "mean"
    MAX = "max"
    NONE = "none"


class Statistic(StrEnum):
    """How a device took the value; only `instant` may be weighted by time."""

    INSTANT = "instant"
    MEAN = "mean"
    MAX = "max"
    MIN = "min"
    DISTINCT = "distinct"
    CIRCULAR = "circular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One entry of the vocabulary."""

    #: dotted name, ``people.in``
    name: str
    kind: Kind
    type: Type
    #: UCUM code
    unit: str
    #: plausible range in `unit`, both ends included
    minimum: float
    maximum: float
    #: smallest step in `unit`, by which amounts are shared between hours
    resolution: Decimal
    combine: Combine
    statistic: Statistic
    #: the amount this is a view of; None: it stands alone
    flow: str | None
    #: enum: number to word
    codes: Mapping[int, str] | None
    aliases: tuple[str, ...]
    #: character between name and channel
    join: str
    meaning_zh: str
    meaning_en: str

    @property
    def key(self) -> str:
        """The name as it stands in a native payload: ``people_in``."""
        return self.name.replace(".", "_")


class UnknownQuantityError(LookupError):
    """A name that is neither a quantity nor a quantity with a channel."""


class AmbiguousViewError(LookupError):
    """A flow has several views and the device does not say which one is its primary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning(Strict):
    zh: Annotated[str, Key("in Chinese", "进入人次")]
    en: Annotated[str, Key("in English", "People who came in")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry(Strict):
    kind: Kind
    type: Type
    unit: Annotated[str, Key("UCUM code", '"kW.h"')]
    range: Annotated[tuple[float, float], Key("plausible values", "[0, 100]", "lowest and highest")]
    resolution: Annotated[Decimal, Key("smallest step", "0.001")]
    combine: Combine
    meaning: _Meaning
    statistic: Statistic = Statistic.INSTANT
    flow: str | None = None
    codes: Annotated[dict[int, str] | None, Key("number to word", '{0: "off"}')] = None
    aliases: tuple[str, ...] = ()
    join: str = "."


@cache
def load() -> Mapping[str, Quantity]:
    """The vocabulary by name, checked; read once per process."""
    return read(resources.files("ingest").joinpath(FILE).read_text(encoding="utf-8"), FILE)


def read(text: str, file: str) -> Mapping[str, Quantity]:
    """The vocabulary in `text`.

    Raises:
        DocumentError: a line per mistake.
    """
    entries = parse_yaml(text, dict[str, _Entry], file)
    quantities = {name: _quantity(name, entry) for name, entry in entries.items()}
    problems = [f"{file} {path([name])}{text}" for name, entry in entries.items() for text in _problems(name, entry)]
    problems += [f"{file} {path([name])}{text}" for name, text in _clashes(quantities)]
    if problems:
        raise DocumentError(problems)
    return MappingProxyType(quantities)


def parse(name: str, vocabulary: Mapping[str, Quantity] | None = None) -> tuple[Quantity, str]:
    """The quantity and the channel ('' for none) of a dotted name; the longest known quantity wins.

    >>> parse("power.active.l1")[1], parse("state.input_3")[0].name
    ('l1', 'state.input')

    Raises:
        UnknownQuantityError: no quantity has this name.
    """
    known = load() if vocabulary is None else vocabulary
    named = _named() if vocabulary is None else _with_aliases(vocabulary)
    for end in range(len(name), 0, -1):
        quantity = named.get(name[:end])
        if quantity and (end == len(name) or (name[end] == quantity.join and end + 1 < len(name))):
            return quantity, name[end + 1 :]
    raise UnknownQuantityError(f"expected a quantity like people.in, got {name!r}{suggestion(name, list(known))}")


def views(flow: str) -> tuple[Quantity, ...]:
    """All quantities that are views of a flow, in the order of the file; empty: no such flow."""
    return tuple(quantity for quantity in load().values() if quantity.flow == flow)


def primary_view(flow: str, declared: Mapping[str, str], sent: Sequence[str]) -> Quantity:
    """The one view of `flow` that counts for a device: as declared, else the only one it can send.

    Args:
        flow: for example ``people.in``.
        declared: the device's `primary` in the catalogue, flow to quantity.
        sent: names of the views of this flow that the device has ever sent.

    Raises:
        AmbiguousViewError: several views and nothing declared, or none: nothing is chosen silently.
    """
    if flow in declared:
        return load()[declared[flow]]
    if len(set(sent)) == 1:
        return load()[sent[0]]
    known = ", ".join(quantity.name for quantity in views(flow))
    raise AmbiguousViewError(f"flow {flow!r}: expected a declared primary view of {known}, got {sorted(set(sent))}")


@cache
def _named() -> Mapping[str, Quantity]:
    return _with_aliases(load())


def _with_aliases(quantities: Mapping[str, Quantity]) -> dict[str, Quantity]:
    return {name: quantity for quantity in quantities.values() for name in (quantity.name, *quantity.aliases)}


def _quantity(name: str, entry: _Entry) -> Quantity:
    return Quantity(
        name=name,
        kind=entry.kind,
        type=entry.type,
        unit=entry.unit,
        minimum=entry.range[0],
        maximum=entry.range[1],
        resolution=entry.resolution,
        combine=entry.combine,
        statistic=entry.statistic,
        flow=entry.flow,
        codes=None if entry.codes is None else MappingProxyType(entry.codes),
        aliases=entry.aliases,
        join=entry.join,
        meaning_zh=entry.meaning.zh,
        meaning_en=entry.meaning.en,
    )


def _problems(name: str, entry: _Entry) -> list[str]:
    """Contradictions within one entry, each from its key on."""
    found = []
    if not all(part.replace("_", "").isalnum() and part == part.lower() for part in name.split(".")):
        found.append(f": expected a name like people.in_total, got {name!r}")
    if entry.range[0] >= entry.range[1]:
        found.append(f".range: expected lowest below highest like [0, 100], got {list(entry.range)}")
    if entry.resolution <= 0 or (entry.type is not Type.REAL and entry.resolution != 1):
        found.append(f".resolution: expected 1 for {entry.type} and more than 0 for real, got {entry.resolution}")
    if entry.type is Type.BOOL and entry.range != (0, 1):
        found.append(f".range: expected [0, 1] for a bool, got {list(entry.range)}")
    if (entry.type is Type.ENUM) != (entry.codes is not None):
        found.append('.codes: expected a table like {0: "off"} for an enum and for nothing else')
    if entry.codes is not None and len(set(entry.codes.values())) != len(entry.codes):
        found.append(".codes: expected each word once")
    if (entry.kind is Kind.STATE) != (entry.type in {Type.BOOL, Type.ENUM}):
        found.append(f".type: expected bool or enum for a state and for nothing else, got {entry.type} {entry.kind}")
    if entry.flow is not None and entry.kind not in {Kind.COUNTER, Kind.DELTA}:
        found.append(f".flow: expected a counter or a delta as view of a flow, got a {entry.kind}")
    return found


def _clashes(quantities: Mapping[str, Quantity]) -> Iterator[tuple[str, str]]:
    """Names that mean two things, and views of one flow in different units: (quantity, text from its key on)."""
    owners: dict[str, str] = {}
    units: dict[str, Quantity] = {}
    for name, quantity in quantities.items():
        for word in dict.fromkeys((name, quantity.key, *quantity.aliases)):
            if owners.setdefault(word, name) != name:
                yield name, f": expected a name of its own, got {word!r}, which is {owners[word]}"
        if quantity.flow is not None:
            first = units.setdefault(quantity.flow, quantity)
            if first.unit != quantity.unit:
                yield name, f".unit: expected {first.unit!r} like {first.name}, got {quantity.unit!r}"
