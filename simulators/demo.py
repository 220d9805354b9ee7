"""The simulated district of a catalogue: its spaces, car parks and devices, and who publishes what."""

from importlib import resources
from pathlib import Path

from ingest.catalogue import Catalogue
from ingest.catalogue.load import load as load_catalogue
from ingest.catalogue.model import Space as CatalogueSpace
from ingest.catalogue.words import Weekday
from simulators import physics
from simulators.series import FEEDS
from simulators.world import CarPark, Device, Space, World

#: The weekdays by number, 0 = Monday.
_WEEKDAYS = (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI, Weekday.SAT, Weekday.SUN)


#: The running total of a meter [kW.h].
_METER = "energy.import_total"


class WorldError(Exception):
    """A catalogue asks for what cannot be simulated; the message names the entry, the value and a good one."""


def demo(seed: int, file: Path | None = None) -> World:
    """The district of `file`, or the shipped demo district, under `seed`.

    Raises:
        WorldError: it cannot be simulated.
        ingest.yaml_document.DocumentError: the file is wrong.
    """
    if file is not None:
        return of_catalogue(load_catalogue(file), seed)
    with resources.as_file(resources.files("simulators").joinpath("demo_district.yaml")) as shipped:
        return of_catalogue(load_catalogue(shipped), seed)


def of_catalogue(catalogue: Catalogue, seed: int) -> World:
    """The simulated district of `catalogue`; devices of feeds that are not simulated are left out."""
    constants = physics.load()
    gateways = {gateway.id for gateway in catalogue.gateways}
    devices: dict[str, Device] = {}
    for feed, names in constants.gateways.items():
        usable = [name for name in names if name in gateways] or sorted(gateways)
        if feed not in FEEDS or not usable:
            raise WorldError(f"$.gateways: expected a gateway like {names[0]} for the feed {feed}, got none")
        of_feed = sorted((d for d in catalogue.devices if d.feed == feed), key=lambda d: (d.space, d.id))
        for place, entry in enumerate(of_feed):
            interval = int(entry.interval.total_seconds())
            if interval < 1 or 3600 % interval or interval > 1200:
                raise WorldError(
                    f"device {entry.id}: expected an interval that divides an hour like 5min, got {interval}s"
                )
            devices[entry.id] = Device(
                id=entry.id,
                gateway=usable[place * len(usable) // len(of_feed)],
                feed=feed,
                role=str(entry.role or ""),
                space=entry.space,
                interval_s=interval,
                hold_s=int(entry.hold.total_seconds()) if entry.hold else 0,
                entrance=entry.entrance,
                sign=entry.sign or 1,
                car_park=entry.car_park,
                submeter_of=entry.submeter_of,
                wrap_wh=int(1000 * (entry.counters[_METER].wrap or 0)) if _METER in entry.counters else 0,
            )
    return World(
        seed=seed,
        district=catalogue.district.id,
        zone=catalogue.district.zone,
        physics=constants,
        spaces={space.id: _space(space) for space in catalogue.spaces},
        car_parks={
            park.id: CarPark(id=park.id, spaces=park.spaces, public=park.public, space=park.space)
            for park in catalogue.car_parks
        },
        devices=devices,
        carriers=tuple(sorted(carrier.id for carrier in catalogue.carriers)),
        merchants=tuple(sorted(merchant.id for merchant in catalogue.merchants)),
    )


def _space(space: CatalogueSpace) -> Space:
    opening: dict[int, tuple[int, int]] = {}
    for weekday, name in enumerate(_WEEKDAYS):
        hours = (space.opening or {}).get(name, (space.opening or {}).get(Weekday.DAILY, ()))
        if hours:
            opening[weekday] = _seconds(hours[0][:5]), _seconds(hours[-1][6:])
    return Space(id=space.id, parent=space.parent, core_public=space.core_public, opening=opening)


def _seconds(text: str) -> int:
    return int(text[:2]) * 3600 + int(text[3:]) * 60
