"""People counters that push JSON by HTTP or MQTT to a topic of the installer's choice; the body tells the maker.

Xovis (`ingest.formats.xovis`), Milesight (`ingest.formats.milesight_counter`), AXIS People Counter, Terabee M and XL.
"""

from collections.abc import Callable, Mapping

from ingest.formats import json_document, milesight_counter, stamps, xovis
from ingest.formats.fixed import add, inside, objects, text
from ingest.formats.redaction import KEEP, Shape, dumped, kept
from ingest.formats.report import Decoded, Naive, Sent
from ingest.model import PayloadError, Reason


def decode(sent: Sent) -> Decoded:
    """What a people counter says."""
    document = json_document.mapping(json_document.read(sent.payload), "push")
    for key, read in _READERS.items():
        if key in document:
            return read(document)
    raise PayloadError(Reason.BAD_SHAPE, f"expected one of {', '.join(_READERS)}")


def redact(sent: Sent) -> bytes:
    """The counts, without heights, positions, tags, network identities and credentials."""
    return dumped(kept(json_document.read(sent.payload), _SHAPE))


def _axis(document: Mapping[str, object]) -> Decoded:
    """AXIS Retail Data API 0.4: amounts of intervals; `adults` is a part of `count`."""
    decoded, serial = Decoded(), text(inside(document, "sensor").get("serial"))
    for measurement in objects(inside(document, "data").get("measurements")):
        start, end = stamps.instant(measurement.get("utcFrom")), stamps.instant(measurement.get("utcTo"))
        whole = isinstance(start, int) and isinstance(end, int) and end > start
        span = end - start if whole and isinstance(start, int) and isinstance(end, int) else None
        # The API calls them UTC: without a zone they still are.
        time = end.us if isinstance(end, Naive) else end
        if measurement.get("kind", "people-counts") != "people-counts":
            continue
        for item in objects(measurement.get("items")):
            quantity = {"in": "people.in", "out": "people.out"}.get(text(item.get("direction")))
            if quantity is not None:
                add(decoded, serial, time, quantity, "", item.get("count"), "items.count", span_us=span)
    return decoded


def _terabee_m(document: Mapping[str, object]) -> Decoded:
    """Terabee People Counting M: running totals since power-up."""
    decoded, value = Decoded(), inside(document, "value")
    if document.get("type", "counters") == "counters":
        address, time = text(document.get("uid")), stamps.instant(document.get("time"))
        add(decoded, address, time, "people.in_total", "", value.get("in"), "value.in")
        add(decoded, address, time, "people.out_total", "", value.get("out"), "value.out")
    return decoded


def _terabee_xl(document: Mapping[str, object]) -> Decoded:
    """Terabee People Counting L and XL: running totals since power-up."""
    decoded, address = Decoded(), text(document.get("device_id"))
    time = stamps.instant(document.get("timestamp"))
    add(decoded, address, time, "people.in_total", "", document.get("count_in"), "count_in")
    add(decoded, address, time, "people.out_total", "", document.get("count_out"), "count_out")
    return decoded


#: By the key that tells them, in the order in which it is looked for.
_READERS: Mapping[str, Callable[[Mapping[str, object]], Decoded]] = {
    "live_data": xovis.live,
    "logics_data": xovis.logics,
    "status_data": xovis.status,
    "content": xovis.counts,
    "values": xovis.events,
    "device_info": milesight_counter.decode,
    "apiName": _axis,
    "count_in": _terabee_xl,
    "uid": _terabee_m,
}

_SHAPE: Shape = {
    **xovis.SHAPES,
    **milesight_counter.SHAPES,
    "apiName": KEEP,
    "data": {
        "measurements": [{"kind": KEEP, "utcFrom": KEEP, "utcTo": KEEP, "items": [{"direction": KEEP, "count": KEEP}]}]
    },
    "sensor": {"serial": KEEP},
    "uid": KEEP,
    "type": KEEP,
    "time": KEEP,
    "value": {"in": KEEP, "out": KEEP},
    "device_id": KEEP,
    "timestamp": KEEP,
    "count_in": KEEP,
    "count_out": KEEP,
}
