"""Xovis 3D sensors, firmware 4 and 5: what their push agents send, document by document.

A sensor reports one crossing in two families: as seen by the geometry (LineCrossing, LINE_CROSS_FORWARD) and as counted
by the logic (LineCount, COUNT_INCREMENT). Where a message holds both, only the counted family is taken. Groups repeat
their members and are passed over; heights, positions, ages, sexes and masks of people are not read at all.

Xovis AG, Data Push, firmware 4 (values, content) and 5 (live_data, logics_data, status_data).
"""

from collections.abc import Mapping

from ingest.formats import stamps
from ingest.formats.fixed import add, inside, objects, text
from ingest.formats.redaction import KEEP, NUMBER, Shape
from ingest.formats.report import Decoded, Direct, Happening, Naive, Time
from ingest.registry import channel_of

#: Names of counts in a logic's record: amounts of its interval, or stocks at its end.
_RECORD = {
    "fw": "people.in",
    "bw": "people.out",
    "outflow": "people.out",
    "balance": "people.present",
    "queue-length": "people.present",
}
#: Names of counters in an event: running totals, or stocks.
_COUNTER = {"fw": "people.in_total", "bw": "people.out_total", "balance": "people.present"}
_CROSSING = {"forward": "people_in", "backward": "people_out"}

_PACKAGE: Shape = {"agent_id": KEEP}
_SENSOR: Shape = {"serial_number": KEEP}
_COUNTED: Mapping[str, Shape] = {"id": KEEP, "name": KEEP}
#: By the key that a document is known by.
SHAPES: Mapping[str, Shape] = {
    "live_data": {
        "package_info": _PACKAGE,
        "sensor_info": _SENSOR,
        "frames": [
            {
                "time": KEEP,
                "tracked_objects": [{"track_id": NUMBER, "type": KEEP}],
                "events": [
                    {
                        "category": KEEP,
                        "type": KEEP,
                        "attributes": dict.fromkeys(("track_id", "logic_id", "logic_name", "counter_name", "counter_value", "geometry_id", "geometry_name"), KEEP),
                    }
                ],
            }
        ],
    },
    "logics_data": {
        "package_info": _PACKAGE,
        "sensor_info": _SENSOR,
        "logics": [
            {
                **_COUNTED,
                "records": [
                    {
                        "from": KEEP, "to": KEEP, "samples": NUMBER, "samples_expected": NUMBER,
                        "counts": [{"name": KEEP, "value": KEEP}],
                    }
                ],
            }
        ],
    },
    "status_data": {
        "package_info": _PACKAGE,
        "sensor_info": _SENSOR,
        "states": {
            "device": {"state": {"details": {"temperatures": {"housing": KEEP}, "uptime_sec": KEEP}}},
            "time": {"state": {"details": {"time": KEEP}}},
            "singlesensor": {"status": {"illumination": KEEP}},
        },
    },
    "content": {
        "element": [
            {
                "element-id": KEEP, "element-name": KEEP, "data-type": KEEP,
                "measurement": [{"from": KEEP, "to": KEEP, "value": [{"value": KEEP, "label": KEEP}]}],
            }
        ]
    },
    "sensor-info": {"serial-number": KEEP},
    "values": [
        {
            "timestamp": KEEP, "type": KEEP, "serial": KEEP, "direction": KEEP, "object": {"id": NUMBER},
            "countItem": _COUNTED, "objectType": KEEP, "dwellTime": KEEP,
        }
    ],
}  # fmt: skip


def live(document: Mapping[str, object]) -> Decoded:
    """Firmware 5, live data: events of frames."""
    body, decoded = inside(document, "live_data"), Decoded()
    address = _address(body)
    frames = list(objects(body.get("frames")))
    events = [(frame, event) for frame in frames for event in objects(frame.get("events"))]
    counted = any(inside(event, "attributes").get("counter_name") in {"fw", "bw"} for _, event in events)
    for frame, event in events:
        attributes = inside(event, "attributes")
        track = attributes.get("track_id")
        seen = {entry.get("track_id"): entry.get("type") for entry in objects(frame.get("tracked_objects"))}
        if seen.get(track, "PERSON") == "GROUP":
            continue
        time, kind = stamps.instant(frame.get("time")), text(event.get("type"))
        if kind in {"COUNT_INCREMENT", "COUNT_DECREMENT"}:
            quantity = _COUNTER.get(text(attributes.get("counter_name")))
            if quantity is not None:
                channel = _channel("logic", attributes.get("logic_id"), attributes.get("logic_name"))
                add(decoded, address, time, quantity, channel, attributes.get("counter_value"), "counter_value")
            continue
        channel = _channel("geometry", attributes.get("geometry_id"), attributes.get("geometry_name"))
        if kind.startswith("LINE_CROSS_") and not counted:
            crossing = _CROSSING.get(kind.removeprefix("LINE_CROSS_").lower())
            if crossing is not None:
                decoded.events.append(_event(address, time, crossing, channel, track))
        elif kind in {"ZONE_ENTRY", "ZONE_EXIT"}:
            decoded.events.append(_event(address, time, f"people_{kind.lower()}", channel, track))
    return decoded


def logics(document: Mapping[str, object]) -> Decoded:
    """Firmware 5, logic data: amounts and stocks of intervals, per logic. Address: the sensor and the logic's name."""
    body, decoded = inside(document, "logics_data"), Decoded()
    for logic in objects(body.get("logics")):
        name = text(logic.get("name"))
        address = f"{_address(body)}/{name or logic.get('id')}"
        channel = _channel("logic", logic.get("id"), name)
        for record in objects(logic.get("records")):
            if record.get("samples") == 0 and record.get("samples_expected"):
                continue  # it was not counting in this interval: no value, not none
            time, span = _interval(record.get("from"), record.get("to"))
            for count in objects(record.get("counts")):
                quantity = _RECORD.get(text(count.get("name")))
                if quantity is not None:
                    part = f"records.counts.{count.get('name')}"
                    delta = span if quantity != "people.present" else None
                    add(decoded, address, time, quantity, channel, count.get("value"), part, span_us=delta)
    return decoded


def status(document: Mapping[str, object]) -> Decoded:
    """Firmware 5, status data."""
    body, decoded = inside(document, "status_data"), Decoded()
    address, states = _address(body), inside(body, "states")
    time = stamps.instant(inside(states, "time", "state", "details").get("time"))
    details = inside(states, "device", "state", "details")
    housing = inside(details, "temperatures").get("housing")
    add(decoded, address, time, "device.temperature", "", housing, "temperatures.housing")
    add(decoded, address, time, "device.uptime", "", details.get("uptime_sec"), "uptime_sec")
    light = text(inside(states, "singlesensor", "status").get("illumination"))
    if light:
        dark = float(light.upper() != "SUFFICIENT")
        decoded.direct.append(Direct(address, time, "device.illumination", "", dark))
    return decoded


def counts(document: Mapping[str, object]) -> Decoded:
    """Firmware 4, counts: amounts of intervals, per line."""
    decoded = Decoded()
    address = text(inside(document, "sensor-info").get("serial-number"))
    for element in objects(inside(document, "content").get("element")):
        channel = _channel("element", element.get("element-id"), element.get("element-name"))
        for measurement in objects(element.get("measurement")):
            time, span = _interval(measurement.get("from"), measurement.get("to"))
            for value in objects(measurement.get("value")):
                quantity = {"fw": "people.in", "bw": "people.out"}.get(text(value.get("label")))
                if quantity is not None:
                    add(
                        decoded, address, time, quantity, channel, value.get("value"), "measurement.value", span_us=span
                    )
    return decoded


def events(document: Mapping[str, object]) -> Decoded:
    """Firmware 4, events: one object each."""
    decoded = Decoded()
    values = [value for value in objects(document.get("values")) if value.get("objectType") != "GROUP"]
    kinds = {text(value.get("type")) for value in values}
    for value in values:
        kind, item = text(value.get("type")), inside(value, "countItem")
        address, time = text(value.get("serial")), stamps.instant(value.get("timestamp"))
        channel, track = _channel("item", item.get("id"), item.get("name")), inside(value, "object").get("id")
        if kind == "LineCount" or (kind == "LineCrossing" and "LineCount" not in kinds):
            crossing = _CROSSING.get(text(value.get("direction")))
            if crossing is not None:
                decoded.events.append(_event(address, time, crossing, channel, track))
        elif kind.removeprefix("Count") in {"ZoneEntry", "ZoneExit"} and (
            kind.startswith("Count") or f"Count{kind}" not in kinds
        ):
            word = "people_zone_entry" if kind.endswith("Entry") else "people_zone_exit"
            decoded.events.append(_event(address, time, word, channel, track))
        elif kind == "FillLevelChanged":
            decoded.events.append(_event(address, time, "people_zone_changed", channel, None))
        elif kind == "ZoneDwellTime":
            stay = value.get("dwellTime")
            add(decoded, address, time, "people.dwell_sum", channel, stay, "dwellTime", unit=("ms", "s"))
            add(decoded, address, time, "people.dwell_count", channel, 1, "dwellTime")
    return decoded


def _address(body: Mapping[str, object]) -> str:
    """The sensor; where a document does not name it, the agent that pushes (unique at the sensor's site only)."""
    serial = text(inside(body, "sensor_info").get("serial_number"))
    agent = text(inside(body, "package_info").get("agent_id"))
    return serial or (f"agent {agent}" if agent else "")


def _channel(kind: str, number: object, name: object) -> str:
    """From a name that the installer chose, if it is written in letters that a channel may have; else from its number."""
    words = text(name)
    return channel_of(words if words.isascii() and channel_of(words) else f"{kind} {text(number)}")


def _event(address: str, time: Time, kind: str, channel: str, track: object) -> Happening:
    # Tracks are numbered anew at each sensor: they tell two people of one instant apart, and name nobody.
    return Happening(address, time, kind, f"{channel}:{text(track)}", attributes={"channel": channel})


def _interval(start: object, end: object) -> tuple[Time, int | None]:
    """The end of an interval and its length [µs]."""
    first, last = stamps.instant(start), stamps.instant(end)
    if first is None or last is None or isinstance(first, Naive) or isinstance(last, Naive) or last <= first:
        return last, None
    return last, last - first
