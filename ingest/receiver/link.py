"""A TCP or TLS connection with a buffer of what it received, used by one thread.

Nothing is read unless asked for: an unread socket is the back-pressure on the broker. The one exception is a send that
finds the other side's window closed: it reads on, up to a limit, because a broker that waits for us to read would
otherwise never read what we send.
"""

import contextlib
import select
import socket
import ssl
import time

from ingest.receiver.model import BrokerSettings, ConnectionLost, ReceiverError

#: Bytes asked of the socket at once.
READ_BYTES = 1 << 20
#: Bytes kept at most while a send waits for a broker that waits for us. Our choice.
SEND_BUFFER_BYTES = 64 << 20


class Link:
    """An open connection; `view[start:end]` is what was received and not yet consumed."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._timeout_s = settings.connect_timeout_s
        self.view = memoryview(bytearray(2 * READ_BYTES))
        self.start = 0
        self.end = 0
        self.sent_at = self.received_at = time.monotonic()
        self._socket = _opened(settings)

    def fill(self) -> int:
        """Read what the socket has, without waiting; bytes read, 0 when there was nothing.

        Raises:
            ConnectionLost: the other side closed, or the network failed.
        """
        if self.start == self.end:
            self.start = self.end = 0
        if len(self.view) - self.end < READ_BYTES:
            self._make_room()
        try:
            count = self._socket.recv_into(self.view[self.end :])
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError as error:
            raise ConnectionLost(f"connection to the broker failed: {error}") from error
        if not count:
            raise ConnectionLost("the broker closed the connection")
        self.end += count
        self.received_at = time.monotonic()
        return count

    def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
        """Wait until there is something to read (or, if asked, room to write), at most `timeout_s`."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if to_write else 0))
        poll.poll(max(0.0, timeout_s) * 1000)

    def send(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            ConnectionLost: the network failed, or the broker took nothing for the time of the connect timeout.
        """
        rest = memoryview(data)
        progress = time.monotonic()
        while rest:
            try:
                count = self._socket.send(rest)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                count = 0
            except OSError as error:
                raise ConnectionLost(f"connection to the broker failed: {error}") from error
            if count:
                rest = rest[count:]
                progress = time.monotonic()
                continue
            room = self.end - self.start < SEND_BUFFER_BYTES
            if room and self.fill():
                progress = time.monotonic()
            elif time.monotonic() - progress > self._timeout_s:
                raise ConnectionLost(f"the broker took no data for {self._timeout_s:g} s")
            else:
                self.wait(0.1, to_write=True)
        self.sent_at = time.monotonic()

    def drain(self, timeout_s: float) -> None:
        """After a goodbye: wait until the broker closes, for only then has it read all that we sent before."""
        deadline = time.monotonic() + timeout_s
        with contextlib.suppress(ConnectionLost):
            while time.monotonic() < deadline:
                self.start = self.end
                if not self.fill():
                    self.wait(deadline - time.monotonic())

    def close(self) -> None:
        """Close without a word."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _make_room(self) -> None:
        """Move what is left to the front, into a buffer that has room for a read and not much more."""
        left = self.end - self.start
        size = max(2 * READ_BYTES, 2 * left)
        rest = bytes(self.view[self.start : self.end])
        if len(self.view) != size:
            self.view = memoryview(bytearray(size))
        self.view[:left] = rest
        self.start, self.end = 0, left


def _opened(settings: BrokerSettings) -> socket.socket:
    """A connected, non-blocking socket, encrypted if the settings say so."""
    context = settings.tls.context() if settings.tls else None
    address = f"{settings.host}:{settings.port}"
    try:
        connection = socket.create_connection((settings.host, settings.port), settings.connect_timeout_s)
    except OSError as error:
        raise ConnectionLost(f"no connection to the broker at {address}: {error}") from error
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # A peer that vanished is noticed while we only send pings, too.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2000 * settings.keepalive_s)
        if context:
            connection = context.wrap_socket(connection, server_hostname=settings.host)
        connection.setblocking(False)
    except ssl.SSLCertVerificationError as error:
        connection.close()
        raise ReceiverError(
            f"broker {address}: its certificate is not accepted ({error.verify_message}); "
            "name the authority that signed it in broker.tls.ca_file"
        ) from error
    except OSError as error:
        connection.close()
        raise ConnectionLost(f"TLS with the broker at {address} failed: {error}") from error
    return connection
