"""Zigbee2MQTT: <base>/<friendly name>, a flat JSON object; <base>/bridge/* about the bridge itself.

Address: the friendly name, which may contain slashes; key: the property. Bare values on <base>/<name>/<property> are
read the same. Units come from `bridge/devices` where it was seen; the default profile knows the standard ones. A message
has a time only where `last_seen` is switched on. Button actions are events, and not repeated from a retained copy.

zigbee2mqtt.io, MQTT topics and messages; exposes.
"""

from collections.abc import Mapping

import orjson

from ingest.formats import json_document, stamps
from ingest.formats.numbers import number
from ingest.formats.redaction import dumped, own, word
from ingest.formats.report import Decoded, Direct, Happening, Report, Sent, flat
from ingest.formats.unit_words import ucum
from ingest.model import PayloadError, Reason

BASE = "zigbee2mqtt"
_ONLINE = {"online": 1.0, "offline": 0.0}
_COMMANDS = frozenset({"get", "set"})
#: Properties of a mains device: beside them `voltage` is that of the mains, in volts.
_MAINS = frozenset({"power", "current", "energy", "ac_frequency"})
#: Read by the decoder itself, or about the device; a lock also names who opened it.
_ABOUT = frozenset({"action", "last_seen", "device", "users", "pin_code"})


def decode(sent: Sent) -> Decoded:
    """What a Zigbee2MQTT message says."""
    levels = sent.topic.split("/")
    rest = levels[levels.index(BASE) + 1 if BASE in levels else 1 :]
    if not rest or not rest[-1]:
        raise PayloadError(Reason.UNKNOWN_TOPIC, f"expected {BASE}/<friendly name>, got {sent.topic[:200]!r}")
    if rest[0] == "bridge":
        return _bridge("/".join(rest[1:]), sent)
    if not sent.payload or not _COMMANDS.isdisjoint(rest[-2:]):
        # An empty payload deletes a retained one.
        return Decoded()
    if rest[-1] == "availability":
        return _online("/".join(rest[:-1]), sent.payload)
    try:
        document = json_document.read(sent.payload)
    except PayloadError:
        if len(rest) < 2 or sent.payload[:1] in {b"{", b"["}:
            raise
        document = _text(sent.payload)
    if not isinstance(document, dict):
        if len(rest) < 2:
            raise PayloadError(Reason.BAD_SHAPE, f"{sent.topic[:200]}: expected an object")
        return _device("/".join(rest[:-1]), {rest[-1]: document}, sent)
    return _device("/".join(rest), document, sent)


def _device(name: str, document: Mapping[str, object], sent: Sent) -> Decoded:
    time = stamps.instant(document.get("last_seen"))
    decoded = Decoded()
    action = document.get("action")
    if isinstance(action, str) and action and not sent.retained:
        decoded.events.append(Happening(name, time, "button", attributes={"action": action}))
    values = flat({key: value for key, value in document.items() if key not in _ABOUT})
    known = sent.recall(f"units/{name}")
    units = {key: str(unit) for key, unit in known.items() if key in values} if isinstance(known, dict) else {}
    if "voltage" in values:
        _voltage(values, units)
    if "illuminance_lux" in values:
        # Beside it `illuminance` is the logarithm that the cluster has.
        values.pop("illuminance", None)
    link = number(values.pop("linkquality", None))
    if link is not None:
        decoded.direct.append(Direct(name, time, "radio.lqi", "", link))
    if values:
        decoded.reports.append(Report(name, time, values, units))
    return decoded


def _voltage(values: dict[str, object], units: dict[str, str]) -> None:
    """One name for the mains in V and a battery in mV: what stands beside it tells which."""
    if not _MAINS.isdisjoint(values):
        units.setdefault("voltage", "V")
    elif "battery" in values:
        values["battery_voltage"] = values.pop("voltage")
        units["battery_voltage"] = units.pop("voltage", "mV")


def _bridge(topic: str, sent: Sent) -> Decoded:
    if not sent.payload:
        return Decoded()
    if topic == "state":
        return _online("bridge", sent.payload)
    if topic == "devices":
        return _definitions(json_document.read(sent.payload))
    if topic == "event" and not sent.retained:
        event = json_document.mapping(json_document.read(sent.payload), "bridge/event")
        data = event.get("data")
        name = data.get("friendly_name", data.get("ieee_address")) if isinstance(data, dict) else None
        if isinstance(name, str) and event.get("type") in {"device_leave", "device_announce"}:
            return Decoded(events=[Happening(name, None, f"zigbee.{event['type']}")])
    return Decoded()


def _online(name: str, payload: bytes) -> Decoded:
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        document = _text(payload).strip()
    state = document.get("state") if isinstance(document, dict) else document
    if not isinstance(state, str) or state not in _ONLINE:
        raise PayloadError(Reason.UNKNOWN_STATE, "availability: expected online or offline")
    return Decoded(direct=[Direct(name, None, "device.online", "", _ONLINE[state])])


def _definitions(document: object) -> Decoded:
    """The units that the definitions of the devices name."""
    decoded = Decoded()
    for device in document if isinstance(document, list) else []:
        definition = device.get("definition") if isinstance(device, dict) else None
        if isinstance(definition, dict) and isinstance(device.get("friendly_name"), str):
            units: dict[str, str] = {}
            _exposed(definition.get("exposes"), units, 0)
            decoded.remember[f"units/{device['friendly_name']}"] = units
    return decoded


def _exposed(exposes: object, units: dict[str, str], depth: int) -> None:
    for entry in exposes if isinstance(exposes, list) else []:
        if not isinstance(entry, dict):
            continue
        if isinstance(entry.get("property"), str) and isinstance(entry.get("unit"), str):
            units[entry["property"]] = ucum(entry["unit"])
        # Features nest two levels deep; the limit is for hostile input.
        if depth < 4:
            _exposed(entry.get("features"), units, depth + 1)


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise PayloadError(Reason.BAD_ENCODING, f"not UTF-8 at byte {error.start}") from error


def redact(sent: Sent) -> bytes:
    """Properties of devices; a bare value stays where it is a number or a word."""
    try:
        document = json_document.read(sent.payload)
    except PayloadError:
        return word(_text(sent.payload)).encode()
    return dumped(own(document))
