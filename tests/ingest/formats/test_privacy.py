"""What names a person never leaves a decoder, and a redacted body says the same as the whole one."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats import FORMATS
from ingest.formats.report import Decoded, Report, Sent
from ingest.model import PayloadError
from ingest.profile import explain, shipped
from tests.ingest.formats.test_cases import FOLDERS, _remembered

#: Letters that no key, word or number of a format is written in.
PERSON = st.text(alphabet="ąęłńśźżĄĘŁŃŚŹŻ", min_size=6, max_size=12)
AT = 1_795_435_200


def _alert(person: str) -> bytes:
    return (
        "<EventNotificationAlert><macAddress>a4:14:37:00:00:01</macAddress><channelID>1</channelID>"
        f"<channelName>{person}</channelName><dateTime>2026-11-23T12:00:00Z</dateTime><eventType>PeopleCounting"
        f"</eventType><ipAddress>{person}</ipAddress><peopleCounting><statisticalMethods>realTime</statisticalMethods>"
        f"<enter>1</enter><exit>2</exit></peopleCounting><ANPR><licensePlate>{person}</licensePlate></ANPR>"
        "</EventNotificationAlert>"
    ).encode()


def _json(build: Callable[[str], object]) -> Callable[[str], bytes]:
    return lambda person: orjson.dumps(build(person))


#: Messages with a person in every field that can name one: format, topic, payload.
MESSAGES: list[tuple[str, str, Callable[[str], bytes]]] = [
    (
        "meraki",
        "bridge/scan",
        _json(
            lambda person: {
                "version": "2.0", "secret": person, "type": "DevicesSeen",
                "data": {
                    "apMac": "00:18:0a:00:00:01", "apTags": [person],
                    "observations": [
                        {"clientMac": person, "ssid": person, "ipv4": person, "os": person, "manufacturer": person,
                         "seenEpoch": AT, "location": {"lat": 1, "name": person}},
                        {"clientMac": person + "2", "ssid": None, "name": person, "seenEpoch": AT},
                    ],
                },
            }
        ),
    ),
    (
        "openwrt",
        "wrt/ap-1",
        _json(lambda person: {"freq": 2437, "clients": {person: {"assoc": True, "signature": person, "signal": -50}}}),
    ),
    (
        "aruba-ale",
        "ale",
        _json(
            lambda person: {
                "Station_result": [
                    {"msg": {"sta_eth_mac": {"addr": person}, "username": person, "bssid": {"addr": "6CF300000001"},
                             "sta_ip_address": {"addr": person}, "hashed_sta_eth_mac": person, "role": person},
                     "ts": AT}
                ]
            }
        ),
    ),
    (
        "unifi",
        "unifi/sta",
        _json(
            lambda person: [
                {"is_wired": False, "mac": person, "name": person, "hostname": person, "ip": person, "1x_identity": person,
                 "ap_mac": "02:00:00:00:aa:01", "rx_bytes-r": 1.5}
            ]
        ),
    ),
    (
        "unifi",
        "unifi/sta",
        _json(lambda person: {"is_wired": False, "mac": person, "name": person, "rx_bytes-r": 1.5, "tx_bytes-r": 2}),
    ),
    (
        "frigate",
        "frigate/events",
        _json(
            lambda person: {
                "type": "new",
                "before": {"camera": "gate"},
                "after": {
                    "id": "1.5-a", "camera": "gate", "label": "person", "sub_label": [person, 0.9], "start_time": AT,
                    "recognized_license_plate": person, "thumbnail": person, "description": person,
                },
            }
        ),
    ),
    (
        "people-counter-push",
        "push",
        _json(
            lambda person: {
                "live_data": {
                    "sensor_info": {"serial_number": "00:6E:02:AA:00:01"},
                    "frames": [
                        {"time": AT, "tracked_objects": [
                            {"track_id": 5, "type": "PERSON",
                             "attributes": {"gender": person, "tag": person, "face_mask": person}}],
                         "events": [{"category": "SCENE", "type": "LINE_CROSS_FORWARD",
                                     "attributes": {"track_id": 5, "geometry_name": "A", "tag": person}}]}
                    ],
                }
            }
        ),
    ),
    (
        "people-counter-push",
        "push",
        _json(lambda person: {"count_in": 1, "count_out": 0, "device_id": "F1", "username": person, "password": person}),
    ),
    (
        "axis-dataq",
        "dataq/path/ACCC8E000001",
        _json(
            lambda person: {
                "class": "Human", "age": 2.5, "timestamp": AT, "serial": "ACCC8E000001", "color": person, "hat": person,
                "id": person, "name": person,
            }
        ),
    ),
    ("hikvision", "cam", _alert),
    (
        "ocpp",
        "cp1",
        _json(
            lambda person: [2, "17", "StartTransaction", {
                "connectorId": 1, "idTag": person, "meterStart": 5, "timestamp": "2026-11-23T12:00:00Z",
                "idToken": {"idToken": person}, "customData": {"note": person}}]
        ),
    ),
    (
        "tasmota",
        "tele/door/STATE",
        _json(
            lambda person: {"UptimeSec": 5, "Wifi": {"SSId": person, "BSSId": person, "RSSI": 80}, "Hostname": person,
                            "RDM6300": {"UID": person}, "IPAddress": person}
        ),
    ),
    (
        "shelly-gen2",
        "p/events/rpc",
        _json(
            lambda person: {"src": "shellyplus1-a", "method": "NotifyStatus", "params": {
                "ts": AT, "wifi": {"rssi": -55, "ssid": person, "sta_ip": person, "status": "got ip"},
                "sys": {"mac": person, "uptime": 5}}}
        ),
    ),
    (
        "shelly-gen2",
        "p/events/rpc",
        _json(
            lambda person: {"src": "shellyplus1-a", "method": "NotifyEvent", "params": {
                "ts": AT, "events": [{"component": "wifi", "event": "sta_disconnected", "ssid": person, "reason": 8}]}}
        ),
    ),
    (
        "smart-meter",
        "wmbusmeters/m",
        _json(
            lambda person: {"media": "room sensor", "id": "1", "name": person, "customer": person, "rssi_dbm": -70}
        ),
    ),
    (
        "dahua",
        "dahua/cam-3",
        _json(
            lambda person: {
                "session": person,
                "params": {"info": [{"Channel": 0, "AreaID": 1, "EnteredSubtotal": 3, "ExitedSubtotal": 2,
                                     "EndTime": "2026-11-23 12:00:00", "RuleName": person}]},
            }
        ),
    ),
]  # fmt: skip


def said(form: str, topic: str, payload: bytes) -> Decoded:
    return FORMATS[form].decode(Sent(topic, payload))


@pytest.mark.parametrize(("form", "topic", "build"), MESSAGES, ids=[f"{n}-{m[0]}" for n, m in enumerate(MESSAGES)])
@given(person=PERSON)
def test_no_value_that_names_a_person_leaves_the_decoder(
    form: str, topic: str, build: Callable[[str], bytes], person: str
) -> None:
    payload = build(person)
    found = said(form, topic, payload)
    assert found.direct or found.events
    assert person not in repr(found)
    redact = FORMATS[form].redact
    assert redact is not None
    kept = redact(Sent(topic, payload))
    assert person not in kept.decode()
    assert said(form, topic, kept) == found


@given(name=PERSON, number=st.integers(10**10, 10**11))
@pytest.mark.parametrize(
    ("form", "topic"),
    [
        ("jetlinks", "/smoke/s-1/event/alarm"),
        ("alink", "/sys/a1/s-1/thing/event/alarm/post"),
        ("onenet", "$sys/p1/s-1/thing/event/post"),
    ],
)
def test_events_of_cloud_platforms_keep_only_what_classifies_them(
    form: str, topic: str, name: str, number: int
) -> None:
    data = {"level": 2, "keeper": name, "phone": number, "who": {"plate": name}}
    bodies: dict[str, dict[str, object]] = {
        "jetlinks": {"timestamp": AT, "data": data},
        "alink": {"params": {"value": data, "time": AT}, "sys": {"deviceSecret": name}},
        "onenet": {"params": {"alarm": {"value": data, "time": AT}}},
    }
    (event,) = said(form, topic, orjson.dumps(bodies[form])).events
    assert event.attributes == {"event": "alarm", "level": 2}
    assert name not in repr(event)


#: Messages of devices and codecs that choose their keys, with a person in every place that is not a measurement.
OWN_KEYS: list[tuple[str, str, Callable[[str], object]]] = [
    (
        "chirpstack-v4",
        "application/a1/device/24e124fffef00001/event/up",
        lambda person: {
            "deviceInfo": {"devEui": "24e124fffef00001", "deviceName": person, "tenantName": person, "tags": {"who": person}},
            "object": {"temperature": 21.5, "tag_id": person, "state": person, "wifi": [{"mac": person}]},
        },
    ),
    (
        "chirpstack-v3",
        "application/1/device/24e124fffef00001/event/up",
        lambda person: {"devEUI": "24e124fffef00001", "deviceName": person, "objectJSON": orjson.dumps({"t": 1, "user": person}).decode()},
    ),
    (
        "tts-v3",
        "v3/a1@t1/devices/hall/up",
        lambda person: {
            "end_device_ids": {"dev_eui": "24E124FFFEF00001"},
            "uplink_message": {"decoded_payload": {"t": 1, "card": person, "note": person}, "locations": {"user": person}},
        },
    ),
    (
        "thingpark",
        "mqtt/things/24E124FFFEF00001/uplink",
        lambda person: {"DevEUI_uplink": {"DevEUI": "24E124FFFEF00001", "CustomerData": {"name": person}, "payload": {"t": 1, "owner": person}}},
    ),
    ("lorawan-decoded", "bridge/hall", lambda person: {"t": 1, "username": person, "phone": person, "x": [{"plate": person}]}),
    ("thingsboard", "v1/gateway/telemetry", lambda person: {"Hall": [{"ts": 1795435200000, "values": {"t": 1, "driver": person}}]}),
    ("cloud-connectors", "x", lambda person: {"serialNumber": "29", "temp": 1, "email": person, "labels": {"name": person}}),
    ("modbus-gateway", "x", lambda person: {"device": "m1", "values": {"t": 1, "keeper": person}}),
    ("huawei-iotda", "$oc/devices/d1/sys/properties/report", lambda person: {"services": [{"service_id": "s", "properties": {"t": 1, "plate": person}}]}),
    ("alink", "/sys/a1/d1/thing/event/property/post", lambda person: {"params": {"t": 1, "cardNo": person}, "sys": {"deviceSecret": person}}),
    ("jetlinks", "/p/d1/properties/report", lambda person: {"properties": {"t": 1, "face": person}, "headers": {"token": person}}),
    ("senml", "x", lambda person: [{"bn": "urn:dev:mac:1:", "n": "t", "u": "Cel", "v": 21.5}, {"n": "who", "vs": person}]),
]  # fmt: skip


@pytest.mark.parametrize(("form", "topic", "build"), OWN_KEYS, ids=[message[0] for message in OWN_KEYS])
@settings(max_examples=20)
@given(person=PERSON)
def test_a_redacted_body_of_keys_of_ones_own_keeps_numbers_and_names_nobody(
    form: str, topic: str, build: Callable[[str], object], person: str
) -> None:
    redact = FORMATS[form].redact
    assert redact is not None
    kept = redact(Sent(topic, orjson.dumps(build(person))))
    assert person not in kept.decode()
    assert said(form, topic, kept).reports


def test_a_name_in_the_place_of_a_state_is_not_repeated_to_the_operator() -> None:
    profile = shipped()["milesight-vs340"]
    sent = {"battery": 90, "occupancy": "Li Lei"}
    (problem,) = explain(Report("", None, sent), profile).problems
    assert problem == ("unknown_state", "space.occupied: '(text)'")


REDACTED = [folder for folder in FOLDERS if (form := FORMATS.get(folder.parent.name)) and form.redact is not None]


@pytest.mark.parametrize("folder", REDACTED, ids=[f"{folder.parent.name}/{folder.name}" for folder in REDACTED])
def test_a_redacted_body_says_what_the_whole_one_says(folder: Path) -> None:
    form = FORMATS[folder.parent.name]
    assert form.redact is not None
    coded = folder / "payload.hex"
    payload = bytes.fromhex(coded.read_text()) if coded.exists() else (folder / "payload").read_bytes()
    sent = Sent((folder / "topic").read_text().rstrip("\n"), payload, False, _remembered(folder).get)
    try:
        whole = form.decode(sent)
    except PayloadError:
        return
    if whole == Decoded():
        return  # what says nothing is never refused, so never kept
    try:
        kept = form.redact(sent)
    except PayloadError:
        assert whole.events  # an event with parameters of any kind is sealed instead
        return
    assert form.decode(sent._replace(payload=kept)) == whole
