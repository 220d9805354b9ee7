"""Readers of meters: AMS reader, DSMR-reader, P1 telegrams, wmbusmeters, HomeWizard, Glow, Sinapsi, any JSON by OBIS codes.

Address: the meter's number where the message has it (`mid`, `data.id`, `pod`, `id` of wmbusmeters), else that of the
route. Keys, explained by the default profile: `data.aip` (AMS), `electricity_delivered_1` (DSMR), `<media>.<field>`
(wmbusmeters), `1-0:1.8.0` (OBIS, without class and attribute). A unit in a key's suffix (`_kwh`) or behind a value
(`00123.4*kWh`) is taken from there. Names of customers, tariffs and accounts never leave the decoder.

IEC 62056-61 (OBIS); DSMR 5.0 P1; the projects' own documentation.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from ingest.formats import dsmr_telegram, json_document, numbers, stamps
from ingest.formats.redaction import dumped, own
from ingest.formats.report import Decoded, Direct, Recall, Report, Sent, Time, flat
from ingest.formats.unit_words import ucum
from ingest.model import PayloadError, Reason

_OBIS = re.compile(r"(?:(\d+-\d+):)?(\d{1,3}\.\d{1,3}\.\d{1,3})(?:[.*&]\d+)?(?:_[\d,_]+)?")
_DRAWN, _DRAWN_LESS_FED_BACK = "1-0:1.7.0", "1-0:16.7.0"
_WITH_UNIT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*\*?\s*(kWh|Wh|kW|W|kVArh|kVAr|V|A|Hz|m3)\s*")
#: Suffix of a key -> unit (wmbusmeters and HomeWizard).
_SUFFIXES = {
    "kwh": "kW.h", "wh": "W.h", "kw": "kW", "w": "W", "va": "V.A", "v": "V", "a": "A", "hz": "Hz", "m3": "m3",
    "l": "L", "m3h": "m3/h", "lh": "L/h", "l_lpm": "L/min", "lpm": "L/min", "c": "Cel", "f": "[degF]", "k": "K",
    "mj": "MJ", "gj": "GJ", "pct": "%", "rh": "%", "bar": "bar", "s": "s", "min": "min", "h": "h",
}  # fmt: skip
_TIMES = ("timestamp", "read_at", "rtc", "t", "ts", "time", "Time", "device_date_time")
#: About the message, the meter or its owner: no measurements.
_ABOUT = frozenset(
    {
        "id", "mid", "dn", "du", "pod", "name", "meter", "media", "customer", "up", "mt", "lvi", "lv", "ls", "type",
        "unique_id", "serial", "meter_model", "smr_version", "wifi_ssid", "wifi_strength", "device", "rssi", "rssi_dbm",
        "timestamp_ut", "timestamp_lt", "software_version", "hwver", "cl", "text_message_codes", "text_message",
        "gas_unique_id", "external", "message_short", "message_long", "mpan", "mprn", "supplier", *_TIMES,
    }
)  # fmt: skip
_SERIALS = ("meter_id", "meterId", "serial_number", "serialNumber", "meter_serial", "unique_id", "serial", "pod", "mid")


def decode(sent: Sent) -> Decoded:
    """What a meter says."""
    if dsmr_telegram.is_telegram(sent.payload):
        return dsmr_telegram.decode(sent.payload)
    try:
        document = json_document.read(sent.payload)
    except PayloadError:
        # A topic per value may have the unit behind it: 1234.5*kWh.
        document = sent.payload.decode("utf-8", "replace").strip()
        if _WITH_UNIT.fullmatch(str(document)) is None:
            raise
    decoded = Decoded()
    if isinstance(document, dict | list):
        for item in document if isinstance(document, list) else [document]:
            _meter(json_document.mapping(item, "meter"), sent.recall, decoded)
    else:
        # One value per topic: dsmr/reading/electricity_delivered_1, or an OBIS code as the last level.
        place, _, key = sent.topic.rpartition("/")
        _report(place, None, {key: document}, decoded)
    return decoded


def _meter(item: Mapping[str, object], recall: Recall, decoded: Decoded) -> None:
    data = item.get("data")
    if isinstance(data, list):
        for row in data:
            entry = json_document.mapping(row, "data")
            _report(_text(item, _SERIALS), _time(entry), entry, decoded)
    elif isinstance(data, dict):
        _ams(item, data, recall, decoded)
    elif isinstance(item.get("media"), str) and isinstance(item.get("id"), str | int):
        media = item["media"]
        values = {key: value for key, value in item.items() if key not in _ABOUT}
        units = {key: unit for key in values if (unit := _suffix(key)) is not None}
        address, time = str(item["id"]), _time(item)
        keyed = {f"{media}.{key}": value for key, value in values.items()}
        if keyed:
            decoded.reports.append(
                Report(address, time, keyed, {f"{media}.{key}": unit for key, unit in units.items()})
            )
        signal = numbers.number(item.get("rssi_dbm"))
        if signal is not None:
            decoded.direct.append(Direct(address, time, "radio.rssi", "", signal))
    elif any(isinstance(item.get(key), dict) for key in ("electricitymeter", "gasmeter")):
        for key in ("electricitymeter", "gasmeter"):
            inner = item.get(key)
            if isinstance(inner, dict):
                _glow(key, inner, decoded)
    elif not item:
        raise PayloadError(Reason.BAD_SHAPE, "expected the values of a meter")
    else:
        _report(_text(item, _SERIALS), _time(item), item, decoded)
        _extra_device(item, decoded)


def _ams(item: Mapping[str, object], data: Mapping[str, object], recall: Recall, decoded: Decoded) -> None:
    """The AMS reader: short lists leave out the meter's number, so it is remembered by its reader."""
    reader = _text(item, ("id", "dn"))
    meter = _text(data, ("mid", "id"))
    known = recall(f"meter/{reader}")
    if meter and known != meter:
        decoded.remember[f"meter/{reader}"] = meter
    elif not meter and isinstance(known, str):
        meter = known
    time = _time(data)
    values = {f"data.{key}": value for key, value in data.items() if key not in _ABOUT}
    decoded.reports.append(Report(meter or reader, _time(item) if time is None else time, values))


def _glow(kind: str, inner: Mapping[str, object], decoded: Decoded) -> None:
    """Glow's smart meter display: values beside their `units`."""
    values, units = {}, {}
    for key, value in flat(inner).items():
        leaf = key.rpartition(".")[2]
        if leaf in _ABOUT or leaf.endswith("units"):
            continue
        # A volume beside an energy has a unit of its own: cumulativevol, cumulativevolunits.
        group = key.removesuffix(f".{leaf}")
        unit = _at(inner, f"{group}.{leaf}units" if leaf.endswith("vol") else f"{group}.units")
        values[f"{kind}.{key}"] = value
        if isinstance(unit, str) and not key.startswith("energy.import.price"):
            units[f"{kind}.{key}"] = ucum(unit)
    if values:
        decoded.reports.append(Report("", _time(inner), values, units))


def _at(document: object, path: str) -> object:
    for level in path.split("."):
        document = document.get(level) if isinstance(document, dict) else None
    return document


def _report(address: str, time: Time, item: Mapping[str, object], decoded: Decoded) -> None:
    values: dict[str, object] = {}
    units: dict[str, str] = {}
    for key, sent in _leaves(item):
        worded = _WITH_UNIT.fullmatch(sent) if isinstance(sent, str) else None
        value, unit = (sent, _suffix(key)) if worded is None else (float(worded[1]), ucum(worded[2]))
        name = _name(key)
        values[name] = value
        if unit is not None:
            units[name] = unit
    if _DRAWN in values:
        # What is drawn and what is fed back stand apart: their difference says nothing more.
        values.pop(_DRAWN_LESS_FED_BACK, None)
    if values:
        decoded.reports.append(Report(address, time, values, units))


def _extra_device(item: Mapping[str, object], decoded: Decoded) -> None:
    """The gas meter behind a P1 port has a time of its own."""
    for stamp, key in (("extra_device_timestamp", "extra_device_delivered"), ("gas_timestamp", "total_gas_m3")):
        for report in list(decoded.reports):
            if key in report.values and stamp in item:
                own = _short_stamp(item[stamp])
                if own is not None:
                    unit = {key: report.units[key]} if key in report.units else {}
                    decoded.reports.append(Report(report.address, own, {key: report.values[key]}, unit))
                    rest = {name: value for name, value in report.values.items() if name not in {key, stamp}}
                    decoded.reports[decoded.reports.index(report)] = report._replace(values=rest)


def _short_stamp(value: object) -> Time:
    """A time; HomeWizard writes it as the number yyMMddhhmmss, local."""
    digits = str(value)
    if len(digits) == 12 and digits.isdigit():
        return stamps.from_text(
            f"20{digits[:2]}-{digits[2:4]}-{digits[4:6]} {digits[6:8]}:{digits[8:10]}:{digits[10:]}"
        )
    return stamps.instant(value)


def _leaves(item: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in item.items():
        if key in _ABOUT:
            continue
        if isinstance(value, dict) and "value" in value:
            inner = value["value"]
            unit = value.get("unit")
            yield key, f"{inner} {unit}" if isinstance(unit, str) and numbers.number(inner) is not None else inner
        elif isinstance(value, dict | list):
            yield from flat(value, key).items()
        else:
            yield key, value


@lru_cache(10_000)
def _name(key: str) -> str:
    """A key, or its OBIS code as it is written without class and attribute."""
    obis = _OBIS.fullmatch(key)
    return f"{obis[1] or '1-0'}:{obis[2]}" if obis else key


def _suffix(key: str) -> str | None:
    found = key.rpartition("_")
    return _SUFFIXES.get(found[2]) if found[1] else None


def _time(item: Mapping[str, object]) -> Time:
    for key in _TIMES:
        found = stamps.instant(item.get(key))
        if found is not None:
            return found
    return None


def _text(item: Mapping[str, object], keys: tuple[str, ...]) -> str:
    return next((str(item[key]) for key in keys if isinstance(item.get(key), str | int) and item[key]), "")


#: Keys that say which meter it is, and what it measures.
_IDENTITY = frozenset({"id", "dn", "media", "unit", "units", *_SERIALS, *_TIMES})
#: Of the contract and of texts to the customer.
_PERSONAL = frozenset({"customer", "name", "mpan", "mprn", "supplier", "text_message", "message_short", "message_long"})


def redact(sent: Sent) -> bytes:
    """What the meter measures, without customers, contracts and messages to them."""
    if dsmr_telegram.is_telegram(sent.payload):
        return dsmr_telegram.redacted(sent.payload)
    if _WITH_UNIT.fullmatch(sent.payload.decode("utf-8", "replace").strip()):
        return sent.payload
    return dumped(_public(json_document.read(sent.payload)))


def _public(document: object) -> object:
    if isinstance(document, list):
        return [_public(item) for item in document]
    if not isinstance(document, dict):
        return own(document)
    kept: dict[str, object] = {}
    for key, value in document.items():
        if key in _PERSONAL:
            continue
        if isinstance(value, dict | list):
            kept[key] = _public(value)
        elif isinstance(value, str) and _WITH_UNIT.fullmatch(value):
            kept[key] = value
        else:
            found = own({key: value}, _IDENTITY)
            kept |= found if isinstance(found, dict) else {}
    return kept
