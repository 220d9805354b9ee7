"""Reads mapping files and refuses those that contradict themselves or the vocabulary."""

import codecs
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ingest.model import Kind
from ingest.quantities import Quantity
from simulators.replay import quantify, times
from simulators.replay.keys import MappingError, object_of, parse_yaml, show
from simulators.replay.mapping import ID, Ambiguous, Covers, ReplayMapping, Stamp, Value

#: Feeds of the vocabulary (docs/glossary.md).
FEEDS = (
    "foot_traffic", "parking", "wifi", "energy", "air_quality", "video", "thermal", "equipment", "traffic", "alarms",
    "deliveries",
)  # fmt: skip
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def load(path: Path, quantities: Mapping[str, Quantity]) -> ReplayMapping:
    """The mapping in the file at `path`.

    Raises:
        MappingError: with file, key path, bad value and a good one.
    """
    try:
        return parse(path.read_text(encoding="utf-8-sig"), quantities)
    except MappingError as error:
        raise MappingError(f"{path} {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: cannot be read as UTF-8 text: {error}") from error


def parse(document: str, quantities: Mapping[str, Quantity]) -> ReplayMapping:
    """The mapping in a YAML text, checked for what can be known without a data file.

    Raises:
        MappingError: with key path, bad value and a good one.
    """
    mapping = object_of(ReplayMapping)(parse_yaml(document), "$")
    _check_feed(mapping)
    _check_file(mapping)
    _check_time(mapping)
    _check_device(mapping)
    for position, value in enumerate(mapping.values):
        _check_value(f"$.values[{position}]", value, mapping, quantities)
    for position, rule in enumerate(mapping.ignore_rows):
        if rule.column is None or not (rule.equals or rule.matches):
            raise MappingError(
                f"$.ignore_rows[{position}]: expected a column and equals or matches, such as equals: Total"
            )
    return mapping


def _check_feed(mapping: ReplayMapping) -> None:
    if mapping.feed not in FEEDS:
        raise MappingError(f"$.feed: expected one of {', '.join(FEEDS)}, got {mapping.feed!r}")


def _check_file(mapping: ReplayMapping) -> None:
    file = mapping.file
    try:
        codecs.lookup(file.encoding)
    except LookupError:
        raise MappingError(
            f"$.file.encoding: expected a name such as utf-8, gb18030 or cp1252, got {file.encoding!r}"
        ) from None
    if file.header == 0 and not file.columns:
        raise MappingError(
            "$.file.columns: missing; without a header the columns need names, such as [station, time, n]"
        )
    if len(set(file.columns)) < len(file.columns):
        raise MappingError(f"$.file.columns: expected each name once, got {show(list(file.columns))}")
    for name, value in (("quote", file.quote), ("escape", file.escape)):
        if value != "none" and len(value) != 1:
            raise MappingError(f"$.file.{name}: expected one character or none, got {value!r}")
    if len(file.decimal) != 1 or file.decimal.isalnum():
        raise MappingError(f"$.file.decimal: expected '.' or ',', got {file.decimal!r}")
    if file.thousands not in ("none", "space") and (len(file.thousands) != 1 or file.thousands.isalnum()):
        raise MappingError(
            f"$.file.thousands: expected one mark such as ',', or space, or none, got {file.thousands!r}"
        )
    if file.thousands == file.decimal:
        raise MappingError(
            f"$.file.thousands: expected another mark than the decimal one, got {file.thousands!r} for both"
        )
    if len(file.separator) == 1 and file.separator.isalnum():
        raise MappingError(f"$.file.separator: expected ',', ';', tab or whitespace, got {file.separator!r}")


def _check_time(mapping: ReplayMapping) -> None:
    time = mapping.time
    if len(time.months) not in (0, 12):
        raise MappingError(f"$.time.months: expected twelve names, got {len(time.months)}")
    if len(time.am_pm) != 2:
        raise MappingError(f"$.time.am_pm: expected two words such as [AM, PM], got {show(list(time.am_pm))}")
    if time.pivot > 100:
        raise MappingError(f"$.time.pivot: expected 0 to 100, got {time.pivot}")
    for name, text in time.zone_names.items():
        _call(f"$.time.zone_names.{name}", times.offset, text)
    if not time.formats:
        raise MappingError("$.time.formats: expected at least one, such as '%d/%m/%Y %H:%M'")
    for position, pattern in enumerate(time.formats):
        _call(f"$.time.formats[{position}]", lambda text: times.compile_format(text, time), pattern)
    for position, pattern in enumerate(time.other_end.formats if time.other_end else ()):
        _call(f"$.time.other_end.formats[{position}]", lambda text: times.compile_format(text, time), pattern)
    if time.zone is not None:
        _call("$.time.zone", times.zone, time.zone)
    elif not all(times.carries_offset(pattern) or pattern == "iso" for pattern in time.formats):
        raise MappingError(
            "$.time.zone: missing; the formats carry no offset (%z), so say whose clock it is: Europe/London"
        )
    if time.midnight_closes_day and time.stamp is Stamp.START and time.other_end is None:
        raise MappingError(
            "$.time.midnight_closes_day: expected with stamp: end, where 00:00 ends a day; stamp is start"
        )
    if time.other_end is not None and time.stamp is Stamp.INSTANT:
        raise MappingError("$.time.stamp: expected start or end with other_end, got instant")
    if time.ambiguous is Ambiguous.BOTH and (time.stamp is Stamp.INSTANT or time.other_end is not None):
        raise MappingError("$.time.ambiguous: both needs stamp: start or end and no other_end; a good one is in_order")


def _check_device(mapping: ReplayMapping) -> None:
    device = mapping.device
    own = [value for value in mapping.values if value.device is not None or value.columns is not None]
    if bool(device.column) + (device.constant is not None) > 1:
        raise MappingError("$.device: expected either column or constant, got both")
    if not device.column and device.constant is None and len(own) < len(mapping.values):
        raise MappingError("$.device: missing; say whose the rows are, such as column: station or constant: station-1")
    if device.constant is not None and not ID.fullmatch(device.constant):
        raise MappingError(f"$.device.constant: expected an id of a-z, 0-9, _ and -, got {device.constant!r}")
    for name, made in device.ids.items():
        if not ID.fullmatch(made):
            raise MappingError(f"$.device.ids.{name}: expected an id of a-z, 0-9, _ and -, got {made!r}")
    if device.pattern is not None and "device" not in device.pattern.groupindex:
        raise MappingError(f"$.device.pattern: expected a group (?P<device>...), got {device.pattern.pattern!r}")


def _check_value(path: str, value: Value, mapping: ReplayMapping, quantities: Mapping[str, Quantity]) -> None:
    if (value.column is None) == (value.columns is None):
        raise MappingError(f"{path}: expected either column or columns, such as column: InCount")
    if value.columns is not None and value.device is not None:
        raise MappingError(f"{path}.device: with columns each column is a device of its own; drop one of the two")
    quantity = quantities.get(value.quantity)
    if quantity is None:
        near = [name for name in quantities if name.split(".")[0] == value.quantity.split(".")[0]]
        raise MappingError(
            f"{path}.quantity: {value.quantity!r} is not in the vocabulary; near it: {', '.join(near) or 'none'}"
        )
    if quantity.kind != value.kind:
        other = [q.name for q in quantities.values() if q.flow and q.flow == quantity.flow and q.kind == value.kind]
        meant = f"; the {value.kind} of this flow is {' or '.join(other)}" if other else ""
        raise MappingError(f"{path}.kind: {quantity.name} is a {quantity.kind}, got {value.kind}{meant}")
    _call(f"{path}.unit", lambda _: quantify.bind(value, quantity, ()), "")
    interval = value.covers is Covers.INTERVAL or quantity.kind is Kind.DELTA
    if interval and mapping.time.stamp is Stamp.INSTANT:
        raise MappingError(
            f"{path}.quantity: {quantity.name} covers an interval; $.time.stamp must be start or end, got instant"
        )
    if value.covers is Covers.INSTANT and quantity.kind is Kind.DELTA:
        raise MappingError(f"{path}.covers: a delta is the amount of an interval; expected interval, got instant")
    if value.covers is Covers.INTERVAL and quantity.kind in (Kind.COUNTER, Kind.STATE):
        raise MappingError(f"{path}.covers: a {quantity.kind} is of an instant; expected instant, got interval")
    if mapping.time.ambiguous is Ambiguous.BOTH and not interval:
        raise MappingError(
            f"$.time.ambiguous: both is for amounts of an interval, and {quantity.name} ({path}) is none"
        )
    for word, number in {**value.words, **({"": value.empty_is} if value.empty_is else {})}.items():
        if not _NUMBER.fullmatch(number):
            raise MappingError(
                f"{path}.{'words.' + word if word else 'empty_is'}: expected a number such as 1, got {number!r}"
            )


def _call(path: str, check: Callable[[str], object], value: str) -> None:
    try:
        check(value)
    except ValueError as error:
        got = f", got {value!r}" if value else ""
        raise MappingError(f"{path}: {error}{got}") from error
