"""Sensor.Community (luftdaten) firmware: a list of `value_type` and `value`, all texts. Address: `esp8266id`.

Key: the value type, which is the chip's name and P1 for PM10, P2 for PM2.5, P0 for PM1, P4 for PM4; explained by the
default profile. No time.

github.com/opendata-stuttgart/sensors-software, airrohr-firmware; github.com/opendata-stuttgart/meta, API.
"""

from ingest.formats import json_document, numbers
from ingest.formats.redaction import dumped, own
from ingest.formats.report import Decoded, Direct, Report, Sent
from ingest.model import PayloadError, Reason

_IDS = ("esp8266id", "esp32id", "esp_id", "chipid")


def decode(sent: Sent) -> Decoded:
    """What a station says."""
    document = json_document.mapping(json_document.read(sent.payload), "station")
    entries = document.get("sensordatavalues")
    if not isinstance(entries, list):
        raise PayloadError(Reason.BAD_SHAPE, "expected sensordatavalues")
    found = next((document[key] for key in _IDS if isinstance(document.get(key), str | int)), "")
    address = str(found)
    decoded = Decoded()
    values: dict[str, object] = {}
    for entry in entries:
        item = json_document.mapping(entry, "sensordatavalues")
        name, value = item.get("value_type"), item.get("value")
        if not isinstance(name, str):
            decoded.problems.append((Reason.BAD_SHAPE, "sensordatavalues.value_type: expected a text"))
        elif name == "signal":
            signal = numbers.number(str(value).removesuffix("dBm"))
            if signal is not None:
                decoded.direct.append(Direct(address, None, "radio.rssi", "", signal))
        elif not name.startswith("GPS_"):
            values[name] = value
    for name in ("temperature", "humidity"):
        # The firmware names no chip for a DHT22. Beside another chip it is told apart.
        if name in values and any(other.endswith(f"_{name}") for other in values):
            values[f"DHT22_{name}"] = values.pop(name)
    if values:
        decoded.reports.append(Report(address, None, values))
    return decoded


def redact(sent: Sent) -> bytes:
    """The values of a station, without the place it stands at."""
    document = json_document.mapping(json_document.read(sent.payload), "station")
    entries = document.get("sensordatavalues")
    kept = [
        {**entry, "value": str(entry.get("value")).removesuffix("dBm")}
        if entry.get("value_type") == "signal"
        else entry
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and not str(entry.get("value_type")).startswith("GPS_")
    ]
    return dumped(own({**document, "sensordatavalues": kept}, frozenset({*_IDS, "value_type"})))
