"""Alink JSON of Aliyun's IoT Platform: /sys/{productKey}/{deviceName}/thing/event/property/post and its relatives.

Services, replies, configuration and firmware are no measurements. A body that names its device (as a login name,
``device&product``) is believed before the topic. Secrets in the body are not read.

help.aliyun.com, IoT Platform, device properties, events and services (Alink protocol).
"""

from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.fixed import inside, objects, text
from ingest.formats.report import Decoded, Sent
from ingest.formats.thing_model import happening, reports
from ingest.model import PayloadError, Reason


def decode(sent: Sent) -> Decoded:
    """What a device or its gateway posts."""
    levels = sent.topic.split("/")
    document = json_document.mapping(json_document.read(sent.payload), "Alink")
    method = text(document.get("method"))
    kind = method.split(".")[1:] if method else levels[levels.index("thing") + 1 :] if "thing" in levels else []
    if not kind:
        raise PayloadError(Reason.UNKNOWN_TOPIC, "expected .../thing/event/property/post or a method")
    decoded = Decoded()
    if kind[0] != "event" or kind[-1] != "post" or sent.topic.endswith("_reply"):
        return decoded
    if "params" not in document:
        return decoded
    address = _address(document, levels)
    params = document["params"]
    if kind[1] == "property" and len(kind) == 3:
        decoded.reports += reports(address, json_document.mapping(params, "params"))
    elif kind[1] == "property":
        for entry in objects(params) if isinstance(params, list) else [json_document.mapping(params, "params")]:
            packed(decoded, entry, address)
    else:
        body = json_document.mapping(params, "params")
        decoded.events.append(happening(address, kind[1], body.get("value", body), stamps.instant(body.get("time"))))
    return decoded


def packed(decoded: Decoded, entry: Mapping[str, object], address: str) -> None:
    """A batch, a pack or a history: properties and events, of the device itself or of one below it."""
    identity = inside(entry, "identity")
    address = text(identity.get("deviceName")) or address
    properties = entry.get("properties")
    for values in objects(properties) if isinstance(properties, list) else [inside(entry, "properties")]:
        decoded.reports += reports(address, values)
    found = entry.get("events")
    for named in objects(found) if isinstance(found, list) else [inside(entry, "events")]:
        for kind, body in named.items():
            for one in objects(body if isinstance(body, list) else [body]):
                time = stamps.instant(one.get("time"))
                decoded.events.append(happening(address, kind, one.get("value", one), time))
    for below in objects(entry.get("subDevices")):
        packed(decoded, below, address)


def _address(document: Mapping[str, object], levels: list[str]) -> str:
    name, ampersand, _ = text(inside(document, "sys").get("username")).partition("&")
    if ampersand:
        return name
    place = levels.index("sys") + 2 if "sys" in levels else len(levels)
    return levels[place] if place < len(levels) else ""
