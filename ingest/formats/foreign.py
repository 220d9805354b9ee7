"""Messages of foreign formats into the draft: resolve addresses, apply profiles, keep what has no meaning yet."""

from ingest import profile
from ingest.draft import Draft
from ingest.formats import FORMATS
from ingest.formats.clock import Clock, clock_refusal
from ingest.formats.report import Direct, Report
from ingest.model import Flag, Message, PayloadError, Reason, Refusal
from ingest.registry import DeviceEntry
from ingest.series import SeriesTable
from ingest.topics import Binding, Bindings


def decode(
    message: Message, binding: Binding, bindings: Bindings, table: SeriesTable, clock: Clock, draft: Draft, untimed: int
) -> None:
    """Append what a message of a foreign route says to `draft`."""
    assert binding.route is not None
    number = draft.begin(message, binding.group, binding.address or None)
    try:
        decoded = FORMATS[binding.route.format](message.topic, message.payload)
    except PayloadError as error:
        draft.refuse(number, Refusal(error.reason, error.detail))
        return
    problem: tuple[Reason, str] | None = None
    refused = 0
    parts: list[Report | Direct] = [*decoded.reports, *decoded.direct]
    for part, entry in enumerate(parts):
        address = entry.address or binding.address or ""
        size = len(entry.values) if isinstance(entry, Report) else 1
        found = bindings.registry.resolve(binding.route.name, address)
        if found is None:
            problem = problem or (Reason.UNKNOWN_DEVICE, f"no device with address {address[:64]!r} on this route")
            refused += size
            continue
        device, rest = found
        draft.group[number] = draft.group[number]._replace(feed=device.feed)
        draft.device[number] = device.id
        owner = bindings.bound(draft.group[number], device)
        refusal = clock_refusal(entry.time, message.received_at, owner.backfill, clock)
        if refusal is not None:
            problem = problem or refusal
            refused += size
            continue
        flags = owner.origin_flags
        if entry.time is None:
            if message.retain:
                continue
            flags |= int(Flag.TIME_FROM_RECEIPT) | untimed
            if not draft.untimed or draft.untimed[-1] != number:
                draft.untimed.append(number)
        elif owner.backfill is not None and owner.backfill.start <= entry.time < owner.backfill.stop:
            flags |= int(Flag.BACKFILL | Flag.HISTORICAL)
        values, bad, unknown = _values(entry, rest, device, binding)
        draft.unknown_keys[number] += unknown
        if bad:
            problem = problem or bad[0]
            refused += len(bad)
        for quantity, channel, value in values:
            series = table.get(device.district, device.id, quantity, channel)
            assert series is not None
            draft.series.append(series.number)
            draft.values.append(value)
        if values:
            draft.run_message.append(number)
            draft.run_time.append(message.received_at + part if entry.time is None else entry.time)
            draft.run_arrival.append(message.received_at)
            draft.run_span.append(0)
            draft.run_flags.append(flags)
            draft.run_count.append(len(values))
    if problem is not None:
        # The whole message waits, once: a replay stores what was missing, and knows the rest as duplicates.
        draft.refuse(number, Refusal(*problem), refused)


def _values(
    entry: Report | Direct, rest: str, device: DeviceEntry, binding: Binding
) -> tuple[list[tuple[str, str, float]], list[tuple[Reason, str]], int]:
    """Values with quantity and channel, what is wrong with others, and how many keys nobody knows."""
    if isinstance(entry, Direct):
        return [(entry.quantity, entry.channel or rest, entry.value)], [], 0
    assert binding.route is not None
    name = device.profile or binding.route.profile
    if name is None or name not in profile.shipped():
        detail = f"{device.id} has no profile" if name is None else f"{device.id}: no profile {name!r}"
        return [], [(Reason.UNKNOWN_QUANTITY, detail)] * max(1, len(entry.values)), 0
    meanings = profile.shipped()[name]
    found: dict[tuple[str, str], float] = {}
    bad = []
    unknown = 0
    for key, value in entry.values.items():
        meaning = meanings.get(key)
        if meaning is None:
            unknown += key not in profile.ignored(name)
            continue
        meant = profile.meant(meaning, value)
        if meant is None:
            continue
        if meant.reason is not None:
            bad.append((meant.reason, meant.detail))
        elif meant.value is not None:
            found[meant.quantity, meant.channel or rest] = meant.value
    return [(quantity, channel, value) for (quantity, channel), value in found.items()], bad, unknown
