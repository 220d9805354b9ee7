"""Readings -> native messages: arrays of one device, in the order of the file."""

from collections.abc import Iterable, Iterator

from ingest.formats import native
from ingest.times import to_datetime
from simulators.backlog import OBJECTS, Outgoing
from simulators.replay.convert import Reading
from simulators.replay.mapping import ReplayMapping

#: Cells per message: at 50 bytes a value and 200 objects far below the 256 KiB that a message may have.
CELLS = 2_000


def pack(mapping: ReplayMapping, rows: Iterable[list[Reading]]) -> Iterator[Outgoing]:
    """All messages of a file. At most one unfinished message per device is held."""
    held: dict[str, tuple[list[dict[str, object]], int]] = {}
    for readings in rows:
        for (device, _, _), together in _objects(readings).items():
            objects, cells = held.get(device, ([], 0))
            if len(objects) == OBJECTS or (cells and cells + len(together) > CELLS):
                yield _message(mapping, device, objects)
                objects, cells = [], 0
            objects.append(_object(together))
            held[device] = objects, cells + len(together)
    for device, (objects, _) in held.items():
        yield _message(mapping, device, objects)


def _objects(readings: list[Reading]) -> dict[tuple[str, int, int | None], list[Reading]]:
    """The readings of a row by what one object can hold: a device, a time, an interval."""
    found: dict[tuple[str, int, int | None], list[Reading]] = {}
    for reading in readings:
        found.setdefault((reading.device, reading.time, reading.start), []).append(reading)
    return found


def _object(readings: list[Reading]) -> dict[str, object]:
    first = readings[0]
    begin = {} if first.start is None else {"from": _stamp(first.start)}
    return {"ts": _stamp(first.time), **begin, "values": {reading.name: reading.value for reading in readings}}


def _stamp(time: int) -> int | str:
    """Epoch milliseconds, or RFC 3339 where that would cut digits."""
    milliseconds, rest = divmod(time, 1_000)
    return to_datetime(time).isoformat() if rest else milliseconds


def _message(mapping: ReplayMapping, device: str, objects: list[dict[str, object]]) -> Outgoing:
    topic = f"district/v1/{mapping.district}/{mapping.gateway}/{mapping.feed}/{device}"
    return Outgoing(mapping.gateway, topic, native.encode(objects), len(objects), 0)
