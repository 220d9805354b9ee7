"""A small demo district written straight into the tables: 31 days of figures, a silent device, one never heard.

Figures here are made up and smooth; they are for looking at pages and panels, not for checking formulas.
"""

from datetime import datetime, timedelta
from hashlib import sha256

import psycopg
from psycopg.types.json import Jsonb

DISTRICT = "lakeside-demo"
DAYS = 31

#: device: (feed, space, interval [s], quantities)
DEVICES: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    **{f"door-{n}": ("foot_traffic", "mall", 120, ("people.in", "people.out")) for n in range(1, 5)},
    **{f"gate-{c}": ("parking", "mall", 120, ("parking.in", "parking.out")) for c in ("east", "west", "north")},
    **{f"count-{c}": ("parking", "mall", 120, ("parking.used", "parking.total")) for c in ("east", "west", "north")},
    **{f"ap-{n}": ("wifi", "plaza", 300, ("wifi.clients",)) for n in range(1, 5)},
    **{f"meter-{n}": ("energy", "mall", 300, ("energy.import_total",)) for n in range(1, 4)},
    **{f"air-{n}": ("air_quality", "plaza", 300, ("env.pm2_5",)) for n in range(1, 3)},
}
SILENT_SINCE_HOURS = {"ap-3": 7}
NEVER_SPOKE = "ap-4"
CAR_PARKS = {
    "east": ("东区停车库", "East car park"),
    "west": ("西区停车库", "West car park"),
    "north": ("北广场", "North plaza"),
}

#: metric, unit, subjects, kind of curve (level, swing); the denominator of shares is 1000
FIGURES: tuple[tuple[str, str, tuple[str, ...], float, float], ...] = (
    ("footfall", "{people}", ("district", "space:mall"), 900, 800),
    (
        "people_in_zone",
        "{people}",
        (
            "district",
            "space:mall",
        ),
        1400,
        1200,
    ),
    ("parking_occupancy", "1", ("district", "car_park:east", "car_park:west", "car_park:north"), 0.55, 0.4),
    ("parking_in", "{vehicle}", ("district", "car_park:east", "car_park:west", "car_park:north"), 40, 35),
    ("parking_out", "{vehicle}", ("district", "car_park:east", "car_park:west", "car_park:north"), 40, 35),
    ("ap_online_rate", "1", ("district",), 0.75, 0.0),
    ("energy_use", "kW.h", ("district", "space:mall"), 620, 300),
    ("air_quality_index", "{index}", ("district",), 58, 24),
    (
        "completeness",
        "1",
        ("feed:foot_traffic", "feed:parking", "feed:wifi", "feed:energy", "feed:air_quality"),
        0.97,
        0.02,
    ),
    (
        "online_rate",
        "1",
        ("feed:foot_traffic", "feed:parking", "feed:wifi", "feed:energy", "feed:air_quality"),
        0.98,
        0.01,
    ),
    ("freshness_p95", "s", ("feed:foot_traffic", "feed:parking", "feed:wifi", "feed:energy", "feed:air_quality"), 4, 2),
)


def seed(connection: psycopg.Connection, now: datetime, *, demo: bool = True) -> None:
    """Write the district as it stands at `now` (aware), and commit."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    _catalogue(connection, demo=demo)
    _readings(connection, now)
    _ledger(connection, hour)
    _figures(connection, hour)
    _scoring(connection, hour, demo=demo)
    connection.commit()


def _catalogue(connection: psycopg.Connection, *, demo: bool) -> None:
    revision = connection.execute(
        "INSERT INTO ingest.revision (district, who, file_sha256, mode) VALUES (%s, 'seed', %s, 'apply') RETURNING rev",
        (DISTRICT, sha256(b"seed").hexdigest()),
    ).fetchone()
    assert revision is not None
    facts: list[tuple[str, str, dict[str, object]]] = [
        ("district", DISTRICT, {
            "name_zh": "湖畔示范商圈", "name_en": "Lakeside Demo District", "zone": "Asia/Shanghai", "demo": demo,
            "gross_floor_area_m2": "320000",
        }),
        ("space", "mall", {"name_zh": "湖畔购物中心", "name_en": "Lakeside Mall", "parent": None, "core_public": True}),
        ("space", "plaza", {"name_zh": "中心广场", "name_en": "Central Plaza", "parent": None, "core_public": True}),
    ]  # fmt: skip
    facts += [
        ("car_park", park, {"name_zh": zh, "name_en": en, "space": "mall", "public": True, "spaces": 300})
        for park, (zh, en) in CAR_PARKS.items()
    ]
    for device, (feed, space, interval, _) in DEVICES.items():
        body: dict[str, object] = {"feed": feed, "space": space, "interval_s": interval, "origin": "simulated"}
        if feed == "parking":
            body["car_park"] = device.split("-")[1]
        facts.append(("device", device, body))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ingest.fact (district, kind, id, valid_from, rev, body)"
            " VALUES (%s, %s, %s, '-infinity', %s, %s)",
            [(DISTRICT, kind, key, revision[0], Jsonb(body)) for kind, key, body in facts],
        )


def _readings(connection: psycopg.Connection, now: datetime) -> None:
    connection.execute("SELECT ingest.ensure_partition(%s)", (now,))
    connection.execute("SELECT ingest.ensure_partition(%s)", (now - timedelta(hours=8),))
    connection.execute(
        "INSERT INTO ingest.batch (id, collector, received, received_at, catalogue_revision)"
        " VALUES (1, 'seed', 0, %s, 1)",
        (now,),
    )
    for device, (_, _, interval, quantities) in DEVICES.items():
        for quantity in quantities:
            row = connection.execute(
                "INSERT INTO ingest.datastream (district, device, quantity) VALUES (%s, %s, %s) RETURNING id",
                (DISTRICT, device, quantity),
            ).fetchone()
            assert row is not None
            if device == NEVER_SPOKE:
                continue
            last = now - timedelta(hours=SILENT_SINCE_HOURS.get(device, 0), seconds=interval // 4)
            connection.execute(
                "INSERT INTO ingest.reading (time, value, batch_id, datastream_id, late_s, flags)"
                " VALUES (%s, 1, 1, %s, 1, 1)",
                (last, row[0]),
            )
            connection.execute(
                """
                INSERT INTO metrics.hour (datastream_id, hour, received, valid, frozen, slots, expected, covered_us,
                                          minutes, lateness, flag_counts, origins, input_digest)
                SELECT %(id)s, h, n, n, 0, n, %(slots)s, 3600000000::bigint * n / %(slots)s, repeat('1', 60)::bit(60),
                       ARRAY[n], ARRAY[0], ARRAY[0, n, 0, 0], '\\x00'
                FROM (
                    SELECT h, CASE WHEN %(gap)s AND h BETWEEN %(hour)s - INTERVAL '11 days 6 hours'
                                                     AND %(hour)s - INTERVAL '11 days' THEN %(slots)s / 4
                                   ELSE %(slots)s END AS n
                    FROM generate_series(%(hour)s - %(days)s * INTERVAL '1 day', %(hour)s - INTERVAL '1 hour',
                                         INTERVAL '1 hour') h
                    WHERE NOT (%(gap)s AND h BETWEEN %(hour)s - INTERVAL '20 days 3 hours'
                                                 AND %(hour)s - INTERVAL '20 days')
                ) x
                """,
                {
                    "id": row[0],
                    "slots": 3600 // interval,
                    "days": DAYS,
                    "hour": now.replace(minute=0, second=0, microsecond=0),
                    "gap": device.endswith("east"),
                },
            )


def _ledger(connection: psycopg.Connection, hour: datetime) -> None:
    batch = 2
    for back in range(47, -1, -1):
        at = hour - timedelta(hours=back)
        connection.execute(
            "INSERT INTO ingest.batch (id, collector, received, received_at, catalogue_revision)"
            " VALUES (%s, 'seed', 0, %s, 1)",
            (batch, at),
        )
        for gateway, feed, messages in (
            ("gw-north", "foot_traffic", 120), ("gw-parking", "parking", 180), ("gw-north", "wifi", 48),
            ("gw-plant", "energy", 36), ("gw-south", "air_quality", 24), ("gw-south", "-", 2 if back % 5 == 0 else 0),
        ):  # fmt: skip
            if not messages:
                continue
            duplicate = messages // 40 if back % 6 == 0 else 0
            conflict = 1 if back == 9 and feed == "parking" else 0
            refused = messages if feed == "-" else 0
            stored = messages - duplicate - conflict - refused
            connection.execute(
                "INSERT INTO ingest.ledger VALUES (%s, %s, %s, %s, 'arrival', %s, %s, %s, 0, %s, %s, 0, %s,"
                " %s, %s, %s, %s, 0, 0, 0, 0, %s)",
                (
                    batch, DISTRICT, gateway, feed, at, messages, stored, duplicate, conflict, refused,
                    2 * (messages - refused), 2 * stored, 2 * duplicate, 2 * conflict, 180 * refused,
                ),
            )  # fmt: skip
            for part in range(refused):
                reason = ("unknown_device", "bad_json", "clock")[(back // 5 + part) % 3]
                connection.execute(
                    "INSERT INTO ingest.quarantine (batch_id, received_at, topic, body, reason, detail, bytes, sha256,"
                    " district, gateway, feed, qos, retain, dup)"
                    " VALUES (%s, %s, %s, %s, %s, 'seeded', 180, %s, %s, %s, '-', 1, false, false)",
                    (
                        batch,
                        at,
                        b"district/v1/lakeside-demo/gw-south/parking/x",
                        b"{}",
                        reason,
                        b"\0" * 32,
                        DISTRICT,
                        gateway,
                    ),
                )
        batch += 1
    row = connection.execute("SELECT id FROM ingest.datastream WHERE quantity = 'parking.used' LIMIT 1").fetchone()
    assert row is not None
    connection.execute(
        "INSERT INTO ingest.conflict (datastream_id, time, value, flags, late_s, batch_id) VALUES (%s, %s, 9, 1, 1, 2)",
        (row[0], hour),
    )
    connection.execute("SELECT setval(pg_get_serial_sequence('ingest.batch', 'id'), %s)", (batch,))


def _figures(connection: psycopg.Connection, hour: datetime) -> None:
    for metric, unit, subjects, level, swing in FIGURES:
        for position, subject in enumerate(subjects):
            feed = subject.partition(":")[2] if subject.startswith("feed:") else None
            devices = [d for d, v in DEVICES.items() if feed in (None, v[0])]
            for grain, step, first in (
                ("hour", "1 hour", hour),
                ("day", "1 day", hour - timedelta(hours=(hour.hour + 8) % 24)),
            ):
                connection.execute(
                    """
                    INSERT INTO metrics.value (district, metric, subject, grain, window_start, window_end, numerator,
                        denominator, unit, coverage_numerator, coverage_denominator, devices, origins, quality,
                        definition)
                    SELECT %(district)s, %(metric)s, %(subject)s, %(grain)s, h, h + %(step)s::interval,
                           CASE WHEN h BETWEEN %(hour)s - INTERVAL '12 days' AND %(hour)s - INTERVAL '11 days 12 hours'
                                THEN NULL
                                ELSE round((%(level)s + %(swing)s * sin(extract(epoch FROM h)::float8 / 13750.99 - 1.1
                                                                        - %(position)s * 0.4))::numeric * 1000) END,
                           1000, %(unit)s, 58, 60, %(devices)s, '{simulated}', 'good', 'seed'
                    FROM generate_series(%(first)s - %(days)s * INTERVAL '1 day', %(first)s - INTERVAL '1 hour',
                                         %(step)s::interval) h
                    """,
                    {
                        "district": DISTRICT, "metric": metric, "subject": subject, "grain": grain, "step": step,
                        "hour": hour, "first": first, "days": DAYS, "level": level, "swing": swing,
                        "position": position, "unit": unit, "devices": devices,
                    },
                )  # fmt: skip


def _scoring(connection: psycopg.Connection, hour: datetime, *, demo: bool) -> None:
    end = hour - timedelta(hours=(hour.hour + 8) % 24)
    start = end - timedelta(days=30)
    parking = [device for device, entry in DEVICES.items() if entry[0] == "parking"]
    metrics = [
        _finding("parking_share_of_car_parks_connected", "district", "1", "1", parking),
        _finding("parking_share_of_spaces_connected", "district", "0.982", "1", parking),
        _finding("freshness_p95", "feed:parking", "7", "s", parking),
        _finding("parking_balanced_days", "car_park:east", "0.966", "1", ["gate-east", "count-east"]),
    ]
    live = [_finding("class_online_rate", f"feed:{feed}", "0.97", "1", [d for d, e in DEVICES.items() if e[0] == feed])
            for feed in ("parking", "energy", "air_quality")]  # fmt: skip
    for item, outcome, points, found in (
        ("2.2.5.1", "met", "1", metrics), ("2.2.5.2", "met", "1", metrics[:3]), ("2.2.2.1", "partly_met", "1", live),
        ("2.6.1.1", "undetermined", None, None),
    ):  # fmt: skip
        evidence = None
        if found is not None:
            row = connection.execute(
                "INSERT INTO scoring.evidence (public_id, district, assessment, rubric, item, window_start, window_end,"
                " revision, reason, digest, inputs, rule_id, rule_version, demo, coverage_numerator,"
                " coverage_denominator, origins, findings, recorded_at)"
                " VALUES (%s, %s, 'seed', 'hangzhou-city-2023', %s, %s, %s, 1, 'first', %s, '{}', %s, %s, %s, 993,"
                " 1000, '{simulated}', %s, %s) RETURNING id",
                (
                    f"{DISTRICT}/seed/{item}/30d/r1", DISTRICT, item, start, end, sha256(item.encode()).hexdigest(),
                    f"hangzhou-city-2023/{item}", sha256(b"rule").hexdigest(), demo, Jsonb(found), hour,
                ),
            ).fetchone()  # fmt: skip
            assert row is not None
            evidence = row[0]
        connection.execute(
            "INSERT INTO scoring.suggestion (district, assessment, rubric, item, evidence_id, outcome, points,"
            " provisional, demo, reason_zh, reason_en, rule_id, rule_version, recorded_at)"
            " VALUES (%s, 'seed', 'hangzhou-city-2023', %s, %s, %s, %s, false, %s, %s, %s, %s, %s, %s)",
            (
                DISTRICT, item, evidence, outcome, points, demo,
                "3 个公共停车场全部接入，接入车位占 98.2 %，95 % 的读数在 7 秒内到达。",
                "All 3 public car parks are connected, with 98.2 % of their spaces; 95 % arrive within 7 s.",
                f"hangzhou-city-2023/{item}", sha256(b"rule").hexdigest(), hour,
            ),
        )  # fmt: skip


def _finding(name: str, subject: str, value: str, unit: str, devices: list[str]) -> dict[str, object]:
    return {
        "name": name, "subject": subject, "value": value, "unit": unit, "coverage": "0.993", "devices": devices,
        "device_count": len(devices), "origins": ["simulated"], "threshold": "600" if unit == "s" else "0.9",
        "holds": unit != "s" or float(value) <= 600,
    }  # fmt: skip
