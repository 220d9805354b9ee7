"""A gateway in a process of its own, so that nothing here delays the test: the simulators' gateway, and its messages.

`python -m tests.faults.publisher PORT GATEWAY FIRST START_MS BOOT [receipts] [clean]`: each line of standard input is a
number of messages to send, and messages a second where it has a second number; after each line it says how many it has
handed over so far. At the end of its input it waits until all are acknowledged (and confirmed, with `receipts`), and
says how many are. `clean`: every message can be stored.
"""

import sys
import time

import orjson

from simulators.backlog import Outgoing
from simulators.publish import Broker, Gateway
from tests.broker import PASSWORD, USER

DISTRICT, GATEWAYS, DEVICES = "faults", ("gw0", "gw1"), 50
#: Sent and not yet acknowledged at most.
WINDOW = 1_000
#: For all to be acknowledged and confirmed in the end [s].
PATIENCE_S = 60.0


def topic(number: int, gateway: str, *, clean: bool = False) -> str:
    """Of every 20 messages one comes from a device that nobody knows."""
    name = "stranger" if number % 20 == 3 and not clean else f"dev{number % DEVICES}"
    return f"district/v1/{DISTRICT}/{gateway}/foot_traffic/{name}"


def payload(number: int, start_ms: int, boot: int = 0, *, clean: bool = False) -> bytes:
    """A message whose time and value say which one it is; of every 20 three cannot be stored, for different reasons."""
    stamp = start_ms + number
    match -1 if clean else number % 20:
        case 7:
            return b'{"ts": %d, "values": {"people_in": %d' % (stamp, number)
        case 11:
            return b'{"ts": %d, "values": {"people_in": NaN}}' % stamp
        case _:
            counted = {"seq": number // DEVICES, "boot": boot}
            return orjson.dumps({"ts": stamp, **counted, "values": {"people_in": number}})


def bad(number: int) -> bool:
    """Whether the message belongs into quarantine."""
    return number % 20 in {3, 7, 11}


def main(port: int, gateway: str, first: int, start_ms: int, boot: int, *words: str) -> int:
    """Publish as many messages as each line of standard input says, numbered from `first`; its end is the end."""
    clean, receipts_of = "clean" in words, DISTRICT if "receipts" in words else None
    source = Gateway(
        Broker(port=port, user=USER, password=PASSWORD), gateway, window=WINDOW, receipts_of=receipts_of
    )  # fmt: skip
    for line in sys.stdin:
        count, *rate = map(int, line.split())
        begun = time.monotonic()
        for number in range(first, first + count):
            if rate and (early := begun + (number - first) / rate[0] - time.monotonic()) > 0:
                time.sleep(early)
            body = payload(number, start_ms, boot, clean=clean)
            source.publish(Outgoing(gateway, topic(number, gateway, clean=clean), body, 1, 0))
        first += count
        sys.stdout.write(f"{first}\n")
        sys.stdout.flush()
    done = source.confirm(PATIENCE_S)
    source.close()
    account = source.account
    sys.stdout.write(f"{account.acknowledged_messages} {account.resent_messages} {account.unconfirmed_messages}\n")
    return 0 if done else 1


if __name__ == "__main__":
    port, gateway, first, start, boot, *words = sys.argv[1:]
    sys.exit(main(int(port), gateway, int(first), int(start), int(boot), *words))
