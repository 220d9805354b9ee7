"""Devices that send and that nobody registered, as they show themselves in quarantine."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from ingest import format_memory, guess, registry
from ingest.formats import FORMATS, native, stamps
from ingest.formats.report import Decoded, Report, Sent, Time
from ingest.model import PayloadError, Reason
from ingest.profile import Profiles, explain
from ingest.quarantine import Quarantined, body_of
from ingest.registry import Registry
from ingest.seal import Opener
from ingest.series import SeriesTable
from ingest.statements import statement
from ingest.times import from_datetime, from_rfc3339
from ingest.topics import NATIVE, RouteSpec

#: Newest messages of a topic that are looked at: enough to tell an interval, where one topic carries many devices. Our choice.
PER_TOPIC = 500
#: A foreign message may name strangers beside known devices, and then wait for what was wrong with those.
_REASONS = (
    Reason.UNKNOWN_DEVICE, Reason.UNKNOWN_QUANTITY, Reason.UNIT_UNDECLARED, Reason.UNKNOWN_STATE, Reason.WRONG_TYPE,
    Reason.NO_BIRTH,
)  # fmt: skip


class Stranger(NamedTuple):
    """A device that nobody registered, and what it probably is."""

    district: str
    gateway: str
    #: None: it sends the native payload under `name`
    route: str | None
    #: its foreign address as it was sent, or its id in native topics
    name: str
    feed: str | None
    #: a profile that its entry has to name; None: none is known, or none is needed
    profile: str | None
    #: keys that need a profile and have none
    unexplained: tuple[str, ...]
    interval_s: int | None
    quantities: tuple[str, ...]
    #: messages looked at, and those of them that could not be read
    messages: int
    unread: int
    #: time of its first and last message: measured, or else received [µs since 1970 UTC]
    first: int
    last: int


@dataclass(slots=True)
class _Seen:
    """What was met of one stranger."""

    district: str
    gateway: str
    route: RouteSpec | None
    name: str
    feed: str | None = None
    messages: int = 0
    unread: int = 0
    times: set[int] = field(default_factory=set)
    values: dict[str, object] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    quantities: set[str] = field(default_factory=set)


def strangers(
    connection: psycopg.Connection,
    *,
    routes: Sequence[RouteSpec],
    profiles: Profiles,
    opener: Opener | None = None,
    district: str | None = None,
    gateway: str | None = None,
) -> list[Stranger]:
    """Devices that wait in quarantine and that nobody registered, by gateway and name.

    Args:
        connection: to a migrated database.
        routes: foreign topic trees.
        profiles: device profiles to choose from.
        opener: opens sealed bodies; without it such a message tells no more than its topic.
        district: None: all.
        gateway: None: all.
    """
    looked = _Look(registry.load(connection), routes, profiles, opener, format_memory.load(connection))
    with connection.cursor(row_factory=class_row(Quarantined)) as cursor:
        wanted = {"district": district, "gateway": gateway, "reasons": list(_REASONS), "per_topic": PER_TOPIC}
        for item in cursor.execute(statement("adopt_sample"), wanted):
            looked.at(item)
    return sorted(map(looked.told, looked.seen.values()), key=lambda one: (one.district, one.gateway, one.name))


class _Look:
    """Goes through messages and remembers who sent them."""

    def __init__(
        self,
        entries: Registry,
        routes: Sequence[RouteSpec],
        profiles: Profiles,
        opener: Opener | None,
        memory: Mapping[tuple[str, str], object],
    ) -> None:
        self.seen: dict[tuple[str, str, str], _Seen] = {}
        self._entries = entries
        self._routes = [(route.pattern(), route) for route in routes]
        self._profiles = profiles
        self._opener = opener
        self._memory = memory
        self._names = SeriesTable()

    def at(self, item: Quarantined) -> None:
        """Look at one message."""
        topic = item.topic.decode("utf-8", "surrogateescape")
        for pattern, route in self._routes:
            if (match := pattern.fullmatch(topic)) is not None:
                self._foreign(item, topic, route, match.groupdict().get("device") or "")
                return
        if item.reason == Reason.UNKNOWN_DEVICE and (match := NATIVE.fullmatch(topic)) is not None:
            self._native(item, *match.groups())

    def _native(self, item: Quarantined, district: str, gateway: str, feed: str, device: str) -> None:
        if (district, device) in self._entries.devices or district not in self._entries.districts:
            return
        seen = self._of(item, None, district, gateway, device)
        seen.feed = feed
        seen.messages += 1
        try:
            document = native.read(body_of(item, self._opener) or b"")
        except native.PartError:
            seen.unread += 1
            document = None
        for entry in document if isinstance(document, list) else [document]:
            stamp = entry.get("ts") if isinstance(entry, dict) else None
            values = entry.get("values") if isinstance(entry, dict) else None
            seen.times.add(_native_time(stamp, from_datetime(item.received_at)))
            for name in values if isinstance(values, dict) else ():
                if (found := self._names.split(name)) is not None:
                    seen.quantities.add(found[0])

    def _foreign(self, item: Quarantined, topic: str, route: RouteSpec, address: str) -> None:
        if (route.district, item.gateway) not in self._entries.gateways:
            return
        body = body_of(item, self._opener)
        decoded = Decoded()
        readable = body is not None
        if body is not None:
            sent = Sent(topic, body, item.retain, lambda key: self._memory.get((route.name, key)))
            try:
                decoded = FORMATS[route.format].decode(sent)
            except PayloadError:
                readable = False
        met: set[str] = set()
        for report in decoded.reports:
            if report.values and (seen := self._stranger(item, route, address, report.address, met)) is not None:
                seen.times.add(self._time(report.time, route, item))
                seen.values.update(report.values)
                seen.reports.append(report)
        for value in decoded.direct:
            if (seen := self._stranger(item, route, address, value.address, met)) is not None:
                seen.times.add(self._time(value.time, route, item))
                seen.quantities.add(value.quantity)
        for event in decoded.events:
            if (seen := self._stranger(item, route, address, event.address, met)) is not None:
                seen.times.add(self._time(event.time, route, item))
                seen.quantities.add(event.type)
        if not readable and (seen := self._stranger(item, route, address, item.device or "", met)) is not None:
            seen.unread += 1
            seen.times.add(from_datetime(item.received_at))

    def _stranger(
        self, item: Quarantined, route: RouteSpec, of_topic: str, address: str, met: set[str]
    ) -> _Seen | None:
        """Who has this address; None: somebody registered, or nobody that could be told."""
        name = of_topic if not address or address.startswith("/") else address
        if not name or self._entries.resolve(route.name, name) is not None:
            return None
        seen = self._of(item, route, route.district, item.gateway, name)
        if name not in met:
            met.add(name)
            seen.messages += 1
        return seen

    def _of(self, item: Quarantined, route: RouteSpec | None, district: str, gateway: str, name: str) -> _Seen:
        key = district, route.name if route else "", registry.normalise(name) if route else name
        if key not in self.seen:
            self.seen[key] = _Seen(district, gateway or item.gateway, route, name)
        return self.seen[key]

    def _time(self, time: Time, route: RouteSpec, item: Quarantined) -> int:
        at = stamps.resolve(time, route.zone or self._entries.districts[route.district].zone)
        return from_datetime(item.received_at) if at is None else at

    def told(self, seen: _Seen) -> Stranger:
        """What a stranger probably is."""
        route, profile = seen.route, None
        unexplained: tuple[str, ...] = ()
        if route is not None and seen.values:
            profile = FORMATS[route.format].profile or route.profile
            if profile is not None and profile in self._profiles:
                seen.quantities |= self._quantities(seen.reports, profile)
            if profile is None or not seen.quantities:
                profile = guess.guess(route.format, seen.values, self._profiles)
                seen.quantities |= set() if profile is None else self._quantities(seen.reports, profile)
                unexplained = tuple(sorted(seen.values)) if profile is None else ()
            else:
                profile = None
        return Stranger(
            seen.district, seen.gateway, route.name if route else None, seen.name,
            seen.feed or guess.feed(sorted(seen.quantities)), profile, unexplained, guess.interval_s(seen.times),
            tuple(sorted(seen.quantities)), seen.messages, seen.unread, min(seen.times), max(seen.times),
        )  # fmt: skip

    def _quantities(self, reports: Iterable[Report], profile: str) -> set[str]:
        compiled = self._profiles[profile]
        found = set()
        for report in reports:
            explained = explain(report, compiled)
            found |= {name for run in explained.runs for name, _, _ in run.values}
            found |= {bare.quantity for bare in explained.undeclared} | {event.type for event in explained.events}
        return found


def _native_time(stamp: object, received: int) -> int:
    if isinstance(stamp, int):
        return stamp * 1000
    try:
        return from_rfc3339(stamp) if isinstance(stamp, str) else received
    except (ValueError, OverflowError, IndexError):
        return received
