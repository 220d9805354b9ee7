"""Ingest health: is what the gateways send arriving, and where does it end? From top to bottom as on the screen."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import house
from dashboards.house import Column, Panel, Place, Target

TOPIC = "health"


def newest_reading(to: Target) -> Panel:
    """Age of the newest reading of each feed."""
    place = Place(id=1, x=0, y=0, w=9, h=5)
    return house.number(to, "health/newest_reading", place, unit="s", colours="age", rows=True)


def silent(to: Target) -> Panel:
    """Number of silent devices."""
    return house.number(to, "health/silent", Place(id=2, x=9, y=0, w=3, h=5), unit="{device}", colours="none_wanted")


def quarantine_open(to: Target) -> Panel:
    """Messages in quarantine."""
    place = Place(id=3, x=12, y=0, w=3, h=5)
    return house.number(to, "health/quarantine_open", place, unit="{message}", colours="none_wanted")


def conflicts(to: Target) -> Panel:
    """Readings that contradict a stored one."""
    return house.number(
        to, "health/conflicts", Place(id=4, x=15, y=0, w=3, h=5), unit="{reading}", colours="none_wanted"
    )


def unbalanced(to: Target) -> Panel:
    """What the ledger does not explain."""
    return house.number(to, "health/unbalanced", Place(id=5, x=18, y=0, w=3, h=5), unit="1", colours="none_allowed")


def backlog(to: Target) -> Panel:
    """What the roll-ups still have to look at."""
    return house.number(to, "health/backlog", Place(id=6, x=21, y=0, w=3, h=5), unit="{row}", colours="backlog")


def messages_by_class(to: Target) -> Panel:
    """Messages by the hour and class."""
    place = Place(id=7, x=0, y=5, w=12, h=8)
    return house.over_time(to, "health/messages_by_class", place, unit="{message}", stacked=True)


def readings_by_class(to: Target) -> Panel:
    """Readings by the hour and class."""
    place = Place(id=8, x=12, y=5, w=12, h=8)
    return house.over_time(to, "health/readings_by_class", place, unit="{reading}", stacked=True)


def freshness(to: Target) -> Panel:
    """How late readings arrive."""
    return house.over_time(to, "health/freshness", Place(id=9, x=0, y=13, w=8, h=8), unit="s", colours="age")


def completeness(to: Target) -> Panel:
    """Completeness of each feed."""
    place = Place(id=10, x=8, y=13, w=8, h=8)
    return house.over_time(to, "health/completeness", place, unit="share", colours="completeness", top=1)


def messages_by_gateway(to: Target) -> Panel:
    """Messages by the hour and gateway."""
    return house.over_time(to, "health/messages_by_gateway", Place(id=11, x=16, y=13, w=8, h=8), unit="{message}")


def quarantine_by_reason(to: Target) -> Panel:
    """Open quarantine by reason."""
    return house.ranking(to, "health/quarantine_by_reason", Place(id=12, x=0, y=21, w=8, h=9), unit="{message}")


def silent_devices(to: Target) -> Panel:
    """Silent devices by name."""
    columns = {
        "device": Column(width=150),
        "feed": Column(width=120),
        "space": Column(),
        "last_time": Column(unit="time", width=170),
        "age": Column(unit="s", width=110),
        "interval": Column(unit="s", width=100),
    }
    return house.listing(to, "health/silent_devices", Place(id=13, x=8, y=21, w=16, h=9), columns)


def quarantine_latest(to: Target) -> Panel:
    """The latest quarantined messages."""
    columns = {
        "received_at": Column(unit="time", width=170),
        "reason": Column(width=160),
        "detail": Column(),
        "gateway": Column(width=140),
        "device": Column(width=140),
        "bytes": Column(unit="By", width=90),
    }
    return house.listing(to, "health/quarantine_latest", Place(id=14, x=0, y=30, w=24, h=9), columns)


def build(to: Target) -> Dashboard:
    """The dashboard."""
    panels = (
        newest_reading, silent, quarantine_open, conflicts, unbalanced, backlog, messages_by_class, readings_by_class,
        freshness, completeness, messages_by_gateway, quarantine_by_reason, silent_devices, quarantine_latest,
    )  # fmt: skip
    variables = [house.chosen(to, "feed", multi=True)]
    return house.frame(to, TOPIC, [panel(to) for panel in panels], start="now-24h", variables=variables)
