"""What a device's profile and its own zone add to its entry."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import psycopg
import pytest

from ingest import registry
from ingest.catalogue import apply, read
from ingest.catalogue.facts import facts
from ingest.decode import Decoder
from ingest.formats.clock import Clock
from ingest.model import Message
from ingest.profile import Profiles, shipped
from ingest.profile import read as read_profile
from ingest.series import SeriesTable
from ingest.times import from_datetime
from ingest.topics import Bindings, RouteSpec
from ingest.yaml_document import DocumentError

FILE = """\
district: {id: d, name: {zh: 区, en: D}, zone: Asia/Shanghai}
spaces: [{id: a, name: {zh: 甲, en: A}}]
gateways: [{id: gw}]
devices:
"""
OWN = """\
id: own-meter
title: A meter that wraps
keys: {total: {quantity: energy.import_total, unit: kW.h}}
primary: {energy.import: energy.import_total}
counters: {energy.import_total: {policy: wrap, wrap: 99999.9, dip: 0.5}}
"""


def body(device: str, profiles: Profiles | None = None) -> dict[str, object]:
    catalogue = read(f"{FILE}  - {{id: c, feed: foot_traffic, space: a, interval: 60s, {device}}}\n", "f.yaml")
    return dict(facts(catalogue, profiles)["device", "c"].body)


def test_views_and_counters_of_the_profile_are_the_devices(connection: psycopg.Connection, tmp_path: Path) -> None:
    found = body("profile: milesight-vs133")
    assert found["primary"] == {"people.in": "people.in_total", "people.out": "people.out_total"}
    assert found["counters"] == {"people.in_total": {"policy": "restart"}, "people.out_total": {"policy": "restart"}}
    file = tmp_path / "district.yaml"
    file.write_text(
        f"{FILE}  - {{id: c, feed: foot_traffic, space: a, interval: 60s, profile: milesight-vs133}}\n",
        encoding="utf-8",
    )
    apply(connection, file, now=datetime(2026, 11, 23, tzinfo=UTC), who="test")
    [row] = connection.execute("SELECT body->'primary'->>'people.in' FROM ingest.fact WHERE kind = 'device'").fetchall()
    assert row == ("people.in_total",)


def test_the_entry_wins_flow_by_flow_and_counter_by_counter() -> None:
    found = body(
        "profile: milesight-vs133, primary: {people.in: people.in}, counters: {people.in_total: {policy: ignore}}"
    )
    assert found["primary"] == {"people.in": "people.in", "people.out": "people.out_total"}
    assert found["counters"] == {"people.in_total": {"policy": "ignore"}, "people.out_total": {"policy": "restart"}}


def test_a_profile_of_ones_own_counts_and_its_numbers_stay_exact() -> None:
    spec = read_profile(OWN, "own-meter.yaml")
    own = Profiles({**{name: shipped().spec(name) for name in shipped()}, spec.id: spec})
    catalogue = read(f"{FILE}  - {{id: c, feed: energy, space: a, interval: 60s}}\n", "f.yaml")
    assert "counters" not in facts(catalogue, own)["device", "c"].body
    with pytest.raises(DocumentError, match=r"\$\.devices\[0\]\.profile: expected the id of a profile"):
        read(f"{FILE}  - {{id: c, feed: energy, space: a, interval: 60s, profile: own-meter}}\n", "f.yaml")


def test_the_settings_profiles_are_known_when_a_file_is_applied(connection: psycopg.Connection, tmp_path: Path) -> None:
    spec = read_profile(OWN, "own-meter.yaml")
    file = tmp_path / "district.yaml"
    file.write_text(f"{FILE}  - {{id: c, feed: energy, space: a, interval: 60s, profile: own-meter}}\n")
    now = datetime(2026, 11, 23, tzinfo=UTC)
    result = apply(connection, file, now=now, who="test", profiles=Profiles({spec.id: spec}))
    [device] = [change.after for change in result.changes if change.kind == "device"]
    assert device is not None
    assert device["counters"] == {"energy.import_total": {"policy": "wrap", "dip": "0.5", "wrap": "99999.9"}}


@pytest.mark.parametrize(
    ("declared", "route", "hour"),
    [
        ("", None, 4),  # the district's: Asia/Shanghai
        ("", "Europe/Berlin", 11),
        ("zone: Etc/UTC", "Europe/Berlin", 12),
        ("zone: Asia/Kathmandu", None, 6.25),
    ],
)
def test_a_time_without_an_offset_is_read_in_the_zone_of_the_device(
    connection: psycopg.Connection, tmp_path: Path, declared: str, route: str | None, hour: float
) -> None:
    file = tmp_path / "district.yaml"
    file.write_text(
        f"{FILE}  - {{id: c, feed: energy, space: a, interval: 60s, profile: tasmota, {declared},"
        " addresses: [{route: plugs, address: tasmota_1}]}\n".replace(", ,", ","), encoding="utf-8",
    )  # fmt: skip
    now = datetime(2026, 11, 23, tzinfo=UTC)
    apply(connection, file, now=now, who="test")
    table = SeriesTable()
    routes = (RouteSpec("plugs", "tele/{device}/SENSOR", "tasmota", "d", "gw", zone=route),)
    bindings = Bindings(registry.load(connection, now), table, {}, routes)
    payload = orjson.dumps({"Time": "2026-11-23T12:00:00", "ENERGY": {"Power": 60, "Total": 1.5}})
    arrival = from_datetime(datetime(2026, 11, 23, 12, tzinfo=UTC))
    decoder = Decoder(bindings, table, Clock(86_400, 86_400), 262_144)
    draft = decoder.decode([Message("tele/tasmota_1/SENSOR", payload, 1, 1, False, False, arrival)])
    start = from_datetime(now)
    assert [(time - start) / 3.6e9 for time in draft.run_time] == [hour], draft.refusals


def test_a_zone_that_does_not_exist_is_named_with_a_good_one() -> None:
    with pytest.raises(DocumentError) as caught:
        body("zone: Asia/Beijing")
    assert "$.devices[0].zone: expected an IANA time zone like Asia/Shanghai, got 'Asia/Beijing'" in str(caught.value)


def test_limits_for_the_clock_of_a_device_reach_its_entry(connection: psycopg.Connection, tmp_path: Path) -> None:
    assert body("clock: {ahead: 10min, behind: 90d}")["clock"] == {"ahead_s": 600, "behind_s": 7_776_000}
    file = tmp_path / "district.yaml"
    file.write_text(
        f"{FILE}  - {{id: c, feed: foot_traffic, space: a, interval: 60s, clock: {{behind: 90d}}}}\n", encoding="utf-8"
    )
    apply(connection, file, now=datetime(2026, 11, 23, tzinfo=UTC), who="test")
    entry = registry.load(connection).devices["d", "c"]
    assert (entry.ahead_us, entry.behind_us) == (None, 7_776_000_000_000)
    assert Clock(120, 60).of(entry).behind == 7_776_000_000_000
    assert Clock(120, 60).of(entry).ahead == 120_000_000


def test_a_limit_that_is_no_duration_is_named_with_a_good_one() -> None:
    with pytest.raises(DocumentError) as caught:
        body("clock: {ahead: 10}")
    assert "$.devices[0].clock.ahead: expected a duration like" in str(caught.value)
