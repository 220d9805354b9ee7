"""Kepware IoT Gateway: `{"timestamp": .., "values": [{"id", "v", "q", "t"}]}`, and its REST `readResults`.

An id is `channel.device.tag`, the tag perhaps inside groups. Address: `channel.device`; key: the rest. Each value has its
own time; that of the message is when it was published. A value whose quality is not good is stored as bad at the source.

PTC, Kepware IoT Gateway manual, MQTT client: data formats.
"""

from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.redaction import Own, json_redaction
from ingest.formats.report import Decoded, Report, Sent, Time, flat
from ingest.model import Flag, PayloadError, Reason


def decode(sent: Sent) -> Decoded:
    """What a Kepware message says."""
    document = json_document.read(sent.payload)
    items: object = document
    published: Time = None
    if isinstance(document, dict):
        items = document.get("values", document.get("readResults", document if "id" not in document else [document]))
        published = stamps.from_number(document.get("timestamp"))
    if not isinstance(items, list):
        raise PayloadError(Reason.BAD_SHAPE, "expected values")
    decoded = Decoded()
    batches: dict[tuple[str, Time, int], dict[str, object]] = {}
    for item in items:
        _value(json_document.mapping(item, "values"), published, batches, decoded)
    for (address, time, flags), values in batches.items():
        decoded.reports.append(Report(address, time, values, flags=flags))
    return decoded


def _value(
    item: Mapping[str, object],
    published: Time,
    batches: dict[tuple[str, Time, int], dict[str, object]],
    decoded: Decoded,
) -> None:
    name = item.get("id")
    if not isinstance(name, str) or not name:
        decoded.problems.append((Reason.BAD_SHAPE, "values.id: expected channel.device.tag"))
        return
    levels = name.split(".")
    if any(level.startswith("_") for level in levels):
        # System tags: _System, _Statistics.
        return
    address, key = (".".join(levels[:2]), ".".join(levels[2:])) if len(levels) > 2 else ("", name)
    time = stamps.from_number(item.get("t"))
    good = item.get("q", item.get("s")) is True
    if item.get("v") is None:
        return
    place = (address, published if time is None else time, 0 if good else int(Flag.SOURCE_BAD))
    batches.setdefault(place, {}).update(flat(item["v"], key))


redact = json_redaction(Own("id"))
