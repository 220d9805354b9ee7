"""Neuron (EMQ) northbound MQTT: values, tags and ECP format. Address: the node; key: the tag.

A tag that could not be read has an error code in place of a value: an event `tag_error`, no reading. Heartbeats, replies
to reads and writes, and driver reports are no measurements.

docs.emqx.com, Neuron, MQTT upstream/downstream data format.
"""

from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.redaction import Own, json_redaction
from ingest.formats.report import Decoded, Happening, Report, Sent, Time, flat
from ingest.model import PayloadError, Reason


def decode(sent: Sent) -> Decoded:
    """What a Neuron message says."""
    document = json_document.mapping(json_document.read(sent.payload), "upload")
    node = document.get("node")
    if "states" in document or "uuid" in document or sent.topic.endswith(("/req", "/resp", "/heartbeat")):
        return Decoded()
    if not isinstance(node, str) or not node:
        raise PayloadError(Reason.BAD_SHAPE, "node: expected the name of the node")
    time = stamps.from_number(document.get("timestamp"))
    values: dict[str, object] = {}
    decoded = Decoded()
    if isinstance(document.get("tags"), list):
        for tag in document["tags"]:  # type: ignore[attr-defined]
            _tag(json_document.mapping(tag, "tags"), node, time, values, decoded)
    elif isinstance(document.get("values"), dict):
        values = flat(document["values"])
        _errors(document.get("errors"), node, time, decoded)
    elif isinstance(document.get("errors"), dict):
        _errors(document["errors"], node, time, decoded)
    else:
        raise PayloadError(Reason.BAD_SHAPE, "expected tags or values")
    if values:
        decoded.reports.append(Report(node, time, values))
    return decoded


def _tag(tag: Mapping[str, object], node: str, time: Time, values: dict[str, object], decoded: Decoded) -> None:
    name = tag.get("name")
    if not isinstance(name, str):
        raise PayloadError(Reason.BAD_SHAPE, "tags.name: expected a text")
    if "value" in tag and tag.get("error") in {None, 0}:
        values |= flat(tag["value"], name)
    elif "error" in tag:
        decoded.events.append(_error(node, time, name, tag["error"]))


def _errors(errors: object, node: str, time: Time, decoded: Decoded) -> None:
    for name, code in errors.items() if isinstance(errors, dict) else ():
        decoded.events.append(_error(node, time, str(name), code))


def _error(node: str, time: Time, tag: str, code: object) -> Happening:
    # Codes are numbers; anything else is cut to a short text.
    shown = code if isinstance(code, int) else str(code)[:64]
    return Happening(node, time, "tag_error", tag, attributes={"tag": tag, "code": shown})


redact = json_redaction(Own("node", "group", "name"))
