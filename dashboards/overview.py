"""District overview: people, parking, energy, air, and what the figures suggest, from top to bottom."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import house
from dashboards.house import Column, Panel, Place, Target

TOPIC = "overview"


def footfall(to: Target) -> Panel:
    """Visits of the period."""
    return house.number(to, "overview/footfall", Place(id=1, x=0, y=0, w=5, h=4), unit="{people}")


def occupancy(to: Target) -> Panel:
    """Parking occupancy of the latest hour."""
    return house.number(to, "overview/occupancy", Place(id=2, x=5, y=0, w=5, h=4), unit="share", colours="occupancy")


def energy(to: Target) -> Panel:
    """Energy of the period."""
    return house.number(to, "overview/energy", Place(id=3, x=10, y=0, w=5, h=4), unit="kW.h")


def aqi(to: Target) -> Panel:
    """Air quality index of the latest hour."""
    return house.number(to, "overview/aqi", Place(id=4, x=15, y=0, w=5, h=4), unit="{index}", colours="aqi")


def devices_online(to: Target) -> Panel:
    """Share of devices that are online now."""
    return house.number(
        to, "overview/devices_online", Place(id=5, x=20, y=0, w=4, h=4), unit="share", colours="completeness"
    )


def footfall_by_hour(to: Target) -> Panel:
    """Visits by the hour."""
    return house.over_time(to, "overview/footfall_by_hour", Place(id=6, x=0, y=4, w=12, h=8), unit="{people}")


def people_in_zone(to: Target) -> Panel:
    """People in each zone."""
    return house.over_time(to, "overview/people_in_zone", Place(id=7, x=12, y=4, w=12, h=8), unit="{people}")


def parking_occupancy(to: Target) -> Panel:
    """Occupancy of each car park."""
    place = Place(id=8, x=0, y=12, w=12, h=8)
    return house.over_time(to, "overview/parking_occupancy", place, unit="share", colours="occupancy", top=1)


def parking_flow(to: Target) -> Panel:
    """Vehicles in and out."""
    return house.over_time(to, "overview/parking_flow", Place(id=9, x=12, y=12, w=12, h=8), unit="{vehicle}")


def energy_by_hour(to: Target) -> Panel:
    """Energy of each space."""
    return house.over_time(to, "overview/energy_by_hour", Place(id=10, x=0, y=20, w=12, h=8), unit="kW.h")


def air_quality(to: Target) -> Panel:
    """Air quality index by the hour."""
    return house.over_time(
        to, "overview/air_quality", Place(id=11, x=12, y=20, w=12, h=8), unit="{index}", colours="aqi"
    )


def access_points(to: Target) -> Panel:
    """Access points online."""
    place = Place(id=12, x=0, y=28, w=12, h=7)
    return house.over_time(to, "overview/access_points", place, unit="share", colours="access_points", top=1)


def completeness(to: Target) -> Panel:
    """Completeness of each feed."""
    place = Place(id=13, x=12, y=28, w=12, h=7)
    return house.over_time(to, "overview/completeness", place, unit="share", colours="completeness", top=1)


def items(to: Target) -> Panel:
    """Suggested points with reasons."""
    columns = {
        "item": Column(width=90),
        "outcome": Column(width=120),
        "points": Column(unit="{point}", width=110),
        "provisional": Column(width=100),
        "demo": Column(width=80),
        "reason": Column(),
        "recorded_at": Column(unit="time", width=170),
    }
    return house.listing(to, "overview/items", Place(id=14, x=0, y=35, w=24, h=9), columns)


def build(to: Target) -> Dashboard:
    """The dashboard."""
    panels = (
        footfall, occupancy, energy, aqi, devices_online, footfall_by_hour, people_in_zone, parking_occupancy,
        parking_flow, energy_by_hour, air_quality, access_points, completeness, items,
    )  # fmt: skip
    return house.frame(to, TOPIC, [panel(to) for panel in panels], start="now-7d")
