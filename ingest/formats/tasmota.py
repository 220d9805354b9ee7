"""Tasmota: tele/<topic>/{SENSOR, STATE, LWT}, stat/<topic>/{STATUS8, STATUS10, STATUS11, RESULT, POWER}, in either order.

Key: the path of the sensor's value (`AM2301.Temperature`, `ENERGY.Power[0]`), explained by the default profile. Address:
the topic of the device; what it only passes on has its own: a Zigbee or LoRaWAN device, a Bluetooth thermometer by the
key that ends in its address, a French meter by `ADCO`. Time: local without zone. Temperatures come in the unit of
`TempUnit`. Tags, beacons and network names never leave the decoder.

tasmota.github.io/docs: MQTT, Commands, JSON status responses, Teleinfo, Zigbee.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from ingest.formats import json_document, numbers, stamps
from ingest.formats.redaction import dumped, own, word
from ingest.formats.report import Decoded, Direct, Report, Sent, Time, flat
from ingest.formats.unit_words import ucum
from ingest.model import PayloadError, Reason

_PREFIXES = frozenset({"tele", "stat", "cmnd"})
_SWITCHED = {"ON": 1.0, "OFF": 0.0}
_ONLINE = {"Online": 1.0, "Offline": 0.0}
_POWER = re.compile(r"POWER(\d*)")
#: Model and the last three bytes of the address of a Bluetooth sensor: LYWSD03-52680f.
_BLUETOOTH = re.compile(r"(.+)-[0-9a-f]{6}", re.IGNORECASE)
#: Unit of the message -> the leaves it is the unit of.
_UNITS = {
    "TempUnit": re.compile(r"(?:Temperature|DewPoint|FeelsLike|HeatIndex)\d*"),
    "PressureUnit": re.compile(r"(?:Sea)?Pressure\d*"),
    "SpeedUnit": re.compile(r"(?:Wind)?Speed\d*"),
}
#: Readers of tags and beacons, and what names a network, a tag or a person's device.
_PRIVATE = frozenset({"IBEACON", "PN532", "RDM6300", "Wiegand", "RfReceived", "IrReceived", "HxReceived", "FPRINT"})
_PRIVATE_LEAVES = frozenset({"UID", "MAC", "mac", "SSId", "BSSId", "IPAddress", "Hostname"})
#: Kinds of messages that may hold measurements, beside the answers STATUS8, STATUS10 and STATUS11.
_KINDS = frozenset({"SENSOR", "STATE", "RESULT"})
_UPTIME = re.compile(r"(\d{1,5})T(\d\d):(\d\d):(\d\d)")
_METER_IDS = ("ADCO", "ADSC")


def decode(sent: Sent) -> Decoded:
    """What a Tasmota message says."""
    address, kind = _place(sent.topic)
    if not sent.payload or kind is None:
        return Decoded()
    if kind == "LWT":
        return Decoded(direct=[Direct(address, None, "device.online", "", _word(sent.payload, _ONLINE))])
    if _POWER.fullmatch(kind):
        return Decoded(direct=[_switch(address, None, kind, _word(sent.payload, _SWITCHED))])
    if kind not in _KINDS and not kind.startswith("STATUS"):
        # INFO1, UPTIME, LOGGING (plain text) and the like.
        return Decoded()
    document = json_document.mapping(json_document.read(sent.payload), kind)
    inner = document.get("StatusSNS", document.get("StatusSTS"))
    if isinstance(inner, dict):
        document, kind = inner, "SENSOR" if "StatusSNS" in document else "STATE"
    if kind == "STATE":
        return Decoded(direct=list(_state(address, document)))
    if kind == "SENSOR" or "ZbReceived" in document:
        return _sensors(address, document)
    if kind == "RESULT":
        return Decoded(direct=list(_switches(address, None, document)))
    return Decoded()


def _place(topic: str) -> tuple[str, str | None]:
    """The device's topic and the kind of message; None: a command or a discovery."""
    levels = topic.split("/")
    if len(levels) < 2:
        raise PayloadError(Reason.UNKNOWN_TOPIC, f"expected tele/<topic>/SENSOR or alike, got {topic[:200]!r}")
    if levels[:2] == ["tasmota", "discovery"] or "cmnd" in levels[:-1]:
        return "", None
    found = [position for position, level in enumerate(levels[:-1]) if level in _PREFIXES]
    if not found:
        return levels[-2], levels[-1]
    if found[-1] == len(levels) - 2 and found[-1] > 0:
        return levels[-3], levels[-1]
    return "/".join(levels[found[0] + 1 : -1]), levels[-1]


def _word(payload: bytes, words: Mapping[str, float]) -> float:
    text = payload.decode("utf-8", "replace").strip()
    if text not in words:
        raise PayloadError(Reason.UNKNOWN_STATE, f"expected {' or '.join(words)}")
    return words[text]


def _switch(address: str, time: Time, key: str, value: float) -> Direct:
    return Direct(address, time, "state.switch", key.removeprefix("POWER"), value)


def _switches(address: str, time: Time, document: Mapping[str, object]) -> Iterator[Direct]:
    for key, value in document.items():
        if _POWER.fullmatch(key) and isinstance(value, str) and value in _SWITCHED:
            yield _switch(address, time, key, _SWITCHED[value])


def _state(address: str, document: Mapping[str, object]) -> Iterator[Direct]:
    time = stamps.instant(document.get("Time"))
    wifi = document.get("Wifi")
    link = wifi if isinstance(wifi, dict) else {}
    for quantity, sent in (
        ("device.uptime", document.get("UptimeSec", _uptime(document.get("Uptime")))),
        ("device.supply_voltage", document.get("Vcc")),
        ("radio.quality", link.get("RSSI")),
        ("radio.rssi", link.get("Signal")),
    ):
        number = numbers.number(sent)
        if number is not None:
            yield Direct(address, time, quantity, "", number)
    yield from _switches(address, time, document)


def _uptime(text: object) -> int | None:
    """Seconds of `1T18:36:12`, which is all that firmware before 6.7 says."""
    match = _UPTIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    days, hours, minutes, seconds = map(int, match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _sensors(address: str, document: Mapping[str, object]) -> Decoded:
    time = stamps.instant(document.get("Time"))
    decoded = Decoded()
    own: dict[str, object] = {}
    for name, value in document.items():
        if name in {"Time", *_UNITS} or name in _PRIVATE:
            continue
        if name in {"ZbReceived", "LwReceived", "LwDecoded"} and isinstance(value, dict):
            for key, entry in value.items():
                if isinstance(entry, dict):
                    _passed_on(name, key, entry, time, document, decoded)
        elif name == "TIC" and isinstance(value, dict):
            meter = next((value[key] for key in _METER_IDS if isinstance(value.get(key), str)), address)
            values = {key: entry for key, entry in value.items() if key not in _METER_IDS}
            decoded.reports.append(Report(str(meter), time, flat(values, name)))
        elif isinstance(value, dict) and (match := _BLUETOOTH.fullmatch(name)):
            _bluetooth(name, match[1], value, time, document, decoded)
        else:
            own[name] = value
    values = _leaves(own, "")
    if values:
        decoded.reports.insert(0, Report(address, time, values, _units(values, document)))
    return decoded


def _passed_on(
    kind: str, key: str, entry: Mapping[str, object], time: Time, document: Mapping[str, object], decoded: Decoded
) -> None:
    """A message of a Zigbee or LoRaWAN device behind the bridge."""
    high, low = entry.get("DevEUIh"), entry.get("DevEUIl")
    device = entry.get("Device", key)
    address = f"{high}{low}" if isinstance(high, str) and isinstance(low, str) else str(device)
    radio = {"LinkQuality": "radio.lqi", "RSSI": "radio.rssi", "SNR": "radio.snr"}
    about = {"Device", "Name", "Endpoint", "Group", "Node", "DevEUIh", "DevEUIl", "FPort", "Payload", "Decoder", *radio}
    _direct(address, time, entry, radio, decoded)
    values = _leaves({name: value for name, value in entry.items() if name not in about}, kind)
    if values:
        decoded.reports.append(Report(address, time, values, _units(values, document)))


def _bluetooth(
    address: str, model: str, entry: Mapping[str, object], time: Time, document: Mapping[str, object], decoded: Decoded
) -> None:
    _direct(address, time, entry, {"RSSI": "radio.rssi"}, decoded)
    values = _leaves({name: value for name, value in entry.items() if name != "RSSI"}, model)
    if values:
        decoded.reports.append(Report(address, time, values, _units(values, document)))


def _direct(
    address: str, time: Time, entry: Mapping[str, object], quantities: Mapping[str, str], decoded: Decoded
) -> None:
    for key, quantity in quantities.items():
        number = numbers.number(entry.get(key))
        if number is not None:
            decoded.direct.append(Direct(address, time, quantity, "", number))


def _leaves(document: Mapping[str, object], prefix: str) -> dict[str, object]:
    leaves = flat(document, prefix)
    return {
        key: value
        for key, value in leaves.items()
        if value is not None and key.rpartition(".")[2] not in _PRIVATE_LEAVES
    }


def _units(values: Mapping[str, object], document: Mapping[str, object]) -> dict[str, str]:
    """Units of the leaves that the message names one for."""
    units: dict[str, str] = {}
    for name in _UNITS:
        unit = document.get(name)
        if isinstance(unit, str):
            units |= dict.fromkeys([key for key in values if _is_leaf(name, key)], ucum(unit))
    return units


@lru_cache(10_000)
def _is_leaf(name: str, key: str) -> bool:
    """Whether a unit that a message names is that of a key."""
    return _UNITS[name].fullmatch(key.rpartition(".")[2].partition("[")[0]) is not None


#: Keys that address a device or a chip.
_IDENTITY = frozenset({"Device", "DevEUIh", "DevEUIl", "Id", *_METER_IDS})


def redact(sent: Sent) -> bytes:
    """Sensors and states, without tags, beacons, codes and networks."""
    if not sent.payload.startswith(b"{"):
        return word(sent.payload.decode("utf-8", "replace").strip()).encode()
    return dumped(_public(json_document.mapping(json_document.read(sent.payload), "message")))


def _public(document: Mapping[str, object]) -> dict[str, object]:
    kept: dict[str, object] = {}
    for key, value in document.items():
        if key in _PRIVATE or key in _PRIVATE_LEAVES:
            continue
        if key == "Wifi" and isinstance(value, dict):
            kept[key] = {name: value[name] for name in ("RSSI", "Signal") if isinstance(value.get(name), int)}
        elif isinstance(value, dict):
            kept[key] = _public(value)
        else:
            found = own({key: value}, _IDENTITY)
            kept |= found if isinstance(found, dict) else {}
    return kept
