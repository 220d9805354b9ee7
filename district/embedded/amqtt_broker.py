"""The broker from pip in a process of its own: `python -m district.embedded.amqtt_broker PORT USERS`.

Only for a demo: MQTT 3.1.1, no acknowledged message survives its end, and an acknowledgement that comes later than five
seconds loses the message. USERS is a file of `name:hash` lines.
"""

import asyncio
import logging
import signal
import sys
from typing import Any

from amqtt.broker import Broker
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher


def user_line(user: str, password: str) -> str:
    """A line of the users file."""
    return f"{user}:{PasswordHash((Argon2Hasher(),)).hash(password)}\n"


async def serve(port: int, users: str) -> None:
    """Run the broker until SIGTERM."""
    configuration: dict[str, Any] = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        # Anonymous sessions would end with every disconnect, with their queues.
        "plugins": {"amqtt.plugins.authentication.FileAuthPlugin": {"password_file": users}},
    }
    broker = Broker(configuration)
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await broker.start()
    await over.wait()
    await broker.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
