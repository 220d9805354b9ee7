"""Huawei Cloud IoTDA: $oc/devices/{device}/sys/properties/report, that of a gateway for its sub-devices, and forwarded data.

A property's key is ``service.property``. Messages, events of the platform, commands and shadows are no measurements.

support.huaweicloud.com, IoTDA, MQTT device API: properties reporting.
"""

from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.fixed import inside, objects, text
from ingest.formats.redaction import Own, json_redaction
from ingest.formats.report import Decoded, Report, Sent, Time, flat
from ingest.model import PayloadError, Reason

redact = json_redaction(Own("device_id", "service_id", "resource", "event", "event_time", "eventTime"))


def decode(sent: Sent) -> Decoded:
    """What a device or its gateway reports."""
    document = json_document.mapping(json_document.read(sent.payload), "IoTDA")
    decoded = Decoded()
    if document.get("resource") is not None:
        if document["resource"] == "device.property":
            body = inside(document, "notify_data")
            _device(decoded, text(inside(body, "header").get("device_id")), inside(body, "body"))
        return decoded
    topic = sent.topic.partition("?")[0].partition("/request_id=")[0]
    if topic.endswith("/sys/gateway/sub_devices/properties/report"):
        for device in objects(document.get("devices")):
            _device(decoded, text(device.get("device_id")), device)
    elif topic.endswith("/sys/properties/report"):
        levels = topic.split("/")
        _device(decoded, levels[levels.index("sys") - 1], document)
    elif "/devices/" not in topic:
        raise PayloadError(Reason.UNKNOWN_TOPIC, "expected $oc/devices/DEVICE/sys/properties/report")
    return decoded


def _device(decoded: Decoded, address: str, body: Mapping[str, object]) -> None:
    if not isinstance(body.get("services"), list):
        raise PayloadError(Reason.BAD_SHAPE, "services: expected a list")
    groups: dict[Time, dict[str, object]] = {}
    for service in objects(body["services"]):
        time = stamps.instant(service.get("event_time", service.get("eventTime")))
        values = flat(inside(service, "properties"), text(service.get("service_id")))
        groups.setdefault(time, {}).update(values)
    decoded.reports += [Report(address, time, values) for time, values in groups.items()]
