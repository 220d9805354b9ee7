"""Messages from reports: arrays of one device, in the order in which a district's gateways would have sent them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from typing import NamedTuple

from ingest.formats import native
from simulators.series import Report, reports
from simulators.world import Device, World

#: A device and what it sends: an object of the native payload, or bytes that are none.
Pair = tuple[Device, Report | bytes]
#: A named wrapper on a stream of pairs (simulators/faults.py).
Wrapper = Callable[[Iterable[Pair]], Iterator[Pair]]

#: Objects per message: with 200 bytes an object far below the 256 KiB that a message may have.
OBJECTS = 200


class Outgoing(NamedTuple):
    """One PUBLISH of a gateway."""

    gateway: str
    topic: str
    payload: bytes
    #: in the payload; 0 where it holds none that can be read
    objects: int
    #: latest sending time of its objects, [ms since 1970 UTC]
    sent: int


def topic(world: World, device: Device) -> str:
    """Where the device's reports are published (docs/native.md)."""
    return f"district/v1/{world.district}/{device.gateway}/{device.feed}/{device.id}"


def wrapped(pairs: Iterable[Pair], wrappers: Sequence[Wrapper]) -> Iterator[Pair]:
    """The stream with each wrapper laid around it, the first innermost."""
    for wrapper in wrappers:
        pairs = wrapper(pairs)
    return iter(pairs)


def backlog(world: World, start: int, end: int, wrappers: Sequence[Wrapper] = ()) -> Iterator[Outgoing]:
    """All messages with stamps in [start, end) [s since 1970 UTC], interleaved over devices in order of sending."""
    per_device = (_messages(world, device, start, end, wrappers) for _, device in sorted(world.devices.items()))
    return merge(*per_device, key=lambda message: (message.sent, message.topic))


def pack(world: World, pairs: Iterable[Pair], objects: int = OBJECTS) -> Iterator[Outgoing]:
    """Runs of one device's objects as arrays; bytes travel alone, in their place."""
    device: Device | None = None
    held: list[Report] = []
    sent = 0
    for of, item in pairs:
        if held and (of is not device or len(held) == objects or isinstance(item, bytes)):
            assert device is not None
            yield _array(world, device, held)
            sent, held = _sent(held[-1]), []
        device = of
        if isinstance(item, bytes):
            yield Outgoing(of.gateway, topic(world, of), item, 0, sent)
        else:
            held.append(item)
    if held and device is not None:
        yield _array(world, device, held)


def _messages(world: World, device: Device, start: int, end: int, wrappers: Sequence[Wrapper]) -> Iterator[Outgoing]:
    pairs: Iterable[Pair] = ((device, report) for report in reports(world, device, start, end))
    return pack(world, wrapped(pairs, wrappers))


def _array(world: World, device: Device, held: list[Report]) -> Outgoing:
    return Outgoing(device.gateway, topic(world, device), native.encode(held), len(held), _sent(held[-1]))


def _sent(report: Report) -> int:
    sent = report["sent"]
    assert isinstance(sent, int)
    return sent
