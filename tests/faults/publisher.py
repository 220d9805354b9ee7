"""A gateway in a process of its own, so that nothing here delays the test: publishes, and sends again what has no PUBACK.

`python -m tests.faults.publisher PORT FIRST START_MS FILE`: each line of standard input is a number of messages to
send; at its end the file gets the number of every acknowledged message, one a line. SIGTERM ends it early.
"""

import signal
import sys
import threading
import time
from pathlib import Path

import orjson
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.broker import PASSWORD, USER

DISTRICT, GATEWAY, DEVICES = "faults", "gw", 50
#: Sent and not yet acknowledged at most.
WINDOW = 1_000


def topic(number: int) -> str:
    """Of every 20 messages one comes from a device that nobody knows."""
    name = "stranger" if number % 20 == 3 else f"dev{number % DEVICES}"
    return f"district/v1/{DISTRICT}/{GATEWAY}/foot_traffic/{name}"


def payload(number: int, start_ms: int) -> bytes:
    """A message whose time and value say which one it is; of every 20 three cannot be stored, for different reasons."""
    stamp = start_ms + number
    match number % 20:
        case 7:
            return b'{"ts": %d, "values": {"people_in": %d' % (stamp, number)
        case 11:
            return b'{"ts": %d, "values": {"people_in": NaN}}' % stamp
        case _:
            return orjson.dumps({"ts": stamp, "seq": number, "values": {"people_in": number}})


def bad(number: int) -> bool:
    """Whether the message belongs into quarantine."""
    return number % 20 in {3, 7, 11}


class Publisher:
    """Publishes numbered messages at QoS 1; a session of its own survives the broker's restart."""

    def __init__(self, port: int, first: int) -> None:
        self.acknowledged: set[int] = set()
        self.stopping = False
        self._numbers: dict[int, int] = {}
        self._early: set[int] = set()
        self._lock = threading.Lock()
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"publisher-{first}", clean_session=False, reconnect_on_failure=True
        )
        self.client.username_pw_set(USER, PASSWORD)
        self.client.reconnect_delay_set(1, 1)
        self.client.max_inflight_messages_set(WINDOW)
        self.client.on_publish = self._published
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _published(
        self, client: object, userdata: object, mid: int, reason: ReasonCode, properties: Properties
    ) -> None:
        with self._lock:
            number = self._numbers.pop(mid, None)
            if number is None:
                self._early.add(mid)  # the PUBACK overtook the return of publish()
            else:
                self.acknowledged.add(number)

    def send(self, number: int, start_ms: int) -> None:
        """Publish one message; waits while too many are without PUBACK."""
        while len(self._numbers) >= WINDOW and not self.stopping:
            time.sleep(0.005)
        mid = self.client.publish(topic(number), payload(number, start_ms), 1).mid
        with self._lock:
            if mid in self._early:
                self._early.discard(mid)
                self.acknowledged.add(number)
            else:
                self._numbers[mid] = number

    def finish(self) -> None:
        """Wait until all is acknowledged."""
        while self._numbers and not self.stopping:
            time.sleep(0.01)
        self.client.disconnect()
        self.client.loop_stop()


def main(port: int, first: int, start_ms: int, file: Path) -> None:
    """Publish as many messages as each line of standard input says, numbered from `first`; its end is the end."""
    publisher = Publisher(port, first)

    def stop(*_: object) -> None:
        publisher.stopping = True

    signal.signal(signal.SIGTERM, stop)
    for line in sys.stdin:
        for number in range(first, first + int(line)):
            publisher.send(number, start_ms)
        first += int(line)
    publisher.finish()
    file.write_text("".join(f"{number}\n" for number in sorted(publisher.acknowledged)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
