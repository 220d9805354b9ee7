"""OGC SensorThings: <version>/Datastreams(<id>)/Observations, and whatever a bridge makes of an Observation.

Address: `Datastream(<id>)`, from the topic or the body; key: `result` (`result.<key>` where it is an object). Time:
phenomenonTime, an instant or an interval, else resultTime. The unit stands in the Datastream: where that entity is
published (`<version>/Datastreams(<id>)`) its symbol is remembered.

OGC 18-088 (SensorThings 1.1), 8.2 (entities), 13.1 (data arrays), 14 (MQTT).
"""

import re
from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.redaction import Own, json_redaction
from ingest.formats.report import Decoded, Naive, Recall, Report, Sent, Time, flat
from ingest.formats.unit_words import ucum
from ingest.model import PayloadError, Reason

_DATASTREAM = re.compile(r"(?:Multi)?Datastreams?\(([^()]+)\)")
_OTHER_ENTITIES = re.compile(
    r"/(?:Things|Locations|HistoricalLocations|Sensors|ObservedProperties|FeaturesOfInterest)(?:\([^()]*\))?$"
)


def decode(sent: Sent) -> Decoded:
    """What a SensorThings message says."""
    document = json_document.read(sent.payload)
    items = document if isinstance(document, list) else [document]
    decoded = Decoded()
    if not re.search(r"Observations?(\(|$)", sent.topic):
        if _OTHER_ENTITIES.search(sent.topic):
            return decoded
        if all(isinstance(item, dict) and "unitOfMeasurement" in item and "result" not in item for item in items):
            for item in items:
                _remember_unit(item, sent.topic, decoded)
            return decoded
    named = _DATASTREAM.search(sent.topic)
    for item in items:
        entity = json_document.mapping(item, "Observation")
        if isinstance(entity.get("value"), list) and "result" not in entity:
            for inner in entity["value"]:  # type: ignore[attr-defined]
                _observation(json_document.mapping(inner, "Observation"), named and named[1], sent.recall, decoded)
        elif "dataArray" in entity:
            _data_array(entity, named and named[1], sent.recall, decoded)
        else:
            _observation(entity, named and named[1], sent.recall, decoded)
    return decoded


def _observation(entity: Mapping[str, object], named: str | None, recall: Recall, decoded: Decoded) -> None:
    if "result" not in entity:
        raise PayloadError(Reason.BAD_SHAPE, "Observation: expected a result")
    stream = entity.get("Datastream", entity.get("MultiDatastream"))
    name = _id(stream) or named
    address = "" if name is None else f"Datastream({name})"
    time, span = _time(entity)
    values = flat(entity["result"], "result")
    unit = _unit(stream) or (recall(f"unit/{address}") if address else None)
    units = dict.fromkeys(values, unit) if isinstance(unit, str) else {}
    decoded.reports.append(Report(address, time, values, units, span))


def _data_array(entity: Mapping[str, object], named: str | None, recall: Recall, decoded: Decoded) -> None:
    """The rows of a data array, each an Observation by the names in `components`."""
    components, rows = entity.get("components"), entity.get("dataArray")
    if not isinstance(components, list) or not isinstance(rows, list):
        raise PayloadError(Reason.BAD_SHAPE, "dataArray: expected components and rows")
    for row in rows:
        if not isinstance(row, list) or len(row) != len(components):
            decoded.problems.append((Reason.BAD_SHAPE, f"dataArray: expected rows of {len(components)} values"))
            continue
        observation = {str(name): value for name, value in zip(components, row, strict=True)}
        _observation({**observation, "Datastream": entity.get("Datastream")}, named, recall, decoded)


def _time(entity: Mapping[str, object]) -> tuple[Time, int | None]:
    """The instant of an Observation and the length of its interval; a result's own time stands in for it."""
    for key in ("phenomenonTime", "resultTime"):
        stamp = entity.get(key)
        if isinstance(stamp, str) and "/" in stamp:
            start, _, end = stamp.partition("/")
            found = interval(stamps.from_text(start), stamps.from_text(end))
        else:
            found = stamps.instant(stamp), None
        if found[0] is not None:
            return found
    return None, None


def interval(start: Time, end: Time) -> tuple[Time, int | None]:
    """The end of an interval, and its length where both ends are known and in order [µs]."""
    if end is None:
        return start, None
    if isinstance(start, int) and isinstance(end, int) and start < end:
        return end, end - start
    if isinstance(start, Naive) and isinstance(end, Naive) and start < end:
        return end, end.us - start.us
    return end, None


def _id(stream: object) -> str | None:
    if not isinstance(stream, dict):
        return None
    name = stream.get("@iot.id", stream.get("id"))
    return str(name) if isinstance(name, str | int) else None


def _unit(stream: object) -> str | None:
    measure = stream.get("unitOfMeasurement") if isinstance(stream, dict) else None
    symbol = measure.get("symbol") if isinstance(measure, dict) else None
    return ucum(symbol) if isinstance(symbol, str) and symbol.strip() else None


def _remember_unit(item: object, topic: str, decoded: Decoded) -> None:
    found = _DATASTREAM.search(topic)
    name = _id(item) or (found[1] if found else None)
    if name is not None:
        decoded.remember[f"unit/Datastream({name})"] = _unit(item)


redact = json_redaction(Own("@iot.id", "id", "symbol", "components"))
