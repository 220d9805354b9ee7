"""OpenWrt, answers of ubus bridged by the installer: hostapd get_clients, iwinfo assoclist, system info.

Phones are the keys of `clients`: they are counted, and their fingerprints (signature, capabilities) are not read. The answer
names neither router nor interface: the radio stands below the device that the route names, as ``/2437 MHz``.

openwrt.org, ubus: hostapd, iwinfo, system.
"""

from collections.abc import Iterable, Mapping

from ingest.formats import json_document
from ingest.formats.fixed import add, objects, text
from ingest.formats.numbers import number
from ingest.formats.redaction import KEEP, NUMBER, Anonymous, Shape, json_redaction
from ingest.formats.report import Decoded, Direct, Sent
from ingest.model import PayloadError, Reason

_SHAPE: Shape = {
    "freq": KEEP, "clients": Anonymous({"assoc": KEEP, "signal": NUMBER}), "results": [{"signal": NUMBER}],
    "uptime": NUMBER, "load": [NUMBER], "memory": {},
}  # fmt: skip
redact = json_redaction(_SHAPE)


def decode(sent: Sent) -> Decoded:
    """What a router says."""
    document = json_document.mapping(json_document.read(sent.payload), "ubus")
    decoded = Decoded()
    if isinstance(document.get("clients"), dict):
        frequency = text(document.get("freq"))
        address = f"/{frequency} MHz" if frequency else ""
        clients = document["clients"]
        _radio(decoded, address, objects(list(clients.values())) if isinstance(clients, dict) else ())
    elif isinstance(document.get("results"), list):
        _radio(decoded, "", objects(document["results"]))
    elif "load" in document and "memory" in document:
        add(decoded, "", None, "device.uptime", "", document.get("uptime"), "uptime")
    elif not {"status", "freq", "phy"} & document.keys():
        raise PayloadError(Reason.BAD_SHAPE, "expected clients, results or another answer of ubus")
    return decoded


def _radio(decoded: Decoded, address: str, stations: Iterable[Mapping[str, object]]) -> None:
    joined = [station for station in stations if station.get("assoc") is not False]
    # 0 dBm is a signal nobody measured.
    signals = [signal for station in joined if (signal := number(station.get("signal"))) is not None and signal < 0]
    decoded.direct.append(Direct(address, None, "wifi.clients", "", float(len(joined))))
    if signals:
        decoded.direct.append(Direct(address, None, "wifi.rssi_mean", "", sum(signals) / len(signals)))
