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
class Wifi:
    """Clients of access points."""

    clients_percent: int
    staff: Span
    authenticated_percent: Span
    outage_percent: int
    outage_s: Span


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


@cache
def load() -> Physics:
    """The shipped constants."""
    text = resources.files("simulators").joinpath("physics.yaml").read_text(encoding="utf-8")
    return TypeAdapter(Physics).validate_python(yaml.safe_load(text))
