"""What a foreign format makes of one message, before addresses are resolved and profiles applied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Report(NamedTuple):
    """Values of one device at one time, under the keys its maker chose; a profile gives them meaning."""

    address: str
    time: int | None  #: µs since 1970 UTC; None: no usable time in the message
    values: Mapping[str, object]  #: key path ('a.b[0]') -> value as sent


class Direct(NamedTuple):
    """A value whose meaning the format itself fixes, in the quantity's canonical unit."""

    address: str
    time: int | None
    quantity: str
    channel: str
    value: float


@dataclass(slots=True)
class Decoded:
    """All of one message. Neither reports nor direct values: recognised as no measurement."""

    reports: list[Report] = field(default_factory=list)
    direct: list[Direct] = field(default_factory=list)


#: bytes and topic in, what they say out; raises PayloadError. No socket, no database, no clock.
Decode = Callable[[str, bytes], Decoded]


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
