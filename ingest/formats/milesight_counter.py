"""Milesight people counters with a network connection of their own (VS125, VS133, VS135): HTTP push or MQTT, JSON.

Lines and regions are sub-devices: ``SERIAL/line 1``. Staff, children and groups are parts of `total` and are not added.

Milesight, VS125 user guide, data push: line_trigger_data and line_total_data are running totals, line_periodic_data the
amounts of the interval.
"""

from collections.abc import Mapping

from ingest.formats import stamps
from ingest.formats.fixed import add, inside, objects, text
from ingest.formats.redaction import KEEP, NUMBER, Shape
from ingest.formats.report import Decoded, Naive

_LINE: Shape = [
    {"line": KEEP, "total": dict.fromkeys(("in", "out", "in_counted", "out_counted", "capacity_counted"), KEEP)}
]
_REGIONS: Shape = {
    "region_count_data": [{"region": KEEP, "total": {"current_total": KEEP}}],
    "dwell_time_data": [{"region": KEEP, "duration": KEEP, "dwell_end_time": KEEP}],
}
SHAPES: Mapping[str, Shape] = {
    "device_info": {"device_sn": KEEP, "device_mac": KEEP, "running_time": NUMBER},
    "time_info": dict.fromkeys(("time", "trigger_time", "start_time", "end_time"), KEEP),
    "line_trigger_data": _LINE,
    "line_total_data": _LINE,
    "line_periodic_data": _LINE,
    "region_data": _REGIONS,
    "region_trigger_data": _REGIONS,
}


def decode(document: Mapping[str, object]) -> Decoded:
    """What a counter pushes."""
    decoded, info, clock = Decoded(), inside(document, "device_info"), inside(document, "time_info")
    serial = text(info.get("device_sn")) or text(info.get("device_mac"))
    start, end = (stamps.instant(clock.get(key)) for key in ("start_time", "end_time"))
    time = next(
        (
            found
            for key in ("end_time", "trigger_time", "time")
            if (found := stamps.instant(clock.get(key))) is not None
        ),
        None,
    )
    span = None
    if isinstance(start, Naive) and isinstance(end, Naive) and end.us > start.us:
        span = end.us - start.us
    elif isinstance(start, int) and isinstance(end, int) and end > start:
        span = end - start
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
