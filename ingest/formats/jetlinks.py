"""JetLinks: /{product}/{device}/properties/report, /event/{id}, replies to reads, and the same of a child device.

Also the fire alarms of its demonstration protocol (/chiefdata/push/.../dev/{device}). The documentation says milliseconds and
shows seconds: magnitude decides. Commands, tags, connections and firmware are no measurements.

github.com/jetlinks/jetlinks-docs, official MQTT protocol.
"""

from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.fixed import inside, text
from ingest.formats.report import Decoded, Happening, Sent
from ingest.formats.thing_model import happening, reports
from ingest.model import PayloadError, Reason


def decode(sent: Sent) -> Decoded:
    """What a device or its gateway says."""
    levels = sent.topic.strip("/").split("/")
    document = json_document.mapping(json_document.read(sent.payload), "JetLinks")
    decoded = Decoded()
    if levels[:2] == ["chiefdata", "push"]:
        _chiefdata(decoded, levels, document)
        return decoded
    if len(levels) < 3:
        raise PayloadError(Reason.UNKNOWN_TOPIC, "expected /PRODUCT/DEVICE/properties/report or another topic")
    address, rest = levels[1], levels[2:]
    if rest[0] in {"child", "child-reply"} and len(rest) > 2:
        address, rest = rest[1], rest[2:]
    time = stamps.instant(document.get("timestamp"))
    match rest:
        case ["properties", "report"] | ["properties", "read" | "write", "reply"]:
            if document.get("success") is not False:
                times = document.get("propertySourceTimes")
                decoded.reports += reports(address, inside(document, "properties"), time, times)
        case ["event", kind]:
            key = text(document.get("messageId"))
            decoded.events.append(happening(address, kind, document.get("data"), time, key))
        case _:
            pass
    return decoded


def _chiefdata(decoded: Decoded, levels: list[str], document: Mapping[str, object]) -> None:
    kind = levels[2] if len(levels) > 2 else ""
    if kind != "fire_alarm":
        return
    address = text(document.get("devid")) or levels[-1]
    body = happening(address, kind, dict(document), stamps.instant(document.get("timestamp")))
    key = text(document.get("event_id"))
    decoded.events.append(Happening(address, body.time, "alarm_fire", key, attributes=body.attributes))
