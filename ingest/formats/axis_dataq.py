"""DataQ, an application on Axis cameras: {prefix}/{occupancy|detections|status|connect|path|event|...}/{serial}.

A class of which nothing is there is left out, and an empty scene is an empty object: what is missing is zero. Which classes
the camera knows, it says when it connects. Tracks, faces, colours and pictures are not read.

github.com/pandosme/DataQ, MQTT_topics.md.
"""

from collections.abc import Iterable, Mapping

from ingest.formats import json_document, stamps
from ingest.formats.fixed import add, inside, objects, text
from ingest.formats.numbers import number
from ingest.formats.redaction import KEEP, NUMBER, Each, Shape, json_redaction
from ingest.formats.report import Decoded, Direct, Happening, Sent, Time
from ingest.model import PayloadError, Reason

_QUANTITY = {
    "human": "people.present", "person": "people.present", "pedestrian": "people.present",
    "bike": "bicycles.present", "bicycle": "bicycles.present",
    **dict.fromkeys(("car", "bus", "truck", "van", "vehicle", "motorcycle", "motorbike", "othervehicle"), "vehicles.present"),
}  # fmt: skip
#: What every DataQ model detects, where the camera has not said yet.
_USUAL = ("people.present", "vehicles.present")
_SILENT = frozenset({"tracker", "geospace", "image", "anomaly"})

_SHAPE: Shape = {
    "serial": KEEP, "connected": KEEP, "labels": [KEEP], "CPU_average": KEEP, "Uptime_Hours": KEEP, "timestamp": KEEP,
    "occupancy": Each(KEEP), "list": [{"class": KEEP, "active": KEEP, "timestamp": KEEP}], "class": KEEP, "age": NUMBER,
    "active": KEEP,
}  # fmt: skip
redact = json_redaction(_SHAPE)


def decode(sent: Sent) -> Decoded:
    """What a camera with DataQ says."""
    levels = sent.topic.split("/")
    document = json_document.mapping(json_document.read(sent.payload), "DataQ")
    kind = levels[-2] if len(levels) > 1 else ""
    suffix = ""
    if "event" in levels[:-2]:
        place = len(levels) - 1 - levels[::-1].index("event")
        kind, suffix = "event", "/".join(levels[place + 2 :])
    serial = text(document.get("serial")) or levels[-1]
    decoded, time = Decoded(), stamps.instant(document.get("timestamp"))
    if kind == "connect" or "connected" in document:
        _connect(decoded, document, serial)
    elif kind == "occupancy" or isinstance(document.get("occupancy"), dict):
        _present(decoded, serial, time, inside(document, "occupancy"), sent)
    elif kind == "detections" or isinstance(document.get("list"), list):
        seen = [entry for entry in objects(document.get("list")) if entry.get("active") is not False]
        times = [at for entry in seen if isinstance(at := stamps.instant(entry.get("timestamp")), int)]
        counts: dict[str, object] = {}
        for entry in seen:
            label = text(entry.get("class"))
            counts[label] = int(number(counts.get(label)) or 0) + 1
        _present(decoded, serial, max(times, default=time), counts, sent)
    elif kind == "status":
        add(decoded, serial, time, "device.cpu", "", document.get("CPU_average"), "CPU_average")
        add(decoded, serial, time, "device.uptime", "", document.get("Uptime_Hours"), "Uptime_Hours", unit=("h", "s"))
    elif kind == "path":
        _path(decoded, document, serial, time)
    elif kind == "event":
        what = {"event": suffix[:120], "active": document.get("active") is True}
        decoded.events.append(Happening(serial, time, "camera_event", attributes=what))
    elif kind not in _SILENT:
        raise PayloadError(Reason.UNKNOWN_TOPIC, "expected .../occupancy/SERIAL or another topic of DataQ")
    return decoded


def _connect(decoded: Decoded, document: Mapping[str, object], serial: str) -> None:
    online = document.get("connected")
    if isinstance(online, bool):
        decoded.direct.append(Direct(serial, None, "device.online", "", float(online)))
    labels = document.get("labels")
    if isinstance(labels, list):
        known = {_QUANTITY[label] for entry in labels if (label := text(entry).lower()) in _QUANTITY}
        decoded.remember[f"labels/{serial}"] = sorted(known)


def _present(decoded: Decoded, serial: str, time: Time, classes: Mapping[str, object], sent: Sent) -> None:
    remembered = sent.recall(f"labels/{serial}")
    usual: Iterable[object] = remembered if isinstance(remembered, list) else _USUAL
    counts: dict[str, float] = {str(quantity): 0.0 for quantity in usual}
    for label, sent_count in classes.items():
        quantity, count = _QUANTITY.get(label.lower()), number(sent_count)
        if quantity is None:
            continue
        if count is None:
            decoded.problems.append((Reason.WRONG_TYPE, f"{label[:32]}: expected a number"))
            counts.pop(quantity, None)
        else:
            counts[quantity] = counts.get(quantity, 0.0) + count
    decoded.direct += [Direct(serial, time, quantity, "", count) for quantity, count in counts.items()]


def _path(decoded: Decoded, document: Mapping[str, object], serial: str, born: Time) -> None:
    """An object has left the scene."""
    quantity, age = _QUANTITY.get(text(document.get("class")).lower()), number(document.get("age"))
    if quantity is not None and isinstance(born, int) and age is not None:
        what = quantity.removesuffix(".present")
        decoded.events.append(
            Happening(serial, born + round(age * 1_000_000), f"{what}_left", attributes={"seconds_in_scene": age})
        )
