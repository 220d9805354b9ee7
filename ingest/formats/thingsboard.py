"""ThingsBoard's MQTT API: v1/devices/me/telemetry, v1/gateway/telemetry, and the short topics v2/t.

Attributes, remote calls, claims and provisioning are no measurements; a gateway says which devices came and went. On the
device's own topic nothing names the device: the route has to (`{device}` in a rewritten topic, or the bridge's).

thingsboard.io/docs/reference/mqtt-api and gateway-mqtt-api.
"""

from ingest.formats import json_document, stamps
from ingest.formats.fixed import text
from ingest.formats.redaction import KEEP, Each, Own, dumped, kept
from ingest.formats.report import Decoded, Happening, Report, Sent, flat
from ingest.model import PayloadError, Reason

#: Stands for the device that the topic of the route names.
FROM_ROUTE = ""
_CONNECTION = {"v1/gateway/connect": "device_online", "v1/gateway/disconnect": "device_offline"}


def decode(sent: Sent) -> Decoded:
    """What a ThingsBoard message says."""
    document = json_document.read(sent.payload)
    decoded = Decoded()
    event = next((word for topic, word in _CONNECTION.items() if sent.topic.endswith(topic)), None)
    if event is not None:
        name = text(json_document.mapping(document, "connect").get("device"))
        if not name:
            raise PayloadError(Reason.BAD_SHAPE, "device: expected its name")
        decoded.events.append(Happening(name, None, event))
    elif sent.topic.endswith("gateway/telemetry"):
        for name, entries in json_document.mapping(document, "telemetry").items():
            _entries(decoded, str(name), entries)
    elif sent.topic.endswith(("telemetry", "v2/t", "v2/t/j")):
        _entries(decoded, FROM_ROUTE, document)
    return decoded


def redact(sent: Sent) -> bytes:
    """Telemetry under the names of its devices, without what it says of persons and places."""
    document = json_document.read(sent.payload)
    if any(sent.topic.endswith(topic) for topic in _CONNECTION):
        return dumped(kept(document, {"device": KEEP}))
    return dumped(kept(document, Each(Own()) if sent.topic.endswith("gateway/telemetry") else Own()))


def _entries(decoded: Decoded, address: str, entries: object) -> None:
    for entry in entries if isinstance(entries, list) else [entries]:
        item = json_document.mapping(entry, "telemetry")
        if "ts" not in item or not isinstance(item.get("values"), dict):
            decoded.reports.append(Report(address, None, flat(item)))
            continue
        stamp = item["ts"]
        if not isinstance(stamp, int | str) or isinstance(stamp, bool):
            decoded.problems.append((Reason.BAD_TIME, f"ts: expected epoch milliseconds, got {type(stamp).__name__}"))
            continue
        decoded.reports.append(Report(address, stamps.instant(stamp), flat(item["values"])))
