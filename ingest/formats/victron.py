"""Victron Venus OS: N/<portal>/<service>/<instance>/<path>, `{"value": x}`.

Address: `portal/service/instance`; key: `service/path`, explained by the default profile. null and an empty list mean that
the sensor is invalid, an empty payload takes back a retained one: no measurements. R/ and W/ are requests. No times: a
retained copy at a reconnect says how things stand.

github.com/victronenergy/dbus-mqtt; github.com/victronenergy/venus/wiki/dbus.
"""

from ingest.formats import json_document
from ingest.formats.redaction import Own, json_redaction
from ingest.formats.report import Decoded, Report, Sent
from ingest.model import PayloadError, Reason


def decode(sent: Sent) -> Decoded:
    """What a Venus device says."""
    levels = sent.topic.split("/")
    if levels[0] in {"R", "W"} or (levels[0] == "N" and len(levels) < 5):
        # Requests, keep-alives and `full_publish_completed`.
        return Decoded()
    if levels[0] != "N":
        raise PayloadError(
            Reason.UNKNOWN_TOPIC, f"expected N/<portal>/<service>/<instance>/<path>, got {sent.topic[:200]!r}"
        )
    address = "/".join(levels[1:4])
    if not sent.payload:
        return Decoded()
    document = json_document.mapping(json_document.read(sent.payload), "value")
    if "value" not in document:
        raise PayloadError(Reason.BAD_SHAPE, 'expected {"value": ..}')
    value = document["value"]
    if value is None or isinstance(value, dict | list):
        return Decoded()
    return Decoded(reports=[Report(address, None, {"/".join([levels[2], *levels[4:]]): value})])


redact = json_redaction(Own())
