"""Messages of vendors' clouds, bridged as they are.

Disruptive Technologies, Airthings, Haltian, Monnit, Yanzi, EpiSensor, VergeSense.

Each is told by its shape. Time: that of the measurement, never that of the delivery. Address: the sensor's own id where the
message names it, else the route's. A profile per vendor or model explains the keys; units that a message names go with them.
An object with `value` and `status` is one value, whose metric is the last level of the topic (key `metric`).

developer.disruptive-technologies.com/api; consumer-api-doc.airthings.com; haltian, thingsee data protocol (tsm*);
monnit.com, data push (webhook); vergesense.readme.io, webhooks.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from ingest.formats import json_document, stamps
from ingest.formats.redaction import Own, json_redaction
from ingest.formats.report import Decoded, Report, Sent, flat
from ingest.model import Flag, PayloadError, Reason

Document = Mapping[str, object]
_METRIC = re.compile(r"[A-Za-z0-9_]+")
#: Units as Airthings and Monnit spell them, as UCUM.
_UNITS: Mapping[str, str] = {
    "pct": "%", "c": "Cel", "f": "[degF]", "hpa": "hPa", "mbar": "mbar", "pa": "Pa", "ppm": "[ppm]", "ppb": "[ppb]",
    "dbspl": "dB[SPL]", "dba": "dB[SPL]", "lux": "lx", "mgpc": "ug/m3", "ugm3": "ug/m3", "Amps": "A", "Volts": "V",
    "Percentage": "%", "AmpHours": "A.h", "WattHours": "W.h", "KiloWattHours": "kW.h", "Watts": "W",
    "TemperatureData": "Cel", "MilliAmps": "mA",
}  # fmt: skip
#: Keys that tell of a value and are none.
_DISRUPTIVE_META = frozenset({"updateTime", "isBackfilled", "remarks"})
_VERGESENSE = ("event_type", "person_count", "signs_of_life", "motion_detected", "state")
#: Keys about the delivery and the sender, in none of which a reading stands.
_HALTIAN_META = frozenset({"tsmTuid", "tsmTs", "tsmGw", "tsmEv", "deploymentGroupId", "tsmTenant"})

redact = json_redaction(
    Own(
        "targetName", "serialNumber", "tsmTuid", "sensorID", "did", "id", "sensor_id", "space_ref_id", "building_ref_id",
        "floor_ref_id", "plotLabels", "dataType", "dataValue", "resourceType", "method", "eventType", "event_type",
    )
)  # fmt: skip


def decode(sent: Sent) -> Decoded:
    """What a cloud says."""
    if not sent.payload:
        return Decoded()
    document = json_document.read(sent.payload)
    decoded = Decoded()
    for entry in document if isinstance(document, list) else [document]:
        one = json_document.mapping(entry, "message")
        reader = _reader(one)
        if reader is None and isinstance(inner := one.get("data"), dict):
            # A bridge that puts what it got under `data`.
            one, reader = inner, _reader(inner)
        if reader is not None:
            decoded.reports += reader(one)
        elif one.keys() >= {"value", "status"}:
            metric = sent.topic.rpartition("/")[2]
            named = {"metric": metric} if _METRIC.fullmatch(metric) else {}
            time = stamps.instant(one.get("timestamp", one.get("time")))
            decoded.reports.append(Report("", time, {**flat(one), **named}))
        else:
            raise PayloadError(Reason.BAD_SHAPE, "expected the message of a cloud that this format knows")
    return decoded


def _reader(document: Document) -> Callable[[Document], Iterator[Report]] | None:
    return next((reader for key, reader in _READERS if key in document), None)


def _disruptive(document: Document) -> Iterator[Report]:
    if isinstance(inner := document.get("event"), dict):
        document = inner
    address = str(document.get("targetName", "")).rpartition("/")[2]
    data = json_document.mapping(document.get("data", document), "data")
    for kind, body in data.items():
        if not isinstance(body, dict) or kind == "labels":
            continue
        time = stamps.instant(body.get("updateTime"))
        time = stamps.instant(document.get("timestamp")) if time is None else time
        flags = int(Flag.HISTORICAL) if body.get("isBackfilled") is True else 0
        values = {key: value for key, value in body.items() if key not in _DISRUPTIVE_META}
        yield Report(
            address, time, flat({k: v for k, v in values.items() if not isinstance(v, list)}, kind), flags=flags
        )
        samples = body.get("samples")
        for sample in samples if isinstance(samples, list) else ():
            # The newest of them is the value above.
            at = stamps.instant(sample.get("sampleTime")) if isinstance(sample, dict) else None
            if at is not None and at != time:
                rest = {key: value for key, value in sample.items() if key != "sampleTime"}
                yield Report(address, at, flat(rest, kind), flags=flags)


def _airthings(document: Document) -> Iterator[Report]:
    address, time = str(document["serialNumber"]), stamps.instant(document.get("recorded"))
    words = document.get("sensorUnits")
    units = {key: _unit(word) for key, word in words.items()} if isinstance(words, dict) else {}
    if "voc" in units and "tvoc" in document:
        # One value under two names: the units know it by the other.
        units["tvoc"] = units["voc"]
    values: dict[str, object] = {}
    for key, value in document.items():
        if key == "sensors" and isinstance(value, list):
            for sensor in value:
                if isinstance(sensor, dict) and isinstance(name := sensor.get("sensorType"), str):
                    values[name] = sensor.get("value")
                    units[name] = _unit(sensor.get("unit", ""))
        elif key not in {"serialNumber", "recorded", "ratings", "sensorUnits"}:
            values[key] = value
    yield Report(address, time, flat(values), {key: unit for key, unit in units.items() if unit})


def _haltian(document: Document) -> Iterator[Report]:
    values = {key: value for key, value in document.items() if key not in _HALTIAN_META}
    yield Report(str(document["tsmTuid"]), stamps.instant(document.get("tsmTs")), flat(values))


def _monnit(document: Document) -> Iterator[Report]:
    for entry in json_document.sequence(document["sensorMessages"], "sensorMessages"):
        message = json_document.mapping(entry, "sensorMessages")
        names, kinds, amounts = (_pipes(message.get(key)) for key in ("plotLabels", "dataType", "dataValue"))
        if len(names) != len(amounts):
            names = kinds
        values: dict[str, object] = dict(zip(names, amounts, strict=False))
        units = {name: _unit(kind) for name, kind in zip(names, kinds, strict=False) if _unit(kind)}
        values |= {key: message[key] for key in ("batteryLevel", "voltage", "signalStrength") if key in message}
        yield Report(str(message.get("sensorID", "")), stamps.instant(message.get("messageDate")), values, units)


def _yanzi(document: Document) -> Iterator[Report]:
    for entry in json_document.sequence(document["values"], "values"):
        sample = json_document.mapping(entry, "values")
        time = stamps.instant(sample.get("sampleTime"))
        yield Report(str(sample.get("did", "")), time, {str(sample.get("resourceType", "value")): sample.get("value")})


def _episensor(document: Document) -> Iterator[Report]:
    for entry in json_document.sequence(document.get("data"), "data"):
        row = json_document.mapping(entry, "data")
        values = {"value": row.get("value"), "method": document["method"]}
        yield Report(str(row.get("id", "")), stamps.instant(row.get("period")), values)


def _vergesense(document: Document) -> Iterator[Report]:
    space = document.get("space_ref_id") or document.get("space_id")
    address = document.get("sensor_id") if document["event_type"] == "sensor_report" else space
    if address is None:
        address = "/".join(str(document[key]) for key in ("building_ref_id", "floor_ref_id") if document.get(key))
    # `people` repeats the count, with where each person stands.
    values = {key: document[key] for key in _VERGESENSE if key in document}
    yield Report(str(address), stamps.instant(document.get("timestamp")), values)


def _pipes(text: object) -> list[str]:
    return text.split("|") if isinstance(text, str) and text else []


def _unit(word: object) -> str:
    return _UNITS.get(word, "") if isinstance(word, str) else ""


#: The key by which a cloud is told -> how its messages are read.
_READERS: tuple[tuple[str, Callable[[Document], Iterator[Report]]], ...] = (
    ("targetName", _disruptive), ("event", _disruptive), ("serialNumber", _airthings), ("tsmTuid", _haltian),
    ("sensorMessages", _monnit), ("values", _yanzi), ("method", _episensor), ("event_type", _vergesense),
)  # fmt: skip
