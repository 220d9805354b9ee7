"""What the page of an item shows: figures, hourly plots, coverage calendar, devices, rule."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import psycopg
import yaml
from psycopg.rows import class_row

from district.pages.plot import Plot, hourly
from district.pages.queries import sql
from district.pages.results import EvidenceResult, ItemResult
from district.pages.today import District, Hour, hours

#: Upper bounds of the classes of the coverage calendar [share], with their CSS classes; the last one is "all of it".
CLASSES: tuple[tuple[float, str], ...] = ((0.0, "c0"), (0.5, "c1"), (0.9, "c2"), (0.9999, "c3"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The hours of one figure."""

    metric: str
    unit: str
    name_zh: str
    name_en: str
    plot: Plot


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One hour of the calendar."""

    hour: int
    #: mean covered share of the devices, 0 to 1; None: outside the window
    share: float | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day of the calendar."""

    day: date
    at: datetime
    cells: tuple[Cell, ...]
    #: mean over its hours in the window
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that the evidence rests on."""

    device: str
    feed: str
    space_zh: str
    space_en: str
    origin: str
    interval_s: Decimal
    last_time: datetime | None
    online: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """Everything the page shows beyond the result itself."""

    result: ItemResult
    evidence: EvidenceResult
    series: tuple[Series, ...]
    calendar: tuple[Day, ...]
    devices: tuple[Device, ...]
    #: names of subjects in both languages
    names: Mapping[str, tuple[str, str]]


def read(connection: psycopg.Connection, district: District, result: ItemResult) -> ItemView | None:
    """The view of a result; None where it has no evidence."""
    evidence = result.evidence
    if evidence is None:
        return None
    devices = sorted({device for metric in evidence.metrics for device in metric.devices})
    start, end = evidence.start, evidence.end
    values = {"district": district.district, "devices": devices, "start": start, "end": end}
    covered = {hour: float(share) for hour, share in connection.execute(sql("calendar"), values).fetchall()}
    with connection.cursor(row_factory=class_row(Device)) as cursor:
        found = cursor.execute(sql("devices"), values).fetchall()
    plots = [entry for feed in dict.fromkeys(each.feed for each in found) for entry in _plots().get(feed, [])]
    figures = [
        row
        for row in hours(connection, district.district, [entry["metric"] for entry in plots], start, end)
        if any(row.metric == entry["metric"] and row.subject.startswith(entry["subjects"]) for entry in plots)
    ]
    order = {entry["metric"]: position for position, entry in enumerate(plots)}
    figures.sort(key=lambda row: order[row.metric])
    return ItemView(
        result=result,
        evidence=evidence,
        series=tuple(_series(figures, start, end, district.zone)),
        calendar=calendar(covered, len(devices), start, end, district.zone),
        devices=tuple(found),
        names=_names(connection, district.district),
    )


@cache
def _plots() -> dict[str, list[dict[str, str]]]:
    text = resources.files(__package__).joinpath("plots.yaml").read_text(encoding="utf-8")
    document: dict[str, list[dict[str, str]]] = yaml.safe_load(text)
    return document


def _names(connection: psycopg.Connection, district: str) -> dict[str, tuple[str, str]]:
    rows = connection.execute(
        "SELECT subject, name_zh, name_en FROM dashboards.subject WHERE district = %s", (district,)
    ).fetchall()
    return {subject: (zh, en) for subject, zh, en in rows}


def _series(rows: Sequence[Hour], start: datetime, end: datetime, zone: str) -> list[Series]:
    groups: dict[tuple[str, str], list[Hour]] = defaultdict(list)
    for row in rows:
        groups[row.metric, row.subject].append(row)
    return [
        Series(
            metric=metric,
            unit=group[0].unit,
            name_zh=group[0].name_zh,
            name_en=group[0].name_en,
            plot=hourly(
                [(row.hour, row.value) for row in group], start, end, zone,
                percent=group[0].unit == "1",
            ),
        )
        for (metric, _), group in groups.items()
    ]  # fmt: skip


def calendar(
    covered: Mapping[datetime, float], devices: int, start: datetime, end: datetime, zone: str
) -> tuple[Day, ...]:
    """Days x hours of the window in local time. An hour of which nothing is known is covered by nothing.

    An hour that the clock skips in spring is outside the window; one that it repeats in autumn shows its second run.
    """
    local = ZoneInfo(zone)
    shares: dict[date, dict[int, float]] = defaultdict(dict)
    hour = start
    while hour < end:
        here = hour.astimezone(local)
        shares[here.date()][here.hour] = min(1.0, covered.get(hour, 0.0) / devices) if devices else 0.0
        hour += timedelta(hours=1)
    return tuple(
        Day(
            day=day,
            at=datetime(day.year, day.month, day.day, tzinfo=local),
            cells=tuple(Cell(hour=h, share=known.get(h), kind=_class(known.get(h))) for h in range(24)),
            share=sum(known.values()) / len(known),
        )
        for day, known in sorted(shares.items())
    )


def _class(share: float | None) -> str:
    if share is None:
        return "out"
    return next((name for bound, name in CLASSES if share <= bound), "c4")
