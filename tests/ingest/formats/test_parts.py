"""Messages that name a part of a device and not the device: the route's device is put before it."""

import orjson

from ingest.topics import RouteSpec
from tests.ingest.world import decoder, device, message, registry

ROUTE = RouteSpec("wrt", "wrt/{device}", "openwrt", "d", "gw")


def test_a_radio_stands_below_the_router_that_the_topic_names() -> None:
    entries = registry(device("ap", "wifi"), addresses={("wrt", "ap1"): "ap"})
    decode = decoder(entries, routes=(ROUTE,))
    bodies = [{"freq": 2437, "clients": {"02:00:00:00:00:01": {"assoc": True}}}, {"freq": 5180, "clients": {}}]
    draft = decode.decode([message(orjson.dumps(body), "wrt/ap-1") for body in bodies])
    assert draft.refusals == []
    assert draft.values == [1, 0]
    series = [decode.table.get("d", "ap", "wifi.clients", channel) for channel in ("2437_mhz", "5180_mhz")]
    assert draft.series == [entry.number for entry in series if entry is not None]
