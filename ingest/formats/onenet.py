"""OneJSON of China Mobile's OneNET: $sys/{product}/{device}/thing/property/post, event/post, pack/post, history/post.

Replies, settings, reads and services are no measurements. An empty identity in a pack is the gateway itself.

open.iot.10086.cn, OneNET, OneJSON data protocol.
"""

from ingest.formats import json_document, stamps
from ingest.formats.alink import packed
from ingest.formats.fixed import objects
from ingest.formats.report import Decoded, Sent
from ingest.formats.thing_model import happening, reports
from ingest.model import PayloadError, Reason


def decode(sent: Sent) -> Decoded:
    """What a device or its gateway posts."""
    levels = sent.topic.split("/")
    if "thing" not in levels or levels.index("thing") < 1:
        raise PayloadError(Reason.UNKNOWN_TOPIC, "expected $sys/PRODUCT/DEVICE/thing/property/post")
    place = levels.index("thing")
    address, kind = levels[place - 1], levels[place + 1 :]
    document = json_document.mapping(json_document.read(sent.payload), "OneJSON")
    decoded = Decoded()
    if kind[-1:] != ["post"] or "params" not in document:
        return decoded
    params = document["params"]
    match kind:
        case ["property", "post"]:
            decoded.reports += reports(address, json_document.mapping(params, "params"))
        case ["event", "post"]:
            for name, body in json_document.mapping(params, "params").items():
                for one in objects(body if isinstance(body, list) else [body]):
                    time = stamps.instant(one.get("time"))
                    decoded.events.append(happening(address, name, one.get("value", one), time))
        case ["pack", "post"] | ["history", "post"] | ["sub", "property", "post"]:
            for entry in objects(params if isinstance(params, list) else [params]):
                packed(decoded, entry, address)
        case _:
            pass
    return decoded
