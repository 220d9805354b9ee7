"""UniFi Network: devices and clients of the controller's API or websocket, bridged; one object, a list, or `{data: [...]}`.

Clients are persons' things: they are summed up per access point inside the message, and a client that comes alone is the
nameless ``client (hashed)``. Wired clients are no users of Wi-Fi. `num_sta` holds the clients of all radios, which are not
added to it. `uptime` can be the time of the start: a number that is a date is not a duration.

UniFi Network API: stat/device, stat/sta; fixtures of Home Assistant's `unifi` integration.
"""

from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.fixed import add, inside, objects, text
from ingest.formats.numbers import number
from ingest.formats.redaction import KEEP, NUMBER, Shape, dumped, kept
from ingest.formats.report import Decoded, Direct, Sent
from ingest.model import PayloadError, Reason

#: A client whose access point the message does not name.
NAMELESS = "client (hashed)"
_TYPES = frozenset({"uap", "usw", "ugw", "udm", "uxg", "usp", "ubb", "uph", "uck"})
_RATES = (("rx_bytes-r", "wifi.rx_rate"), ("tx_bytes-r", "wifi.tx_rate"))
#: stat/device: 1 connected; 0 not; 4 upgrading, 5 provisioning and 6 heartbeat missed tell neither.
_ONLINE = {0: 0.0, 1: 1.0}

_CLIENT: Shape = {"is_wired": KEEP, "ap_mac": KEEP, **{key: KEEP for key, _ in _RATES}}
_DEVICE: Shape = {
    **dict.fromkeys(("type", "mac", "last_seen", "state", "uptime", "num_sta", "outlet_ac_power_consumption", "general_temperature", "has_temperature"), KEEP),
    "system-stats": {"cpu": KEEP},
    "radio_table_stats": [{"num_sta": KEEP}],
    "outlet_table": [dict.fromkeys(("index", "relay_state", "outlet_power", "outlet_voltage", "outlet_current"), KEEP)],
    "port_table": [{"port_idx": NUMBER, "poe_power": KEEP, "port_poe": KEEP}],
}  # fmt: skip


def decode(sent: Sent) -> Decoded:
    """What the controller says of devices and clients."""
    decoded, clients = Decoded(), []
    entries, several = _entries(sent.payload)
    for entry in entries:
        if _is_device(entry):
            _device(decoded, entry)
        elif "is_wired" in entry or any(key in entry for key, _ in _RATES):
            clients.append(entry)
        elif not {"key", "msg", "subsystem"} & entry.keys():
            raise PayloadError(Reason.BAD_SHAPE, "expected a device (type, mac) or a client (is_wired)")
    _clients(decoded, clients, counted=several)
    return decoded


def redact(sent: Sent) -> bytes:
    """Devices, and clients without MAC, name, host name and address."""
    entries, several = _entries(sent.payload)
    bodies = [kept(entry, _DEVICE if _is_device(entry) else _CLIENT) for entry in entries]
    return dumped(bodies if several or not bodies else bodies[0])


def _entries(payload: bytes) -> tuple[list[dict[str, object]], bool]:
    """The objects of a message, and whether it is a list of them."""
    document = json_document.read(payload)
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    if isinstance(document, list):
        return list(objects(document)), True
    return [json_document.mapping(document, "UniFi")], False


def _is_device(entry: Mapping[str, object]) -> bool:
    return text(entry.get("type")) in _TYPES and "is_wired" not in entry


def _device(decoded: Decoded, entry: Mapping[str, object]) -> None:
    address, time = text(entry.get("mac")), stamps.instant(entry.get("last_seen"))
    state = entry.get("state")
    if isinstance(state, int) and state in _ONLINE:
        decoded.direct.append(Direct(address, time, "device.online", "", _ONLINE[state]))
    stations = entry.get("num_sta")
    if stations is None and (radios := list(objects(entry.get("radio_table_stats")))):
        stations = sum(number(radio.get("num_sta")) or 0 for radio in radios)
    add(decoded, address, time, "wifi.clients", "", stations, "num_sta")
    power = entry.get("outlet_ac_power_consumption")
    add(decoded, address, time, "power.active", "", power, "outlet_ac_power_consumption")
    for outlet in objects(entry.get("outlet_table")):
        below = f"{address}/outlet {outlet.get('index')}"
        add(decoded, below, time, "power.active", "", outlet.get("outlet_power"), "outlet_power")
        add(decoded, below, time, "voltage", "", outlet.get("outlet_voltage"), "outlet_voltage")
        add(decoded, below, time, "current", "", outlet.get("outlet_current"), "outlet_current")
        if isinstance(outlet.get("relay_state"), bool):
            decoded.direct.append(Direct(below, time, "state.switch", "", float(bool(outlet["relay_state"]))))
    for port in objects(entry.get("port_table")):
        if port.get("port_poe") is True:
            below = f"{address}/port {port.get('port_idx')}"
            add(decoded, below, time, "power.active", "", port.get("poe_power"), "poe_power")
    if entry.get("has_temperature") is not False:
        warmth = entry.get("general_temperature")
        add(decoded, address, time, "device.temperature", "", warmth, "general_temperature")
    add(decoded, address, time, "device.cpu", "", inside(entry, "system-stats").get("cpu") or None, "system-stats.cpu")
    uptime = entry.get("uptime")
    if stamps.from_number(number(uptime)) is None:
        add(decoded, address, time, "device.uptime", "", uptime, "uptime")


def _clients(decoded: Decoded, clients: list[dict[str, object]], *, counted: bool) -> None:
    sums: dict[tuple[str, str], float] = {}
    for client in clients:
        if client.get("is_wired") is not False:
            continue
        point = text(client.get("ap_mac"))
        address = point or (NAMELESS if not counted else "")
        if counted:
            sums[address, "wifi.clients"] = sums.get((address, "wifi.clients"), 0.0) + 1
        elif point:
            continue  # one client's rate is not its access point's
        for key, quantity in _RATES:
            rate = number(client.get(key))
            if rate is not None:
                sums[address, quantity] = sums.get((address, quantity), 0.0) + rate
    decoded.direct += [Direct(address, None, quantity, "", value) for (address, quantity), value in sums.items()]
