"""The constants of the simulated district, from physics.yaml; every one is our choice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import yaml
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked

_strict = ConfigDict(extra="forbid")

#: (low, high), half-open
Span = tuple[int, int]
#: one relative weight per hour of the clock
Course = tuple[int, ...]


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class SendingDelay:
    """How long after its measurement a report is sent [ms]."""

    device: Span
    report: Span


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class FootTraffic:
    """Visitors of a counted space."""

    visits_per_entrance: int
    weekend_percent: int
    rain_percent: int
    noise_percent: int
    passage_percent: int
    opening: tuple[str, str]
    linger_s: int
    arrivals: Course
    stay_s: tuple[int, ...]


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Parking:
    """Vehicles of a car park, space by space."""

    residents_percent: int
    taken_percent: Mapping[str, tuple[int, int, int]]
    cuts_s: Mapping[str, int]
    spread_s: int
    shortest_s: int


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Outage:
    """How often something is out of order, and for how long."""

    #: of the days of one device
    percent: int
    length_s: Span


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Upkeep:
    """What happens to any device that a platform speaks for."""

    offline: Outage
    broken: Outage


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Wifi:
    """Clients of access points."""

    clients_percent: int
    staff: Span
    authenticated_percent: Span
    weak_percent: Span
    log_in_percent: int
    log_in_failure_percent: int
    log_in_s: int
    outage: Outage


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Energy:
    """Meters in a tree of incomers and what hangs below them."""

    origin: date
    first_wh: Span
    meter_wh_per_day: Span
    own_percent: int
    weekend_percent: int
    rain_percent: int
    noise_percent: int
    shape: Course
    power_factor_percent: Span


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Air:
    """One quantity of the air; `level` in steps of 1 / `per_unit` of `unit`."""

    unit: str
    per_unit: int
    level: int
    day_percent: int
    site_percent: int
    noise_percent: int
    course: Course


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class AirQuality:
    """What a station of the air measures."""

    rain_percent: Mapping[str, int]
    quantities: Mapping[str, Air]


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Video:
    """Zones of cameras."""

    pause_percent: int
    pause_s: Span
    in_picture_s: int


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Thermal:
    """Plant that grows warm with its load, and people who come in; temperatures in 0.1 Cel."""

    ambient: Span
    load: int
    noise: int
    limit: int
    critical: int
    hot: Outage
    hot_rise: Span
    skin: Span


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Equipment:
    """Machines for visitors, and what runs in the background."""

    used_percent: Mapping[str, int]
    electric_percent: int
    charge_s: int
    compartments: int
    parcel_percent: int
    overnight_percent: int
    cubicles: int
    toilet_percent: int
    toilet_s: Span
    lamp_w: int
    sunset_s: Span
    sunrise_s: Span
    battery_days: int
    volts: Span
    cabinet: Span


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Traffic:
    """Roads, the taxi stop and bicycles."""

    near_s: Span
    through_per_day: Span
    through: Course
    free_speed: int
    slowing: int
    slowest: int
    covered_ms: int
    taxi_percent: int
    taxi_walk_s: Span
    taxi_wait_s: Span
    bicycle_percent: int
    outside_percent: int
    lock_s: int


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Alarms:
    """Panels and their path to the centre."""

    raised_percent: Mapping[str, int]
    raised_s: Mapping[str, Span]
    severity: Mapping[str, str]
    latency_s: Span
    slow_percent: int
    slow_s: Span
    acknowledged_s: Span
    reset_s: Span
    poll_s: int
    test_block_days: int
    test_s: Span
    link: Outage


@checked(frozen=True, slots=True, kw_only=True, config=_strict)
class Deliveries:
    """Trips of delivery vehicles."""

    trips_per_day: Span
    starts_s: Span
    joint_percent: int
    stops: Span
    drive_s: Span
    parcels: Span
    slack_s: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """All constants; one attribute per section of the file."""

    rain_percent: int
    sending_delay_ms: SendingDelay
    gateways: Mapping[str, tuple[str, ...]]
    foot_traffic: FootTraffic
    parking: Parking
    wifi: Wifi
    energy: Energy
    air_quality: AirQuality
    upkeep: Upkeep
    video: Video
    thermal: Thermal
    equipment: Equipment
    traffic: Traffic
    alarms: Alarms
    deliveries: Deliveries


@cache
def load() -> Physics:
    """The shipped constants."""
    text = resources.files("simulators").joinpath("physics.yaml").read_text(encoding="utf-8")
    return TypeAdapter(Physics).validate_python(yaml.safe_load(text))
