"""The wire between broker and collector: it can be cut in every way, and what passes is watched.

The watch knows of every connection which packet ids the broker has delivered and nobody acknowledged. A PUBACK for any
other id is stale: it would acknowledge a message that the collector has not got.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

_Result = TypeVar("_Result")
#: Packet types (MQTT 5, 2.1.2).
_CONNACK, _PUBLISH, _PUBACK, _SUBACK = 2, 3, 4, 9
#: Between two bytes of a link that is hardly one [s].
_DRIP_S = 1.0


class Splitter:
    """Cuts a stream into MQTT packets: calls `found` with the first byte and what follows the length."""

    def __init__(self, found: Callable[[int, bytes], None]) -> None:
        self._found = found
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what came."""
        stream, start = self._rest + data, 0
        while True:
            length, shift, place = 0, 0, start + 1
            while place < len(stream):
                byte = stream[place]
                length |= (byte & 0x7F) << shift
                shift += 7
                place += 1
                if byte < 0x80:
                    break
            else:
                break
            if len(stream) < place + length:
                break
            self._found(stream[start], stream[place : place + length])
            start = place + length
        self._rest = stream[start:]


@dataclass(slots=True)
class Watch:
    """What has passed so far, over all connections."""

    connections: int = 0
    subscriptions: int = 0
    session_present: bool = False
    delivered: int = 0
    redelivered: int = 0
    acknowledged: int = 0
    #: packet ids acknowledged on a connection that has not delivered them, by connection
    stale: list[tuple[int, int]] = field(default_factory=list)


class _Connection:
    """One connection of a collector."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        watch.connections += 1
        self._number = watch.connections
        #: delivered and not acknowledged
        self.open: set[int] = set()
        self.down, self.up = Splitter(self._from_broker), Splitter(self._from_collector)

    def _from_broker(self, first: int, body: bytes) -> None:
        watch, kind = self._watch, first >> 4
        if kind == _PUBLISH and first & 6:
            size = 2 + int.from_bytes(body[:2])
            self.open.add(int.from_bytes(body[size : size + 2]))
            watch.redelivered += bool(first & 8)
            watch.delivered += 1
        elif kind == _CONNACK:
            watch.session_present = bool(body[0] & 1)
        elif kind == _SUBACK:
            watch.subscriptions += 1

    def _from_collector(self, first: int, body: bytes) -> None:
        if first >> 4 != _PUBACK:
            return
        packet_id = int.from_bytes(body[:2])
        if packet_id in self.open:
            self.open.remove(packet_id)
            self._watch.acknowledged += 1
        else:
            self._watch.stale.append((self._number, packet_id))


class Wire:
    """A TCP proxy in front of a broker, in a thread with a loop of its own."""

    def __init__(self, broker_port: int) -> None:
        self.watch = Watch()
        self._target = broker_port
        #: open connections: the writer to the collector, the writer to the broker
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        #: ends that nobody serves any more
        self._left: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._drips = self._refuses = False
        self._last: _Connection | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.heal()

    def outstanding(self) -> int:
        """Messages delivered on the newest connection and not acknowledged."""
        return len(self._last.open) if self._last else 0

    def heal(self) -> None:
        """Everything passes."""
        self._drips = self._refuses = False
        for direction in self._open.values():
            self._loop.call_soon_threadsafe(direction.set)

    def black_hole(self, *directions: str) -> None:
        """Nothing arrives, or nothing that goes `up` to the broker or `down`, until `heal`; then, as TCP has it, all does."""
        for direction in directions or ("up", "down"):
            self._loop.call_soon_threadsafe(self._open[direction].clear)

    def drip(self) -> None:
        """A byte a second each way until `heal`."""
        self._drips = True

    def reset(self, *, refuse: bool = False) -> None:
        """Both ends get a reset; with `refuse` so does every new connection until `heal`."""

        async def work() -> None:
            self._refuses = refuse
            for pair in self._pairs:
                for writer in pair:
                    _reset(writer)

        self._call(work())

    def half_open(self, gone: str) -> None:
        """`gone`, which is `broker` or `collector`, gets a reset, and the other end hears nothing any more."""

        async def work() -> None:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for collector, broker in self._pairs:
                _reset(broker if gone == "broker" else collector)
                self._left.append(collector if gone == "broker" else broker)
            self._pairs.clear()

        self._call(work())

    def close(self) -> None:
        """Cut everything, and end."""
        self.half_open("broker")

        async def work() -> None:
            self._server.close()
            for writer in self._left:
                _reset(writer)
            # The transports close in the next round of the loop.
            await asyncio.sleep(0)

        self._call(work())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[object, object, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self._refuses:
                _reset(writer)
                return
            try:
                from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._target)
            except OSError:
                _reset(writer)
                return
            pair = writer, to_broker
            self._pairs.add(pair)
            self._last = seen = _Connection(self.watch)
            await asyncio.gather(
                self._pass(reader, to_broker, self._open["up"], seen.up),
                self._pass(from_broker, writer, self._open["down"], seen.down),
            )
            self._pairs.discard(pair)
            for end in pair:
                end.close()
        except asyncio.CancelledError:
            return  # cut; whoever did it has the ends
        finally:
            self._tasks.discard(task)

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, gate: asyncio.Event, splitter: Splitter
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(1 << 16):
                await gate.wait()
                while self._drips and data:
                    splitter.feed(data[:1])
                    target.write(data[:1])
                    data = data[1:]
                    await asyncio.sleep(_DRIP_S)
                splitter.feed(data)
                # Where the target is gone, what comes is read all the same: an unread socket would be reset, and with
                # it what it has received and not read.
                if not target.is_closing():
                    target.write(data)
                    with contextlib.suppress(ConnectionError):
                        await target.drain()
        if not target.is_closing():
            with contextlib.suppress(OSError):
                target.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
