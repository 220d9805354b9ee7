"""Gateways that hand on Modbus registers or values as JSON, on any topic.

`{"name": .., "ts": .., "data": [..]}` is a run of registers: key `<name>[<position>]`, of which a profile makes numbers
(`register`). `{"UNIX": .., "NAME": .., "VALUES": {..}}` and its like are named values of a named device. Time and device
are looked for under the names that such gateways use; without a device the route names it. A profile explains the keys.
"""

from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.redaction import Own, json_redaction
from ingest.formats.report import Decoded, Report, Sent, Time, flat
from ingest.model import PayloadError, Reason

_TIMES = ("ts", "UNIX", "timestamp", "time", "Time", "datetime", "t")
_DEVICES = ("NAME", "device", "deviceName", "device_name", "deviceId", "device_id", "dev", "sn", "id")
_VALUES = ("VALUES", "values", "data", "registers", "tags", "params")
_NAMES = ("name", "tag", "id", "key", "addr")

redact = json_redaction(Own(*_DEVICES, *_NAMES))


def decode(sent: Sent) -> Decoded:
    """What a Modbus gateway says."""
    if not sent.payload:
        return Decoded()
    document = json_document.read(sent.payload)
    entries = document if isinstance(document, list) else [document]
    return Decoded(reports=[_report(json_document.mapping(entry, "message")) for entry in entries])


def _report(document: Mapping[str, object]) -> Report:
    time: Time = next((at for key in _TIMES if (at := stamps.instant(document.get(key))) is not None), None)
    address = next((str(document[key]) for key in _DEVICES if isinstance(document.get(key), str | int)), "")
    container = next((key for key in _VALUES if isinstance(document.get(key), dict | list)), None)
    if container is None:
        rest = {key: value for key, value in document.items() if key not in {*_TIMES, *_DEVICES}}
        if not rest:
            raise PayloadError(Reason.BAD_SHAPE, f"expected one of {', '.join(_VALUES)}")
        return Report(address, time, flat(rest))
    inner = document[container]
    if isinstance(inner, list) and not any(isinstance(value, dict) for value in inner):
        return Report(address, time, flat(inner, str(document.get("name", container))))
    if isinstance(inner, list):
        return Report(address, time, _named(inner))
    return Report(address, time, flat(inner))


def _named(entries: list[object]) -> dict[str, object]:
    """`[{"name": "T1", "value": 3}]` by name."""
    values: dict[str, object] = {}
    for position, entry in enumerate(entries):
        if isinstance(entry, dict):
            name = next((entry[key] for key in _NAMES if key in entry), position)
            values |= {str(name): entry["value"]} if "value" in entry else flat(entry, str(name))
    return values
