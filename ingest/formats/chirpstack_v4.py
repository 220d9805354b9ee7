"""ChirpStack 4, JSON: application/<id>/device/<devEui>/event/<event>.

`up` carries the output of a codec in `object`; `status` battery and margin. Joins, acknowledgements, logs and locations
are no measurements. Time: that of the first gateway that has one, else the server's.
"""

from ingest.formats import json_document
from ingest.formats.report import Decoded, Direct, Report, flat
from ingest.model import PayloadError, Reason
from ingest.times import from_rfc3339

NO_MEASUREMENT = frozenset({"join", "ack", "txack", "log", "location", "integration"})


def decode(topic: str, payload: bytes) -> Decoded:
    """What a ChirpStack event says."""
    event = topic.rpartition("/event/")[2]
    if event in NO_MEASUREMENT:
        json_document.mapping(json_document.read(payload), "event")
        return Decoded()
    if event not in {"up", "status"}:
        raise PayloadError(Reason.UNKNOWN_TOPIC, f"expected .../event/up or another event, got {topic!r}")
    document = json_document.mapping(json_document.read(payload), "event")
    address = json_document.mapping(document.get("deviceInfo"), "deviceInfo").get("devEui")
    if not isinstance(address, str) or not address:
        raise PayloadError(Reason.BAD_SHAPE, "deviceInfo.devEui: expected the device's EUI")
    time = _time(document)
    if event == "status":
        return Decoded(direct=list(_status(document, address, time)))
    decoded = Decoded()
    if isinstance(document.get("object"), dict):
        decoded.reports.append(Report(address, time, flat(document["object"])))
    signals = [entry for entry in _receptions(document) if isinstance(entry.get("rssi"), int | float)]
    if signals:
        # Heard by several gateways: one reading, of the one that heard it best.
        best = max(signals, key=lambda entry: float(str(entry["rssi"])))
        decoded.direct.append(Direct(address, time, "radio.rssi", "", float(str(best["rssi"]))))
        if isinstance(best.get("snr"), int | float):
            decoded.direct.append(Direct(address, time, "radio.snr", "", float(str(best["snr"]))))
    return decoded


def _receptions(document: dict[str, object]) -> list[dict[str, object]]:
    receptions = document.get("rxInfo")
    return [entry for entry in receptions if isinstance(entry, dict)] if isinstance(receptions, list) else []


def _time(document: dict[str, object]) -> int | None:
    candidates = [entry.get(key) for entry in _receptions(document) for key in ("nsTime", "gwTime", "time")]
    for text in (*candidates, document.get("time")):
        if isinstance(text, str):
            try:
                return from_rfc3339(text)
            except ValueError:
                continue
    return None


def _status(document: dict[str, object], address: str, time: int | None) -> list[Direct]:
    found = []
    battery, margin = document.get("batteryLevel"), document.get("margin")
    if isinstance(battery, int | float) and document.get("batteryLevelUnavailable") is not True:
        found.append(Direct(address, time, "device.battery", "", float(battery)))
    if isinstance(margin, int | float):
        found.append(Direct(address, time, "radio.margin", "", float(margin)))
    return found
