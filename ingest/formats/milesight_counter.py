"""Milesight people counters with a network connection of their own (VS121-P, VS125, VS133, VS135): HTTP push or MQTT, JSON.

Lines and regions are sub-devices: ``SERIAL/line 1``. Staff, children and groups are parts of `total` and are not added. A wall
clock is that of the zone in the message (`UTC+8:00`), unless summer time is in force, whose offset it does not name.

Milesight, VS125 user guide, data push: line_trigger_data and line_total_data are running totals, line_periodic_data the
amounts of the interval; VS121-P, communication protocol: current_total, max_counted, current_counted by region.
"""

import re
from collections.abc import Mapping

from ingest.formats import stamps
from ingest.formats.fixed import add, inside, objects, text
from ingest.formats.redaction import KEEP, NUMBER, Shape
from ingest.formats.report import Decoded, Naive, Time

_LINE: Shape = [
    {"line": KEEP, "total": dict.fromkeys(("in", "out", "in_counted", "out_counted", "capacity_counted"), KEEP)}
]
_REGIONS: Shape = {
    "region_count_data": [{"region": KEEP, "total": {"current_total": KEEP}}],
    "dwell_time_data": [{"region": KEEP, "duration": KEEP, "dwell_end_time": KEEP}],
}
SHAPES: Mapping[str, Shape] = {
    "device_info": {"device_sn": KEEP, "device_mac": KEEP, "running_time": NUMBER},
    "time_info": dict.fromkeys(
        ("time", "trigger_time", "start_time", "end_time", "timezone", "time_zone", "dst_status"), KEEP
    ),
    **dict.fromkeys(("event", "current_total", "max_counted", "Max_counted"), KEEP),
    **{key: [KEEP] for key in ("numbering_regions", "current_counted", "occupancy")},
    "line_trigger_data": _LINE,
    "line_total_data": _LINE,
    "line_periodic_data": _LINE,
    "region_data": _REGIONS,
    "region_trigger_data": _REGIONS,
}


_ZONE = re.compile(r"UTC\s*([+-])(\d{1,2})(?::?(\d{2}))?(?!\d)")


def decode(document: Mapping[str, object]) -> Decoded:
    """What a counter pushes."""
    decoded, info, clock = Decoded(), inside(document, "device_info"), inside(document, "time_info")
    serial = text(info.get("device_sn")) or text(info.get("device_mac"))
    start, end = (_instant(clock, key) for key in ("start_time", "end_time"))
    time = next(
        (found for key in ("end_time", "trigger_time", "time") if (found := _instant(clock, key)) is not None),
        None,
    )
    span = None
    if isinstance(start, Naive) and isinstance(end, Naive) and end.us > start.us:
        span = end.us - start.us
    elif isinstance(start, int) and isinstance(end, int) and end > start:
        span = end - start
    _regions(decoded, document, serial, time)
    has_totals = bool(document.get("line_total_data"))
    for line in objects(document.get("line_trigger_data")):
        if not has_totals:
            address, total = f"{serial}/line {line.get('line')}", inside(line, "total")
            add(decoded, address, time, "people.in_total", "", total.get("in"), "line_trigger_data.total.in")
            add(decoded, address, time, "people.out_total", "", total.get("out"), "line_trigger_data.total.out")
    for line in objects(document.get("line_total_data")):
        address, total = f"{serial}/line {line.get('line')}", inside(line, "total") or line
        add(decoded, address, time, "people.in_total", "", total.get("in_counted"), "line_total_data.total.in_counted")
        add(
            decoded,
            address,
            time,
            "people.out_total",
            "",
            total.get("out_counted"),
            "line_total_data.total.out_counted",
        )
        present = total.get("capacity_counted")
        add(decoded, address, time, "people.present", "", present, "line_total_data.total.capacity_counted")
    for line in objects(document.get("line_periodic_data")):
        address, total = f"{serial}/line {line.get('line')}", inside(line, "total") or line
        add(decoded, address, time, "people.in", "", total.get("in"), "line_periodic_data.total.in", span_us=span)
        add(decoded, address, time, "people.out", "", total.get("out"), "line_periodic_data.total.out", span_us=span)
    for part in ("region_data", "region_trigger_data"):
        regions = inside(document, part)
        for region in objects(regions.get("region_count_data")):
            present = inside(region, "total").get("current_total")
            address = f"{serial}/region {region.get('region')}"
            add(decoded, address, time, "people.present", "", present, "region_count_data.total.current_total")
        for region in objects(regions.get("dwell_time_data")):
            if (stay := region.get("duration")) is not None:
                address, left = f"{serial}/region {region.get('region')}", stamps.instant(region.get("dwell_end_time"))
                add(decoded, address, left, "people.dwell_sum", "", stay, "duration", unit=("ms", "s"))
                add(decoded, address, left, "people.dwell_count", "", 1, "duration")
    return decoded


def _regions(decoded: Decoded, document: Mapping[str, object], serial: str, time: Time) -> None:
    """People in view, and in each region, side by side with its number."""
    add(decoded, serial, time, "people.present", "", document.get("current_total"), "current_total")
    most = document.get("max_counted", document.get("Max_counted"))
    add(decoded, serial, time, "people.present_max", "", most, "max_counted")
    numbers = document.get("numbering_regions")
    for key, quantity in (("current_counted", "people.present"), ("occupancy", "space.occupied")):
        found = document.get(key)
        if isinstance(numbers, list) and isinstance(found, list) and len(numbers) == len(found):
            for region, value in zip(numbers, found, strict=True):
                add(decoded, f"{serial}/region {text(region)}", time, quantity, "", value, key)


def _instant(clock: Mapping[str, object], key: str) -> Time:
    """A time of the message, in the zone that it names."""
    found = stamps.instant(clock.get(key))
    zone = _ZONE.match(text(clock.get("timezone")) or text(clock.get("time_zone")))
    if not isinstance(found, Naive) or zone is None or clock.get("dst_status") is True:
        return found
    minutes = int(zone[2]) * 60 + int(zone[3] or 0)
    return found.us - (minutes if zone[1] == "+" else -minutes) * 60_000_000
