"""The district.yaml that a replay needs: its district, gateway and devices, ready for `district catalogue apply`."""

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

import yaml

from ingest.model import Origin
from ingest.registry import normalise
from ingest.times import to_datetime
from simulators.replay.keys import MappingError
from simulators.replay.mapping import ReplayMapping
from simulators.replay.run import Look

_HEAD = """\
# Made by `district simulate replay --catalogue` from {files}.
# Apply it with `district catalogue apply`. In a district that has a catalogue already, copy the gateway and the devices
# into its file instead: a catalogue says all there is.
"""


def district_yaml(mapping: ReplayMapping, found: Look) -> str:
    """A complete district.yaml for the devices of the files, known from the first day of their data on.

    Raises:
        MappingError: the files hold no reading, or the district's zone is not known.
    """
    period = found.period
    if period is None:
        raise MappingError("there is nothing to register: no row of these files gives a reading (--dry-run says why)")
    names, zone = mapping.catalogue, _zone(mapping)
    # A day early: rows of the first hours belong to the evening before where the file's zone is not the district's.
    first = (to_datetime(period[0]).astimezone(ZoneInfo(zone)) - timedelta(days=1)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    name = {"zh": names.name_zh or mapping.district, "en": names.name_en or mapping.district}
    since = first.isoformat()
    spelled = Counter(normalise(name) for of in found.devices.values() for name in of)
    document = {
        "district": {"id": mapping.district, "name": name, "zone": zone, "since": since},
        "spaces": [{"id": mapping.district, "name": dict(name), "since": since}],
        "gateways": [{"id": mapping.gateway, "since": since}],
        "devices": [
            {
                "id": device,
                "feed": mapping.feed,
                "space": mapping.district,
                "interval": _duration(mapping.interval),
                **({"hold": _duration(mapping.hold)} if mapping.hold is not None else {}),
                "origin": str(Origin.IMPORTED),
                **_addresses(
                    mapping, device, [name for name in found.devices[device] if spelled[normalise(name)] == 1]
                ),
                "since": since,
            }
            for device in found.devices
        ],
    }
    head = _HEAD.format(files=", ".join(file.path.name for file in found.files))
    return head + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def _addresses(mapping: ReplayMapping, device: str, names: list[str]) -> dict[str, list[dict[str, str]]]:
    """The names that the files have for a device, where they are not its id; the route is the replay's own.

    An address has one device, so spellings that the catalogue cannot tell apart are left out.
    """
    foreign = [name for name in names if name != device]
    return {"addresses": [{"route": f"replay-{mapping.feed}", "address": name} for name in foreign]} if foreign else {}


def _zone(mapping: ReplayMapping) -> str:
    zone = mapping.catalogue.zone or mapping.time.zone
    if zone not in available_timezones():
        raise MappingError(
            "$.catalogue.zone: expected the district's IANA zone, such as Europe/London, because $.time.zone is "
            f"{zone!r}"
        )
    return zone


def _duration(length: timedelta) -> str:
    milliseconds = length // timedelta(milliseconds=1)
    if milliseconds % 1_000:
        raise MappingError(f"$.interval: the catalogue knows whole seconds such as 1s, got {milliseconds}ms")
    return f"{milliseconds // 1_000}s"
