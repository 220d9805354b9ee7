"""Shelly of the second generation and later: <prefix>/events/rpc, <prefix>/status/<component>:<id>, <prefix>/online.

The API fixes units (V, A, W, Wh, degrees Celsius) and meaning, so values need no profile. Address: `src`, or the prefix
of the topic. Channel: the phase (`l1` to `l3`, `n`); the component's number for inputs, and for others from the second.
A status says only what changed. The frequency of a phase without voltage, and the signal of a station that is not
connected, are no measurements.

shelly-api-docs.shelly.cloud, Gen2 device API, components and notifications.
"""

from collections.abc import Iterator, Mapping

from ingest.formats import json_document, numbers, stamps
from ingest.formats.redaction import dumped, own
from ingest.formats.report import Decoded, Direct, Happening, Sent, Time
from ingest.model import PayloadError, Reason

_METER = {
    "apower": ("power.active", "W"),
    "act_power": ("power.active", "W"),
    "aprt_power": ("power.apparent", "V.A"),
    "aprtpower": ("power.apparent", "V.A"),
    "voltage": ("voltage", "V"),
    "current": ("current", "A"),
    "pf": ("power.factor", "1"),
    "freq": ("frequency", "Hz"),
    "aenergy.total": ("energy.import_total", "W.h"),
    "ret_aenergy.total": ("energy.export_total", "W.h"),
    "total_act_energy": ("energy.import_total", "W.h"),
    "total_act_ret_energy": ("energy.export_total", "W.h"),
    "temperature.tC": ("device.temperature", "Cel"),
}
_SWITCH = {**_METER, "output": ("state.switch", "1")}
#: Key -> quantity and unit, by component type.
COMPONENTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "switch": _SWITCH,
    "light": _SWITCH,
    "cover": _METER,
    "pm1": _METER,
    "em1": _METER,
    "em1data": _METER,
    "em": {
        "total_act_power": ("power.active", "W"),
        "total_aprt_power": ("power.apparent", "V.A"),
        "total_current": ("current", "A"),
    },
    "emdata": {"total_act": ("energy.import_total", "W.h"), "total_act_ret": ("energy.export_total", "W.h")},
    "input": {"state": ("state.input", "1"), "counts.total": ("pulse.total", "{pulse}")},
    "humidity": {"rh": ("env.humidity", "%")},
    "illuminance": {"lux": ("env.illuminance", "lx")},
    "devicepower": {"battery.percent": ("device.battery", "%"), "battery.V": ("device.battery_voltage", "V")},
    "smoke": {"alarm": ("alarm.active", "1")},
    "flood": {"alarm": ("alarm.active", "1")},
    "voltmeter": {"voltage": ("voltage", "V")},
    "sys": {"uptime": ("device.uptime", "s")},
    "wifi": {"rssi": ("radio.rssi", "dB[mW]")},
}
_PHASES = {"a": "l1", "b": "l2", "c": "l3", "n": "n"}
#: Keys of a phase behind its letter: `a_act_power`, `c_total_act_energy`.
_OF_PHASE = {key: meaning for key, meaning in _METER.items() if "." not in key}
#: Sensors of an add-on count from 100; below, a mains-powered device means its own inside (Temperature component).
_ADD_ON = 100
_MAINS_POWERED = ("shellypro", "shellyplus1", "shellyplus2", "shellyem", "shelly3em")
#: A meter saying that it has written a record, and steps of a configuration or an update: nothing that happened there.
_NO_EVENTS = frozenset({"data", "config_changed", "component_added", "component_removed", "ota_progress"})
_PRIVATE = frozenset({"ssid", "sta_ip", "sta_ip6", "ip", "mac", "bssid"})


def decode(sent: Sent) -> Decoded:
    """What a Shelly says."""
    prefix, kind, rest = _place(sent.topic)
    if kind in {"command", "rpc"}:
        return _message(sent, prefix) if kind == "rpc" and sent.payload[:1] == b"{" else Decoded()
    if not sent.payload:
        return Decoded()
    document = json_document.read(sent.payload)
    if kind == "online":
        if not isinstance(document, bool):
            raise PayloadError(Reason.BAD_SHAPE, "online: expected true or false")
        return Decoded(direct=[Direct(prefix, None, "device.online", "", float(document))])
    if kind == "status":
        return Decoded(direct=list(_component(prefix, None, rest, document)))
    return _notification(json_document.mapping(document, "events/rpc"), prefix)


def _place(topic: str) -> tuple[str, str, str]:
    """Prefix, kind of message and component of a topic."""
    levels = topic.split("/")
    for kind in ("events", "status", "online", "rpc", "command"):
        for position in (len(levels) - 2, len(levels) - 1):
            if position > 0 and levels[position] == kind:
                return "/".join(levels[:position]), kind, "/".join(levels[position + 1 :])
    raise PayloadError(Reason.UNKNOWN_TOPIC, f"expected <prefix>/events/rpc, status or online, got {topic[:200]!r}")


def _message(sent: Sent, prefix: str) -> Decoded:
    return _notification(json_document.mapping(json_document.read(sent.payload), "rpc"), prefix)


def _notification(document: Mapping[str, object], prefix: str) -> Decoded:
    source, method = document.get("src"), document.get("method")
    address = source if isinstance(source, str) and source else prefix
    params = document.get("params", document.get("result"))
    if not isinstance(params, dict):
        return Decoded()
    time = stamps.from_number(params.get("ts"))
    if method == "NotifyEvent":
        return Decoded(events=list(_events(address, time, params.get("events"))))
    if method is not None and method not in ("NotifyStatus", "NotifyFullStatus"):
        # A request: to the device, or from it.
        return Decoded()
    return Decoded(
        direct=[entry for name, status in params.items() for entry in _component(address, time, name, status)]
    )


def _component(address: str, time: Time, name: str, status: object) -> Iterator[Direct]:
    kind, _, number = name.partition(":")
    if not isinstance(status, dict) or (kind not in COMPONENTS and kind != "temperature"):
        return
    meanings = COMPONENTS.get(kind, {})
    if kind == "temperature":
        inside = address.startswith(_MAINS_POWERED) and number.isdigit() and int(number) < _ADD_ON
        meanings = {"tC": ("device.temperature" if inside else "env.temperature", "Cel")}
    own = number if kind == "input" or number not in {"", "0"} else ""
    for key, value in _leaves(status):
        channel = own
        meaning = meanings.get(key)
        if meaning is None and kind in {"em", "emdata"} and key[1:2] == "_" and key[0] in _PHASES:
            meaning = _OF_PHASE.get(key[2:])
            channel = _PHASES[key[0]] + (f"_{own}" if own else "")
        number_sent = float(value) if isinstance(value, bool) else numbers.number(value)
        if meaning is None or number_sent is None or _dead(kind, key, status):
            continue
        quantity, unit = meaning
        yield Direct(address, time, quantity, channel, _canonical(number_sent, unit))


def _leaves(status: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in status.items():
        if isinstance(value, dict):
            for inner, leaf in value.items():
                yield f"{key}.{inner}", leaf
        else:
            yield key, value


def _canonical(value: float, unit: str) -> float:
    return numbers.convert(value, unit, "kW.h") if unit == "W.h" else value


def _dead(kind: str, key: str, status: Mapping[str, object]) -> bool:
    """Whether a value is what an unconnected circuit or station shows."""
    if key.endswith("freq"):
        return status.get(key.removesuffix("freq") + "voltage") == 0
    return kind == "wifi" and (status.get("rssi") == 0 or status.get("status") in {"disconnected", "connecting"})


def _events(address: str, time: Time, events: object) -> Iterator[Happening]:
    for event in events if isinstance(events, list) else []:
        if not isinstance(event, dict) or not isinstance(event.get("event"), str) or event["event"] in _NO_EVENTS:
            continue
        component = str(event.get("component", ""))
        own = stamps.from_number(event.get("ts"))
        attributes = {
            key: value
            for key, value in event.items()
            if key not in {"event", "ts"} and key not in _PRIVATE and isinstance(value, str | int | float | bool)
        }
        yield Happening(
            address, time if own is None else own, f"shelly.{event['event']}", component, attributes=attributes
        )


_IDENTITY = frozenset({"src", "component", "event", "method"})


def redact(sent: Sent) -> bytes:
    """A status or an event, without addresses and names of networks."""
    return dumped(_public(json_document.read(sent.payload)))


def _public(document: object) -> object:
    if not isinstance(document, dict):
        return own(document)
    kept: dict[str, object] = {}
    for key, value in document.items():
        if key in {"params", "result"}:
            kept[key] = _public(value)
        elif key == "wifi" and isinstance(value, dict):
            kept[key] = {name: own(value[name]) for name in ("rssi", "status") if name in value}
        else:
            found = own({key: value}, _IDENTITY)
            kept |= found if isinstance(found, dict) else {}
    return kept
