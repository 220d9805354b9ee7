"""The closed sets of words that a `district.yaml` may use."""

from enum import StrEnum


class Feed(StrEnum):
    """Family of devices that a rubric item names."""

    FOOT_TRAFFIC = "foot_traffic"
    PARKING = "parking"
    WIFI = "wifi"
    ENERGY = "energy"
    AIR_QUALITY = "air_quality"
    VIDEO = "video"
    THERMAL = "thermal"
    EQUIPMENT = "equipment"
    TRAFFIC = "traffic"
    ALARMS = "alarms"
    DELIVERIES = "deliveries"


class Register(StrEnum):
    """A list that a named person vouches for; named like its section."""

    SPACES = "spaces"
    ENTRANCES = "entrances"
    CAR_PARKS = "car_parks"
    DEVICES = "devices"
    MERCHANTS = "merchants"
    KITCHENS = "kitchens"
    FACILITIES = "facilities"
    CARRIERS = "carriers"


class Weekday(StrEnum):
    """Key of opening hours; `daily` stands for all seven."""

    DAILY = "daily"
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class PopulationTier(StrEnum):
    """Planned urban population, on which the required parking ratio depends (rubric 2.1)."""

    UP_TO_500K = "up_to_500k"
    ABOVE_500K = "above_500k"


class Policy(StrEnum):
    """What a drop larger than `dip` of a running total means."""

    RESTART = "restart"
    WRAP = "wrap"
    IGNORE = "ignore"


class Role(StrEnum):
    """What a device does among those of its feed."""

    ENTRANCE = "entrance"
    CORRIDOR = "corridor"
    GATE = "gate"
    BAY = "bay"
    COUNT = "count"
    INCOMER = "incomer"
    SUBMETER = "submeter"
    # video: people in a zone, vehicles, a kitchen, anything else
    CROWD = "crowd"
    ROAD = "road"
    KITCHEN = "kitchen"
    WATCH = "watch"
    # thermal: plant that may grow hot, people who come in
    SPOT = "spot"
    SCREENING = "screening"
    # equipment
    LIFT = "lift"
    KIOSK = "kiosk"
    AED = "aed"
    CHARGER = "charger"
    LOCKER = "locker"
    TOILET = "toilet"
    LIGHT = "light"
    POWER_CABINET = "power_cabinet"
    SERVICE_MACHINE = "service_machine"
    # traffic, besides roads
    TAXI_STOP = "taxi_stop"
    BICYCLES = "bicycles"
    # alarms: what a panel watches; crowds too
    FIRE = "fire"
    INTRUSION = "intrusion"
    SOS = "sos"
    # deliveries: a platform that sends vehicles
    DISPATCH = "dispatch"


class BayType(StrEnum):
    """Kind of a parking space."""

    ORDINARY = "ordinary"
    ACCESSIBLE = "accessible"
    CHARGING = "charging"


class FacilityType(StrEnum):
    """Kind of a facility that an item of the form asks for."""

    MOTHER_AND_BABY_ROOM = "mother_and_baby_room"
    AED = "aed"
    MEDICAL_POINT = "medical_point"
    TOILET = "toilet"
    KIOSK = "kiosk"
    LOCKER = "locker"
    CHARGER = "charger"
    ACCESSIBLE = "accessible"


class DayType(StrEnum):
    """Why a day is not like the others."""

    HOLIDAY = "holiday"
    EVENT = "event"
    PROMOTION = "promotion"
    CLOSED = "closed"


class AlertMeasure(StrEnum):
    """What the levels of an alert are compared with."""

    DENSITY = "density"  # people per m2 of usable area
    LOAD = "load"  # people by approved capacity, 0 to 1
