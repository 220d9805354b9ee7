"""SenML packs (RFC 8428), JSON and CBOR, on any topic.

The device is the base name without its last separator, the key the name; a record without a base name is a device itself.
Units travel with the values. A unit that stands for one quantity alone (`%RH`, `%EL`) decides, and so do common units of
records without a name; else the profile explains the key. Positions and texts are no readings. A time below 2^28 s counts
from now: none at all is the time of receipt; others are refused, as a pack that names no instant.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import cbor2

from ingest.formats import json_document, stamps
from ingest.formats.numbers import number
from ingest.formats.redaction import Own, dumped, kept
from ingest.formats.report import Decoded, Direct, Report, Sent, Time
from ingest.model import PayloadError, Reason
from ingest.registry import channel_of

#: RFC 8428, table 4: labels of CBOR.
_LABELS: Mapping[object, str] = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s",
    6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
_VERSION = 10
#: RFC 8428, 4.5.3: below it, a time counts from now.
_RELATIVE_S = 2**28
#: Units that mean one quantity whatever the name.
_FIXED = {"%RH": "env.humidity", "%EL": "device.battery"}
#: Units that mean one quantity where the record has no name; each is its canonical unit.
_NAMELESS = {
    "Cel": "env.temperature", "V": "voltage", "A": "current", "W": "power.active", "lx": "env.illuminance",
    "Pa": "env.pressure",
}  # fmt: skip
#: Units of SenML (RFC 8428, table 3) whose UCUM code is another, beyond those in ingest/unit_words.yaml.
_UCUM = {"/": "1", "count": "1", "%": "%"}
_PLACE = frozenset({"lat", "lon"})
_SEPARATORS = ":/_-."
_NAME = re.compile(r"(.+)/([^/]+)")


class _Record(NamedTuple):
    address: str
    key: str
    unit: str
    time: Time
    value: object
    problem: str | None


def decode(sent: Sent) -> Decoded:
    """What a pack says."""
    if not sent.payload:
        return Decoded()
    decoded = Decoded()
    grouped: dict[tuple[str, Time], tuple[dict[str, object], dict[str, str]]] = {}
    for record in _records(_pack(sent.payload)):
        if record.problem is not None:
            decoded.problems.append((Reason.BAD_TIME, record.problem))
            continue
        amount = number(record.value) if not isinstance(record.value, str) else None
        if record.unit in _PLACE:
            continue
        if amount is not None and record.unit in _FIXED:
            channel = "" if record.key in {"", "humidity", "battery", "rh", "hum"} else channel_of(record.key)
            decoded.direct.append(Direct(record.address, record.time, _FIXED[record.unit], channel, amount))
        elif amount is not None and not record.key and record.unit in _NAMELESS:
            decoded.direct.append(Direct(record.address, record.time, _NAMELESS[record.unit], "", amount))
        else:
            values, units = grouped.setdefault((record.address, record.time), ({}, {}))
            values[record.key or "value"] = record.value
            if record.unit:
                units[record.key or "value"] = _UCUM.get(record.unit, record.unit)
    decoded.reports += [Report(at[0], at[1], values, units) for at, (values, units) in grouped.items()]
    return decoded


def redact(sent: Sent) -> bytes:
    """The pack as JSON, without texts that are no words, and without positions."""
    pack = [
        {str(_LABELS.get(label, label)): value for label, value in json_document.mapping(entry, "record").items()}
        for entry in _pack(sent.payload)
    ]
    return dumped(kept([entry for entry in pack if str(entry.get("u")) not in _PLACE], Own("n", "bn", "u", "bu")))


def _pack(payload: bytes) -> list[object]:
    if payload.lstrip()[:1] in {b"[", b"{"}:
        document = json_document.read(payload)
    else:
        try:
            document = cbor2.loads(payload)
        except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
            raise PayloadError(Reason.BAD_SHAPE, f"neither JSON nor CBOR: {error}"[:200]) from error
    return json_document.sequence([document] if isinstance(document, dict) else document, "pack")


def _records(pack: list[object]) -> Iterator[_Record]:
    base: dict[str, object] = {}
    for position, entry in enumerate(pack):
        fields = json_document.mapping(entry, "record")
        one: dict[object, object] = {_LABELS.get(label, label): value for label, value in fields.items()}
        for label in one:
            if type(label) is str and label[-1:] == "_":
                # RFC 8428, 4.4: such a label must be understood.
                raise PayloadError(Reason.BAD_SHAPE, f"[{position}]: label {label[:32]!r} is not known")
        if (number(one.get("bver")) or 0) > _VERSION:
            raise PayloadError(Reason.BAD_SHAPE, f"[{position}].bver: expected at most {_VERSION}")
        base |= {str(label): value for label, value in one.items() if label in {"bn", "bt", "bu", "bv", "bs"}}
        value = _value(one, base)
        if value is None:
            continue
        address, key = _name(str(base.get("bn") or ""), str(one.get("n") or ""))
        unit = one.get("u") or base.get("bu") or ""
        time, problem = _time((number(base.get("bt")) or 0.0), (number(one.get("t")) or 0.0))
        yield _Record(address, key, str(unit), time, value, problem)


def _value(one: Mapping[object, object], base: Mapping[str, object]) -> object:
    if (found := number(one.get("v"))) is not None:
        return found + (number(base.get("bv")) or 0.0)
    for label in ("vb", "vs"):
        if label in one:
            return one[label]
    return None


def _name(base: str, name: str) -> tuple[str, str]:
    """Device and key."""
    if base and name:
        return base.rstrip(_SEPARATORS), name
    if base:
        return base.rstrip(_SEPARATORS), ""
    if not name.startswith("urn:") and (match := _NAME.fullmatch(name)):
        return match[1], match[2]
    if name.startswith("urn:dev:") and "_" in name:
        device, _, key = name.partition("_")
        return device, key
    return name, ""


def _time(base: float, offset: float) -> tuple[Time, str | None]:
    seconds = base + offset
    if seconds == 0:
        return None, None
    if abs(seconds) < _RELATIVE_S:
        return None, f"a time of {seconds:g} s counts from now, and a message has none"
    found = stamps.from_number(seconds)
    return found, None if found is not None else f"{seconds:g} s is no time"
