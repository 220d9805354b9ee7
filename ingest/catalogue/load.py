"""`district.yaml` to types: every mistake with file, key, what was expected and what stood there."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from ingest import quantities
from ingest.catalogue.model import Catalogue, Device
from ingest.catalogue.words import Policy, Register
from ingest.model import Kind
from ingest.profile import shipped
from ingest.registry import normalise
from ingest.yaml_document import DocumentError, parse, path, suggestion

#: A problem as (where, text from the key on).
Problem = tuple[Sequence[object], str]


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def load(file: Path) -> Catalogue:
    """The catalogue in `file`.

    Raises:
        DocumentError: a line per mistake.
        OSError: the file cannot be read.
    """
    catalogue = parsed(file)
    check(catalogue, file.name)
    return catalogue


def parsed(file: Path) -> Catalogue:
    """The document in `file`, not checked for what contradicts itself.

    Raises:
        DocumentError: a line per mistake.
        OSError: the file cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError([f"{file.name}: expected UTF-8, got byte 0x{error.object[error.start]:02x}"]) from None
    return parse(text, Catalogue, file.name)


def read(text: str, file: str) -> Catalogue:
    """The catalogue in `text`; `file` is what errors call it.

    Raises:
        DocumentError: a line per mistake.
    """
    catalogue = parse(text, Catalogue, file)
    check(catalogue, file)
    return catalogue


def check(
    catalogue: Catalogue, file: str, *, beside: Collection[str] = (), profiles: Collection[str] | None = None
) -> None:
    """Find contradictions.

    Args:
        catalogue: the document.
        file: what errors call it.
        beside: ids of devices that are registered besides it, by lists.
        profiles: ids of the device profiles at hand; default: the shipped ones.

    Raises:
        DocumentError: a line per mistake.
    """
    problems = [f"{file} {path(where)}: {what}" for where, what in _problems(catalogue, beside, profiles)]
    if problems:
        raise DocumentError(problems)


def _problems(catalogue: Catalogue, beside: Collection[str], profiles: Collection[str] | None) -> Iterator[Problem]:
    zone_problem = _zone_problem(catalogue.district.zone)
    if zone_problem:
        yield ("district", "zone"), zone_problem
    yield from _duplicates(catalogue)
    yield from _references(catalogue, beside)
    yield from circles("spaces", "parent", [(space.id, space.parent) for space in catalogue.spaces])
    yield from circles("devices", "submeter_of", [(device.id, device.submeter_of) for device in catalogue.devices])
    for index, device in enumerate(catalogue.devices):
        for where, what in device_problems(device, profiles):
            yield ("devices", index, *where), what
    yield from _periods(catalogue)
    yield from _signatures(catalogue)


def _unknown_zone(zone: str) -> str | None:
    known = available_timezones()
    if zone in known:
        return None
    return f"expected an IANA time zone like Asia/Shanghai, got {zone!r}{suggestion(zone, sorted(known), most=1)}"


def _zone_problem(zone: str) -> str | None:
    if (unknown := _unknown_zone(zone)) is not None:
        return unknown
    rules = ZoneInfo(zone)
    # A clock hour must be an hour of UTC moved by a constant. 2000 to 2037 is our choice: older data is not expected,
    # and rules further on repeat.
    day, end = datetime(2000, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
    parts = set()
    while day < end:
        offset = day.astimezone(rules).utcoffset() or timedelta(0)
        parts.add(offset % timedelta(hours=1))
        day += timedelta(days=7)
    if len(parts) > 1:
        return f"expected a time zone whose clock only ever moves by whole hours, like Asia/Shanghai, got {zone!r}"
    return None


def _duplicates(catalogue: Catalogue) -> Iterator[Problem]:
    for section, entries in _lists(catalogue).items():
        first: dict[str, int] = {}
        for index, entry in enumerate(entries):
            if first.setdefault(entry.id, index) != index:
                where = path((section, first[entry.id]))
                yield (section, index, "id"), f"expected an id of its own, got {entry.id!r}, which is {where}"
    bays: dict[str, str] = {}
    for index, park in enumerate(catalogue.car_parks):
        for position, bay in enumerate(park.bays):
            here = path(("car_parks", index, "bays", position))
            if bays.setdefault(bay.id, here) != here:
                yield (
                    ("car_parks", index, "bays", position, "id"),
                    (f"expected an id of its own, got {bay.id!r}, which is {bays[bay.id]}"),
                )
    owners: dict[tuple[str, str], str] = {}
    for index, device in enumerate(catalogue.devices):
        for position, address in enumerate(device.addresses):
            key_path = ("devices", index, "addresses", position, "address")
            key = (address.route, normalise(address.address))
            if not key[1]:
                yield key_path, f"expected a name with letters or digits like 24:E1:24, got {address.address!r}"
            elif owners.setdefault(key, device.id) != device.id:
                yield (
                    key_path,
                    f"expected an address of its own, got {address.address!r}, which belongs to {owners[key]}",
                )


def _lists(catalogue: Catalogue) -> Mapping[str, Sequence[_Named]]:
    """The sections whose entries have ids."""
    return {
        "spaces": catalogue.spaces,
        "entrances": catalogue.entrances,
        "car_parks": catalogue.car_parks,
        "merchants": catalogue.merchants,
        "kitchens": catalogue.kitchens,
        "facilities": catalogue.facilities,
        "carriers": catalogue.carriers,
        "gateways": catalogue.gateways,
        "devices": catalogue.devices,
        "maintenance": catalogue.maintenance,
        "calendar": catalogue.calendar,
        "alert_levels": catalogue.alert_levels,
        "waivers": catalogue.waivers,
        "declared": catalogue.declared,
        "assessments": catalogue.assessments,
    }


#: Section, key that refers, section referred to (`bays`: those of all car parks).
_REFERENCES = (
    ("spaces", "parent", "spaces"),
    ("entrances", "space", "spaces"),
    ("car_parks", "space", "spaces"),
    ("merchants", "space", "spaces"),
    ("kitchens", "merchant", "merchants"),
    ("kitchens", "device", "devices"),
    ("facilities", "space", "spaces"),
    ("facilities", "device", "devices"),
    ("devices", "space", "spaces"),
    ("devices", "entrance", "entrances"),
    ("devices", "car_park", "car_parks"),
    ("devices", "bay", "bays"),
    ("devices", "submeter_of", "devices"),
    ("maintenance", "devices", "devices"),
    ("maintenance", "spaces", "spaces"),
    ("alert_levels", "space", "spaces"),
)


def _references(catalogue: Catalogue, beside: Collection[str]) -> Iterator[Problem]:
    sections = _lists(catalogue)
    known = {section: [entry.id for entry in entries] for section, entries in sections.items()}
    known["devices"] += beside
    known["bays"] = [bay.id for park in catalogue.car_parks for bay in park.bays]
    for section, key, target in _REFERENCES:
        for index, entry in enumerate(sections[section]):
            value = getattr(entry, key)
            for position, word in enumerate(value) if isinstance(value, tuple) else ((None, value),):
                if word is not None and word not in known[target]:
                    where = (section, index, key) if position is None else (section, index, key, position)
                    yield where, f"expected an id of $.{target}, got {word!r}{suggestion(word, known[target])}"


def circles(section: str, key: str, edges: Sequence[tuple[str, str | None]]) -> Iterator[Problem]:
    """Entries that are above themselves, given each entry with the one above it."""
    above = dict(edges)
    for index, (start, _) in enumerate(edges):
        seen, at = [start], above[start]
        while at is not None and at not in seen:
            seen.append(at)
            at = above.get(at)
        if at == start:
            yield (section, index, key), f"expected a tree, got the circle {' > '.join([*seen, start])}"


def device_problems(device: Device, profiles: Collection[str] | None = None) -> Iterator[Problem]:
    """What is wrong with a device in itself, each from its own key on."""
    vocabulary = quantities.load()
    if device.profile is not None:
        known = shipped() if profiles is None else profiles
        if device.profile not in known:
            hint = suggestion(device.profile, sorted(known))
            yield ("profile",), f"expected the id of a profile like milesight-vs121, got {device.profile!r}{hint}"
    if device.zone is not None and (unknown := _unknown_zone(device.zone)) is not None:
        yield ("zone",), unknown
    flows = {quantity.flow for quantity in vocabulary.values() if quantity.flow}
    for flow, name in device.primary.items():
        views = [quantity.name for quantity in quantities.views(flow)]
        if flow not in flows:
            yield ("primary", flow), f"expected a flow like people.in, got {flow!r}{suggestion(flow, sorted(flows))}"
        elif name not in views:
            yield ("primary", flow), f"expected a view of {flow} ({', '.join(views)}), got {name!r}"
    counters = [quantity.name for quantity in vocabulary.values() if quantity.kind is Kind.COUNTER]
    for name, counter in device.counters.items():
        if name not in counters:
            yield ("counters", name), f"expected a running total like people.in_total, got {_kind_of(name, counters)}"
        if (counter.policy is Policy.WRAP) != (counter.wrap is not None):
            got = "nothing" if counter.wrap is None else str(counter.wrap)
            yield (
                ("counters", name, "wrap"),
                f"expected a limit like 1000000 with policy wrap and only there, got {got}",
            )
    if device.sign == 0:
        yield ("sign",), "expected 1 or -1, got 0"
    if (device.sign is None) != (device.entrance is None):
        key, other = ("sign", "entrance") if device.sign is None else ("entrance", "sign")
        like = "1" if key == "sign" else "gate-north"
        yield (), f"expected the key {key!r} like `{key}: {like}` beside {other!r}, got none"
    if device.hold is not None and device.hold < device.interval:
        seconds = int(device.interval.total_seconds())
        yield ("hold",), f"expected at least the interval like {seconds}s, got {int(device.hold.total_seconds())}s"
    if device.retired_on and device.commissioned_on and device.retired_on <= device.commissioned_on:
        yield ("retired_on",), f"expected a date after {device.commissioned_on}, got {device.retired_on}"


def _kind_of(name: str, counters: Sequence[str]) -> str:
    """What a name that is no counter is, and which one may be meant."""
    quantity = quantities.load().get(name)
    if quantity is None:
        return f"{name!r}{suggestion(name, counters)}"
    meant = [view.name for view in quantities.views(quantity.flow or "") if view.kind is Kind.COUNTER]
    return f"{name!r}, which is a {quantity.kind}" + (f" (did you mean {meant[0]!r}?)" if meant else "")


def _periods(catalogue: Catalogue) -> Iterator[Problem]:
    for index, window in enumerate(catalogue.maintenance):
        yield from _order(("maintenance", index, "end"), window.start, window.end)
        if not window.devices and not window.spaces:
            yield ("maintenance", index), "expected the key 'devices' like `devices: [air-1]` or 'spaces', got none"
    for index, figure in enumerate(catalogue.declared):
        yield from _order(("declared", index, "period_end"), figure.period_start, figure.period_end)
    for index, assessment in enumerate(catalogue.assessments):
        yield from _order(("assessments", index, "period_end"), assessment.period_start, assessment.period_end)
        chosen = (assessment.window_start, assessment.window_end)
        if chosen != (None, None):
            if assessment.window_start is None or assessment.window_end is None or assessment.reason is None:
                yield ("assessments", index), "expected 'window_start', 'window_end' and 'reason' together, got a part"
            else:
                yield from _order(("assessments", index, "window_end"), assessment.window_start, assessment.window_end)
    for index, waiver in enumerate(catalogue.waivers):
        if (waiver.feed is None) == (waiver.item is None):
            yield (
                ("waivers", index),
                "expected either the key 'feed' like `feed: thermal` or the key 'item', got "
                + ("none" if waiver.feed is None else "both"),
            )


def _order(where: Sequence[object], start: datetime, end: datetime) -> Iterator[Problem]:
    if end <= start:
        yield where, f"expected an instant after {start.isoformat()}, got {end.isoformat()}"


def _signatures(catalogue: Catalogue) -> Iterator[Problem]:
    sections: Mapping[Register, Iterable[object]] = {
        register: getattr(catalogue, register.value) for register in Register
    }
    for register in catalogue.registers:
        if not sections[register]:
            yield ("registers", register.value), f"expected a list at $.{register} that was signed, got none"
