"""Values whose meaning a format itself fixes: into the result, or a problem that names the place and never the value."""

from collections.abc import Iterator

from ingest.formats.numbers import convert, number
from ingest.formats.report import Decoded, Direct, Time
from ingest.model import Reason


def add(
    decoded: Decoded, address: str, time: Time, quantity: str, channel: str, sent: object, place: str, *,
    unit: tuple[str, str] | None = None, span_us: int | None = None, flags: int = 0,
) -> None:  # fmt: skip
    """Append a value; None is no value, and what is no number becomes a problem.

    Args:
        decoded: the result.
        address: of the device.
        time: of the value.
        quantity: by its name in the vocabulary.
        channel: which of several; '' where there is one.
        sent: the value as it stood in the message.
        place: its key path, for the problem.
        unit: as sent, and the quantity's own (both UCUM), where they differ.
        span_us: length of the interval of a delta [µs].
        flags: bits of `Flag`.
    """
    if sent is None:
        return
    value = number(sent)
    if value is None:
        decoded.problems.append((Reason.WRONG_TYPE, f"{place}: expected a number, got {type(sent).__name__}"))
        return
    if unit is not None:
        value = convert(value, *unit)
    decoded.direct.append(Direct(address, time, quantity, channel, value, span_us, flags))


def objects(document: object) -> Iterator[dict[str, object]]:
    """The objects of a list; what else stands in it is passed over."""
    if isinstance(document, list):
        for entry in document:
            if isinstance(entry, dict):
                yield entry


def inside(document: object, *path: str) -> dict[str, object]:
    """The object at a path of keys; empty where there is none."""
    for key in path:
        if not isinstance(document, dict):
            return {}
        document = document.get(key)
    return document if isinstance(document, dict) else {}


def text(value: object) -> str:
    """A text, or a number as text; '' for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
