"""Hops 2 and 3: messages become a draft. Pure but for the memory of topics; no socket, no database, no clock."""

from collections.abc import Collection, Sequence

from ingest.draft import Draft
from ingest.formats import foreign, native
from ingest.formats.clock import Clock
from ingest.model import Message, Reason, Refusal
from ingest.series import SeriesTable
from ingest.topics import Bindings


class Decoder:
    """Decodes batches under one revision of the catalogue."""

    def __init__(self, bindings: Bindings, table: SeriesTable, clock: Clock, max_payload_bytes: int) -> None:
        self.bindings = bindings
        self.table = table
        self.clock = clock
        self.max_payload_bytes = max_payload_bytes

    def decode(self, messages: Sequence[Message], *, repeated: Collection[int] = (), untimed_flags: int = 0) -> Draft:
        """The draft of a batch.

        Args:
            messages: in the order of their arrival.
            repeated: positions of redeliveries of messages without a time.
            untimed_flags: flags for readings that take their time from the receipt.
        """
        draft = Draft()
        get = self.bindings.get
        for position, message in enumerate(messages):
            binding = get(message.topic)
            if binding.refusal is not None:
                number = draft.begin(message, binding.group)
                draft.refuse(number, Refusal(*binding.refusal))
            elif len(message.payload) > self.max_payload_bytes:
                number = draft.begin(message, binding.group)
                detail = f"{len(message.payload)} bytes, the limit is {self.max_payload_bytes}"
                draft.refuse(number, Refusal(Reason.TOO_LARGE, detail))
            elif position in repeated:
                draft.repeated.append(draft.begin(message, binding.group))
            elif binding.route is None:
                native.decode(message, binding, self.table, self.clock, draft, untimed_flags)
            else:
                foreign.decode(message, binding, self.bindings, self.table, self.clock, draft, untimed_flags)
        return draft
