"""Ports on loopback: the wanted one when it is free, else another."""

import socket


def free_port(wanted: int | None = None) -> int:
    """A TCP port on 127.0.0.1 that nobody listens on, `wanted` where possible."""
    for candidate in (wanted, 0) if wanted else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
