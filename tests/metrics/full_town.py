"""A small district of all feeds, in which every metric has something to say and something is missing everywhere."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from metrics import zones
from tests.metrics.town import HOUR_US, Town, utc

#: Local midnight of Monday 2026-11-02 in Shanghai.
DAY = utc("2026-11-01 16:00")
HOUR = timedelta(hours=1)
#: A week and two days: every weekday, and Monday and Tuesday twice.
DAYS = 9
SIZE = 24 * DAYS


def event(
    town: Town, device: str, type_: str, time: datetime, key: str, refers_to: str | None = None, **said: Any
) -> None:
    """One event as a collector stores it."""
    town.connection.execute(
        "INSERT INTO ingest.event (district, device, time, type, key, refers_to, received_at, attributes, flags, batch_id)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1, 1)",
        (town.district, device, time, type_, key, refers_to, time, Jsonb(said)),
    )


def full_town(connection: psycopg.Connection) -> None:
    """Fill the database and commit."""
    town = Town(connection)
    zones.fill(connection, ["Asia/Shanghai"])
    town.fact(
        "space", "mall",
        {"core_public": True, "usable_area_m2": "400", "capacity": 200,
         "opening": {day: ["10:00-22:30"] for day in zones.WEEKDAYS}},
    )  # fmt: skip
    town.space("floor", "mall")
    town.fact("event_day", "fair", {"day": "2026-11-10", "type": "event"})
    town.fact(
        "district", "lakeside", {"name_zh": "湖滨", "name_en": "Lakeside", "zone": "Asia/Shanghai", "demo": True,
                                 "gross_floor_area_m2": "1000"},
    )  # fmt: skip
    town.fact(
        "declared", "visits-per-visitor", {"value": "1.2", "unit": "1", "period_start": "2026-01-01T00:00:00Z",
                                           "period_end": "2027-01-01T00:00:00Z"},
    )  # fmt: skip
    _gates(town)
    _meters(town)
    _equipment(town)
    _events(town)
    connection.commit()


def _gates(town: Town) -> None:
    town.car_park("p1", 100)
    town.car_park("p2", 50)
    town.fact("entrance", "north", {"space": "mall", "clear_width_m": "2.5"})
    town.device("g1", "parking", role="gate", car_park="p1")
    town.device("c1", "parking", role="count", car_park="p1")
    town.device("g2", "parking", role="gate", car_park="p2")
    town.device("f1", "foot_traffic", entrance="north")
    town.hours("g1", "parking.in", DAY, [n % 7 for n in range(SIZE)])
    town.hours("g1", "parking.out", DAY, [None if n == 5 else n % 6 for n in range(SIZE)])
    for n in range(SIZE):
        town.hour("c1", "parking.used", DAY + n * HOUR, weighted=(40 + n) * HOUR_US, maximum=40 + n)
    town.hours("f1", "people.in", DAY, range(SIZE))
    town.hours("f1", "people.out", DAY, [n + 1 for n in range(SIZE - 1)])


def _meters(town: Town) -> None:
    town.device("a1", "wifi", space="floor")
    town.device("a2", "wifi")
    town.device("m1", "energy", role="incomer")
    town.device("s1", "air_quality")
    town.device("v1", "video", role="crowd")
    town.hours("m1", "energy.import_total", DAY, [None if n == 3 else f"{n}.125" for n in range(SIZE)])
    for n in range(SIZE):
        at = DAY + n * HOUR
        late = [n, 5, 1, 0, 0, 0, 0, 0, 0, 1]
        town.hour("a1", "device.online", at, state_us={"1": HOUR_US - n, "0": n}, lateness=late)
        town.hour("a1", "wifi.logins", at, amount=n % 4)
        town.hour("a1", "wifi.clients", at, weighted=(20 + n) * HOUR_US)
        town.hour("a1", "wifi.clients_below", at, weighted=n % 3 * HOUR_US)
        town.hour("m1", "power.factor", at, weighted=95 * HOUR_US // 100)
        town.hour("v1", "people.present", at, weighted=n * HOUR_US)
        town.hour("v1", "people.dwell_sum", at, amount=60 * n + 60)
        town.hour("v1", "people.dwell_count", at, amount=2)
        for pollutant in ("pm2_5", "no2", "co"):
            town.hour("s1", f"env.{pollutant}", at, weighted=(n + 3) * HOUR_US)


def _equipment(town: Town) -> None:
    for role in ("kiosk", "aed", "locker", "toilet", "charger", "light", "service_machine"):
        town.device(role, "equipment", role=role)
        for n in range(SIZE):
            up = HOUR_US if n % 5 else HOUR_US // 2
            town.hour(role, "device.online", DAY + n * HOUR, state_us={"1": up, "0": HOUR_US - up})
    for n in range(SIZE):
        town.hour("charger", "charger.state", DAY + n * HOUR, state_us={"2": HOUR_US - n, "7": n})
    for device in ("kiosk", "service_machine"):
        town.hours(device, "equipment.sessions", DAY, [n % 3 for n in range(SIZE)])
    town.hours("locker", "locker.parcels", DAY, [n % 5 for n in range(SIZE)])
    town.device("road", "traffic", role="road")
    town.hours("road", "traffic.count", DAY, [n + 1 for n in range(SIZE)])
    town.device("taxi", "traffic", role="taxi_stop")
    town.hours("taxi", "traffic.pickups", DAY, [n % 6 for n in range(SIZE)])
    town.device("bikes", "traffic", role="bicycles")
    town.hours("bikes", "bicycles.present", DAY, [30 * HOUR_US] * SIZE, "weighted")
    for n in range(SIZE):
        town.hour("bikes", "bicycles.present", DAY + n * HOUR, channel="outside", weighted=(n % 5) * HOUR_US)
    town.fact("kitchen", "noodles", {"merchant": "noodle-house", "takeaway": True, "device": "k1"})
    town.fact("kitchen", "rice", {"merchant": "rice-house", "takeaway": True})
    town.device("k1", "video", role="kitchen")
    for n in range(SIZE):
        for quantity in ("device.online", "video.stream_ok"):
            town.hour("k1", quantity, DAY + n * HOUR, state_us={"1": HOUR_US})


def _events(town: Town) -> None:
    for merchant in ("noodle-house", "rice-house", "books"):
        town.fact("merchant", merchant, {"space": "mall"})
    for carrier in ("fast", "slow", "idle"):
        town.fact("carrier", carrier, {})
    for device, feed, role in (
        ("fire", "alarms", "fire"), ("guard", "alarms", "intrusion"), ("desk", "alarms", "crowd"), ("hub", "deliveries", "dispatch"),
    ):  # fmt: skip
        town.device(device, feed, role=role)
        town.hours(device, "device.contact", DAY, [12] * SIZE)
    town.hour("guard", "alarm.active", DAY, state_us={"1": HOUR_US})
    second = timedelta(seconds=1)
    for day in range(DAYS):
        for n in range(2):
            at, key = DAY + (24 * day + 3 + 5 * n) * HOUR, f"t{day}-{n}"
            event(town, "fire", "alarm.test", at, key, kind="fire")
            event(town, "fire", "alarm.received", at + (2 + 6 * day * n) * second, f"r{key}", key)
            event(town, "fire", "alarm.poll", at + HOUR, f"p{key}")
        at = DAY + (24 * day + 7) * HOUR
        event(town, "guard", "alarm.raised", at, f"g{day}", kind="intrusion")
        event(town, "guard", "alarm.received", at + second, f"gr{day}", f"g{day}")
        event(town, "guard", "alarm.acknowledged", at + (30 + day) * second, f"ga{day}", f"g{day}")
        event(town, "guard", "alarm.reset", at + 600 * second, f"gx{day}", f"g{day}")
        event(town, "desk", "alarm.test", at, f"c{day}", kind="crowd")
        event(town, "desk", "alarm.acknowledged", at + 50 * day * second, f"ca{day}", f"c{day}")
        carriers = ["fast", "slow"] if day % 2 else ["fast"]
        event(town, "hub", "delivery.trip", at, f"d{day}", carriers=carriers, parcels=3)
        event(
            town, "hub", "delivery.stop", at + HOUR, f"s{day}", f"d{day}", merchant="noodle-house" if day % 2 else "books",
            carrier="fast", parcels=1, due=(at + HOUR + (day - 4) * second).isoformat(),
        )  # fmt: skip
