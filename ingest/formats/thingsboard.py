"""ThingsBoard's MQTT API: v1/devices/me/telemetry, v1/gateway/telemetry; attributes and connects are no measurements.

On the device's own topic nothing names the device: the route has to (`{device}` in a rewritten topic, or the bridge's).
"""

from collections.abc import Iterator

from ingest.formats import json_document
from ingest.formats.report import Decoded, Report, flat
from ingest.model import PayloadError, Reason
from ingest.times import EARLIEST, LATEST

#: Stands for the device that the topic of the route names.
FROM_ROUTE = ""


def decode(topic: str, payload: bytes) -> Decoded:
    """What a ThingsBoard message says."""
    document = json_document.read(payload)
    if not topic.endswith("telemetry"):
        json_document.mapping(document, topic)
        return Decoded()
    if topic.endswith("gateway/telemetry"):
        devices = json_document.mapping(document, "telemetry").items()
        return Decoded(reports=[report for name, entries in devices for report in _reports(str(name), entries)])
    return Decoded(reports=list(_reports(FROM_ROUTE, document)))


def _reports(address: str, entries: object) -> Iterator[Report]:
    for entry in entries if isinstance(entries, list) else [entries]:
        item = json_document.mapping(entry, "telemetry")
        if "ts" in item and isinstance(item.get("values"), dict):
            yield Report(address, _milliseconds(item["ts"]), flat(item["values"]))
        else:
            yield Report(address, None, flat(item))


def _milliseconds(stamp: object) -> int:
    if not isinstance(stamp, int) or isinstance(stamp, bool) or not EARLIEST <= stamp * 1000 < LATEST:
        raise PayloadError(Reason.BAD_TIME, f"ts: expected epoch milliseconds, got {stamp!r}")
    return stamp * 1000
