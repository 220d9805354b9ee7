"""The examples of a profile, run: each is a message, and what has to come out of it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import orjson

from ingest import quantities
from ingest.formats import FORMATS, stamps
from ingest.formats.report import Decoded, Direct, Sent, Time
from ingest.model import PayloadError, Reason
from ingest.profile.compiled import Compiled
from ingest.profile.explain import Run, explain
from ingest.profile.spec import Example, Scalar
from ingest.quantities import Quantity
from ingest.times import to_datetime

#: Format in which the examples of a LoRaWAN profile stand unless they say otherwise: the codec's output alone.
CODEC_OUTPUT = "lorawan-decoded"

Found = tuple[str, str, float]  #: time, quantity with channel, canonical value


def mistakes(compiled: Compiled) -> Iterator[tuple[Example, Sequence[str]]]:
    """Each example with what is wrong in it, a line each; none: it holds."""
    for example in compiled.spec.examples:
        yield example, _mistakes(example, compiled)


def _mistakes(example: Example, compiled: Compiled) -> Sequence[str]:
    formats = compiled.spec.formats
    name = example.format or (formats[0] if formats and formats[0] != "lorawan" else CODEC_OUTPUT)
    if name not in FORMATS:
        return [f"format: expected one of {', '.join(FORMATS)}, got {name!r}"]
    try:
        decoded = FORMATS[name].decode(Sent(example.topic, _payload(example)))
    except PayloadError as error:
        return [] if example.problems == (error.reason,) else [f"the message is refused: {error}"]
    found, events, problems = _said(decoded, compiled)
    return [
        *_compared(example, found),
        *_differences("event", example.events, events),
        *_differences("problem", example.problems, problems),
    ]


def _payload(example: Example) -> bytes:
    if example.hex is not None:
        return bytes.fromhex(example.hex)
    return example.text.encode() if example.text is not None else orjson.dumps(example.message)


def _said(decoded: Decoded, compiled: Compiled) -> tuple[list[Found], list[str], list[Reason]]:
    runs: list[Run] = []
    events = [event.type for event in decoded.events]
    problems = [reason for reason, _ in decoded.problems]
    for report in decoded.reports:
        explained = explain(report, compiled)
        runs += explained.runs
        events += [event.type for event in explained.events]
        problems += [reason for reason, _ in explained.problems]
    runs += [Run(entry.time, None, 0, [_value(entry)]) for entry in decoded.direct]
    found = [
        (_when(run.time), _named(quantity, channel), value) for run in runs for quantity, channel, value in run.values
    ]
    return found, events, problems


def _value(entry: Direct) -> tuple[str, str, float]:
    return entry.quantity, entry.channel, entry.value


def _named(quantity: str, channel: str) -> str:
    return f"{quantity}{quantities.load()[quantity].join}{channel}" if channel else quantity


def _when(time: Time) -> str:
    at = stamps.resolve(time, "UTC")
    return "" if at is None else to_datetime(at).isoformat().replace("+00:00", "Z")


def _compared(example: Example, found: Sequence[Found]) -> Iterator[str]:
    """What is missing, different, or too much. Signal strength, which formats add, need not be named."""
    wanted: dict[tuple[str, str], Scalar] = {("", name): value for name, value in example.readings.items()}
    wanted |= {(_instant(at), name): value for at, values in example.at.items() for name, value in values.items()}
    yield from _mistyped(example)
    left = list(found)
    times = {at for at, _ in wanted} - {""}
    for (at, name), value in wanted.items():
        here = [one for one in left if one[1] == name and (one[0] == at or (not at and one[0] not in times))]
        if not here:
            yield f"expected {name} = {value}{f' at {at}' if at else ''}, got none"
            continue
        left.remove(here[0])
        try:
            number = _number(name, value)
        except ValueError as error:
            yield str(error)
            continue
        if not math.isclose(here[0][2], number, rel_tol=1e-9, abs_tol=1e-12):
            yield f"expected {name} = {value}{f' at {at}' if at else ''}, got {here[0][2]:g}"
    for at, name, number in left:
        if not name.startswith("radio."):
            yield f"got {name} = {number:g}{f' at {at}' if at else ''}, which no line expects"


def _mistyped(example: Example) -> Iterator[str]:
    """Names and times of an example that are none."""
    for name in {*example.readings, *(name for values in example.at.values() for name in values)}:
        try:
            quantities.parse(name)
        except quantities.UnknownQuantityError as error:
            yield f"{name}: {error}"
    for at in example.at:
        if stamps.from_text(at) is None:
            yield f"at: expected a time like 2026-11-23T00:15:00Z, got {at!r}"


def _instant(text: str) -> str:
    return _when(stamps.from_text(text)) or text


def _number(name: str, value: Scalar) -> float:
    if not isinstance(value, str):
        return float(value)
    quantity: Quantity = quantities.parse(name)[0]
    codes: Mapping[str, int] = {word: code for code, word in (quantity.codes or {}).items()}
    if value not in codes:
        raise ValueError(f"expected {name} to be one of {', '.join(codes) or 'numbers'}, got {value!r}")
    return float(codes[value])


def _differences(what: str, wanted: Sequence[str], got: Sequence[str]) -> Iterator[str]:
    names: AbstractSet[str] = set(wanted) | set(got)
    for name in sorted(names):
        if wanted.count(name) != got.count(name):
            yield f"expected {wanted.count(name)} x {what} {name}, got {got.count(name)}"
