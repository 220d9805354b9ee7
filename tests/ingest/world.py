"""A small world to decode in: district `d`, gateway `gw`, a few devices; times around one noon."""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from ingest.decode import Decoder
from ingest.formats.clock import Clock
from ingest.model import Message, Origin
from ingest.registry import DeviceEntry, DistrictEntry, Registry
from ingest.series import SeriesTable
from ingest.times import from_datetime
from ingest.topics import Backfill, Bindings, RouteSpec

NOON = from_datetime(datetime(2026, 11, 23, 12, tzinfo=UTC))
SECOND = 1_000_000


def device(
    name: str, feed: str = "foot_traffic", origin: Origin = Origin.REAL, profile: str | None = None
) -> DeviceEntry:
    return DeviceEntry(
        district="d", id=name, feed=feed, origin=origin, interval_us=60 * SECOND, profile=profile, zone="Asia/Shanghai"
    )


def registry(
    *devices: DeviceEntry, demo: bool = False, addresses: Mapping[tuple[str, str], str] | None = None
) -> Registry:
    known = {
        ("d", entry.id): entry for entry in devices or (device("door-1"), device("door-2"), device("meter-1", "energy"))
    }
    return Registry(
        revision=1, districts={"d": DistrictEntry(id="d", zone="Asia/Shanghai", demo=demo)}, gateways=frozenset({("d", "gw")}),
        devices=known, by_address={key: known["d", name] for key, name in (addresses or {}).items()},
    )  # fmt: skip


def decoder(
    entries: Registry | None = None,
    table: SeriesTable | None = None,
    backfill: Backfill | None = None,
    routes: tuple[RouteSpec, ...] = (),
) -> Decoder:
    table = table or SeriesTable()
    imports = {("d", "gw"): backfill} if backfill else {}
    return Decoder(Bindings(entries or registry(), table, imports, routes), table, Clock(120, 30 * 86_400), 262_144)


def message(
    payload: object,
    topic: str = "district/v1/d/gw/foot_traffic/door-1",
    at: int = NOON,
    *,
    retain: bool = False,
    dup: bool = False,
) -> Message:
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    return Message(topic, body, 1, 1, retain, dup, at)


def native(time: str | int | None = "2026-11-23T12:00:00Z", **values: object) -> dict[str, object]:
    """One object of a native payload."""
    return {"ts": time, "values": values} if time is not None else {"values": values}
