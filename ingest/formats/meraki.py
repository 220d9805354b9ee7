"""Cisco Meraki: cameras and sensors by MQTT, and the Location Scanning API, versions 2 and 3.

MV Sense: /merakimv/{serial}/...; MT sensors: meraki/v1/mt/{network}/ble/{mac}/{metric}.

Scanning names every phone it hears. Phones are counted inside the message, per access point, and nothing of them leaves it;
nor does the API's shared secret. A client counts as associated where it has an SSID.

developer.cisco.com/meraki: MV Sense MQTT; MT MQTT; Scanning API v2, v3.
"""

from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.fixed import add, inside, objects, text
from ingest.formats.numbers import number
from ingest.formats.redaction import KEEP, NUMBER, PRESENT, Each, Numbered, Shape, json_redaction
from ingest.formats.report import Decoded, Direct, Happening, Sent, Time
from ingest.model import PayloadError, Reason
from ingest.registry import channel_of

#: MT: metric -> key in the message, and what it is.
_SENSOR = {
    "temperature": ("celsius", "env.temperature"), "humidity": ("humidity", "env.humidity"),
    "batteryPercentage": ("batteryPercentage", "device.battery"), "rssi": ("rssi", "radio.rssi"),
}  # fmt: skip
_SWITCHES = {"door": ("open", "state.open"), "waterDetection": ("wet", "alarm.active")}
_CLASS = {"person": "people.present", "vehicle": "vehicles.present"}
#: Position of the state in a desk's row, behind the corners of its outline.
_DESK_STATE = 6

_SHAPE: Shape = {
    "type": KEEP, "ts": KEEP, "time": KEEP, "lux": KEEP, "counts": Each(KEEP), "objects": [{"type": KEEP}],
    "event": KEEP, "label": KEEP, "object_id": KEEP, "desks": [[NUMBER]],
    **dict.fromkeys(("celsius", "fahrenheit", "humidity", "batteryPercentage", "rssi", "open", "wet"), NUMBER),
    "data": {
        "apMac": KEEP,
        "observations": [
            {
                "clientMac": Numbered(), "ssid": PRESENT, "seenEpoch": KEEP, "seenTime": KEEP,
                "latestRecord": {"nearestApMac": KEEP, "time": KEEP},
            }
        ],
    },
}  # fmt: skip
redact = json_redaction(_SHAPE)


def decode(sent: Sent) -> Decoded:
    """What a camera or the scanning of access points says."""
    document = json_document.mapping(json_document.read(sent.payload), "Meraki")
    if isinstance(document.get("data"), dict):
        return _scanning(document)
    _, found, rest = sent.topic.partition("meraki/v1/mt/")
    match rest.split("/"):
        case [_, "ble", address, metric, *_] if found:
            return _sensor(document, address, metric)
        case _ if found:
            raise PayloadError(Reason.UNKNOWN_TOPIC, "expected meraki/v1/mt/NETWORK/ble/MAC/METRIC")
    _, found, rest = sent.topic.partition("merakimv/")
    serial, _, what = rest.partition("/")
    if not found or not serial or not what:
        raise PayloadError(Reason.UNKNOWN_TOPIC, "expected /merakimv/SERIAL/... or a Scanning API body")
    return _camera(document, serial, what)


def _sensor(document: Mapping[str, object], address: str, metric: str) -> Decoded:
    """A sensor's metric; gases, sound and buttons, whose keys and units differ by firmware, are no measurements."""
    decoded, time = Decoded(), stamps.instant(document.get("ts"))
    if metric in _SWITCHES:
        key, quantity = _SWITCHES[metric]
        if isinstance(document.get(key), bool):
            decoded.direct.append(Direct(address, time, quantity, "", float(bool(document[key]))))
    elif metric == "temperature" and "celsius" not in document:
        warmth = document.get("fahrenheit")
        add(decoded, address, time, "env.temperature", "", warmth, "fahrenheit", unit=("[degF]", "Cel"))
    elif metric in _SENSOR:
        key, quantity = _SENSOR[metric]
        add(decoded, address, time, quantity, "", document.get(key), key)
    return decoded


def _camera(document: Mapping[str, object], serial: str, what: str) -> Decoded:
    decoded, time = Decoded(), stamps.instant(document.get("ts", document.get("time")))
    if what == "light":
        add(decoded, serial, time, "env.illuminance", "", document.get("lux"), "lux")
    elif what.startswith("crossing/"):
        _crossing(decoded, document, serial, what, time)
    elif isinstance(document.get("desks"), list):
        _desks(decoded, document["desks"], serial, time)
    elif isinstance(document.get("counts"), dict):
        # Zone 0 is the whole picture.
        channel = "" if what == "0" else channel_of(f"zone {what}")
        for label, quantity in _CLASS.items():
            add(decoded, serial, time, quantity, channel, inside(document, "counts").get(label), f"counts.{label}")
    elif what == "raw_detections" and isinstance(document.get("objects"), list):
        people = sum(entry.get("type") == "person" for entry in objects(document["objects"]))
        decoded.direct.append(Direct(serial, time, "people.present", "", float(people)))
    return decoded


def _crossing(decoded: Decoded, document: Mapping[str, object], serial: str, what: str, time: Time) -> None:
    line, event = channel_of(text(document.get("label"))), text(document.get("event"))
    kind = {"person": "people", "vehicle": "parking"}.get(text(document.get("type")) or "person")
    way = {"crossing_in": "in", "crossing_out": "out"}.get(event)
    if kind is not None and way is not None:
        key = f"{what.removeprefix('crossing/')}:{text(document.get('object_id'))}"
        decoded.events.append(Happening(serial, time, f"{kind}_{way}", key, attributes={"channel": line}))


def _desks(decoded: Decoded, desks: object, serial: str, time: Time) -> None:
    for position, desk in enumerate(desks if isinstance(desks, list) else ()):
        state = desk[_DESK_STATE] if isinstance(desk, list) and len(desk) > _DESK_STATE else None
        if number(state) not in {0.0, 1.0}:
            decoded.problems.append(
                (Reason.WRONG_TYPE, f"desks[{position}]: expected six numbers and a state of 0 or 1")
            )
            continue
        add(decoded, f"{serial}/desk {position}", time, "space.occupied", "", state, f"desks[{position}]")


def _scanning(document: Mapping[str, object]) -> Decoded:
    decoded, data = Decoded(), inside(document, "data")
    if "bluetooth" in text(document.get("type")).lower():
        return decoded
    if not isinstance(data.get("observations"), list):
        raise PayloadError(Reason.BAD_SHAPE, "data.observations: expected a list")
    one = text(data.get("apMac"))
    heard: dict[str, tuple[set[str], set[str], list[int]]] = {one: (set(), set(), [])} if one else {}
    for observation in objects(data["observations"]):
        latest = inside(observation, "latestRecord")
        point = one or text(latest.get("nearestApMac"))
        if not point:
            continue
        seen, joined, times = heard.setdefault(point, (set(), set(), []))
        client = repr(observation.get("clientMac"))
        seen.add(client)
        if observation.get("ssid"):
            joined.add(client)
        at = stamps.instant(observation.get("seenEpoch", observation.get("seenTime", latest.get("time"))))
        if isinstance(at, int):
            times.append(at)
    for point, (seen, joined, times) in heard.items():
        time = max(times, default=None)
        decoded.direct.append(Direct(point, time, "wifi.clients_seen", "", float(len(seen))))
        decoded.direct.append(Direct(point, time, "wifi.clients", "", float(len(joined))))
    return decoded
