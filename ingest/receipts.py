"""Commit receipts: what of a gateway is safely in the database, told to it after COMMIT (docs/receipts.md).

A broker that is killed loses messages it has acknowledged. A gateway that keeps what has no receipt, and sends it again,
loses nothing whatever dies; what had been stored before ends as a duplicate.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import orjson

from ingest.sequences import Runs, Source

#: A gateway hears at most this often [s].
EVERY_S = 1.0
#: Devices of one receipt, so that it stays far below a broker's limit for a packet. Our choice.
DEVICES = 2_000


class Receipts:
    """Holds what was committed until a gateway's next receipt is due."""

    def __init__(self, publish: Callable[[str, bytes], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._publish = publish
        self._clock = clock
        self._held: dict[tuple[str, str], dict[tuple[str, int], Runs]] = {}
        self._sent: dict[tuple[str, str], float] = {}

    def add(self, met: Mapping[Source, Runs]) -> None:
        """What a batch met, after its COMMIT."""
        for source, found in met.items():
            gateway = self._held.setdefault((source.district, source.gateway), {})
            gateway.setdefault((source.device, source.boot), []).extend(found)

    def send(self) -> None:
        """Publish the receipts that are due."""
        now = self._clock()
        for gateway in [key for key in self._held if now - self._sent.get(key, -EVERY_S) >= EVERY_S]:
            for payload in _payloads(self._held.pop(gateway)):
                self._publish(topic(*gateway), payload)
            self._sent[gateway] = now


def topic(district: str, gateway: str) -> str:
    """Where a gateway's receipts are published."""
    return f"district/v1-receipt/{district}/{gateway}"


def _payloads(held: Mapping[tuple[str, int], Runs]) -> list[bytes]:
    """Receipts of one gateway: a device stands once in each, an earlier counting before a later one."""
    documents: list[dict[str, object]] = []
    for (device, boot), found in sorted(held.items(), key=lambda entry: (entry[0][1], entry[0][0])):
        place = next((one for one in documents if device not in one and len(one) < DEVICES), None)
        if place is None:
            place = {}
            documents.append(place)
        place[device] = {"boot": boot, "seq": _joined(found)}
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [orjson.dumps({"at": at, "devices": document}) for document in documents]


def _joined(found: Runs) -> Runs:
    """Runs with their overlaps and neighbours joined."""
    if len(found) == 1:
        return found
    joined: Runs = []
    for first, last in sorted(found):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return joined
