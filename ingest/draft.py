"""A batch between decoding and storing: what its messages say, in columns, each row knowing its message."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.model import Message, Refusal


class Group(NamedTuple):
    """The line of the ledger a message belongs to; '-' where unknown."""

    district: str
    gateway: str
    feed: str


class DraftEvent(NamedTuple):
    """An event with its place in the batch; times in µs since 1970 UTC."""

    message: int
    district: str
    device: str
    time: int
    type: str
    key: str
    refers_to: str | None
    received_at: int
    amount: float
    severity: str | None
    attributes: str  #: JSON object
    flags: int


@dataclass(slots=True)
class Draft:
    """Columns of one batch. Readings come in runs: one run is one time of one device, with `run_count` values."""

    messages: list[Message] = field(default_factory=list)
    #: per message: its line of the ledger
    group: list[Group] = field(default_factory=list)
    device: list[str | None] = field(default_factory=list)
    #: per message: keys of the payload that nobody knows
    unknown_keys: list[int] = field(default_factory=list)
    #: per run
    run_message: list[int] = field(default_factory=list)
    run_time: list[int] = field(default_factory=list)
    run_arrival: list[int] = field(default_factory=list)
    run_span: list[int] = field(default_factory=list)  #: 0: the declared interval
    run_flags: list[int] = field(default_factory=list)
    run_count: list[int] = field(default_factory=list)
    #: per reading
    series: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    events: list[DraftEvent] = field(default_factory=list)
    refusals: list[tuple[int, Refusal]] = field(default_factory=list)
    #: messages with a part that is in quarantine already: a redelivery
    refused_before: list[int] = field(default_factory=list)
    #: (message, readings that were decoded and refused)
    not_stored: list[tuple[int, int]] = field(default_factory=list)
    #: (series, value, arrival) of retained messages without a time
    snapshots: list[tuple[int, float, int]] = field(default_factory=list)
    #: messages whose time is that of receipt: a redelivery is known by its hash
    untimed: list[int] = field(default_factory=list)
    #: redeliveries of messages without a time, known by their hash
    repeated: list[int] = field(default_factory=list)
    #: what stateful formats remember from here on, by route and key; None: forget
    memory: dict[tuple[str, str], object | None] = field(default_factory=dict)
    #: messages that formats ask to send (topic, payload), where their route allows commands
    commands: list[tuple[str, bytes]] = field(default_factory=list)

    def begin(self, message: Message, group: Group, device: str | None = None) -> int:
        """Add a message; returns its number in the batch."""
        self.messages.append(message)
        self.group.append(group)
        self.device.append(device)
        self.unknown_keys.append(0)
        return len(self.messages) - 1

    def refuse(self, message: int, refusal: Refusal, readings: int = 0) -> None:
        """Send a message, or a part of it with `readings` values, to quarantine."""
        self.refusals.append((message, refusal))
        if readings:
            self.not_stored.append((message, readings))
