"""The native payload (docs/native.md): one JSON object or an array of objects, each one time of one device."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

import orjson

from ingest.draft import Draft, DraftEvent
from ingest.formats.clock import OUTSIDE_YEARS, Clock, clock_refusal
from ingest.model import Flag, Message, Reason, Refusal
from ingest.series import Accept, Series, SeriesTable
from ingest.times import EARLIEST, LATEST, from_rfc3339
from ingest.topics import Binding

KNOWN_KEYS = frozenset({"ts", "from", "seq", "boot", "values", "event", "sent"})
EVENT_KEYS = frozenset({"type", "id", "refers_to", "severity", "text", "attributes"})
_TIMED = int(Flag.TIME_FROM_RECEIPT)
_BACKFILL = int(Flag.BACKFILL | Flag.HISTORICAL)


class PartError(Exception):
    """One object of a message cannot be taken; its neighbours can."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def encode(objects: Sequence[Mapping[str, object]]) -> bytes:
    """The payload of some objects: an array, or the object itself where there is one."""
    return orjson.dumps(objects[0] if len(objects) == 1 else list(objects))


def decode(
    message: Message, binding: Binding, table: SeriesTable, clock: Clock, draft: Draft, untimed: int = 0
) -> None:
    """Append what a message of a known device says to `draft`; what cannot be taken becomes refusals of it.

    `untimed` are flags for readings that take their time from the receipt.
    """
    assert binding.device is not None
    clock = clock.of(binding.device)
    number = draft.begin(message, binding.group, binding.device.id)
    try:
        document = read(message.payload)
    except PartError as refusal:
        draft.refuse(number, Refusal(refusal.reason, refusal.detail))
        return
    if type(document) is list:
        for part, item in enumerate(document):
            take(item, part, number, message, binding, table, clock, draft, untimed)
    else:
        take(document, None, number, message, binding, table, clock, draft, untimed)


def read(payload: bytes) -> object:
    """The document of a payload.

    Raises:
        PartError: it has none.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        return _tolerant(payload, error)


def take(
    item: object, part: int | None, number: int, message: Message, binding: Binding, table: SeriesTable, clock: Clock,
    draft: Draft, untimed: int,
) -> None:  # fmt: skip
    """Append one object, or a refusal of it; `part` is its position in the array, None where it came alone."""
    if part is None and type(item) is not dict:
        draft.refuse(number, Refusal(Reason.BAD_SHAPE, f"expected an object or an array, got {_word(item)}"))
        return
    try:
        _object(item, part or 0, number, message, binding, table, clock, draft, untimed)
    except PartError as refusal:
        body = None if part is None else _dump(item)
        values = item.get("values") if type(item) is dict else None
        count = len(values) if type(values) is dict else 0
        draft.refuse(number, Refusal(refusal.reason, refusal.detail, part, body), count)


def _object(
    item: object, part: int, number: int, message: Message, binding: Binding, table: SeriesTable, clock: Clock,
    draft: Draft, untimed: int,
) -> None:  # fmt: skip
    if type(item) is not dict:
        raise PartError(Reason.BAD_SHAPE, f"expected an object, got {_word(item)}")
    get = item.get
    arrival = message.received_at
    if binding.trusts_sent and "sent" in item:
        arrival = _time(item["sent"], "sent")
    stamp = get("ts")
    flags = binding.origin_flags
    if stamp is None:
        if message.retain:
            _snapshot(get("values"), binding, table, arrival, draft)
            return
        # Two objects of one message must not collide: each takes the next microsecond.
        time = arrival + part
        flags |= _TIMED | untimed
        if not draft.untimed or draft.untimed[-1] != number:
            draft.untimed.append(number)
    else:
        time = _time(stamp, "ts")
        if not arrival - clock.behind <= time <= arrival + clock.ahead:
            refusal = clock_refusal(time, arrival, binding.backfill, clock)
            if refusal is not None:
                raise PartError(*refusal)
        if binding.backfill is not None and binding.backfill.start <= time < binding.backfill.stop:
            flags |= _BACKFILL
    span = 0
    if (start := get("from")) is not None:
        span = time - _time(start, "from")
        if span <= 0:
            raise PartError(Reason.BAD_TIME, "from is not before ts")
    values = get("values")
    event = get("event")
    if values is not None:
        if type(values) is not dict:
            raise PartError(Reason.BAD_SHAPE, f"values: expected an object, got {_word(values)}")
        series, numbers = draft.series, draft.values
        before = len(numbers)
        known = binding.series
        bad: dict[str, tuple[Reason, str]] | None = None
        for name, value in values.items():
            entry = known.get(name)
            if entry is None and (entry := _series(name, binding, table)) is None:
                bad = bad or {}
                bad[name] = (Reason.UNKNOWN_QUANTITY, f"no quantity of this name: {name[:64]!r}")
                continue
            kind = type(value)
            if (entry[1] == 0 and (kind is float or kind is int)) or (
                entry[1] == 1 and (kind is int or (kind is float and value.is_integer()))
            ):
                numbers.append(value)
            else:
                try:
                    numbers.append(_checked(name, value, entry))
                except PartError as refusal:
                    bad = bad or {}
                    bad[name] = (refusal.reason, refusal.detail)
                    continue
            series.append(entry[0])
        if count := len(numbers) - before:
            draft.run_message.append(number)
            draft.run_time.append(time)
            draft.run_arrival.append(arrival)
            draft.run_span.append(span)
            draft.run_flags.append(flags)
            draft.run_count.append(count)
        if bad is not None:
            reason, detail = next(iter(bad.values()))
            rest = {key: entry for key, entry in item.items() if key not in {"values", "event"}}
            rest["values"] = {name: values[name] for name in bad}
            draft.refuse(number, Refusal(reason, detail, part, _dump(rest)), len(bad))
    elif event is None:
        raise PartError(Reason.BAD_SHAPE, "expected values or event")
    if event is not None:
        _events(event, item, time, arrival, flags, number, binding, draft)
    if len(item) > 2:
        draft.unknown_keys[number] += sum(key not in KNOWN_KEYS for key in item)


def _series(name: str, binding: Binding, table: SeriesTable) -> Series | None:
    assert binding.device is not None
    found = table.split(name)
    if found is None:
        return None
    series = table.get(binding.device.district, binding.device.id, *found)
    binding.series[name] = series
    return series


def _checked(name: str, value: object, series: Series) -> float:
    """The number of a value that is not plainly one."""
    match series.accept:
        case Accept.BOOL if value is True or value is False or (type(value) in {int, float} and value in (0, 1)):
            return float(value)
        case Accept.ENUM if type(value) is str:
            if value not in series.codes:
                raise PartError(
                    Reason.UNKNOWN_STATE, f"{name}: expected one of {sorted(series.codes)}, got {value[:64]!r}"
                )
            return float(series.codes[value])
        case Accept.ENUM if type(value) is int:
            if value not in series.codes.values():
                raise PartError(Reason.UNKNOWN_STATE, f"{name}: no state has the code {value}")
            return float(value)
        case _ if type(value) is NotFinite:
            raise PartError(Reason.NOT_FINITE, f"{name}: {value}")
    raise PartError(Reason.WRONG_TYPE, f"{name}: expected {series.accept.name.lower()}, got {_word(value)}")


def _snapshot(values: object, binding: Binding, table: SeriesTable, arrival: int, draft: Draft) -> None:
    """A retained message without a time says how things stand, not when they were measured."""
    if type(values) is not dict:
        return
    for name, value in values.items():
        series = binding.series.get(name) or _series(name, binding, table)
        if series is not None and type(value) in {int, float, bool}:
            draft.snapshots.append((series.number, float(value), arrival))


def _events(
    event: object, item: Mapping[str, object], time: int, arrival: int, flags: int, number: int, binding: Binding,
    draft: Draft,
) -> None:  # fmt: skip
    assert binding.device is not None
    entries = event if type(event) is list else [event]
    for position, entry in enumerate(entries):
        if type(entry) is not dict or type(entry.get("type")) is not str or not entry["type"]:
            raise PartError(Reason.BAD_SHAPE, "event: expected an object with a type")
        attributes = entry.get("attributes", {})
        if type(attributes) is not dict:
            raise PartError(Reason.BAD_SHAPE, f"event.attributes: expected an object, got {_word(attributes)}")
        if "text" in entry:
            attributes = {**attributes, "text": entry["text"]}
        try:
            text = orjson.dumps(attributes)
            reference = orjson.dumps([entry["type"], entry.get("id"), entry.get("refers_to"), entry.get("severity")])
        except orjson.JSONEncodeError as error:
            raise PartError(Reason.BAD_ENCODING, f"event: {error}") from error
        if b"\\u0000" in text or b"\\u0000" in reference:
            raise PartError(Reason.BAD_ENCODING, "event: NUL in a text")
        if entry.get("id") is not None:
            key = str(entry["id"])
        elif type(item.get("seq")) is int:
            key = f"{item.get('boot', 0)}:{item['seq']}:{position}"
        else:
            key = hashlib.sha256(_dump(entry) or text + reference).hexdigest()[:32]
        draft.unknown_keys[number] += sum(name not in EVENT_KEYS for name in entry)
        refers_to, severity = entry.get("refers_to"), entry.get("severity")
        draft.events.append(
            DraftEvent(
                number, binding.device.district, binding.device.id, time, entry["type"], key,
                None if refers_to is None else str(refers_to), arrival, 1.0,
                None if severity is None else str(severity), text.decode(), flags,
            )
        )  # fmt: skip


def _time(stamp: object, name: str) -> int:
    """Microseconds of a native time: RFC 3339 with offset, or epoch milliseconds as an integer."""
    if type(stamp) is str:
        try:
            time = from_rfc3339(stamp)
        except (ValueError, OverflowError) as error:
            raise PartError(Reason.BAD_TIME, f"{name}: {error}"[:200]) from error
    elif type(stamp) is int:
        time = stamp * 1000
    else:
        raise PartError(
            Reason.BAD_TIME, f"{name}: expected RFC 3339 with offset or epoch milliseconds, got {_word(stamp)}"
        )
    if not EARLIEST <= time < LATEST:
        raise PartError(Reason.BAD_TIME, f"{name}: {OUTSIDE_YEARS} 2000 to 2099 (numbers are epoch milliseconds)")
    return time


def _tolerant(payload: bytes, error: orjson.JSONDecodeError) -> object:
    """What the standard parser reads where the strict one stopped: NaN, Infinity, huge numbers, lone surrogates.

    They are then refused one by one, so that their neighbours are stored.
    """
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise PartError(Reason.BAD_ENCODING, f"not UTF-8 at byte {bad.start}") from bad
    try:
        return json.loads(text, parse_constant=NotFinite, parse_float=_finite, parse_int=_finite_int)
    except (ValueError, RecursionError) as bad:
        detail = f"{error.msg} at line {error.lineno}, column {error.colno}" if text else "empty payload"
        raise PartError(Reason.BAD_JSON, detail) from bad


class NotFinite(float):
    """A number that no double holds; a type of its own, so that the quick checks do not take it."""


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else NotFinite(number)


def _finite_int(text: str) -> float:
    return int(text) if len(text) < 300 else _finite(text)


def _dump(item: object) -> bytes | None:
    """Bytes of a part, with everything in it that was wrong (orjson would write NaN as null).

    None: it is nested deeper than can be written; the whole message is kept instead.
    """
    try:
        return json.dumps(item, separators=(",", ":")).encode()
    except RecursionError:
        return None


def _word(value: object) -> str:
    return {
        dict: "an object",
        list: "an array",
        str: "a text",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }.get(type(value), "null")
