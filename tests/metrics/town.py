"""A district made by hand: facts and rows of metrics.hour, written as SQL would find them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

HOUR_US = 3_600_000_000
ALL = "1" * 60


class Town:
    """Writes facts and hours of one district."""

    def __init__(self, connection: psycopg.Connection, district: str = "lakeside", zone: str = "Asia/Shanghai") -> None:
        self.connection = connection
        self.district = district
        self.fact("district", district, {"name_zh": "湖滨", "name_en": "Lakeside", "zone": zone, "demo": True})

    @classmethod
    def known(cls, connection: psycopg.Connection, district: str = "lakeside") -> "Town":
        """A district that is there already."""
        town = cls.__new__(cls)
        town.connection, town.district = connection, district
        return town

    def revise(self) -> int:
        row = self.connection.execute(
            "INSERT INTO ingest.revision (district, who, file_sha256, mode)"
            " VALUES (%s, 'tester', '', 'apply') RETURNING rev",
            (self.district,),
        ).fetchone()
        assert row
        return int(row[0])

    def fact(
        self, kind: str, id_: str, body: Mapping[str, Any], since: datetime | None = None, *, ended: bool = False
    ) -> int:
        rev = self.revise()
        self.connection.execute(
            "INSERT INTO ingest.fact (district, kind, id, valid_from, rev, body, ended)"
            " VALUES (%s, %s, %s, coalesce(%s, '-infinity'::timestamptz), %s, %s, %s)",
            (self.district, kind, id_, since, rev, Jsonb(dict(body)), ended),
        )
        return rev

    def space(self, id_: str, parent: str | None = None, *, core_public: bool = True) -> None:
        self.fact("space", id_, {"parent": parent, "core_public": core_public})

    def car_park(self, id_: str, spaces: int, *, public: bool = True) -> None:
        self.fact("car_park", id_, {"space": "mall", "public": public, "spaces": spaces})

    def device(self, id_: str, feed: str, since: datetime | None = None, **body: Any) -> None:
        self.fact(
            "device", id_, {"feed": feed, "space": "mall", "interval_s": 300, "origin": "simulated", **body}, since
        )

    def stream(self, device: str, quantity: str, channel: str = "") -> int:
        row = self.connection.execute(
            "INSERT INTO ingest.datastream (district, device, quantity, channel) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (district, device, quantity, channel) DO UPDATE SET channel = excluded.channel RETURNING id",
            (self.district, device, quantity, channel),
        ).fetchone()
        assert row
        return int(row[0])

    def hour(self, device: str, quantity: str, hour: datetime, *, channel: str = "", **columns: Any) -> None:
        """One row of metrics.hour, wholly covered unless told otherwise."""
        values: dict[str, Any] = {
            "received": 12, "valid": 12, "frozen": 0, "slots": 12, "expected": 12, "covered_us": HOUR_US,
            "minutes": ALL,
            "lateness": [12, 0, 0, 0, 0, 0, 0, 0, 0, 0], "flag_counts": [0] * 8, "origins": [0, 12, 0, 0],
            "input_digest": b"", **columns,
        }  # fmt: skip
        if "state_us" in values:
            # each code at the begin of the hour for as long as it lasted
            minutes = {
                code: (1 << 60) - (1 << 60 - -(-us // 60_000_000)) for code, us in values["state_us"].items() if us
            }
            values |= {"state_us": Jsonb(values["state_us"]), "state_minutes": Jsonb(minutes)}
        names = ["datastream_id", "hour", *values]
        marks = ["%s"] * len(names)
        marks[names.index("minutes")] = "%s::bit(60)"
        self.connection.execute(
            f"INSERT INTO metrics.hour ({', '.join(names)}) VALUES ({', '.join(marks)})".encode(),
            [self.stream(device, quantity, channel), hour, *values.values()],
        )

    def hours(
        self, device: str, quantity: str, start: datetime, amounts: Sequence[Any], column: str = "amount"
    ) -> None:
        """Whole hours one after another; None leaves a hole."""
        for n, amount in enumerate(amounts):
            if amount is not None:
                self.hour(device, quantity, start + timedelta(hours=n), **dict[str, Any]({column: amount}))


def utc(text: str) -> datetime:
    """An instant from text like ``2026-11-01 16:00``, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
