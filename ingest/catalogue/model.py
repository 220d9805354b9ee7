"""A `district.yaml` as types. The `Key` of a field is its documentation: docs/catalogue.md is made from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from ingest.catalogue.values import Amount, Count, Day, Duration, Hours, Id, Moment, Text
from ingest.catalogue.words import (
    AlertMeasure,
    BayType,
    DayType,
    FacilityType,
    Feed,
    Policy,
    PopulationTier,
    Register,
    Role,
    Weekday,
)
from ingest.model import Origin
from ingest.yaml_document import Key, Strict

Since = Annotated[
    Moment | None, Key("when the entry as it stands here began to hold; without it: see 'From when a change holds'")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Strict):
    """A name in both languages."""

    zh: Annotated[Text, Key("in Chinese", "湖滨中心")]
    en: Annotated[Text, Key("in English", "Lakeside centre")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature(Strict):
    """Who vouches for a register, and since when."""

    signer: Annotated[Text, Key("person who signed", "Wang Fang, operations")]
    signed_on: Annotated[Day, Key("date of the signature")]


@dataclass(frozen=True, slots=True, kw_only=True)
class District(Strict):
    """The district itself."""

    id: Annotated[Id, Key("unique in the installation; stands in topics", "lakeside-demo")]
    name: Annotated[Name, Key("its name")]
    zone: Annotated[
        Text,
        Key("IANA time zone; its offset may only ever change by whole hours", "Asia/Shanghai", "an IANA time zone"),
    ]
    demo: Annotated[bool, Key("a demonstration: simulated readings count, and every output says so", "false")] = False
    gross_floor_area_m2: Annotated[Amount | None, Key("commercial floor area [m2]", "182000")] = None
    population_tier: Annotated[PopulationTier | None, Key("planned urban population")] = None
    signer: Annotated[Text | None, Key("who is responsible for this file", "Wang Fang, operations")] = None
    signed_on: Annotated[Day | None, Key("when this file was signed")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Space(Strict):
    """A building, a floor, a street, a shop: a place that figures are given for."""

    id: Annotated[Id, Key("unique among spaces", "mall-a-f1")]
    name: Annotated[Name, Key("its name")]
    parent: Annotated[Id | None, Key("space it lies in; without it: the district", "mall-a")] = None
    usable_area_m2: Annotated[Amount | None, Key("area for people, installations taken off [m2]", "5200")] = None
    core_public: Annotated[bool, Key("belongs to the core public area that the form asks for", "true")] = False
    capacity: Annotated[Count | None, Key("approved largest number of people at once", "4000")] = None
    opening: Annotated[
        Mapping[Weekday, tuple[Hours, ...]] | None,
        Key("opening hours by weekday, or `daily`", '{daily: ["10:00-22:00"]}'),
    ] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance(Strict):
    """A way into a space, over which people are counted."""

    id: Annotated[Id, Key("unique among entrances", "gate-north")]
    space: Annotated[Id, Key("space whose boundary it is", "mall-a")]
    name: Annotated[Name, Key("its name")]
    clear_width_m: Annotated[Amount | None, Key("width free for walking [m]", "3.6")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bay(Strict):
    """One parking space that is listed by itself."""

    id: Annotated[Id, Key("unique among bays", "p1-017")]
    type: Annotated[BayType, Key("kind of parking space")] = BayType.ORDINARY


@dataclass(frozen=True, slots=True, kw_only=True)
class CarPark(Strict):
    """A car park with its open spaces, connected or not."""

    id: Annotated[Id, Key("unique among car parks", "p1")]
    name: Annotated[Name, Key("its name")]
    space: Annotated[Id, Key("space it lies in", "mall-a")]
    public: Annotated[bool, Key("open to everybody", "true")]
    spaces: Annotated[Count, Key("parking spaces open to the public", "420")]
    reset: Annotated[Duration | None, Key("time after local midnight at which its count is set anew", "4h")] = None
    bays: Annotated[tuple[Bay, ...], Key("parking spaces listed one by one, where sensors watch them")] = ()
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant(Strict):
    """A business of the district."""

    id: Annotated[Id, Key("unique among merchants", "noodle-house")]
    name: Annotated[Name, Key("its name")]
    space: Annotated[Id, Key("space it occupies", "mall-a-f1")]
    category: Annotated[Text | None, Key("trade", "catering")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kitchen(Strict):
    """A kitchen whose camera the platform may show."""

    id: Annotated[Id, Key("unique among kitchens", "noodle-house-kitchen")]
    name: Annotated[Name, Key("its name")]
    merchant: Annotated[Id, Key("merchant that runs it", "noodle-house")]
    takeaway: Annotated[bool, Key("cooks for delivery", "true")]
    device: Annotated[Id | None, Key("its camera", "cam-k1")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility(Strict):
    """A room, cabinet or machine for visitors."""

    id: Annotated[Id, Key("unique among facilities", "aed-north")]
    name: Annotated[Name, Key("its name")]
    type: Annotated[FacilityType, Key("kind of facility")]
    space: Annotated[Id, Key("where it is", "mall-a-f1")]
    area_m2: Annotated[Amount | None, Key("floor area, for rooms [m2]", "10")] = None
    device: Annotated[Id | None, Key("device that reports on it", "aed-north-beat")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier(Strict):
    """A logistics company that delivers into the district."""

    id: Annotated[Id, Key("unique among carriers", "fast-parcel")]
    name: Annotated[Name, Key("its name")]
    contract: Annotated[Text | None, Key("document of the cooperation", "contract-2026-014.pdf")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway(Strict):
    """What publishes: messages of any other gateway go to quarantine."""

    id: Annotated[Id, Key("unique in the district; stands in topics", "gw-north")]
    name: Annotated[Name | None, Key("its name")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address(Strict):
    """How a foreign system names a device. Compared without case, blanks and the separators : - _ ."""

    route: Annotated[Text, Key("name of the route in the configuration", "chirpstack-v4")]
    address: Annotated[Text, Key("name of the device as that system sends it", '"24:E1:24:12:34:56:78:9A"')]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Strict):
    """How a running total is read where it falls."""

    policy: Annotated[Policy, Key("larger drop: `restart` at zero, `wrap` at a limit, or `ignore` (adds nothing)")]
    dip: Annotated[Amount | None, Key("a drop up to this is noise and adds nothing [unit of the quantity]", "1")] = None
    wrap: Annotated[
        Amount | None, Key("value at which it starts again, for `wrap` [unit of the quantity]", "1000000")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLimits(Strict):
    """How far the times of a device may be from their arrival; farther ones wait in quarantine, reason `clock`."""

    ahead: Annotated[Duration | None, Key("after it; without it: collector.clock_ahead_s", "10min")] = None
    behind: Annotated[Duration | None, Key("before it; without it: collector.clock_behind_s", "90d")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Strict):
    """A measuring point. Its id stays when the hardware is swapped; its origin can never change."""

    id: Annotated[Id, Key("unique in the district; stands in topics", "counter-north-1")]
    feed: Annotated[Feed, Key("family it belongs to")]
    space: Annotated[Id, Key("where it measures", "mall-a")]
    interval: Annotated[Duration, Key("time between two reports", "60s or 5min")]
    origin: Annotated[Origin, Key("where its readings come from")] = Origin.REAL
    hold: Annotated[Duration | None, Key("how long a value holds; without it: three intervals", "15min")] = None
    profile: Annotated[Text | None, Key("device profile that maps its values", "milesight-vs121")] = None
    addresses: Annotated[tuple[Address, ...], Key("its names in foreign systems")] = ()
    zone: Annotated[
        Text | None,
        Key(
            "IANA zone of its clock, for times without an offset; without it: the route's, else the district's",
            "Etc/UTC",
        ),
    ] = None
    clock: Annotated[
        ClockLimits | None,
        Key("how far its times may be from their arrival, where it differs", "{ahead: 10min, behind: 90d}"),
    ] = None
    role: Annotated[Role | None, Key("what it does in its feed")] = None
    entrance: Annotated[Id | None, Key("entrance it counts at", "gate-north")] = None
    sign: Annotated[
        int | None,
        Field(ge=-1, le=1),
        Key("1: its `in` leads into the entrance's space; -1: out of it", "1", "1 or -1"),
    ] = None
    car_park: Annotated[Id | None, Key("car park it reports on", "p1")] = None
    bay: Annotated[Id | None, Key("parking space it watches", "p1-017")] = None
    submeter_of: Annotated[Id | None, Key("meter whose amount contains this one's", "meter-mall-a")] = None
    primary: Annotated[
        Mapping[str, str],
        Key("flow: the one quantity that counts for it", "{energy.import: energy.import_total}"),
    ] = field(default_factory=dict)
    counters: Annotated[
        Mapping[str, Counter], Key("running total: how its falls are read", "{people.in_total: {policy: restart}}")
    ] = field(default_factory=dict)
    indicative: Annotated[bool, Key("shown, but no evidence: a sensor below the required class", "true")] = False
    calibrated_on: Annotated[Day | None, Key("date of the calibration in force")] = None
    commissioned_on: Annotated[Day | None, Key("first local day on which it is expected to report")] = None
    retired_on: Annotated[Day | None, Key("first local day on which it is no longer expected to report")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance(Strict):
    """A planned outage. Counts only where it was entered before it started; the time of entering is recorded."""

    id: Annotated[Id, Key("unique among maintenance windows", "air-2026-11")]
    start: Annotated[Moment, Key("begin")]
    end: Annotated[Moment, Key("end, itself not included")]
    devices: Annotated[tuple[Id, ...], Key("devices concerned", "[air-1, air-2]")] = ()
    spaces: Annotated[tuple[Id, ...], Key("spaces concerned, with all their devices", "[mall-a]")] = ()
    reason: Annotated[Text | None, Key("what is done", "exchange of filters")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDay(Strict):
    """A day of the event calendar."""

    id: Annotated[Id, Key("unique in the calendar", "national-day-2026")]
    name: Annotated[Name, Key("its name")]
    day: Annotated[Day, Key("the local day")]
    type: Annotated[DayType, Key("why it is special")]
    opening: Annotated[tuple[Hours, ...] | None, Key("hours of that day, where they differ", '["09:00-23:00"]')] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLevels(Strict):
    """From which values on a space is too full."""

    id: Annotated[Id, Key("unique among alert levels", "plaza-density")]
    space: Annotated[Id, Key("space watched", "plaza")]
    measure: Annotated[AlertMeasure, Key("density [people/m2] or load [share of the capacity, 0 to 1]")]
    yellow: Annotated[Amount, Key("first level", "2.0")]
    orange: Annotated[Amount, Key("second level", "3.5")]
    red: Annotated[Amount, Key("third level", "4.0")]
    emergency: Annotated[Amount | None, Key("fourth level", "5.0")] = None
    hold: Annotated[Duration, Key("how long a value must last", "60s")]
    source: Annotated[Text, Key("where the levels come from", "emergency plan 2026, section 3")]
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver(Strict):
    """A class of devices or an item that does not apply here, and who says so."""

    id: Annotated[Id, Key("unique among waivers", "no-thermal")]
    reason: Annotated[Text, Key("why it does not apply", "screening ended in 2023")]
    signer: Annotated[Text, Key("person who signed", "Wang Fang, operations")]
    signed_on: Annotated[Day, Key("date of the signature")]
    feed: Annotated[Feed | None, Key("feed that is waived")] = None
    item: Annotated[Text | None, Key("item of the form that is waived", '"2.2.2.1"')] = None
    document: Annotated[Text | None, Key("paper that supports it", "waiver-thermal.pdf")] = None
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(Strict):
    """A figure that people state and sign, with its papers."""

    id: Annotated[Id, Key("unique among declared figures", "turnover-2026")]
    name: Annotated[Name, Key("what it says")]
    value: Annotated[Amount, Key("the figure", "1250000000")]
    unit: Annotated[Text, Key("its UCUM code, or a currency", "CNY")]
    period_start: Annotated[Moment, Key("begin of its period")]
    period_end: Annotated[Moment, Key("end of its period, itself not included")]
    papers: Annotated[tuple[Text, ...], Field(min_length=1), Key("documents that support it", "[audit-2026.pdf]")]
    signer: Annotated[Text, Key("person who signed", "Wang Fang, operations")]
    signed_on: Annotated[Day, Key("date of the signature")]
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment(Strict):
    """One evaluation of the district by one edition of the form."""

    id: Annotated[Id, Key("unique among assessments", "year-2026")]
    rubric: Annotated[Text, Key("edition of the form", "hangzhou-city-2023")]
    period_start: Annotated[Moment, Key("begin of the evaluation period")]
    period_end: Annotated[Moment, Key("end of the period, itself not included")]
    window_start: Annotated[Moment | None, Key("begin of a window chosen by hand; needs `reason`")] = None
    window_end: Annotated[Moment | None, Key("end of that window, itself not included")] = None
    reason: Annotated[Text | None, Key("why this window was chosen", "works until May")] = None
    decided: Annotated[bool, Key("closed: its evidence no longer follows the data", "false")] = False
    since: Since = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue(Strict):
    """A whole `district.yaml`."""

    district: Annotated[District, Key("the district itself")]
    registers: Annotated[
        Mapping[Register, Signature], Key("who signed which list; shares divide by signed registers")
    ] = field(default_factory=dict)
    spaces: Annotated[tuple[Space, ...], Key("places, as a tree by `parent`")] = ()
    entrances: Annotated[tuple[Entrance, ...], Key("ways in")] = ()
    car_parks: Annotated[tuple[CarPark, ...], Key("car parks, all of them, connected or not")] = ()
    merchants: Annotated[tuple[Merchant, ...], Key("businesses")] = ()
    kitchens: Annotated[tuple[Kitchen, ...], Key("kitchens")] = ()
    facilities: Annotated[tuple[Facility, ...], Key("rooms, cabinets and machines for visitors")] = ()
    carriers: Annotated[tuple[Carrier, ...], Key("logistics companies")] = ()
    gateways: Annotated[tuple[Gateway, ...], Key("what publishes")] = ()
    devices: Annotated[tuple[Device, ...], Key("measuring points")] = ()
    maintenance: Annotated[tuple[Maintenance, ...], Key("planned outages")] = ()
    calendar: Annotated[tuple[EventDay, ...], Key("special days")] = ()
    alert_levels: Annotated[tuple[AlertLevels, ...], Key("levels for alerts")] = ()
    waivers: Annotated[tuple[Waiver, ...], Key("what does not apply here")] = ()
    declared: Annotated[tuple[Declared, ...], Key("figures that people state, with papers")] = ()
    assessments: Annotated[tuple[Assessment, ...], Key("evaluations")] = ()
