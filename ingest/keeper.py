"""What of a refused message waits in quarantine: what its format can redact, else a sealed copy, else its hash.

A gateway that sends more and more of what is refused fills its own share and nobody else's: from three quarters of its
cap on, large messages and those of topics that flood it are kept by their hash; at the cap, all are. Each mark raises an
alarm, the first long before anything is lost.
"""

import logging
import time
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import orjson
import psycopg

from ingest import redact
from ingest.draft import Group
from ingest.formats import FORMATS
from ingest.formats.report import Sent
from ingest.model import Message, PayloadError
from ingest.seal import Sealer, checked
from ingest.statements import statement
from ingest.topics import NATIVE, RouteSpec

logger = logging.getLogger(__name__)

#: Bytes of bodies a gateway may have in quarantine. Our choice: a week of a broken device a second, a small disk.
CAP_BYTES = 64 << 20
#: Shares of the cap. Our choice.
FILLING, RESTRICTED = 0.5, 0.75
#: A body of more bytes is large; a topic with more than this share of the cap in an hour floods. Our choice.
LARGE_BYTES, FLOOD = 16 << 10, 1 / 16
FLOOD_S = 3600.0
#: Other collectors fill the same shares: what is in the table is looked up this often.
LOOK_UP_S = 60.0
#: Topics remembered before the memory starts anew: whoever may publish may invent topics without end.
TOPICS_KEPT = 100_000


class Level(StrEnum):
    """How full a gateway's share is."""

    FILLING = "filling"
    RESTRICTED = "restricted"
    FULL = "full"


class Kept(NamedTuple):
    """What is kept of one body."""

    body: bytes | None
    sealed: bytes | None
    kept: str  #: redacted, sealed or hash


class Alarm(NamedTuple):
    """A gateway's share passed a mark."""

    district: str
    gateway: str
    level: Level
    bytes: int
    cap: int


_HASH = Kept(None, None, "hash")
_LEVELS = ("", *Level)
_Gateway = tuple[str, str]


class Keeper:
    """Decides for the batches of one writer. `begin`, `keep` for each refusal, `alarms`, and after COMMIT `committed`."""

    def __init__(
        self, routes: Sequence[RouteSpec] = (), *, public_key: str | None = None, cap_bytes: int = CAP_BYTES
    ) -> None:
        self._routes = [(route.pattern(), route) for route in routes]
        self._public_key = None if public_key is None else checked(public_key)
        self._cap = cap_bytes
        self._format_of: dict[str, str | None] = {}
        self._used: dict[_Gateway, int] = {}
        self._level: dict[_Gateway, str] = {}
        self._topics: dict[tuple[_Gateway, str], int] = {}
        self._flood_since = 0.0
        self._looked = -LOOK_UP_S
        # Of the batch in hand; it may be written twice before it is committed.
        self._sealer: Sealer | None = None
        self._added: dict[_Gateway, int] = {}
        self._added_topics: dict[tuple[_Gateway, str], int] = {}
        self._raised: dict[_Gateway, Alarm] = {}

    def begin(self, connection: psycopg.Connection) -> None:
        """Start a batch, in its transaction."""
        now = time.monotonic()
        if now - self._looked >= LOOK_UP_S:
            rows = connection.execute(statement("quarantine_fill")).fetchall()
            self._used = {(district, gateway): used for district, gateway, used, _ in rows}
            # An alarm counts as raised for as long as the share stays above its mark.
            self._level = {
                (district, gateway): min(level or "", self._level_of(used), key=_LEVELS.index)
                for district, gateway, used, level in rows
            }
            self._looked = now
        if now - self._flood_since >= FLOOD_S or len(self._topics) >= TOPICS_KEPT:
            self._topics.clear()
            self._flood_since = now
        self._sealer = Sealer(self._public_key) if self._public_key else None
        self._added.clear()
        self._added_topics.clear()
        self._raised.clear()

    def keep(self, message: Message, body: bytes, group: Group) -> Kept:
        """What of `body`, the message's payload or the refused part of it, is kept."""
        kept = self._form(message, body)
        if kept is _HASH:
            return kept
        gateway = (group.district, group.gateway)
        size = len(kept.body or b"") + len(kept.sealed or b"")
        used = self._used.get(gateway, 0) + self._added.get(gateway, 0)
        topic = (gateway, message.topic)
        of_topic = self._topics.get(topic, 0) + self._added_topics.get(topic, 0) + size
        tight = used >= RESTRICTED * self._cap and (size > LARGE_BYTES or of_topic > FLOOD * self._cap)
        if used + size > self._cap or tight:
            self._raise(gateway, max(used, int(RESTRICTED * self._cap)) if tight else self._cap)
            return _HASH
        self._added[gateway] = self._added.get(gateway, 0) + size
        self._added_topics[topic] = self._added_topics.get(topic, 0) + size
        self._raise(gateway, used + size)
        return kept

    def alarms(self) -> list[Alarm]:
        """Marks that this batch passed, highest per gateway."""
        return list(self._raised.values())

    def committed(self) -> None:
        """The batch is in the table."""
        for gateway, size in self._added.items():
            self._used[gateway] = self._used.get(gateway, 0) + size
        for topic, size in self._added_topics.items():
            self._topics[topic] = self._topics.get(topic, 0) + size
        for gateway, alarm in self._raised.items():
            self._level[gateway] = alarm.level
            logger.warning(
                "quarantine of gateway %s in %s is %s: %d of %d bytes; see `district quarantine list --gateway %s`",
                alarm.gateway, alarm.district, alarm.level, alarm.bytes, alarm.cap, alarm.gateway,
            )  # fmt: skip
        self._added.clear()
        self._added_topics.clear()
        self._raised.clear()

    def _form(self, message: Message, body: bytes) -> Kept:
        name = self._format(message.topic)
        redacted: bytes | None = None
        if name == "native":
            redacted = redact.native(body)
        elif name is not None and (known := FORMATS.get(name)) is not None and known.redact is not None:
            try:
                redacted = known.redact(Sent(message.topic, body, message.retain))
            except (PayloadError, ValueError, RecursionError, orjson.JSONEncodeError):
                redacted = None  # it has not got the structure of its format, or more levels than can be written
        if redacted is not None:
            return Kept(redacted, None, "redacted")
        return _HASH if self._sealer is None else Kept(None, self._sealer.seal(body), "sealed")

    def _format(self, topic: str) -> str | None:
        """The format of a topic: native, that of its route, or None."""
        if topic not in self._format_of:
            if len(self._format_of) >= TOPICS_KEPT:
                self._format_of.clear()
            route = next((route.format for pattern, route in self._routes if pattern.fullmatch(topic)), None)
            self._format_of[topic] = route or ("native" if NATIVE.fullmatch(topic) else None)
        return self._format_of[topic]

    def _level_of(self, used: int) -> str:
        share = used / self._cap
        return (
            Level.FULL
            if share >= 1
            else Level.RESTRICTED
            if share >= RESTRICTED
            else Level.FILLING
            if share >= FILLING
            else ""
        )

    def _raise(self, gateway: _Gateway, used: int) -> None:
        level = self._level_of(used)
        known = self._raised[gateway].level if gateway in self._raised else self._level.get(gateway, "")
        if _LEVELS.index(level) > _LEVELS.index(known):
            self._raised[gateway] = Alarm(*gateway, Level(level), used, self._cap)
