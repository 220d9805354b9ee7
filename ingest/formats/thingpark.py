"""ThingPark (Actility), JSON or XML: mqtt/things/<DevEUI>/uplink.

The output of a driver stands in `payload`, and again in `points`, with units and sometimes with times of their own: key
`points.<name>`. Numbers are texts in the original format. Everything but `DevEUI_uplink` (downlinks, locations,
notifications) is no measurement. `Late` 1: the gateway had kept it. Time: `Time`, with its offset. A profile explains the
keys of the driver.

Actility, ThingPark Wireless: LRC-AS tunnel interface; ThingPark X: uplink message, points.
"""

from collections.abc import Iterator, Mapping

from ingest.formats import json_document, stamps, xml_document
from ingest.formats.fixed import inside, objects
from ingest.formats.lorawan import OUTPUT, codec_report, eui
from ingest.formats.numbers import number
from ingest.formats.redaction import KEEP, Shape, dumped, kept
from ingest.formats.report import Decoded, Direct, Report, Sent, Time
from ingest.formats.unit_words import ucum
from ingest.model import Flag, PayloadError, Reason

_SHAPE: Shape = {
    "DevEUI_uplink": {
        **dict.fromkeys(("DevEUI", "Time", "Late", "LrrRSSI", "LrrSNR"), KEEP), "payload": OUTPUT, "points": OUTPUT,
    }
}  # fmt: skip


def decode(sent: Sent) -> Decoded:
    """What a ThingPark message says."""
    document = _read(sent.payload)
    uplink = document.get("DevEUI_uplink")
    if uplink is None:
        if any(key.startswith("DevEUI_") for key in document):
            return Decoded()
        raise PayloadError(Reason.BAD_SHAPE, "expected DevEUI_uplink or another report of ThingPark")
    uplink = json_document.mapping(uplink, "DevEUI_uplink")
    address = eui(uplink.get("DevEUI"))
    if address is None:
        raise PayloadError(Reason.BAD_SHAPE, "DevEUI_uplink.DevEUI: expected the device's EUI")
    flags = int(Flag.HISTORICAL) if number(uplink.get("Late")) == 1 else 0
    time = stamps.instant(uplink.get("Time"))
    decoded = Decoded()
    if isinstance(output := uplink.get("payload"), dict) and output:
        decoded.reports.append(codec_report(address, time, output, flags))
    decoded.reports += _points(address, time, inside(uplink, "points"), flags)
    for key, quantity in (("LrrRSSI", "radio.rssi"), ("LrrSNR", "radio.snr")):
        if (value := number(uplink.get(key))) is not None:
            decoded.direct.append(Direct(address, time, quantity, "", value, flags=flags))
    return decoded


def redact(sent: Sent) -> bytes:
    """The report as JSON, without names and numbers of customers, and what its driver says of persons and places."""
    return dumped(kept(_read(sent.payload), _SHAPE))


def _read(payload: bytes) -> Mapping[str, object]:
    if payload.lstrip()[:1] == b"<":
        name, report = xml_document.read(payload)
        return {name: report}
    return json_document.mapping(json_document.read(payload), "message")


def _points(address: str, time: Time, points: Mapping[str, object], flags: int) -> Iterator[Report]:
    """Points of the platform's ontology, a report for each time; a record that is a list is a position."""
    groups: dict[Time, dict[str, object]] = {}
    units: dict[str, str] = {}
    for name, point in points.items():
        if not isinstance(point, dict):
            continue
        if isinstance(unit := point.get("unitId"), str) and unit:
            units[f"points.{name}"] = ucum(unit)
        records = list(objects(point.get("records")))
        if not records and not isinstance(point.get("record"), list | dict):
            records = [{"value": point.get("record")}]
        for record in records:
            at = stamps.instant(record.get("eventTime", record.get("time")))
            value = record.get("value")
            if value is not None and not isinstance(value, list | dict):
                groups.setdefault(time if at is None else at, {})[f"points.{name}"] = value
    for at, values in groups.items():
        yield Report(address, at, values, units, flags=flags)
