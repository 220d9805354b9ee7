"""Hops 2 and 3: messages become a draft. Pure but for the memory of topics; no socket, no database, no clock."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ingest.draft import Draft, Group
from ingest.formats import native
from ingest.formats.clock import Clock
from ingest.model import Message, Reason, Refusal
from ingest.series import Accept, Series, SeriesTable
from ingest.times import EARLIEST, LATEST, from_rfc3339
from ingest.topics import TOPICS_KEPT, Binding, Bindings

if TYPE_CHECKING:
    from ingest.formats.foreign import Memory
    from ingest.profile import Profiles


class _Plain(NamedTuple):
    """A topic of a known device that sends the native payload, outside of declared imports."""

    group: Group
    device: str
    series: Mapping[str, Series | None]
    flags: int
    binding: Binding
    #: the device's own, or the collector's
    clock: Clock


class Decoder:
    """Decodes batches under one revision of the catalogue."""

    def __init__(
        self,
        bindings: Bindings,
        table: SeriesTable,
        clock: Clock,
        max_payload_bytes: int,
        memory: "Memory" = MappingProxyType({}),
        profiles: "Profiles | None" = None,
    ) -> None:
        self.bindings = bindings
        self.table = table
        self.clock = clock
        self.max_payload_bytes = max_payload_bytes
        #: what stateful formats remember, as of the last batch
        self.memory = memory
        #: None: those that are shipped, read when the first foreign message comes
        self.profiles = profiles
        self._plain: dict[str, _Plain] = {}

    def decode(self, messages: Sequence[Message], *, repeated: Collection[int] = (), untimed_flags: int = 0) -> Draft:
        """The draft of a batch.

        The loop itself takes what nearly all traffic is: objects of numbers under a believable time. It takes nothing
        that `native.take` would take differently; whatever else a message holds goes there, part by part.

        Args:
            messages: in the order of their arrival.
            repeated: positions of redeliveries of messages without a time.
            untimed_flags: flags for readings that take their time from the receipt.
        """
        draft = Draft()
        table, limit = self.table, self.max_payload_bytes
        plain_of, loads, take = self._plain.get, orjson.loads, native.take
        series, values = draft.series, draft.values
        add_series, add_value = series.append, values.append
        add_message, add_group, add_device = draft.messages.append, draft.group.append, draft.device.append
        add_unknown, add_run, add_time, add_arrival = (
            draft.unknown_keys.append, draft.run_message.append, draft.run_time.append, draft.run_arrival.append
        )  # fmt: skip
        add_span, add_flags, add_count = draft.run_span.append, draft.run_flags.append, draft.run_count.append
        real, count = Accept.REAL, Accept.COUNT
        for number, message in enumerate(messages):
            topic, payload, _, _, _, _, arrival = message
            plain = plain_of(topic)
            if plain is None or len(payload) > limit or number in repeated:
                self._general(message, draft, untimed_flags, repeated=number in repeated)
                continue
            group, device, known, flags, binding, clock = plain
            add_message(message)
            add_group(group)
            add_device(device)
            add_unknown(0)
            try:
                document = loads(payload)
            except orjson.JSONDecodeError:
                try:
                    document = native.read(payload)
                except native.PartError as refusal:
                    draft.refuse(number, Refusal(refusal.reason, refusal.detail))
                    continue
            alone = type(document) is not list
            for part, item in enumerate((document,) if alone else document):
                if type(item) is dict:
                    stamp, numbers = item.get("ts"), item.get("values")
                    if (
                        type(stamp) is str
                        and type(numbers) is dict
                        and len(item) == 2 + ("seq" in item) + ("boot" in item)
                    ):
                        try:
                            time = from_rfc3339(stamp)
                        except (ValueError, OverflowError):
                            time = -1
                        if arrival - clock.behind <= time <= arrival + clock.ahead and EARLIEST <= time < LATEST:
                            before = len(values)
                            for name, value in numbers.items():
                                if (entry := known.get(name)) is None:
                                    break
                                accept, kind = entry[1], type(value)
                                if not (accept is real and (kind is float or kind is int)) and not (
                                    accept is count and kind is int
                                ):
                                    break
                                add_value(value)
                                add_series(entry[0])
                            else:
                                if numbers:
                                    add_run(number)
                                    add_time(time)
                                    add_arrival(arrival)
                                    add_span(0)
                                    add_flags(flags)
                                    add_count(len(numbers))
                                continue
                            del values[before:], series[before:]
                take(item, None if alone else part, number, message, binding, table, clock, draft, untimed_flags)
        return draft

    def _general(self, message: Message, draft: Draft, untimed_flags: int, *, repeated: bool) -> None:
        """Any message, and the first of every topic."""
        binding = self.bindings.get(message.topic)
        if binding.refusal is not None:
            number = draft.begin(message, binding.group, binding.address)
            draft.refuse(number, Refusal(*binding.refusal))
        elif len(message.payload) > self.max_payload_bytes:
            number = draft.begin(message, binding.group)
            detail = f"{len(message.payload)} bytes, the limit is {self.max_payload_bytes}"
            draft.refuse(number, Refusal(Reason.TOO_LARGE, detail))
        elif repeated:
            draft.repeated.append(draft.begin(message, binding.group))
        elif binding.route is not None:
            # Not above: all foreign formats, profiles and what they need, in a process that may have no route.
            from ingest.formats import foreign
            from ingest.profile import shipped

            if self.profiles is None:
                self.profiles = shipped()
            foreign.decode(
                message, binding, self.bindings, self.table, self.clock, draft, untimed_flags, self.memory, self.profiles
            )  # fmt: skip
        else:
            native.decode(message, binding, self.table, self.clock, draft, untimed_flags)
            if binding.device is not None and binding.backfill is None:
                if len(self._plain) >= TOPICS_KEPT:
                    self._plain.clear()
                self._plain[message.topic] = _Plain(
                    binding.group,
                    binding.device.id,
                    binding.series,
                    binding.origin_flags,
                    binding,
                    self.clock.of(binding.device),
                )
