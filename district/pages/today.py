"""What the page of a district shows: figures of today, feeds, ledger and quarantine."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import psycopg
import yaml
from psycopg.rows import class_row

from district.pages.plot import Frame, Plot, hourly
from district.pages.queries import sql

SPARK = Frame(width=300, height=54, left=1, right=1, top=4, bottom=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """A district of the catalogue."""

    district: str
    name_zh: str
    name_en: str
    zone: str
    demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed now."""

    feed: str
    devices: int
    online: int
    newest: datetime | None
    simulated: bool
    #: of the last 24 hours, 0 to 1
    completeness: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A device that is not online."""

    device: str
    feed: str
    space_zh: str
    space_en: str
    last_time: datetime | None
    interval_s: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Messages and readings of 24 hours by class."""

    received: int
    stored: int
    partly_stored: int
    duplicate: int
    conflict: int
    no_measurement: int
    quarantined: int
    readings_decoded: int
    readings_stored: int
    readings_duplicate: int
    readings_conflict: int
    readings_not_stored: int

    @property
    def messages(self) -> tuple[tuple[str, int], ...]:
        """Classes of messages."""
        names = ("stored", "partly_stored", "duplicate", "conflict", "no_measurement", "quarantined")
        return tuple((name, getattr(self, name)) for name in names)

    @property
    def readings(self) -> tuple[tuple[str, int], ...]:
        """Classes of readings."""
        names = ("stored", "duplicate", "conflict", "not_stored")
        return tuple((name, getattr(self, f"readings_{name}")) for name in names)

    @property
    def balanced(self) -> bool:
        """Whether every message and every reading ended in exactly one class."""
        return self.received == sum(n for _, n in self.messages) and self.readings_decoded == sum(
            n for _, n in self.readings
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """Open quarantine of one reason."""

    reason: str
    messages: int
    newest: datetime
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hourly figure."""

    metric: str
    subject: str
    name_zh: str
    name_en: str
    hour: datetime
    value: float | None
    unit: str
    coverage_numerator: Decimal
    coverage_denominator: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure of today."""

    metric: str
    feed: str
    #: `so_far` or `now`
    show: str
    name_zh: str
    name_en: str
    value: float | None
    unit: str
    start: datetime
    end: datetime
    #: 0 to 1; None: nothing was expected
    coverage: Decimal | None
    plot: Plot


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """Everything the page shows."""

    district: District
    now: datetime
    cards: tuple[Card, ...]
    feeds: tuple[Feed, ...]
    silent: tuple[Silent, ...]
    ledger: Ledger
    quarantine: tuple[Quarantined, ...]


def districts(connection: psycopg.Connection) -> list[District]:
    """Districts of the catalogue as of now, by id."""
    with connection.cursor(row_factory=class_row(District)) as cursor:
        return cursor.execute(
            "SELECT district, name_zh, name_en, zone, demo FROM dashboards.district ORDER BY district"
        ).fetchall()


def hours(
    connection: psycopg.Connection, district: str, metrics: Sequence[str], start: datetime, end: datetime
) -> list[Hour]:
    """Hourly figures of [start, end)."""
    with connection.cursor(row_factory=class_row(Hour)) as cursor:
        values = {"district": district, "metrics": list(metrics), "start": start, "end": end}
        return cursor.execute(sql("figures"), values).fetchall()


def read(connection: psycopg.Connection, district: District, now: datetime) -> Today:
    """The district as it stands at `now`."""
    values = {"district": district.district, "now": now}
    with connection.cursor(row_factory=class_row(Feed)) as cursor:
        feeds = cursor.execute(sql("feeds"), values).fetchall()
    with connection.cursor(row_factory=class_row(Silent)) as cursor:
        silent = cursor.execute(sql("silent"), values).fetchall()
    with connection.cursor(row_factory=class_row(Ledger)) as cursor:
        (ledger,) = cursor.execute(sql("ledger"), values).fetchall()
    with connection.cursor(row_factory=class_row(Quarantined)) as cursor:
        quarantine = cursor.execute(sql("quarantine"), values).fetchall()
    return Today(
        district=district,
        now=now,
        cards=tuple(_cards(connection, district, now)),
        feeds=tuple(feeds),
        silent=tuple(silent),
        ledger=ledger,
        quarantine=tuple(quarantine),
    )


@cache
def _shown() -> list[dict[str, str]]:
    shown: list[dict[str, str]] = yaml.safe_load(resources.files(__package__).joinpath("today.yaml").read_text("utf-8"))
    return shown


def _cards(connection: psycopg.Connection, district: District, now: datetime) -> list[Card]:
    top = now.replace(minute=0, second=0, microsecond=0)
    midnight = now.astimezone(ZoneInfo(district.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = midnight.astimezone(now.tzinfo)
    day = top - timedelta(hours=24)
    series: dict[tuple[str, str], list[Hour]] = defaultdict(list)
    for row in hours(connection, district.district, [entry["metric"] for entry in _shown()], min(day, midnight), top):
        series[row.metric, row.subject].append(row)
    cards = []
    for entry in _shown():
        # Where a metric knows no figure of the whole district, its first subject stands in and is named.
        found = series.get((entry["metric"], entry["subject"])) or next(
            (rows for (metric, _), rows in series.items() if metric == entry["metric"]), []
        )
        if found:
            cards.append(_card(entry, found, midnight=midnight, day=day, top=top, zone=district.zone))
    return cards


def _card(
    entry: dict[str, str], rows: Sequence[Hour], *, midnight: datetime, day: datetime, top: datetime, zone: str
) -> Card:
    if entry["show"] == "so_far":
        counted = [row for row in rows if row.hour >= midnight]
        start, end = midnight, max(top, midnight)
    else:
        counted = [row for row in rows if row.value is not None][-1:] or list(rows[-1:])
        start, end = counted[0].hour, counted[0].hour + timedelta(hours=1)
    known = [row.value for row in counted if row.value is not None]
    expected = sum((row.coverage_denominator for row in counted), Decimal(0))
    return Card(
        metric=entry["metric"],
        feed=entry["feed"],
        show=entry["show"],
        name_zh=rows[0].name_zh,
        name_en=rows[0].name_en,
        value=sum(known) if known else None,
        unit=rows[0].unit,
        start=start,
        end=end,
        coverage=sum((row.coverage_numerator for row in counted), Decimal(0)) / expected if expected else None,
        plot=hourly([(row.hour, row.value) for row in rows], day, top, zone, frame=SPARK),
    )
