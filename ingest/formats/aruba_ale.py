"""Aruba Analytics and Location Engine: answers of its REST API, bridged; lists of {msg, ts}.

Stations are persons' things: they are counted inside the message, per BSSID or per floor. MAC, user name, address and their
hashes (unsalted, so as personal as the MAC) are not read. `ts` is a station's last change, not the time of the answer.

Aruba, ALE API guide: station, location, presence.
"""

from collections.abc import Mapping

from ingest.formats import json_document
from ingest.formats.fixed import inside, objects, text
from ingest.formats.redaction import KEEP, Numbered, Shape, json_redaction
from ingest.formats.report import Decoded, Direct, Sent
from ingest.model import PayloadError, Reason

_MSG: Shape = {
    "sta_eth_mac": Numbered(), "hashed_sta_eth_mac": Numbered(), "bssid": {"addr": KEEP}, "floor_id": KEEP,
    "associated": KEEP,
}  # fmt: skip
_SHAPE: Shape = {f"{kind}_result": [{"msg": _MSG}] for kind in ("Station", "Location", "Presence")}
redact = json_redaction(_SHAPE)


def decode(sent: Sent) -> Decoded:
    """What an answer says of how many stations there are."""
    document = json_document.mapping(json_document.read(sent.payload), "ALE")
    results = [key for key in document if key.endswith("_result")]
    if not results:
        raise PayloadError(Reason.BAD_SHAPE, "expected Station_result or another result")
    decoded = Decoded()
    for key in results:
        messages = [inside(entry, "msg") for entry in objects(document[key])]
        kind = key.removesuffix("_result").lower()
        if kind == "station":
            for address, stations in _grouped(messages, "bssid").items():
                decoded.direct.append(Direct(address, None, "wifi.clients", "", float(len(stations))))
        elif kind in {"location", "presence"}:
            for address, stations in _grouped(messages, "floor_id").items():
                joined = sum(stations.values())
                decoded.direct.append(Direct(address, None, "wifi.clients_seen", "", float(len(stations))))
                decoded.direct.append(Direct(address, None, "wifi.clients", "", float(joined)))
    return decoded


def _grouped(messages: list[dict[str, object]], key: str) -> Mapping[str, Mapping[str, bool]]:
    """Distinct stations by the place that `key` names, each with whether it is associated."""
    groups: dict[str, dict[str, bool]] = {}
    for message in messages:
        place = message.get(key)
        address = text(place.get("addr")) if isinstance(place, dict) else text(place)
        if key == "bssid" and not address:
            continue
        station = repr(message.get("sta_eth_mac", message.get("hashed_sta_eth_mac")))
        stations = groups.setdefault(address, {})
        stations[station] = stations.get(station, False) or message.get("associated") is True
    return groups
