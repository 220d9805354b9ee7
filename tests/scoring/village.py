"""A district made by SQL: facts, and a month of rolled-up hours of four feeds, every device of it perfect."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from metrics import zones

DISTRICT = "village"
ZONE = "Asia/Shanghai"
#: Local midnight; hours of history end here.
NOW = datetime(2026, 11, 22, 16, tzinfo=UTC)

#: device -> (feed, body, quantity -> columns of metrics.hour)
DEVICES: Mapping[str, tuple[str, Mapping[str, object], Mapping[str, Mapping[str, object]]]] = {
    "gate-1": ("parking", {"car_park": "p1", "role": "gate"}, {
        "parking.in": {"amount": 20}, "parking.out": {"amount": 20},
        "parking.stay_sum": {"amount": 72_000}, "parking.stay_count": {"amount": 20},
    }),
    "count-1": ("parking", {"car_park": "p1", "role": "count"}, {"parking.used": {"weighted": 50 * 3_600_000_000}}),
    "meter-1": ("energy", {}, {"power.active": {"weighted": 7 * 3_600_000_000}}),
    "air-1": ("air_quality", {}, {"env.pm2_5": {"weighted": 20 * 3_600_000_000}}),
    "door-1": ("foot_traffic", {"entrance": "e1"}, {"people.in": {"amount": 100}, "people.out": {"amount": 100}}),
}  # fmt: skip


def build(
    connection: psycopg.Connection, *, days: int = 35, demo: bool = True, origin: str = "simulated",
    devices: Mapping[str, tuple[str, Mapping[str, object], Mapping[str, Mapping[str, object]]]] = DEVICES,
) -> None:  # fmt: skip
    """Facts and `days` days of hours up to NOW, in which everything that was expected came."""
    local_days(connection)
    fact(connection, "district", DISTRICT, {"name_zh": "村", "name_en": "Village", "zone": ZONE, "demo": demo})
    for name in ("spaces", "devices", "car_parks"):
        fact(connection, "register", name, {"signer": "Wang Fang", "signed_on": "2026-10-01"})
    fact(connection, "space", "mall", {"name_zh": "商场", "name_en": "Mall", "core_public": True})
    fact(connection, "entrance", "e1", {"space": "mall"})
    fact(connection, "car_park", "p1", {"space": "mall", "public": True, "spaces": 100})
    for device, (feed, body, quantities) in devices.items():
        fact(
            connection, "device", device,
            {"feed": feed, "space": "mall", "interval_s": 300, "origin": origin,
             "primary": {quantity: quantity for quantity in quantities}, **body},
        )  # fmt: skip
        for quantity, columns in quantities.items():
            hours(connection, device, quantity, columns, days=days, origin=origin)
    connection.commit()


def local_days(connection: psycopg.Connection) -> None:
    """The local days around NOW; the whole calendar takes a second to write."""
    with connection.cursor().copy("COPY metrics.local_day (zone, day, start, stop) FROM STDIN") as copy:
        for n in range(-60, 10):
            day = NOW.date() + timedelta(days=n)
            copy.write_row((ZONE, day, *zones.local_day(ZONE, day)))


def fact(
    connection: psycopg.Connection, kind: str, name: str, body: Mapping[str, object], since: datetime | None = None
) -> None:
    """One entry of the catalogue, valid since ever or since `since`."""
    row = connection.execute(
        "INSERT INTO ingest.revision (district, who, file_sha256, mode) VALUES (%s, 'test', '', 'apply') RETURNING rev",
        (DISTRICT,),
    ).fetchone()
    assert row
    connection.execute(
        "INSERT INTO ingest.fact (district, kind, id, valid_from, rev, body)"
        " VALUES (%s, %s, %s, coalesce(%s, '-infinity'::timestamptz), %s, %s)",
        (DISTRICT, kind, name, since, row[0], Jsonb(dict(body))),
    )


def hours(
    connection: psycopg.Connection, device: str, quantity: str, columns: Mapping[str, object], *, days: int, origin: str
) -> None:
    """Whole hours of one datastream, up to NOW."""
    column, value = next(iter(columns.items()))
    origins = [12 if name == origin else 0 for name in ("real", "simulated", "imported", "manual")]
    row = connection.execute(
        "INSERT INTO ingest.datastream (district, device, quantity) VALUES (%s, %s, %s) RETURNING id",
        (DISTRICT, device, quantity),
    ).fetchone()
    assert row
    connection.execute(
        "INSERT INTO metrics.hour (datastream_id, hour, received, valid, frozen, slots, expected, covered_us, minutes,"
        f" {column}, lateness, flag_counts, origins, input_digest)"
        " SELECT %s, h, 12, 12, 0, 12, 12, 3600000000, (~0::bigint)::bit(64)::bit(60), %s, %s, %s, %s,"
        " sha256(convert_to(extract(epoch FROM h)::text, 'UTF8'))"
        " FROM generate_series(%s::timestamptz, %s::timestamptz, '1 hour') h".encode(),
        (
            row[0], value, [12, *[0] * 9], [0] * 8, origins, NOW - timedelta(days=days), NOW - timedelta(hours=1),
        ),
    )  # fmt: skip
