"""A device profile as it stands in its YAML file (docs/profiles.md explains it by example)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from ingest.model import Kind, Reason
from ingest.yaml_document import Key, Strict

#: What may stand in a message where no object and no list does.
Scalar = bool | int | float | str


class Type(StrEnum):
    """What a run of 16-bit registers holds."""

    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"


class Order(StrEnum):
    """Which register, and which byte of it, comes first; A is the most significant byte of four."""

    ABCD = "abcd"
    CDAB = "cdab"
    BADC = "badc"
    DCBA = "dcba"


class Drop(StrEnum):
    """What a larger fall of a running total means."""

    RESTART = "restart"
    WRAP = "wrap"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Strict):
    """A number that spans registers; the key is that of the first."""

    type: Annotated[Type, Key("what the registers hold")]
    order: Annotated[Order, Key("byte order", "abcd")] = Order.ABCD


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning(Strict):
    """What the value under a key is; docs/profiles.md has the order of the steps."""

    quantity: Annotated[str | None, Key("name of the vocabulary, for a measurement", "env.temperature")] = None
    event: Annotated[str | None, Key("type of the event, where the value tells of one", "alarm.temperature")] = None
    kind: Annotated[Kind | None, Key("checked against the vocabulary; it cannot be changed", "counter")] = None
    channel: Annotated[
        str, Key("which of several; {1} is what the first * stands for, {key} the value of a key", "line_{1} or {zone}")
    ] = ""
    unit: Annotated[str | None, Key("UCUM code of the value as sent", "Cel")] = None
    unit_key: Annotated[str | None, Key("key that names the unit, where it does not stand in the profile", "unit")] = (
        None
    )
    pattern: Annotated[
        str | None, Key("which part of a text is the value: a regular expression with one group", "'T:([-0-9.]+)'")
    ] = None
    base: Annotated[int | None, Key("of a whole number that is sent as text", "16")] = None
    factor: Annotated[int | float | str | None, Key("value x factor is in `unit`; exact", '0.1 or "1/3"')] = None
    offset: Annotated[int | float | None, Key("added after the factor, in `unit`", "-40")] = None
    bit: Annotated[int | None, Key("which bit of a whole number, 0 the lowest", "3")] = None
    register: Annotated[Register | None, Key("how registers make a number", "{type: uint32, order: cdab}")] = None
    missing: Annotated[tuple[Scalar, ...], Key("values that mean no value", "[327.67, n/a]")] = ()
    words: Annotated[
        Mapping[Scalar, Scalar | None],
        Key('the maker\'s words for our states; "*" for all others, null for no value', "{FREE: 0, OCCUPIED: 1}"),
    ] = field(default_factory=dict)
    when: Annotated[
        Mapping[str, tuple[Scalar, ...]],
        Key("key path: the values it must have, for this meaning to hold", "{type: [heartbeat, status]}"),
    ] = field(default_factory=dict)
    severity: Annotated[str | None, Key("severity of the event", "warning")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpec(Meaning):
    """What one key means; `cases` where that depends on others: the first whose `when` holds."""

    cases: Annotated[tuple[Meaning, ...], Key("several meanings, told apart by `when`: the first that holds")] = ()
    all: Annotated[tuple[Meaning, ...], Key("several readings of one value, such as bits or parts of a text")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec(Strict):
    """A list of objects, each a report of its own."""

    time: Annotated[str | None, Key("key of an element's time; without it: that of the message", "timestamp")] = None
    since: Annotated[str | None, Key("key of the start of an element's interval", "from")] = None
    channel: Annotated[str, Key("channel of an element; {key} is the value of that key", "line_{number}")] = ""
    keys: Annotated[
        Mapping[str, KeySpec] | None, Key("meaning by key path within an element; without it: `keys` of the profile")
    ] = None
    historical: Annotated[bool | None, Key("sent again from the device's memory; default: where it has a time")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Strict):
    """How a running total is read where it falls, unless the catalogue says otherwise."""

    policy: Annotated[Drop, Key("larger drop: `restart` at zero, `wrap` at a limit, or `ignore` (adds nothing)")]
    dip: Annotated[int | float | None, Key("a drop up to this is noise [unit of the quantity]", "1")] = None
    wrap: Annotated[int | float | None, Key("value at which it starts again [unit of the quantity]", "65536")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Strict):
    """A message and what it says. The examples of a profile are its tests."""

    title: Annotated[str, Key("what it shows", "two lines in one message")]
    format: Annotated[str | None, Key("wire format; default: the first of `formats`", "chirpstack-v4")] = None
    topic: Annotated[str, Key("topic of the message")] = ""
    message: Annotated[object, Key("the payload as YAML; becomes JSON", "{temperature: 21.5}")] = None
    text: Annotated[str | None, Key("the payload as text, where it is no JSON", "21.5")] = None
    hex: Annotated[str | None, Key("the payload in hexadecimal, where it is no text", "0a0b")] = None
    readings: Annotated[
        Mapping[str, Scalar],
        Key("quantity.channel: value in the unit of the vocabulary, at the message's time", "{env.temperature: 21.5}"),
    ] = field(default_factory=dict)
    at: Annotated[
        Mapping[str, Mapping[str, Scalar]],
        Key("time: readings, where they have a time of their own", '{"2026-11-23T00:15:00Z": {people.in: 3}}'),
    ] = field(default_factory=dict)
    events: Annotated[tuple[str, ...], Key("types of the events", "[alarm.temperature]")] = ()
    problems: Annotated[tuple[Reason, ...], Key("why values are refused", "[unit_undeclared]")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Strict):
    """The keys of one device model."""

    id: Annotated[str, Key("the file's name without .yaml", "dragino-lht52")]
    title: Annotated[str, Key("maker and model", "Dragino LHT52 temperature and humidity sensor")]
    source: Annotated[str | None, Key("where the maker explains the keys", "https://example.org/manual")] = None
    formats: Annotated[tuple[str, ...], Key("formats it comes in; `lorawan` for all of LoRaWAN", "[lorawan]")] = ()
    match: Annotated[
        tuple[tuple[str, ...], ...],
        Key("sets of key paths; a message that has all of one is probably of this model", "[[TempC_SHT, Hum_SHT]]"),
    ] = ()
    extends: Annotated[str | None, Key("id of a profile whose keys hold where this one says nothing")] = None
    keys: Annotated[
        Mapping[str, KeySpec], Key("meaning by key path", "{TempC_SHT: {quantity: env.temperature, unit: Cel}}")
    ] = field(default_factory=dict)
    lists: Annotated[Mapping[str, ListSpec], Key("lists of objects by key path", "{history: {time: timestamp}}")] = (
        field(default_factory=dict)
    )
    ignore: Annotated[tuple[str, ...], Key("key paths that are no measurement", "[Systimestamp]")] = ()
    time: Annotated[str | None, Key("key of the time of measurement by the device's own clock", "ts")] = None
    since: Annotated[str | None, Key("key of the start of the interval that its amounts belong to", "from")] = None
    embedded: Annotated[
        tuple[str, ...], Key("key paths of texts that hold JSON; their keys go on after a dot", "[payload]")
    ] = ()
    good: Annotated[
        Mapping[str, tuple[Scalar, ...]],
        Key("key path: the values that vouch for the message; others mark it bad at the source", "{status: [0]}"),
    ] = field(default_factory=dict)
    primary: Annotated[
        Mapping[str, str], Key("flow: the one quantity that counts for it", "{people.in: people.in_total}")
    ] = field(default_factory=dict)
    counters: Annotated[
        Mapping[str, Counter], Key("running total: how its falls are read", "{people.in_total: {policy: restart}}")
    ] = field(default_factory=dict)
    examples: Annotated[tuple[Example, ...], Key("messages with what they say")] = ()
