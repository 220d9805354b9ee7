"""What a gateway keeps until a commit receipt names it, and sends again when none comes (docs/receipts.md).

An acknowledgement is the broker's word; a broker that is killed forgets what it had not saved. A receipt is the
database's.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from ingest.sequences import Runs, runs
from simulators.backlog import Outgoing

#: Without any receipt for so long, a message is sent again; doubled each time [s]. Receipts come once a second. Our choice.
PATIENCE_FIRST_S, PATIENCE_LAST_S = 5.0, 60.0
#: When one is confirmed that the broker took so much later, a message was lost [s]. Our choice.
OVERTAKEN_S = 3.0
#: A gateway that keeps so much takes nothing new. Our choice: what a small computer has to spare.
KEPT_MESSAGES, KEPT_BYTES = 10_000, 64 << 20
#: How often all that is kept is looked through [s]. Our choice.
LOOK_EVERY_S = 0.25

#: One counting of one device: its id, `boot`.
_Counting = tuple[str, int]


@dataclass(slots=True)
class _Entry:
    left: dict[_Counting, Runs]
    #: when the broker took it last, by the clock; infinite while it has not
    taken: float = math.inf
    patience_s: float = PATIENCE_FIRST_S
    #: sent more than once
    again: bool = False
    #: the broker may have lost it
    doubtful: bool = False


class Kept:
    """Messages without a receipt. Not locked: whoever shares it between threads has a lock already."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[Outgoing, _Entry] = {}
        self._of: dict[_Counting, dict[Outgoing, None]] = {}
        self._bytes = 0
        self._late: deque[Outgoing] = deque()
        self._looked = -math.inf
        #: when a receipt last confirmed a message, and the latest that the broker took of those confirmed
        self._progress = self._newest = -math.inf

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def is_full(self) -> bool:
        """Whether nothing new should be sent before a receipt has come."""
        return len(self._entries) >= KEPT_MESSAGES or self._bytes >= KEPT_BYTES

    def add(self, message: Outgoing) -> None:
        """Keep a message; one in which no `seq` can be read has nothing that a receipt could name, and is not kept."""
        counted = countings(message)
        if not counted or message in self._entries:
            return
        self._entries[message] = _Entry(counted)
        self._bytes += len(message.payload)
        for counting in counted:
            self._of.setdefault(counting, {})[message] = None

    def taken(self, message: Outgoing) -> None:
        """The broker acknowledged it: the wait for its receipt begins."""
        if (entry := self._entries.get(message)) is not None:
            entry.taken, entry.doubtful = self._clock(), False

    def hurry(self) -> None:
        """The connection was lost, perhaps with the broker's memory: what it had taken is due at once."""
        for entry in self._entries.values():
            if entry.taken < math.inf:
                entry.doubtful, entry.patience_s = True, PATIENCE_FIRST_S
        self._looked = -math.inf

    @property
    def is_late(self) -> bool:
        """Whether a message should be sent again."""
        now = self._clock()
        if not self._late and now - self._looked >= LOOK_EVERY_S:
            self._looked = now
            self._late.extend(message for message, entry in self._entries.items() if self._is_late(entry, now))
        return bool(self._late)

    def due(self) -> Outgoing | None:
        """A message to be sent again now; None: there is none."""
        while self.is_late:
            message = self._late.popleft()
            # Its receipt may have come since.
            if (entry := self._entries.get(message)) is not None and self._is_late(entry, self._clock()):
                entry.taken, entry.again = math.inf, True
                entry.patience_s = min(2 * entry.patience_s, PATIENCE_LAST_S)
                return message
        return None

    def _is_late(self, entry: _Entry, now: float) -> bool:
        """Whether its receipt should have come.

        While receipts come, a collector that lags behind a large backlog confirms one message after the other, in their
        order: what waits its turn is not lost, and sent again would only lengthen the queue.
        """
        if entry.taken == math.inf:
            return False
        overtaken = self._newest - entry.taken >= OVERTAKEN_S
        return entry.doubtful or overtaken or now - max(entry.taken, self._progress) >= entry.patience_s

    def confirm(self, receipt: bytes) -> None:
        """Let go of what a receipt names.

        Raises:
            ValueError: it is no receipt.
        """
        try:
            devices = orjson.loads(receipt)["devices"]
            said = {
                (device, int(one["boot"])): [(int(a), int(b)) for a, b in one["seq"]] for device, one in devices.items()
            }
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise ValueError(f"no receipt: {receipt[:80]!r}") from error
        for counting, named in said.items():
            for message in list(self._of.get(counting, ())):
                entry = self._entries[message]
                rest = without(entry.left[counting], named)
                if rest:
                    entry.left[counting] = rest
                    continue
                del entry.left[counting], self._of[counting][message]
                if not entry.left:
                    self._progress = self._clock()
                    if not entry.again and entry.taken < math.inf:
                        self._newest = max(self._newest, entry.taken)
                    del self._entries[message]
                    self._bytes -= len(message.payload)


def countings(message: Outgoing) -> dict[_Counting, Runs]:
    """The numbers of a message's objects, by device and `boot`."""
    device = message.topic.rpartition("/")[2]
    try:
        document = orjson.loads(message.payload)
    except orjson.JSONDecodeError:
        return {}
    found: dict[_Counting, list[int]] = {}
    for item in document if isinstance(document, list) else [document]:
        if type(item) is dict and type(seq := item.get("seq")) is int and type(boot := item.get("boot", 0)) is int:
            found.setdefault((device, boot), []).append(seq)
    return {counting: runs(numbers) for counting, numbers in found.items()}


def without(held: Runs, named: Runs) -> Runs:
    """Runs of numbers less those of others.

    >>> without([(1, 9)], [(0, 2), (5, 5)])
    [(3, 4), (6, 9)]
    """
    for first, last in named:
        held = [part for a, b in held for part in ((a, min(b, first - 1)), (max(a, last + 1), b)) if part[0] <= part[1]]
    return held
