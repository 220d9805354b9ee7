"""Frigate: {prefix}/available, /events, /stats, /{camera or zone}/{object}, and many topics of settings and pictures.

Counts of persons are people present, of cars and other vehicles vehicles present (cars without a channel, other classes in
one of their own). One object sends many messages with one id: `new` and `end` are one event each, a change of zones another.
Names of faces, plates, sub-labels and descriptions are not read, nor are pictures.

docs.frigate.video, MQTT.
"""

from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.fixed import add, inside, text
from ingest.formats.numbers import number
from ingest.formats.redaction import KEEP, NUMBER, Shape, json_redaction
from ingest.formats.report import Decoded, Direct, Happening, Sent
from ingest.model import PayloadError, Reason

_COUNT = {
    "person": ("people.present", ""), "car": ("vehicles.present", ""), "bicycle": ("bicycles.present", ""),
    **{label: ("vehicles.present", label) for label in ("truck", "bus", "motorcycle", "van")},
}  # fmt: skip
_AVAILABLE = {"online": 1.0, "offline": 0.0, "stopped": 0.0}
_WHAT = {"person": "people", "car": "vehicles", "truck": "vehicles", "bus": "vehicles", "motorcycle": "vehicles"}

_OBJECT: Shape = {
    **dict.fromkeys(("id", "camera", "label", "frame_time", "start_time", "end_time", "false_positive"), KEEP),
    "current_zones": [KEEP],
}
_JSON = json_redaction(
    {
        "type": KEEP, "before": _OBJECT, "after": _OBJECT, "service": {"uptime": NUMBER, "last_updated": NUMBER},
        "cpu_usages": {"frigate.full_system": {"cpu": KEEP}},
    }
)  # fmt: skip


def decode(sent: Sent) -> Decoded:
    """What Frigate says."""
    prefix, *levels = sent.topic.split("/")
    decoded = Decoded()
    match levels:
        case ["available"]:
            word = _word(sent.payload)
            if word not in _AVAILABLE:
                raise PayloadError(Reason.UNKNOWN_STATE, "available: expected online, offline or stopped")
            decoded.direct.append(Direct(prefix, None, "device.online", "", _AVAILABLE[word]))
        case ["events"]:
            _event(decoded, json_document.mapping(json_document.read(sent.payload), "events"))
        case ["stats"]:
            _stats(decoded, prefix, json_document.mapping(json_document.read(sent.payload), "stats"))
        case [camera, "motion"]:
            word = _word(sent.payload)
            if word not in {"on", "off"}:
                raise PayloadError(Reason.UNKNOWN_STATE, "motion: expected ON or OFF")
            decoded.direct.append(Direct(camera, None, "space.motion", "", float(word == "on")))
        case [camera, "status", role]:
            word = _word(sent.payload)
            if word in {"online", "offline"}:
                channel = "" if role == "detect" else role
                decoded.direct.append(Direct(camera, None, "video.stream_ok", channel, float(word == "online")))
        case [place, label] if label in _COUNT:
            quantity, channel = _COUNT[label]
            count = number(_word(sent.payload))
            if count is None:
                raise PayloadError(Reason.WRONG_TYPE, f"{label}: expected a whole number")
            decoded.direct.append(Direct(place, None, quantity, channel, count))
        case [] | [""]:
            raise PayloadError(Reason.UNKNOWN_TOPIC, "expected frigate/CAMERA/OBJECT or another topic of Frigate")
        case _:
            pass  # settings, parts of a whole (`active`, `all`), pictures, words that were heard
    return decoded


def redact(sent: Sent) -> bytes:
    """Objects without names, plates and pictures; a count or a state as it is."""
    if sent.payload.lstrip()[:1] == b"{":
        return _JSON(sent)
    levels = sent.topic.split("/")
    return sent.payload if len(sent.payload) <= 16 and levels[-1] != "transcription" else b""


def _word(payload: bytes) -> str:
    try:
        return payload.decode("utf-8").strip().lower()
    except UnicodeDecodeError as bad:
        raise PayloadError(Reason.BAD_ENCODING, f"not UTF-8 at byte {bad.start}") from bad


def _event(decoded: Decoded, document: Mapping[str, object]) -> None:
    after, before = inside(document, "after"), inside(document, "before")
    what = _WHAT.get(text(after.get("label")))
    camera, key, kind = text(after.get("camera")), text(after.get("id")), text(document.get("type"))
    if not camera or kind not in {"new", "update", "end"}:
        raise PayloadError(Reason.BAD_SHAPE, "expected type and after.camera")
    if what is None or after.get("false_positive") is True:
        return
    zones, left = _zones(after), _zones(before)
    if kind == "new":
        decoded.events.append(Happening(camera, stamps.instant(after.get("start_time")), f"{what}_appeared", key))
    elif kind == "end":
        decoded.events.append(
            Happening(camera, stamps.instant(after.get("end_time")), f"{what}_left", key, refers_to=key)
        )
    if zones != left:
        time = stamps.instant(after.get("frame_time"))
        there = {"zones": ",".join(zones)}
        decoded.events.append(Happening(camera, time, f"{what}_zone_changed", key, refers_to=key, attributes=there))


def _zones(entry: Mapping[str, object]) -> list[str]:
    zones = entry.get("current_zones")
    return [text(zone) for zone in zones] if isinstance(zones, list) else []


def _stats(decoded: Decoded, prefix: str, document: Mapping[str, object]) -> None:
    service = inside(document, "service")
    time = stamps.instant(service.get("last_updated"))
    add(decoded, prefix, time, "device.uptime", "", service.get("uptime"), "service.uptime")
    load = inside(document, "cpu_usages", "frigate.full_system").get("cpu")
    add(decoded, prefix, time, "device.cpu", "", load, "cpu_usages.frigate.full_system.cpu")
