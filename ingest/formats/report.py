"""What a foreign format makes of one message, before addresses are resolved and profiles applied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from ingest.model import Reason

_NO_UNITS: Mapping[str, str] = MappingProxyType({})


class Naive(NamedTuple):
    """A wall clock without a zone; the zone is the one its device is declared in."""

    us: int  #: µs since 1970 of the wall clock, as if it were UTC


#: µs since 1970 UTC, a wall clock, or None: no usable time in the message.
Time = int | Naive | None

#: What a stateful format remembered under a key; None: nothing.
Recall = Callable[[str], object | None]


def nothing(_: str) -> None:
    """The memory of a format that has met nothing yet."""


class Sent(NamedTuple):
    """A message as a format sees it. No socket, no database, no clock: the time of receipt is not here."""

    topic: str
    payload: bytes
    retained: bool = False
    recall: Recall = nothing


class Report(NamedTuple):
    """Values of one device at one time, under the keys its maker chose; a profile gives them meaning."""

    address: str  #: '' where only the route names the device; '/...' for a part of that device
    time: Time
    values: Mapping[str, object]  #: key path ('a.b[0]') -> value as sent
    units: Mapping[str, str] = _NO_UNITS  #: key path -> unit as sent, where the message names it
    span_us: int | None = None  #: length of the interval its deltas belong to, which ends at `time`
    flags: int = 0  #: bits of `Flag` the message itself declares: historical, outlier, bad at the source, simulated


class Direct(NamedTuple):
    """A value whose meaning the format itself fixes, in the quantity's canonical unit."""

    address: str
    time: Time
    quantity: str
    channel: str
    value: float
    span_us: int | None = None
    flags: int = 0


class Happening(NamedTuple):
    """Something that happened at a device. `key` makes it unique at its device, type and time; '' : a hash of the content."""

    address: str
    time: Time
    type: str
    key: str = ""
    refers_to: str | None = None
    severity: str | None = None
    amount: float = 1.0
    attributes: Mapping[str, object] = MappingProxyType({})
    flags: int = 0


@dataclass(slots=True)
class Decoded:
    """All of one message. Nothing in it at all: recognised as no measurement."""

    reports: list[Report] = field(default_factory=list)
    direct: list[Direct] = field(default_factory=list)
    events: list[Happening] = field(default_factory=list)
    #: parts that cannot be accepted; their good neighbours are
    problems: list[tuple[Reason, str]] = field(default_factory=list)
    #: what to remember for later messages (None: forget), committed with the batch. Plain JSON, objects with text keys
    remember: dict[str, object | None] = field(default_factory=dict)
    #: messages the format asks for (topic, payload), sent only where the route allows commands
    commands: list[tuple[str, bytes]] = field(default_factory=list)


#: One message in, what it says out; raises PayloadError where nothing of it can be read.
Decode = Callable[[Sent], Decoded]
#: The payload without what must not be kept: everything the decoder reads, nothing that names a person.
Redact = Callable[[Sent], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One wire format: how it is read, and what of it may be kept when it is refused."""

    decode: Decode
    #: None: the format cannot tell; a refused body is kept sealed only
    redact: Redact | None = None
    #: profile that explains its keys where neither device nor route names one
    profile: str | None = None


def flat(document: object, prefix: str = "") -> dict[str, object]:
    """Leaves of a JSON document by key path: `{"a": {"b": [1]}}` -> `{"a.b[0]": 1}`."""
    leaves: dict[str, object] = {}
    if isinstance(document, dict):
        for key, value in document.items():
            leaves.update(flat(value, f"{prefix}.{key}" if prefix else str(key)))
    elif isinstance(document, list):
        for position, value in enumerate(document):
            leaves.update(flat(value, f"{prefix}[{position}]"))
    else:
        leaves[prefix] = document
    return leaves
