"""Infrared cameras that speak ThingsBoard's MQTT API: one message per measured spot, in degrees Celsius.

Nothing in the message names the camera: the route has to. `quality` GOOD, POOR, INVALID or ERROR is the source's own word;
everything but GOOD is stored with the flag that says so.

github.com/fgihl-flir/tbclient, MQTT message contracts.
"""

from ingest.formats import json_document, stamps
from ingest.formats.fixed import add, text
from ingest.formats.redaction import Own, json_redaction
from ingest.formats.report import Decoded, Sent, Time
from ingest.model import Flag, PayloadError, Reason
from ingest.registry import channel_of

redact = json_redaction(Own("spot", "quality"))


def decode(sent: Sent) -> Decoded:
    """What a camera says."""
    document = json_document.read(sent.payload)
    decoded = Decoded()
    if sent.topic.endswith(("/attributes", "provision/request", "provision/response")) or "/rpc/" in sent.topic:
        return decoded
    for entry in document if isinstance(document, list) else [document]:
        item = json_document.mapping(entry, "telemetry")
        time = stamps.instant(item.get("ts"))
        values = item.get("values")
        _spot(decoded, values if isinstance(values, dict) else item, time)
    return decoded


def _spot(decoded: Decoded, item: dict[str, object], time: Time) -> None:
    if "spot" not in item or "temperature" not in item:
        raise PayloadError(Reason.BAD_SHAPE, "expected spot and temperature")
    quality = text(item.get("quality")).upper()
    flags = int(Flag.SOURCE_BAD) if quality not in {"", "GOOD"} else 0
    own = stamps.instant(item.get("timestamp"))
    at = time if own is None else own
    channel = channel_of(text(item["spot"]))
    add(decoded, "", at, "thermal.spot_temperature", channel, item["temperature"], "temperature", flags=flags)
