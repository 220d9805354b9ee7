"""Hikvision people counting: EventNotificationAlert as XML or JSON, bare or inside the message of a cloud queue.

`enter` and `exit` are running totals of the day where statisticalMethods is realTime, and amounts of the interval where it
is timeRange. Address: cloud serial or MAC of the camera, and its channel; a second region is a channel of its own. Every
other event of a camera is an event `camera_event` with its type; plates, faces and persons are not read. A queue that passes its
limit tells how many people stand in it (RegionCapture, personQueueCounting).

Hikvision ISAPI, people counting; ISAPI 2.0 core protocol (EventNotificationAlert).
"""

import re
from collections.abc import Mapping

from ingest.formats import json_document, stamps, xml_document
from ingest.formats.fixed import add, inside, objects, text
from ingest.formats.redaction import KEEP, Shape, dumped, kept
from ingest.formats.report import Decoded, Happening, Naive, Sent, Time
from ingest.model import Flag, PayloadError, Reason

_BEGIN = re.compile(rb"<(?:\w{1,32}:)?EventNotificationAlert\b")
_END = re.compile(rb"</(?:\w{1,32}:)?EventNotificationAlert\s{0,8}>")
#: What is sent all the time to say that the line is up.
_HEARTBEAT = frozenset({"videoloss", "heartbeat"})

_COUNTING: Shape = {
    "statisticalMethods": KEEP, "RealTime": {"time": KEEP}, "TimeRange": {"startTime": KEEP, "endTime": KEEP},
    "enter": KEEP, "exit": KEEP, "pass": KEEP, "regionsID": KEEP,
}  # fmt: skip
_SHAPE: Shape = {
    **dict.fromkeys(("deviceID", "macAddress", "channelID", "dynChannelID", "dateTime", "activePostCount", "eventType", "eventState", "isDataRetransmission", "statisticalMethods"), KEEP),
    "peopleCounting": _COUNTING,
    "childCounting": {"enter": KEEP, "exit": KEEP},
    "RegionCapture": {"humanCounting": {"count": KEEP}, "rule": {"ruleID": KEEP}},
}  # fmt: skip


def decode(sent: Sent) -> Decoded:
    """What a camera, or the cloud in its name, says."""
    alert, serial = _read(sent.payload)
    return _alert(alert, serial)


def redact(sent: Sent) -> bytes:
    """The alert as JSON, without addresses in the network, names, plates and pictures."""
    alert, serial = _read(sent.payload)
    body = kept(alert, _SHAPE)
    if serial and isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "macAddress"} | {"deviceID": serial}
    return dumped(body)


def _read(payload: bytes) -> tuple[Mapping[str, object], str]:
    """The alert as a mapping, and the camera's serial in the cloud ('': it came without)."""
    start = payload.lstrip()[:1]
    if start == b"-" and _BEGIN.search(payload) is None:
        payload = _first_part(payload)
        start = payload[:1]
    if start not in {b"{", b"["}:
        return _xml(payload), ""
    document = json_document.mapping(json_document.read(payload), "alert")
    serial = text(inside(document, "header").get("deviceId"))
    body = inside(document, "body").get("payload", document.get("payload"))
    if isinstance(body, str):
        alert, _ = _read(body.encode())
        return alert, serial
    if isinstance(body, dict):
        document = body
    nested = document.get("EventNotificationAlert")
    return (nested if isinstance(nested, dict) else document), serial


def _xml(payload: bytes) -> Mapping[str, object]:
    begin, ends = _BEGIN.search(payload), list(_END.finditer(payload))
    if begin is None or not ends or ends[-1].start() < begin.end():
        raise PayloadError(Reason.BAD_SHAPE, "expected an EventNotificationAlert")
    # Without the declaration: what was decoded to text before may still claim another encoding.
    _, alert = xml_document.read(payload[begin.start() : ends[-1].end()])
    return alert if isinstance(alert, dict) else {}


def _first_part(payload: bytes) -> bytes:
    """The JSON of a multipart body; pictures are other parts."""
    boundary = payload.lstrip().partition(b"\n")[0].strip()
    begin = payload.find(b"{")
    return payload[begin : payload.find(b"\n" + boundary, begin)].strip() if begin >= 0 else payload


def _alert(alert: Mapping[str, object], serial: str) -> Decoded:
    decoded = Decoded()
    camera = serial or text(alert.get("macAddress")) or text(alert.get("deviceID"))
    channel = text(alert.get("channelID")) or text(alert.get("dynChannelID"))
    address = f"{camera}/{channel}" if channel else camera
    time = stamps.instant(text(alert.get("dateTime")))
    flags = int(Flag.HISTORICAL) if text(alert.get("isDataRetransmission")).lower() == "true" else 0
    counting = alert.get("peopleCounting")
    if counting is not None:
        children = inside(alert, "childCounting")
        for count in objects(counting if isinstance(counting, list) else [counting]):
            _count(decoded, count, children, address, time, flags)
        return decoded
    kind, state = text(alert.get("eventType")), text(alert.get("eventState"))
    if not kind:
        raise PayloadError(Reason.BAD_SHAPE, "expected eventType")
    capture = inside(alert, "RegionCapture")
    if (queue := inside(capture, "humanCounting").get("count")) is not None:
        rule = text(inside(capture, "rule").get("ruleID"))
        below = f"{address}/region {rule}" if rule else address
        add(decoded, below, time, "people.present", "", queue, "RegionCapture.humanCounting.count", flags=flags)
    if kind.lower() not in _HEARTBEAT:
        what = {"event": kind[:64], "state": state[:16]}
        key = f"{kind[:64]}:{state[:16]}:{text(alert.get('activePostCount'))[:16]}"
        decoded.events.append(Happening(address, time, "camera_event", key, attributes=what, flags=flags))
    return decoded


def _count(
    decoded: Decoded, count: Mapping[str, object], children: Mapping[str, object], address: str, time: Time, flags: int
) -> None:
    method = text(count.get("statisticalMethods")).lower()
    region = text(count.get("regionsID"))
    if region not in {"", "0", "1"}:
        address = f"{address}/region {region}"
    if method == "timerange":
        begun, ended = (stamps.instant(text(inside(count, "TimeRange").get(key))) for key in ("startTime", "endTime"))
        time, span = ended or time, None
        if isinstance(begun, int) and isinstance(ended, int) and ended > begun:
            span = ended - begun
        elif isinstance(begun, Naive) and isinstance(ended, Naive) and ended.us > begun.us:
            span = ended.us - begun.us
        for key, quantity in (("enter", "people.in"), ("exit", "people.out"), ("pass", "people.pass")):
            add(decoded, address, time, quantity, "", count.get(key), key, span_us=span, flags=flags)
        return
    if method not in {"", "realtime"}:
        decoded.problems.append((Reason.BAD_SHAPE, "statisticalMethods: expected realTime or timeRange"))
        return
    time = stamps.instant(text(inside(count, "RealTime").get("time"))) or time
    for key, quantity in (("enter", "people.in_total"), ("exit", "people.out_total")):
        add(decoded, address, time, quantity, "", count.get(key), key, flags=flags)
    add(decoded, address, time, "people.child_in_total", "", children.get("enter"), "childCounting.enter", flags=flags)
