"""Messages of foreign formats into the draft: addresses become devices, keys become quantities, wall clocks instants."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from ingest import profile
from ingest.draft import Draft, DraftEvent
from ingest.formats import FORMATS, stamps
from ingest.formats.clock import Clock, clock_refusal
from ingest.formats.report import Direct, Happening, Recall, Report, Sent, Time
from ingest.model import Flag, Message, PayloadError, Reason, Refusal
from ingest.profile import Profiles
from ingest.registry import DeviceEntry
from ingest.series import SeriesTable
from ingest.topics import Binding, Bindings

#: What stateful formats remember, by route and key.
Memory = Mapping[tuple[str, str], object]

_TIMED = int(Flag.TIME_FROM_RECEIPT)
_BACKFILL = int(Flag.BACKFILL | Flag.HISTORICAL)
_ORIGIN = int(Flag.ORIGIN)


def decode(
    message: Message, binding: Binding, bindings: Bindings, table: SeriesTable, clock: Clock, draft: Draft, untimed: int,
    memory: Memory, profiles: Profiles | None = None,
) -> None:  # fmt: skip
    """Append what a message of a foreign route says to `draft`; what cannot be taken becomes one refusal of it."""
    assert binding.route is not None
    route = binding.route
    number = draft.begin(message, binding.group, binding.address or None)
    sent = Sent(message.topic, message.payload, message.retain, _recall(route.name, draft, memory))
    try:
        decoded = FORMATS[route.format].decode(sent)
    except PayloadError as error:
        draft.refuse(number, Refusal(error.reason, error.detail))
        return
    for key, value in decoded.remember.items():
        draft.memory[route.name, key] = value
    if route.commands:
        draft.commands += decoded.commands
    into = _Into(message, binding, bindings, table, clock, draft, untimed, profiles or profile.shipped(), number)
    into.problems += decoded.problems
    for report in decoded.reports:
        into.report(report)
    for entry in decoded.direct:
        into.direct(entry)
    for happening in decoded.events:
        into.event(happening)
    if into.problems:
        # The whole message waits, once: a replay stores what was missing, and knows the rest as duplicates.
        draft.refuse(number, Refusal(*into.problems[0]), into.refused)


def _recall(route: str, draft: Draft, memory: Memory) -> Recall:
    def recall(key: str) -> object | None:
        place = route, key
        return draft.memory[place] if place in draft.memory else memory.get(place)

    return recall


@dataclass(slots=True)
class _Into:
    """One message on its way into the draft."""

    message: Message
    binding: Binding
    bindings: Bindings
    table: SeriesTable
    clock: Clock
    draft: Draft
    untimed: int
    profiles: Profiles
    number: int
    problems: list[tuple[Reason, str]] = field(default_factory=list)
    #: readings that were decoded and refused
    refused: int = 0
    #: how often each series came without a time, so that no two of its values meet
    unstamped: dict[int, int] = field(default_factory=dict)

    def report(self, report: Report) -> None:
        """Values under the maker's keys."""
        if not report.values or (found := self._device(report.address, len(report.values))) is None:
            return
        device, rest, owner = found
        assert self.binding.route is not None
        name = device.profile or self.binding.route.profile or FORMATS[self.binding.route.format].profile
        meanings = None if name is None else self.profiles.get(name)
        if meanings is None:
            detail = f"{device.id} has no profile" if name is None else f"{device.id}: no profile {name!r}"
            self._refuse(Reason.UNKNOWN_QUANTITY, detail, len(report.values))
            return
        explained = profile.explain(report, meanings)
        self.draft.unknown_keys[self.number] += explained.unknown
        for reason, detail in explained.problems:
            self._refuse(reason, detail, 1)
        for run in explained.runs:
            self._run(device, owner, rest, run)
        for happening in explained.events:
            self.event(happening)

    def direct(self, entry: Direct) -> None:
        """A value whose meaning the format fixes."""
        found = self._device(entry.address, 1)
        if found is not None:
            device, rest, owner = found
            value = entry.quantity, entry.channel, entry.value
            self._run(device, owner, rest, profile.Run(entry.time, entry.span_us, entry.flags, [value]))

    def event(self, happening: Happening) -> None:
        """Something that happened."""
        found = self._device(happening.address, 0)
        if found is None:
            return
        device, rest, owner = found
        time = self._time(happening.time, device, owner, 0)
        if time is None:
            return
        at, flags = time
        attributes = {**happening.attributes, "channel": rest} if rest else dict(happening.attributes)
        words = [happening.type, happening.key, happening.refers_to, happening.severity]
        try:
            text, rest_text = orjson.dumps(attributes), orjson.dumps([*words, happening.amount])
        except orjson.JSONEncodeError as error:
            self._refuse(Reason.BAD_ENCODING, f"event {happening.type[:64]!r}: {error}", 0)
            return
        if b"\\u0000" in text or b"\\u0000" in rest_text:
            self._refuse(Reason.BAD_ENCODING, f"event {happening.type[:64]!r}: NUL in a text", 0)
            return
        key = happening.key or hashlib.sha256(text + rest_text).hexdigest()[:32]
        self.draft.events.append(
            DraftEvent(
                self.number, device.district, device.id, self.message.received_at if at is None else at, happening.type,
                key, happening.refers_to, self.message.received_at, happening.amount, happening.severity, text.decode(),
                _with_origin(flags, happening.flags),
            )
        )  # fmt: skip

    def _device(self, address: str, readings: int) -> tuple[DeviceEntry, str, Binding] | None:
        """The device behind an address, the channel its name goes on with, and its binding; None: nobody registered it."""
        binding = self.binding
        assert binding.route is not None
        if not address or address.startswith("/"):
            address = (binding.address or "") + address
        found = self.bindings.registry.resolve(binding.route.name, address)
        if found is None:
            detail = f"no device with address {address[:64]!r} on this route"
            self._refuse(Reason.UNKNOWN_DEVICE, detail, readings)
            return None
        device, rest = found
        self.draft.group[self.number] = self.draft.group[self.number]._replace(feed=device.feed)
        self.draft.device[self.number] = device.id
        return device, rest, self.bindings.bound(self.draft.group[self.number], device)

    def _time(self, time: Time, device: DeviceEntry, owner: Binding, readings: int) -> tuple[int | None, int] | None:
        """The instant in µs (None: that of the receipt) with its flags; None: nothing is to be stored."""
        assert self.binding.route is not None
        at = stamps.resolve(time, device.own_zone or self.binding.route.zone or device.zone)
        if (strange := device.not_its_own(self.message.received_at if at is None else at)) is not None:
            self._refuse(Reason.UNKNOWN_DEVICE, strange, readings)
            return None
        refusal = clock_refusal(at, self.message.received_at, owner.backfill, self.clock.of(device))
        if refusal is not None:
            self._refuse(*refusal, readings)
            return None
        if at is None:
            if self.message.retain:
                return None
            if not self.draft.untimed or self.draft.untimed[-1] != self.number:
                self.draft.untimed.append(self.number)
            return None, owner.origin_flags | _TIMED | self.untimed
        if owner.backfill is not None and owner.backfill.start <= at < owner.backfill.stop:
            return at, owner.origin_flags | _BACKFILL
        return at, owner.origin_flags

    def _run(self, device: DeviceEntry, owner: Binding, rest: str, run: profile.Run) -> None:
        """Values of one device at one time."""
        draft, message = self.draft, self.message
        series, values = [], []
        for quantity, channel, value in run.values:
            entry = self.table.get(device.district, device.id, quantity, channel or rest)
            assert entry is not None, quantity
            problem = profile.unacceptable(quantity, value)
            if problem is not None:
                self._refuse(*problem, 1)
                continue
            series.append(entry.number)
            values.append(value)
        if not series:
            return
        time = self._time(run.time, device, owner, len(series))
        if time is None:
            if message.retain and run.time is None:
                # How things stand, not when they were measured.
                arrival = message.received_at
                draft.snapshots += [(number, value, arrival) for number, value in zip(series, values, strict=True)]
            return
        at, flags = time
        if at is None:
            # Two values of one series must not meet: the later takes the next microsecond.
            step = max(self.unstamped.get(number, 0) for number in series)
            self.unstamped.update(dict.fromkeys(series, step + 1))
            at = message.received_at + step
        draft.series += series
        draft.values += values
        draft.run_message.append(self.number)
        draft.run_time.append(at)
        draft.run_arrival.append(message.received_at)
        draft.run_span.append(run.span_us or 0)
        draft.run_flags.append(_with_origin(flags, run.flags))
        draft.run_count.append(len(series))

    def _refuse(self, reason: Reason, detail: str, readings: int) -> None:
        self.problems.append((reason, detail))
        self.refused += readings


def _with_origin(flags: int, declared: int) -> int:
    """Flags of the device with those the message declares; one that says it is simulated is."""
    return (flags & ~_ORIGIN if declared & _ORIGIN else flags) | declared
