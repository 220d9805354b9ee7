"""Devices are found by their own id and by what foreign systems call them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from ingest import registry
from ingest.catalogue import apply
from ingest.model import Origin

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
FILE = """\
district: {id: d, name: {zh: 区, en: D}, zone: Asia/Shanghai, demo: true}
spaces: [{id: a, name: {zh: 甲, en: A}}]
gateways: [{id: gw-1}, {id: gw-2}]
devices:
  - {id: counter, feed: foot_traffic, space: a, interval: 2min, origin: simulated, profile: milesight-vs121,
     addresses: [{route: lora, address: "24:E1:24:12"}, {route: mail, address: Broad Street}]}
  - {id: hub, feed: equipment, space: a, interval: 1h, addresses: [{route: lora, address: "hall/hub"}]}
  - {id: lamp, feed: equipment, space: a, interval: 1h, addresses: [{route: lora, address: "hall/hub/lamp"}]}
"""


@pytest.fixture
def file(connection: psycopg.Connection, tmp_path: Path) -> Path:
    path = tmp_path / "district.yaml"
    path.write_text(FILE, encoding="utf-8")
    apply(connection, path, now=NOW, who="test")
    return path


@pytest.mark.usefixtures("file")
def test_a_snapshot_holds_districts_gateways_and_devices(connection: psycopg.Connection) -> None:
    found = registry.load(connection)
    assert found.revision == 1
    assert found.districts["d"] == registry.DistrictEntry(id="d", zone="Asia/Shanghai", demo=True)
    assert found.gateways == {("d", "gw-1"), ("d", "gw-2")}
    assert found.devices["d", "counter"] == registry.DeviceEntry(
        district="d", id="counter", feed="foot_traffic", origin=Origin.SIMULATED, interval_us=120_000_000,
        profile="milesight-vs121", zone="Asia/Shanghai",
    )  # fmt: skip


def test_before_the_first_catalogue_the_registry_is_empty(connection: psycopg.Connection) -> None:
    found = registry.load(connection)
    assert (found.revision, found.devices, found.changes_at) == (0, {}, None)


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("route", "address", "device", "channel"),
    [
        ("lora", "24e12412", "counter", ""),
        ("lora", "24-E1-24-12", "counter", ""),
        ("mail", "broad street", "counter", ""),
        ("mail", "Broad Street Line 1", "counter", "line_1"),
        ("lora", "24:E1:24:12/line 1", "counter", "line_1"),
        ("lora", "24:E1:24:12/desk 3/left", "counter", "desk_3_left"),
        ("lora", "HALL/hub/desk 3", "hub", "desk_3"),
        ("lora", "hall/hub/lamp", "lamp", ""),
        ("lora", "hall/hub/lamp/2", "lamp", "2"),
    ],
)
def test_an_address_resolves_by_its_longest_registered_prefix(
    connection: psycopg.Connection, route: str, address: str, device: str, channel: str
) -> None:
    found = registry.load(connection).resolve(route, address)
    assert found is not None
    assert (found[0].id, found[1]) == (device, channel)


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("route", "address"), [("mail", "24e12412"), ("lora", "24e124123"), ("lora", "hall"), ("lora", "")]
)
def test_an_address_that_nobody_registered_is_not_guessed(
    connection: psycopg.Connection, route: str, address: str
) -> None:
    assert registry.load(connection).resolve(route, address) is None


def test_a_device_that_ended_is_gone_and_one_planned_is_not_there_yet(
    connection: psycopg.Connection, file: Path
) -> None:
    text = FILE.replace("{id: gw-1}, ", "").replace("{id: lamp,", "{id: lamp-2, since: 2026-11-25T04:00:00Z,")
    file.write_text(text, encoding="utf-8")
    apply(connection, file, now=NOW + timedelta(days=1), who="test")
    found = registry.load(connection, NOW + timedelta(days=1))
    assert found.gateways == {("d", "gw-2")}
    assert set(found.devices) == {("d", "counter"), ("d", "hub")}
    assert found.changes_at == NOW + timedelta(days=2)
    assert ("d", "lamp-2") in registry.load(connection, NOW + timedelta(days=2)).devices
    assert ("d", "lamp") in registry.load(connection, NOW).devices
