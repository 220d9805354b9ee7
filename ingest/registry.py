"""What is registered right now, as a frozen snapshot: the hot path and the decoders look devices up in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import resources
from types import MappingProxyType
from typing import Any

import psycopg

from ingest.model import Origin
from ingest.times import from_datetime, to_datetime

_SEPARATORS = re.compile(r"[:\-_.\s]+")
_BOUNDARY = re.compile(r"[/ ]")
_NOT_CHANNEL = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictEntry:
    """A district as its topics need it."""

    id: str
    #: IANA
    zone: str
    demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEntry:
    """A device as decoding and storing need it."""

    district: str
    id: str
    feed: str
    origin: Origin
    #: declared interval [µs]
    interval_us: int
    profile: str | None
    #: zone of its district, IANA
    zone: str
    #: zone of its own clock, IANA; None: that of its route, else of its district
    own_zone: str | None = None
    #: how far its times may be after and before their arrival [µs]; None: as the collector's settings say
    ahead_us: int | None = None
    behind_us: int | None = None
    #: of an address whose hardware was exchanged: its readings are of [from, until) [µs since 1970 UTC]; None: unbounded
    from_us: int | None = None
    until_us: int | None = None

    def not_its_own(self, time: int) -> str | None:
        """Why a reading of this time [µs since 1970 UTC] is not of the device's hardware; None: it is."""
        if self.from_us is not None and time < self.from_us:
            return f"hardware of {self.id} since {to_datetime(self.from_us).isoformat()} only"
        if self.until_us is not None and time >= self.until_us:
            return f"hardware of {self.id} until {to_datetime(self.until_us).isoformat()} only"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All districts, gateways and devices in force at one instant."""

    #: highest revision of the catalogue; 0: none yet
    revision: int
    districts: Mapping[str, DistrictEntry]
    #: (district, gateway)
    gateways: frozenset[tuple[str, str]]
    #: by (district, device)
    devices: Mapping[tuple[str, str], DeviceEntry]
    #: by (route, normalised address)
    by_address: Mapping[tuple[str, str], DeviceEntry]
    #: when a fact recorded ahead of its time begins to hold: load again then; None: never
    changes_at: datetime | None = None

    def resolve(self, route: str, address: str) -> tuple[DeviceEntry, str] | None:
        """The device behind a foreign name, and the channel that the name goes on with ('' for none).

        A sub-device such as ``ADDRESS/line 1`` resolves by the longest registered prefix that ends at a slash or a
        blank; the rest is the channel: ``line_1``. None: nobody registered it.
        """
        device = self.by_address.get((route, normalise(address)))
        if device is not None:
            return device, ""
        for boundary in reversed(list(_BOUNDARY.finditer(address))):
            device = self.by_address.get((route, normalise(address[: boundary.start()])))
            if device is not None:
                return device, channel_of(address[boundary.end() :])
        return None


def _exchange(
    devices: dict[tuple[str, str], DeviceEntry],
    by_address: dict[tuple[str, str], DeviceEntry],
    entry: DeviceEntry,
    body: Mapping[str, Any],
    at: int,
) -> None:
    """Have an address of the device end where its new hardware takes over. An address that another device has is its own."""
    if "address" not in body:
        return
    route, new = body["route"], body["address"]
    if route == "native":
        devices.setdefault((entry.district, new), entry)
        return
    ends = [(route, normalise(old)) for old in body["replaces"]]
    for key in [*ends, (route, normalise(new))]:
        known = by_address.setdefault(key, entry)
        if (known.district, known.id) == (entry.district, entry.id):
            by_address[key] = replace(known, until_us=at) if key in ends else replace(known, from_us=at)


def normalise(address: str) -> str:
    """An address as it is compared: without case, blanks and the separators : - _ .

    >>> normalise("24:E1:24-12 34")
    '24e1241234'
    """
    return _SEPARATORS.sub("", address).casefold()


def channel_of(rest: str) -> str:
    """A channel from the rest of an address.

    >>> channel_of("Line 1")
    'line_1'
    """
    return _NOT_CHANNEL.sub("_", rest.casefold()).strip("_")


def _microseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1_000_000


def load(connection: psycopg.Connection, at: datetime | None = None) -> Registry:
    """The registry at an instant (default: the database's clock), by everything recorded so far."""
    sql = resources.files("ingest").joinpath("registry.sql").read_text(encoding="utf-8")
    with connection.cursor() as cursor:
        rows = cursor.execute(sql.encode(), {"at": at}).fetchall()
    revision, changes_at = next((row[4], row[5]) for row in rows)
    facts = [row for row in rows if row[0] is not None]
    districts = {
        district: DistrictEntry(id=district, zone=body["zone"], demo=body["demo"])
        for district, kind, _, body, *_ in facts
        if kind == "district"
    }
    devices: dict[tuple[str, str], DeviceEntry] = {}
    by_address: dict[tuple[str, str], DeviceEntry] = {}
    for district, kind, name, body, *_ in facts:
        if kind != "device" or district not in districts:
            continue
        entry = DeviceEntry(
            district=district,
            id=name,
            feed=body["feed"],
            origin=Origin(body["origin"]),
            interval_us=body["interval_s"] * 1_000_000,
            profile=body.get("profile"),
            zone=districts[district].zone,
            own_zone=body.get("zone"),
            ahead_us=_microseconds(body.get("clock", {}).get("ahead_s")),
            behind_us=_microseconds(body.get("clock", {}).get("behind_s")),
        )
        devices[district, name] = entry
        for known in body.get("addresses", ()):
            by_address[known["route"], normalise(known["address"])] = entry
    for district, kind, name, body, *_, since in facts:
        if kind == "hardware" and (district, name) in devices:
            _exchange(devices, by_address, devices[district, name], body, from_datetime(since))
    return Registry(
        revision=revision,
        districts=MappingProxyType(districts),
        gateways=frozenset((district, name) for district, kind, name, *_ in facts if kind == "gateway"),
        devices=MappingProxyType(devices),
        by_address=MappingProxyType(by_address),
        changes_at=changes_at,
    )
