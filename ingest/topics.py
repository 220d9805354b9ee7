"""Topics: whose message it is, by which format it is read, and under which series its values are kept."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.draft import Group
from ingest.model import Message, Origin, Reason
from ingest.registry import DeviceEntry, Registry
from ingest.series import Series, SeriesTable

ID = "[a-z0-9][a-z0-9_-]{0,63}"
NATIVE = re.compile(f"district/v1/({ID})/({ID})/({ID})/({ID})")
FEEDS = frozenset(
    {
        "foot_traffic", "parking", "wifi", "energy", "air_quality", "video", "thermal", "equipment", "traffic",
        "alarms", "deliveries",
    }
)  # fmt: skip
UNKNOWN = Group("-", "-", "-")
#: Topics remembered before the memory starts anew: whoever may publish may invent topics without end.
TOPICS_KEPT = 100_000

_ORIGIN = {origin: number for number, origin in enumerate(Origin)}


#: Stands for a credential in a topic, in everything that is logged or stored.
MASK = "***"
_LEVELS = {
    "+": "[^/]*", "#": ".*", "{device}": "(?P<device>[^/]+)", "{gateway}": "(?P<gateway>[^/]+)", "{secret}": "[^/]+"
}  # fmt: skip


class RouteSpec(NamedTuple):
    """A foreign topic tree, as the configuration declares it."""

    name: str
    #: levels are words, `+`, `#`, `{device}`, `{gateway}` and `{secret}`
    topic: str
    format: str
    district: str
    gateway: str | None = None
    profile: str | None = None
    #: IANA zone of times without one; None: that of the device's district
    zone: str | None = None
    #: the format may publish what its protocol needs, such as a request for a rebirth
    commands: bool = False

    def pattern(self) -> re.Pattern[str]:
        """A regular expression for whole topics; a last level `#` also matches its parent, as it does for a broker."""
        levels = self.topic.split("/")
        rest = "(?:/.*)?" if len(levels) > 1 and levels[-1] == "#" else ""
        parts = (_LEVELS.get(level) or re.escape(level) for level in (levels[:-1] if rest else levels))
        return re.compile("/".join(parts) + rest, re.DOTALL)

    def masked(self, topic: str) -> str:
        """A topic of this route without its credentials."""
        levels = self.topic.split("/")
        if "{secret}" not in levels:
            return topic
        sent = topic.split("/")
        return "/".join(
            MASK if position < len(levels) and levels[position] == "{secret}" else level
            for position, level in enumerate(sent)
        )

    def subscription(self) -> str:
        """The MQTT topic filter that brings these topics."""
        return re.sub(r"\{[a-z]+\}", "+", self.topic)


class Backfill(NamedTuple):
    """A declared import that is open: times of its period are taken however late; µs since 1970 UTC."""

    start: int
    stop: int


@dataclass(slots=True, kw_only=True)
class Binding:
    """What is known of a topic before its payload is read. Lives until the catalogue or the imports change."""

    group: Group
    device: DeviceEntry | None
    #: why messages of this topic cannot be taken; None: they can
    refusal: tuple[Reason, str] | None = None
    #: foreign format and route; None: native
    route: RouteSpec | None = None
    #: the device's address, where the topic of a foreign route names it; the id of a native one that is not known
    address: str | None = None
    origin_flags: int = 0
    #: `sent` in the payload stands in for the time of receipt
    trusts_sent: bool = False
    backfill: Backfill | None = None
    series: dict[str, Series | None] = field(default_factory=dict)


class Bindings:
    """Topic -> binding, from one revision of the catalogue."""

    def __init__(
        self,
        registry: Registry,
        series: SeriesTable,
        backfills: Mapping[tuple[str, str], Backfill],
        routes: Sequence[RouteSpec] = (),
    ) -> None:
        self.registry = registry
        self.table = series
        self.backfills = backfills
        self._routes = [(route.pattern(), route) for route in routes]
        self._secret = [(pattern, route) for pattern, route in self._routes if "{secret}" in route.topic]
        self._known: dict[str, Binding] = {}

    def masked(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Messages without the credentials in their topics; all that follows sees the masked topic only."""
        if not self._secret:
            return messages
        return [message._replace(topic=self._mask(message.topic)) for message in messages]

    def _mask(self, topic: str) -> str:
        for pattern, route in self._secret:
            if pattern.fullmatch(topic):
                return route.masked(topic)
        return topic

    def get(self, topic: str) -> Binding:
        """The binding of a topic."""
        binding = self._known.get(topic)
        if binding is None:
            if len(self._known) >= TOPICS_KEPT:
                self._known.clear()
            binding = self._known[topic] = _unspeakable(topic) or self._foreign(topic) or self._native(topic)
        return binding

    def _foreign(self, topic: str) -> Binding | None:
        for pattern, route in self._routes:
            if (match := pattern.fullmatch(topic)) is None:
                continue
            places = match.groupdict()
            gateway = places.get("gateway") or route.gateway
            if gateway is None or (route.district, gateway) not in self.registry.gateways:
                group = Group(route.district, "-", "-")
                return refused(
                    group, Reason.UNKNOWN_GATEWAY, f"route {route.name}: no gateway {gateway!r} in {route.district}"
                )
            group = Group(route.district, gateway, "-")
            return Binding(group=group, device=None, route=route, address=places.get("device"))
        return None

    def _native(self, topic: str) -> Binding:
        match = NATIVE.fullmatch(topic)
        if match is None:
            return refused(UNKNOWN, Reason.UNKNOWN_TOPIC, "expected district/v1/<district>/<gateway>/<feed>/<device>")
        district, gateway, feed, device = match.groups()
        if district not in self.registry.districts:
            return refused(UNKNOWN, Reason.UNKNOWN_TOPIC, f"no district {district!r} in the catalogue")
        if feed not in FEEDS:
            return refused(Group(district, gateway, "-"), Reason.UNKNOWN_TOPIC, f"no feed {feed!r}")
        if (district, gateway) not in self.registry.gateways:
            return refused(Group(district, "-", feed), Reason.UNKNOWN_GATEWAY, f"no gateway {gateway!r} in {district}")
        group = Group(district, gateway, feed)
        entry = self.registry.devices.get((district, device))
        if entry is None:
            return refused(group, Reason.UNKNOWN_DEVICE, f"no device {device!r} in {district}", device)
        if entry.feed != feed:
            return refused(group, Reason.FEED_MISMATCH, f"{device} is in feed {entry.feed}, the topic says {feed}")
        return self.bound(group, entry)

    def bound(self, group: Group, entry: DeviceEntry) -> Binding:
        """The binding of a known device."""
        return Binding(
            group=group,
            device=entry,
            origin_flags=_ORIGIN[entry.origin],
            trusts_sent=entry.origin is Origin.SIMULATED and self.registry.districts[entry.district].demo,
            backfill=self.backfills.get((group.district, group.gateway)),
        )


def refused(group: Group, reason: Reason, detail: str, address: str | None = None) -> Binding:
    """The binding of a topic whose messages all go to quarantine; `address`: of the device that it names."""
    return Binding(group=group, device=None, refusal=(reason, detail), address=address)


def _unspeakable(topic: str) -> Binding | None:
    """A refusal of topics that were not UTF-8: receivers keep their bytes as lone surrogates."""
    try:
        topic.encode()
    except UnicodeEncodeError:
        return refused(UNKNOWN, Reason.BAD_ENCODING, "the topic is not UTF-8")
    return None
