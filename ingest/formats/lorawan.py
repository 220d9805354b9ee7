"""What all LoRaWAN servers have in common: addresses, the output of a device's codec, and how well it was heard."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence

from ingest.formats.numbers import number
from ingest.formats.redaction import KEEP, Own, Shape
from ingest.formats.report import Decoded, Direct, Report, Time

_HEX = re.compile(r"[0-9A-Fa-f]{16}")
#: What of an envelope is read beside the codec's output; servers name the gateways' times and signals differently.
OUTPUT: Shape = Own()
RECEPTIONS: Shape = [dict.fromkeys(("nsTime", "gwTime", "time", "rssi", "snr", "loRaSNR"), KEEP)]
STATUS: Mapping[str, Shape] = dict.fromkeys(
    ("margin", "batteryLevel", "externalPowerSource", "batteryLevelUnavailable"), KEEP
)
#: Beside `value`, what makes an object one value with its unit and name instead of several values.
_ABOUT_VALUE = frozenset({"unit", "displayName", "name", "label"})


def eui(text: object) -> str | None:
    """A device's EUI in lower-case hexadecimal, from hexadecimal or base64; None: it is none.

    >>> eui("AASjCwDppIM="), eui("24E124FFFEF00001")
    ('0004a30b00e9a483', '24e124fffef00001')
    """
    if not isinstance(text, str):
        return None
    plain = text.replace("-", "").replace(":", "")
    if _HEX.fullmatch(plain):
        return plain.lower()
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == 8 else None


def codec_report(address: str, time: Time, output: Mapping[str, object], flags: int = 0) -> Report:
    """The output of a codec: leaves by key path; `{"value": 20.5, "unit": "°C"}` is one value with its unit."""
    values: dict[str, object] = {}
    units: dict[str, str] = {}
    _flatten(output, "", values, units)
    return Report(address, time, values, units, flags=flags)


def _flatten(document: object, prefix: str, values: dict[str, object], units: dict[str, str]) -> None:
    if isinstance(document, dict):
        if prefix and "value" in document and len(document) > 1 and document.keys() - {"value"} <= _ABOUT_VALUE:
            values[prefix] = document["value"]
            if isinstance(document.get("unit"), str) and document["unit"]:
                units[prefix] = document["unit"]
            return
        for key, value in document.items():
            _flatten(value, f"{prefix}.{key}" if prefix else str(key), values, units)
    elif isinstance(document, list):
        for position, value in enumerate(document):
            _flatten(value, f"{prefix}[{position}]", values, units)
    else:
        values[prefix] = document


def entries(value: object) -> Sequence[Mapping[str, object]]:
    """The objects in a list; anything else is none."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def hear(
    decoded: Decoded,
    address: str,
    time: Time,
    receptions: Iterable[Mapping[str, object]],
    snr: Sequence[str],
    flags: int = 0,
) -> None:
    """Add strength and signal to noise of the gateway that heard the device best: heard by several, it is one reading."""
    heard = [(found, entry) for entry in receptions if (found := number(entry.get("rssi"))) is not None and found != 0]
    if not heard:
        return
    rssi, best = max(heard, key=lambda one: one[0])
    decoded.direct.append(Direct(address, time, "radio.rssi", "", rssi, flags=flags))
    ratio = next((found for key in snr if (found := number(best.get(key))) is not None), None)
    if ratio is not None:
        decoded.direct.append(Direct(address, time, "radio.snr", "", ratio, flags=flags))


def status(decoded: Decoded, address: str, time: Time, document: Mapping[str, object]) -> None:
    """Add battery and margin of a device status (LoRaWAN 1.0.4, DevStatusAns). A mains-powered device has no battery."""
    battery, margin = number(document.get("batteryLevel")), number(document.get("margin"))
    powered = document.get("externalPowerSource") is True or document.get("batteryLevelUnavailable") is True
    if battery is not None and not powered:
        decoded.direct.append(Direct(address, time, "device.battery", "", battery))
    if margin is not None:
        decoded.direct.append(Direct(address, time, "radio.margin", "", margin))
