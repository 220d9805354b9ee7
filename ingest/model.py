"""The words of the field as types: what a message is, what it says, and why one may be refused.

Hot-path types are named tuples (a collector makes a million of them); times are integer microseconds since 1970 UTC.
"""

from enum import IntFlag, StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """How a quantity may be aggregated over time."""

    GAUGE = "gauge"
    COUNTER = "counter"
    DELTA = "delta"
    STATE = "state"


class Origin(StrEnum):
    """Where a reading came from, fixed at ingest; the order is the code in `Flag.ORIGIN`."""

    REAL = "real"
    SIMULATED = "simulated"
    IMPORTED = "imported"
    MANUAL = "manual"


class Flag(IntFlag):
    """Bits of `reading.flags`; the two lowest hold the origin's position in `Origin`."""

    ORIGIN = 0b11
    TIME_FROM_RECEIPT = 1 << 2
    OUT_OF_RANGE = 1 << 3
    SOURCE_BAD = 1 << 4
    OUTLIER = 1 << 5
    HISTORICAL = 1 << 6
    OVERLAP = 1 << 7
    BACKFILL = 1 << 8
    AFTER_RECONNECT = 1 << 9


#: A reading with one of these is stored and counted as received, but is not valid.
INVALID = Flag.OUT_OF_RANGE | Flag.SOURCE_BAD | Flag.OUTLIER


class Reason(StrEnum):
    """Why a message, or a part of one, is in quarantine. A closed set: docs/quarantine.md explains each."""

    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_GATEWAY = "unknown_gateway"
    UNKNOWN_DEVICE = "unknown_device"
    FEED_MISMATCH = "feed_mismatch"
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"
    BAD_JSON = "bad_json"
    BAD_SHAPE = "bad_shape"
    WRONG_TYPE = "wrong_type"
    NOT_FINITE = "not_finite"
    UNKNOWN_QUANTITY = "unknown_quantity"
    UNKNOWN_STATE = "unknown_state"
    UNIT_UNDECLARED = "unit_undeclared"
    BAD_TIME = "bad_time"
    CLOCK = "clock"
    NO_BIRTH = "no_birth"
    STORAGE = "storage"


class Message(NamedTuple):
    """One PUBLISH as it came from the broker."""

    topic: str
    payload: bytes
    packet_id: int  #: 0 at QoS 0
    qos: int
    retain: bool
    dup: bool
    received_at: int  #: µs since 1970 UTC


class Reading(NamedTuple):
    """One value of one datastream, in the quantity's canonical unit."""

    device: str  #: our device id, or the foreign address before it is resolved
    quantity: str
    channel: str  #: '' where the device has only one
    value: float
    time: int | None  #: µs since 1970 UTC; end of the interval of a delta; None: no time in the message
    span_us: int | None = None  #: length of a delta's interval; None: the declared interval
    flags: int = 0


class Event(NamedTuple):
    """Something that happened, with the key that makes it unique at its device and time."""

    device: str
    type: str
    time: int | None
    key: str
    refers_to: str | None
    severity: str | None
    amount: float
    attributes: dict[str, object]


class Refusal(NamedTuple):
    """A message or a part of one that could not be accepted."""

    reason: Reason
    detail: str
    part: int | None = None  #: position in the array; None: the whole message
    body: bytes | None = None  #: the refused part; None: the whole payload


class PayloadError(Exception):
    """A whole message cannot be decoded; it goes to quarantine with this reason."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
