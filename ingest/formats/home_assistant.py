"""Home Assistant MQTT discovery: homeassistant/<component>/[<node>/]<object>/config, and the states it announces.

A configuration is remembered by the topic of the states it describes, with its device class, unit and the key of its
template; a state is read by it, so units are those the maker declared. Templates are never evaluated: one that only picks
a key is understood, one that computes is refused. Address: the object of the state topic (`<node>/<object>` where there is
a node), or the topic itself where it lies elsewhere, without its last `/state`. Keys that no configuration names, or names
without a class that tells what they are, are explained by the profile; a bare state has the key `value` there. Configuration is no measurement; an empty one deletes.

home-assistant.io, MQTT integration: discovery messages, device classes of sensor and binary_sensor.
"""

import re
from collections.abc import Mapping
from typing import Final

from ingest import quantities
from ingest.formats import json_document, numbers
from ingest.formats.redaction import dumped, own, word
from ingest.formats.report import Decoded, Direct, Recall, Report, Sent, flat
from ingest.formats.unit_words import ucum
from ingest.model import PayloadError, Reason

PREFIX = "homeassistant"
#: Abbreviations of discovery that are needed here.
_LONG = {
    "stat_t": "state_topic", "dev_cla": "device_class", "unit_of_meas": "unit_of_measurement", "val_tpl": "value_template",
    "pl_on": "payload_on", "pl_off": "payload_off", "stat_on": "state_on", "stat_off": "state_off",
    "stat_cla": "state_class", "ent_cat": "entity_category", "avty_t": "availability_topic", "avty": "availability",
    "pl_avail": "payload_available", "pl_not_avail": "payload_not_available", "cmps": "components", "p": "platform",
    "t": "topic", "avty_tpl": "availability_template", "stat_val_tpl": "state_value_template",
}  # fmt: skip
#: Device class of a sensor -> quantity.
SENSORS: Final[Mapping[str, str]] = {
    "temperature": "env.temperature", "humidity": "env.humidity", "pressure": "env.pressure",
    "atmospheric_pressure": "env.pressure", "carbon_dioxide": "env.co2", "carbon_monoxide": "env.co", "pm1": "env.pm1",
    "pm25": "env.pm2_5", "pm10": "env.pm10", "volatile_organic_compounds": "env.tvoc_mass",
    "volatile_organic_compounds_parts": "env.tvoc", "nitrogen_dioxide": "env.no2", "nitrogen_monoxide": "env.no",
    "ozone": "env.o3", "sulphur_dioxide": "env.so2", "aqi": "env.aqi", "illuminance": "env.illuminance",
    "sound_pressure": "env.noise", "distance": "env.distance", "wind_speed": "env.wind_speed",
    "precipitation_intensity": "env.rain_rate", "battery": "device.battery", "voltage": "voltage", "current": "current",
    "power": "power.active", "apparent_power": "power.apparent", "power_factor": "power.factor", "frequency": "frequency",
    "signal_strength": "radio.rssi",
}  # fmt: skip
#: Those that are running totals where the state class says so.
_TOTALS: Final[Mapping[str, str]] = {
    "energy": "energy.import_total",
    "gas": "gas.total",
    "precipitation": "env.rain_total",
}
#: What the device says of itself.
_DIAGNOSTIC: Final[Mapping[str, str]] = {"temperature": "device.temperature", "voltage": "device.supply_voltage"}
#: Device class of a binary sensor -> quantity.
BINARY_SENSORS: Final[Mapping[str, str]] = {
    "motion": "space.motion", "occupancy": "space.occupied", "presence": "space.occupied", "door": "state.open",
    "window": "state.open", "garage_door": "state.open", "opening": "state.open", "moving": "state.moving",
    "running": "state.moving", "connectivity": "device.online", "smoke": "alarm.active", "gas": "alarm.active",
    "carbon_monoxide": "alarm.active", "moisture": "alarm.active", "safety": "alarm.active", "tamper": "alarm.active",
}  # fmt: skip
_SWITCHES = frozenset({"switch", "light", "fan", "siren"})
#: Key of a state that is no object.
_BARE = "value"
_NO_VALUE = frozenset({"", "None", "none", "unknown", "unavailable", "null"})
#: A template that picks the value or a key of it, perhaps as a number, perhaps rounded.
_TEMPLATE = re.compile(
    r"\{\{-?\s*(?:value|value_json((?:\.\w+|\[['\"][^'\"\]]+['\"]\]|\[\d+\])*))\s*"
    r"(?:\|\s*(?:float|int|round|string|default|is_defined)\s*(?:\([^()]*\))?\s*)*-?\}\}"
)
_STEP = re.compile(r"\.(\w+)|\[['\"]([^'\"\]]+)['\"]\]|\[(\d+)\]")


def decode(sent: Sent) -> Decoded:
    """What a discovery message or a state says."""
    levels = sent.topic.split("/")
    if levels[-1] == "config" and len(levels) in {4, 5}:
        return _configuration(sent)
    if levels[-1] in {"set", "command", "cmd"} or sent.topic == f"{PREFIX}/status":
        return Decoded()
    entities = sent.recall(f"state/{sent.topic}")
    online = sent.recall(f"availability/{sent.topic}")
    if isinstance(online, dict):
        return _availability(online, sent)
    if not sent.payload:
        return Decoded()
    return _state(_address(sent.topic), entities if isinstance(entities, dict) else {}, sent)


def _address(topic: str) -> str:
    levels = topic.split("/")
    if levels[-1] == "state" and len(levels) > 1:
        levels = levels[:-1]
    return "/".join(levels[2:] if levels[0] == PREFIX and len(levels) > 2 else levels)


# Configuration.


def _configuration(sent: Sent) -> Decoded:
    decoded = Decoded()
    _forget(sent.topic, sent.recall, decoded)
    if not sent.payload:
        return decoded
    document = _long(json_document.mapping(json_document.read(sent.payload), "configuration"))
    component = sent.topic.split("/")[-4 if sent.topic.count("/") == 4 else -3]
    known: list[str] = []
    components = document.get("components")
    parts = components if isinstance(components, dict) else {"": document}
    for name, part in parts.items():
        if isinstance(part, dict):
            entity = {**document, **_long(part)}
            kind = str(entity.get("platform", component))
            known += _announced(f"{sent.topic}#{name}", kind, entity, sent.recall, decoded)
    if known:
        decoded.remember[f"config/{sent.topic}"] = known
    return decoded


def _forget(config: str, recall: Recall, decoded: Decoded) -> None:
    """Take back what an earlier version of a configuration announced."""
    known = recall(f"config/{config}")
    for key in known if isinstance(known, list) else []:
        entities = recall(str(key))
        if isinstance(entities, dict):
            kept = {name: one for name, one in entities.items() if name.partition("#")[0] != config}
            decoded.remember[str(key)] = kept if str(key).startswith("state/") and kept else None
    if known is not None:
        decoded.remember[f"config/{config}"] = None


def _announced(name: str, component: str, entity: Mapping[str, object], recall: Recall, decoded: Decoded) -> list[str]:
    """Remember what one entity announces; the keys it is remembered under."""
    base = entity.get("~")

    def full(topic: object) -> str | None:
        if not isinstance(topic, str) or not topic:
            return None
        if isinstance(base, str) and topic.startswith("~"):
            return base + topic[1:]
        return topic[:-1] + base if isinstance(base, str) and topic.endswith("~") else topic

    found = []
    topic = full(entity.get("state_topic"))
    if topic is not None:
        key = f"state/{topic}"
        before = decoded.remember.get(key) if key in decoded.remember else recall(key)
        others = before if isinstance(before, dict) else {}
        decoded.remember[key] = {**others, name: _entity(component, entity)}
        found.append(key)
    availability = entity.get("availability")
    places = (
        [_long(place) for place in availability if isinstance(place, dict)] if isinstance(availability, list) else []
    )
    own = {"topic": entity.get("availability_topic"), "value_template": entity.get("availability_template")}
    for place in [*places, {**entity, **own}]:
        online = full(place.get("topic"))
        template = place.get("value_template")
        picked = _picked(template) if isinstance(template, str) else ""
        if online is not None and picked is not None:
            decoded.remember[f"availability/{online}"] = {
                "address": _address(topic or online),
                "on": str(place.get("payload_available", "online")),
                "off": str(place.get("payload_not_available", "offline")),
                "key": picked,
            }
            found.append(f"availability/{online}")
    return found


def _entity(component: str, entity: Mapping[str, object]) -> dict[str, object]:
    template = entity.get("value_template", entity.get("state_value_template"))
    unit = entity.get("unit_of_measurement")
    return {
        "component": component,
        "class": str(entity.get("device_class") or ""),
        "quantity": _quantity(component, entity),
        "unit": _unit(unit, entity.get("device_class")),
        "key": _picked(template) if isinstance(template, str) else _place(component, entity),
        "on": str(entity.get("state_on", entity.get("payload_on", "ON"))),
        "off": str(entity.get("state_off", entity.get("payload_off", "OFF"))),
    }


def _place(component: str, entity: Mapping[str, object]) -> str:
    """Where the value stands without a template: a lamp of the schema `json` has it under a key."""
    return "state" if component == "light" and entity.get("schema") == "json" else ""


def _unit(unit: object, kind: object) -> str | None:
    if not isinstance(unit, str) or not unit.strip():
        return None
    code = ucum(unit)
    return "dB[SPL]" if kind == "sound_pressure" and code == "dB" else code


def _quantity(component: str, entity: Mapping[str, object]) -> str | None:
    kind = str(entity.get("device_class") or "")
    if component == "binary_sensor":
        return BINARY_SENSORS.get(kind)
    if component in _SWITCHES:
        return "state.switch"
    if component != "sensor":
        return None
    if kind in _TOTALS:
        return _TOTALS[kind] if entity.get("state_class") in {"total", "total_increasing"} else None
    if entity.get("entity_category") == "diagnostic" and kind in _DIAGNOSTIC:
        return _DIAGNOSTIC[kind]
    return SENSORS.get(kind)


def _picked(template: str) -> str | None:
    """The key path that a template picks ('' for the value itself); None: it computes."""
    match = _TEMPLATE.fullmatch(template.strip())
    if match is None:
        return None
    path = ""
    for step in _STEP.finditer(match[1] or ""):
        name = step[1] or step[2]
        path += f"[{step[3]}]" if name is None else f".{name}"
    return path.removeprefix(".")


def _long(document: Mapping[str, object]) -> dict[str, object]:
    return {_LONG.get(key, key): value for key, value in document.items()}


# States.


def _state(address: str, entities: Mapping[str, object], sent: Sent) -> Decoded:
    decoded = Decoded()
    try:
        document = json_document.read(sent.payload)
    except PayloadError:
        document = sent.payload.decode("utf-8", "replace").strip()
        if document.startswith(("{", "[")):
            raise
    values = flat(document) if isinstance(document, dict | list) else {"": document}
    named: set[str] = set()
    units: dict[str, str] = {}
    classes = [one["class"] for one in entities.values() if isinstance(one, dict)]
    for one in entities.values():
        if not isinstance(one, dict):
            continue
        key = one["key"]
        if key is None:
            decoded.problems.append((Reason.UNIT_UNDECLARED, f"{address}: the template of a {one['class']} computes"))
            # Whichever key it computes from, the raw value is not what it announces.
            named |= values.keys()
        elif key in values and one["quantity"] is None:
            # Announced without a class that says what it is: a profile may, in the unit of the announcement.
            if isinstance(one["unit"], str):
                units[key or _BARE] = one["unit"]
        elif key in values:
            named.add(key)
            channel = key if key != one["class"] and classes.count(one["class"]) > 1 else ""
            _value(address, one, values[key], re.sub(r"\W+", "_", channel).lower(), decoded)
    rest = {key or _BARE: value for key, value in values.items() if (key or entities) and key not in named}
    if rest:
        decoded.reports.append(Report(address, None, rest, units))
    elif not entities:
        decoded.problems.append((Reason.NO_BIRTH, f"{address}: no discovery message announces this state"))
    return decoded


def _value(address: str, one: Mapping[str, object], sent: object, channel: str, decoded: Decoded) -> None:
    quantity = one["quantity"]
    if not isinstance(quantity, str) or sent is None or (isinstance(sent, str) and sent.strip() in _NO_VALUE):
        return
    if one["component"] != "sensor":
        states = {one["on"]: 1.0, one["off"]: 0.0}
        word = str(sent) if not isinstance(sent, bool) else str(sent).lower()
        state = states.get(word, float(sent) if isinstance(sent, bool) else None)
        if state is None:
            decoded.problems.append((Reason.UNKNOWN_STATE, f"{quantity}: expected {one['on']} or {one['off']}"))
        else:
            decoded.direct.append(Direct(address, None, quantity, channel, state))
        return
    number = numbers.number(sent)
    canonical = quantities.load()[quantity].unit
    unit = one["unit"] if isinstance(one["unit"], str) else None
    if number is None:
        decoded.problems.append((Reason.WRONG_TYPE, f"{quantity}: expected a number"))
    elif unit is None and not (canonical == "1" or canonical.startswith("{")):
        decoded.problems.append((Reason.UNIT_UNDECLARED, f"{quantity}: the discovery message names no unit"))
    else:
        try:
            value = number if unit is None else numbers.convert(number, unit, canonical)
        except ValueError as error:
            decoded.problems.append((Reason.UNIT_UNDECLARED, f"{quantity}: {error}"[:200]))
            return
        decoded.direct.append(Direct(address, None, quantity, channel, value))


def _availability(online: Mapping[str, object], sent: Sent) -> Decoded:
    words = {str(online.get("on")): 1.0, str(online.get("off")): 0.0}
    word = sent.payload.decode("utf-8", "replace").strip()
    if not word:
        return Decoded()
    if key := online.get("key"):
        found = flat(json_document.read(sent.payload)).get(str(key))
        word = str(found).lower() if isinstance(found, bool) else str(found)
    if word not in words:
        raise PayloadError(Reason.UNKNOWN_STATE, f"availability: expected {' or '.join(words)}")
    return Decoded(direct=[Direct(str(online.get("address")), None, "device.online", "", words[word])])


def redact(sent: Sent) -> bytes:
    """States; a bare one stays where it is a number or a word."""
    try:
        document = json_document.read(sent.payload)
    except PayloadError:
        return word(sent.payload.decode("utf-8", "replace")).encode()
    return dumped(own(document))
