"""Telegrams of a P1 port as the meter sends them: a line per OBIS code, values in parentheses with their unit.

Key: the OBIS code (`1-0:1.8.1`). Address: the equipment's own number (0-0:96.1.1), which is hexadecimal text. Time:
0-0:1.0.0, local, with a letter for summer time, which is no offset. Meters behind the port (0-n:24.1.0 says of what kind)
have a number and a time of their own.

DSMR 5.0.2 P1 companion standard, chapters 5 and 6; IEC 62056-21 mode D.
"""

import re
import struct
from array import array
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from ingest.formats import stamps
from ingest.formats.report import Decoded, Direct, Report, Time
from ingest.formats.unit_words import ucum
from ingest.model import Flag, PayloadError, Reason

_LINE = re.compile(r"(\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3})((?:\([^()]*\))+)")
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)(?:\*([A-Za-z0-9]+))?")
_STAMP = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)[SW]?")
#: Electricity: energy, power, voltage, current. The rest counts failures, shows texts, or switches.
_MEASURED = re.compile(r"1-\d+:\d{1,2}\.[78]\.\d")
_READ = re.compile(rf"{_MEASURED.pattern}|0-0:(?:1\.0\.0|96\.1\.1)|0-[1-4]:(?:24\.[12]\.[01]|96\.1\.0)")
_GAS = "003"


def is_telegram(payload: bytes) -> bool:
    """Whether a payload begins as a telegram does: `/`, the maker's three letters, and a digit for the speed."""
    return payload[:1] == b"/" and payload[1:4].isalpha() and payload[4:5].isdigit()


def decode(payload: bytes) -> Decoded:
    """What a telegram says; with a wrong checksum its values are bad at the source.

    Raises:
        PayloadError: it has no line that can be read.
    """
    flags = 0 if _is_whole(payload) else int(Flag.SOURCE_BAD)
    lines = {match[1]: match[2][1:-1].split(")(") for match in _LINE.finditer(payload.decode("ascii", "replace"))}
    if not lines:
        raise PayloadError(Reason.BAD_SHAPE, "telegram: no line with an OBIS code")
    values: dict[str, object] = {}
    units: dict[str, str] = {}
    for code, found in lines.items():
        number = _NUMBER.fullmatch(found[0]) if _is_measured(code) else None
        if number is not None and number[2] is not None:
            values[code], units[code] = float(number[1]), ucum(number[2])
    time = _time(lines.get("0-0:1.0.0", [""])[0])
    decoded = Decoded(direct=list(_behind(lines, flags)))
    if values:
        decoded.reports.append(Report(_text(lines.get("0-0:96.1.1", [""])[0]), time, values, units, flags=flags))
    return decoded


@lru_cache(1_000)
def _is_measured(code: str) -> bool:
    return _MEASURED.fullmatch(code) is not None


def _is_whole(payload: bytes) -> bool:
    """Whether nothing speaks against a telegram: not all have a checksum, and a bridge that rewrites line ends breaks it."""
    end = payload.find(b"!")
    told = payload[end + 1 :].strip()
    return end < 0 or len(told) != 4 or b"\r\n" not in payload or crc16(payload[: end + 1]) == told.upper()


def _behind(lines: dict[str, list[str]], flags: int) -> Iterator[Direct]:
    """The gas meters behind the port."""
    for bus in range(1, 5):
        reading = lines.get(f"0-{bus}:24.2.1", [])
        if lines.get(f"0-{bus}:24.1.0") != [_GAS] or len(reading) != 2:
            continue
        amount = _NUMBER.fullmatch(reading[1])
        if amount is not None and amount[2] == "m3":
            address = _text(lines.get(f"0-{bus}:96.1.0", [""])[0])
            yield Direct(address, _time(reading[0]), "gas.total", "", float(amount[1]), flags=flags)


def _time(text: str) -> Time:
    match = _STAMP.fullmatch(text)
    return None if match is None else stamps.from_text("20{}-{}-{} {}:{}:{}".format(*match.groups()))


def _text(octets: str) -> str:
    try:
        return bytes.fromhex(octets).decode("ascii")
    except ValueError:
        return ""


def crc16(telegram: bytes) -> bytes:
    """CRC-16 from `/` to `!`, as four hexadecimal digits (polynomial 0xA001, least significant bit first).

    >>> crc16(b"123456789")
    b'BB3D'
    """
    value, steps, whole = 0, _crc_steps(), len(telegram) & ~1
    for (word,) in struct.iter_unpack("<H", telegram[:whole]):
        value = steps[value ^ word]
    for byte in telegram[whole:]:
        value = _crc_step(value ^ byte)
    return b"%04X" % value


@cache
def _crc_steps() -> Sequence[int]:
    """What two octets at a time make of each value: telegrams come every second from every meter."""
    return array("H", (_crc_step(_crc_step(value)) for value in range(1 << 16)))


def _crc_step(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def redacted(payload: bytes) -> bytes:
    """The first line, and the lines that are read."""
    text = payload.decode("ascii", "replace")
    kept = [match[0] for match in _LINE.finditer(text) if _READ.fullmatch(match[1])]
    return "\r\n".join([text[:5], "", *kept, "!", ""]).encode()
