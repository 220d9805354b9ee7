"""A catalogue as facts: one small body per entry, in canonical JSON, with the time from which it holds."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from ingest.catalogue.model import Catalogue, Counter, Device, Name
from ingest.catalogue.words import Policy, Weekday
from ingest.profile import Profiles, shipped

#: Keys of a device that say where it measures: a change of one is a move.
PLACEMENT = ("space", "entrance", "sign", "car_park", "bay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One entry of the catalogue."""

    body: Mapping[str, object]
    #: the entry's own `since`; None: not said
    since: datetime | None = None
    #: start of the day on which a device was commissioned; None: not said
    begins: datetime | None = None
    #: from when on the entry no longer holds; None: open
    until: datetime | None = None
    #: where it stands in the file: ``devices[3]``
    where: str


def facts(catalogue: Catalogue, profiles: Profiles | None = None) -> dict[tuple[str, str], Fact]:
    """All facts of a catalogue by (kind, id); `profiles`: those at hand, default: the shipped ones."""
    return dict(_facts(catalogue, profiles))


def _facts(catalogue: Catalogue, profiles: Profiles | None) -> Iterator[tuple[tuple[str, str], Fact]]:
    zone = ZoneInfo(catalogue.district.zone)
    yield ("district", catalogue.district.id), _fact(catalogue.district, "district")
    for register, signature in catalogue.registers.items():
        yield ("register", register.value), _fact(signature, f"registers.{register}")
    for index, device in enumerate(catalogue.devices):
        yield ("device", device.id), device_fact(device, f"devices[{index}]", zone, profiles)
    for index, park in enumerate(catalogue.car_parks):
        where = f"car_parks[{index}]"
        yield ("car_park", park.id), _fact(park, where, leave_out=("bays",))
        for position, bay in enumerate(park.bays):
            body = {"car_park": park.id, "type": str(bay.type)}
            yield ("bay", bay.id), Fact(body=body, since=_utc(park.since), where=f"{where}.bays[{position}]")
    for kind, section in (
        ("space", "spaces"),
        ("entrance", "entrances"),
        ("merchant", "merchants"),
        ("kitchen", "kitchens"),
        ("facility", "facilities"),
        ("carrier", "carriers"),
        ("gateway", "gateways"),
        ("maintenance", "maintenance"),
        ("event_day", "calendar"),
        ("alert_levels", "alert_levels"),
        ("waiver", "waivers"),
        ("declared", "declared"),
        ("assessment", "assessments"),
    ):
        for index, entry in enumerate(getattr(catalogue, section)):
            yield (kind, entry.id), _fact(entry, f"{section}[{index}]")


def canonical(body: Mapping[str, object]) -> str:
    """The one text of a body: keys in byte order, no blanks, no floats.

    >>> canonical({"b": 1, "a": "湖"})
    '{"a":"湖","b":1}'
    """
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def instant_text(instant: datetime) -> str:
    """An instant as it stands in bodies: RFC 3339 in UTC, with microseconds only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def device_fact(device: Device, where: str, zone: ZoneInfo, profiles: Profiles | None = None) -> Fact:
    """A device, with what its profile says of views and counters where the entry itself says nothing."""
    # The end of a device is the end of its fact, so that the body need not say it a second time.
    fact = _fact(_with_profile(device, profiles), where, leave_out=("retired_on",))
    return dataclasses.replace(
        fact,
        begins=_local_midnight(device.commissioned_on, zone),
        until=_local_midnight(device.retired_on, zone),
    )


def _with_profile(device: Device, profiles: Profiles | None) -> Device:
    if device.profile is None:
        return device
    spec = (shipped() if profiles is None else profiles)[device.profile].spec
    counters = {
        name: Counter(policy=Policy(one.policy), dip=_decimal(one.dip), wrap=_decimal(one.wrap))
        for name, one in spec.counters.items()
    }
    return dataclasses.replace(
        device, primary={**spec.primary, **device.primary}, counters={**counters, **device.counters}
    )


def _decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def _local_midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(0), zone).astimezone(UTC)


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def _fact(entry: object, where: str, leave_out: tuple[str, ...] = ()) -> Fact:
    since = getattr(entry, "since", None)
    return Fact(body=_body(entry, leave_out=(*leave_out, "id", "since")), since=_utc(since), where=where)


def _body(entry: object, leave_out: tuple[str, ...] = ()) -> dict[str, object]:
    """An entry as JSON: names flattened by language, durations in whole seconds; what is absent is left out."""
    body: dict[str, object] = {}
    for field in dataclasses.fields(entry):  # type: ignore[arg-type]
        value = getattr(entry, field.name)
        if field.name in leave_out or value is None or value in ((), {}):
            continue
        if isinstance(value, Name):
            body |= {f"{field.name}_zh": value.zh, f"{field.name}_en": value.en}
        elif isinstance(value, timedelta):
            body[f"{field.name}_s"] = int(value.total_seconds())
        elif field.name == "opening" and isinstance(value, Mapping):
            body[field.name] = _opening(value)
        else:
            body[field.name] = _plain(value)
    return body


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if dataclasses.is_dataclass(value):
        return _body(value)
    return value


def _opening(hours: Mapping[Weekday, tuple[str, ...]]) -> dict[str, object]:
    """Hours of each weekday; a weekday's own line wins over `daily`."""
    days = [day for day in Weekday if day is not Weekday.DAILY]
    daily = hours.get(Weekday.DAILY)
    found = {day: hours.get(day, daily) for day in days}
    return {str(day): list(texts) for day, texts in found.items() if texts is not None}
