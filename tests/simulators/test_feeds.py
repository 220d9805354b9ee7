"""What cameras, machines, roads, panels and platforms say closes with the people and vehicles of the same district."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import orjson
import pytest

from ingest.series import SeriesTable
from simulators import series
from simulators.days import day_of
from simulators.feeds import (
    alarms,
    deliveries,
    equipment,
    foot_traffic,
    machines,
    parking,
    thermal,
    traffic,
    video,
    wifi,
)
from simulators.outages import is_online
from simulators.world import Column, Event, World

from .worlds import DAY, HOUR, MONDAY, busy

MONTH = MONDAY + 30 * DAY


def _columns(world: World, name: str, start: int, end: int) -> dict[str, Column]:
    device = world.devices[name]
    at = series.stamps(world, device, start, end)
    return {column.quantity: column for column in series.columns(world, device, at)}


def _sum(world: World, name: str, quantity: str, start: int, end: int) -> int:
    """Of an amount over (start, end]."""
    interval = world.devices[name].interval_s
    return int(_columns(world, name, start + interval, end + interval)[quantity].whole.sum())


def _events(world: World, name: str, start: int = MONDAY, end: int = MONTH) -> list[Event]:
    device = world.devices[name]
    return series.FEEDS[device.feed].events(world, device, start, end)


# Video


def test_the_zones_of_a_building_hold_exactly_the_people_who_are_in_it() -> None:
    world = busy()
    at = np.arange(MONDAY, MONDAY + DAY, 600)
    zones = video.zones(world, "mall")
    assert [camera.id for camera in zones] == ["video-crowd", "zone-atrium"]
    seen = [_columns(world, camera.id, MONDAY, MONDAY + DAY)["people_present"].whole for camera in zones]
    assert np.array_equal(np.sum(seen, axis=0), foot_traffic.present(world, "mall", at))
    assert min(zone.max() for zone in seen) > 20


def test_stays_in_the_zones_are_the_visits_of_the_building() -> None:
    world = busy()
    people = foot_traffic.visits(world, "mall", day_of(world.zone, MONDAY))
    names = ("video-crowd", "zone-atrium")
    assert sum(_sum(world, n, "people_dwell_count", MONDAY, MONDAY + DAY) for n in names) == people.left.size
    dwelt = sum(_sum(world, n, "people_dwell_sum", MONDAY, MONDAY + DAY) for n in names)
    assert dwelt == (people.left - people.entered).sum()


def test_a_zone_in_front_of_the_doors_holds_people_before_they_go_in() -> None:
    world = busy()
    stays = video.stays(world, world.devices["zone-plaza"], day_of(world.zone, MONDAY))
    entered = foot_traffic.visits(world, "mall", day_of(world.zone, MONDAY)).entered
    assert 0.2 < stays.left.size / entered.size < 0.4
    assert set(stays.left.tolist()) <= set(entered.tolist())
    assert (stays.left - stays.entered).min() >= 60


def test_a_camera_that_is_offline_has_no_picture() -> None:
    world = busy()
    found = _columns(world, "video-kitchen", MONDAY, MONDAY + 120 * DAY)
    online, picture = found["device_online"].whole, found["video_stream_ok"].whole
    assert 0.95 < picture.mean() < online.mean() < 1
    assert (picture <= online).all()


# Roads, taxis, bicycles


def test_every_vehicle_of_the_car_parks_passes_one_section_each_way() -> None:
    world = busy()
    stays = parking.stays_between(world, "p1", MONDAY, MONDAY + 7 * DAY)
    sections = world.of_role("traffic", "road")
    passed = sum(traffic.local_passages(world, section, MONDAY, MONDAY + 7 * DAY).size for section in sections)
    around = parking.stays_between(world, "p1", MONDAY - 300, MONDAY + 7 * DAY + 300)
    assert passed == 2 * around.arrived.size >= 2 * stays.arrived.size > 1000


def test_a_section_counts_each_passage_once() -> None:
    world = busy()
    passed = traffic.passages(world, world.devices["traffic-road"], MONDAY, MONDAY + DAY)
    inside = (passed >= MONDAY) & (passed < MONDAY + DAY)
    assert _sum(world, "traffic-road", "traffic_count", MONDAY, MONDAY + DAY) == inside.sum() > 4000


def test_the_road_is_slower_and_more_covered_the_more_vehicles_there_are() -> None:
    found = _columns(busy(), "traffic-road", MONDAY, MONDAY + DAY)
    count, speed, covered = (
        found[name].whole for name in ("traffic_count", "traffic_speed", "traffic_occupancy_ratio")
    )
    assert np.corrcoef(count, speed)[0, 1] < -0.99
    assert np.corrcoef(count, covered)[0, 1] > 0.99
    assert 60 <= speed.min() < speed.max() <= 420


def test_every_taxi_that_waits_is_taken_and_bicycles_are_all_fetched() -> None:
    world = busy()
    day = day_of(world.zone, MONDAY)
    taken = sum(
        _sum(world, stop.id, "traffic_pickups", MONDAY, MONDAY + DAY) for stop in world.of_role("traffic", "taxi_stop")
    )
    people = foot_traffic.visits(world, "mall", day).entered.size
    assert 0.02 < taken / people < 0.06
    for name, quantity in (("taxi-2", "vehicles_present"), ("traffic-bicycles", "bicycles_present")):
        present = _columns(world, name, MONDAY, MONDAY + DAY)[quantity].whole
        assert present.min() == present[0] == present[-1] == 0 < present.max()


# Equipment


def test_a_cubicle_a_compartment_and_a_charging_space_are_taken_once_at_a_time() -> None:
    world = busy()
    physics = world.physics.equipment
    toilet = _columns(world, "equipment-toilet", MONDAY, MONDAY + 7 * DAY)
    assert 0 < toilet["toilet_cubicles_occupied"].whole.max() <= physics.cubicles
    locker = _columns(world, "equipment-locker", MONDAY, MONDAY + 7 * DAY)
    assert 0 < locker["locker_occupied"].whole.max() <= physics.compartments
    found = machines.charging(world, world.devices["equipment-charger"], MONDAY, MONTH)
    order = np.argsort(found.begun)
    assert found.begun.size > 10
    assert (found.begun[order][1:] >= found.left[order][:-1]).all()
    assert (found.full <= found.left).all()


def test_parcels_put_in_and_taken_out_are_those_that_are_in_the_locker() -> None:
    world = busy()
    locker = world.devices["equipment-locker"]
    found = _columns(world, locker.id, MONDAY, MONDAY + 7 * DAY)
    occupied, put = found["locker_occupied"].whole, found["locker_parcels"].whole
    _, taken = machines.parcels(world, locker, MONDAY, MONDAY + 7 * DAY)
    at = series.stamps(world, locker, MONDAY, MONDAY + 7 * DAY)
    out = np.diff(np.searchsorted(np.sort(taken), at))
    assert (np.diff(occupied) == put[1:] - out).all()


@pytest.mark.parametrize("role", ["lift", "kiosk", "service_machine"])
def test_nobody_uses_a_machine_that_is_broken_or_in_a_closed_house(role: str) -> None:
    world = busy()
    (device,) = world.of_role("equipment", role)
    at = machines.uses(world, device, MONDAY, MONTH)
    assert at.size > 100
    assert (equipment.works(world, device, at) == 1).all()
    hours = (at - MONDAY) % DAY // HOUR
    assert hours.min() >= 10
    assert hours.max() <= 22


def test_lights_burn_in_the_dark_and_longer_in_winter() -> None:
    world = busy()
    december = MONDAY + 70 * DAY
    lit = {
        start: float(equipment.is_dark(world, np.arange(start, start + DAY, 600)).mean())
        for start in (december, december - 180 * DAY)
    }
    assert 0.55 < lit[december] < 0.60
    assert 0.38 < lit[december - 180 * DAY] < 0.43
    found = _columns(world, "equipment-light", MONDAY, MONDAY + DAY)
    assert set(found["power_active"].whole[found["state_switch"].whole == 1].tolist()) == {4200}
    assert set(found["power_active"].whole[found["state_switch"].whole == 0].tolist()) == {0}


# Thermal


def test_a_spot_is_called_too_hot_exactly_while_it_is_above_its_limit() -> None:
    world = busy()
    camera = world.devices["thermal-spot"]
    raised = 0
    for day in range(day_of(world.zone, MONDAY), day_of(world.zone, MONDAY) + 120):
        for spot, begins, ends, highest in thermal.too_hot(world, camera, day):
            raised += 1
            minutes = np.arange(begins, ends, 60)
            degrees = thermal.temperature(world, camera, spot, minutes)
            assert degrees[0] >= 700 > thermal.temperature(world, camera, spot, np.array([begins - 60]))[0]
            assert degrees.max() == highest
            assert thermal.temperature(world, camera, spot, np.array([ends]))[0] < 700
    assert raised > 3
    quiet = _columns(world, camera.id, MONDAY, MONTH)
    assert quiet["thermal_max_temperature"].whole[quiet["alarm_active"].whole == 0].max() < 800


def test_the_hottest_spot_is_the_maximum() -> None:
    found = _columns(busy(), "thermal-spot", MONDAY, MONTH)
    spots = [found[f"thermal_spot_temperature_{spot}"].whole for spot in thermal.SPOTS]
    assert (np.max(spots, axis=0) == found["thermal_max_temperature"].whole).all()


# Alarms


@pytest.mark.parametrize("name", ["alarms-fire", "alarms-intrusion", "alarms-sos", "alarms-crowd"])
def test_whatever_follows_an_alarm_refers_to_it_and_comes_after_it(name: str) -> None:
    world = busy()
    found = _events(world, name, MONDAY, MONDAY + 200 * DAY)
    first = {event.id: event for event in found if event.type in {"alarm.raised", "alarm.test"}}
    assert {event.type for event in first.values()} == {"alarm.raised", "alarm.test"}
    for event in found:
        assert (event.refers_to is None) == (event.id in first or event.type == "alarm.poll")
        if event.refers_to is not None and event.refers_to in first:
            assert event.at > first[event.refers_to].at
    kinds = Counter(event.type for event in found)
    assert 19 <= kinds["alarm.test"] <= 21
    assert kinds["alarm.raised"] == kinds["alarm.reset"]
    assert kinds["alarm.acknowledged"] <= kinds["alarm.received"] <= kinds["alarm.raised"] + kinds["alarm.test"]
    assert len({event.id for event in found}) == len(found)


def test_an_alarm_stays_active_until_it_is_reset() -> None:
    world = busy()
    panel = world.devices["alarms-sos"]
    at = series.stamps(world, panel, MONDAY, MONTH)
    active = _columns(world, panel.id, MONDAY, MONTH)["alarm_active"].whole
    expected = np.zeros_like(at)
    for event in _events(world, panel.id):
        if event.type == "alarm.raised":
            reset = next(e for e in _events(world, panel.id) if e.type == "alarm.reset" and e.refers_to == event.id)
            expected[(at >= event.at) & (at < reset.at)] = 1
    assert (active == expected).all()
    assert active.sum() > 0


def test_a_path_that_is_down_answers_no_poll_and_carries_no_alarm() -> None:
    world = busy()
    panel = world.devices["alarms-fire"]
    end = MONDAY + 200 * DAY
    polls = alarms.polls(world, panel, MONDAY, end)
    assert (alarms.has_link(world, panel, polls) == 1).all()
    assert 0.98 < polls.size / (200 * 24) < 1
    assert np.diff(polls).max() <= 3 * HOUR


# Deliveries


def test_the_stops_of_a_trip_lie_on_it_and_its_parcels_are_theirs() -> None:
    world = busy()
    platform = world.devices["deliveries-dispatch"]
    days = range(day_of(world.zone, MONDAY), day_of(world.zone, MONDAY) + 30)
    trips = [trip for day in days for trip in deliveries.trips(world, platform, day)]
    assert 0.5 < sum(len(trip.carriers) == 2 for trip in trips) / len(trips) < 0.8
    for trip in trips:
        times = [trip.begins, *(stop.at for stop in trip.stops), trip.ends]
        assert times == sorted(times)
        assert day_of(world.zone, trip.begins) == day_of(world.zone, trip.ends)
        assert {stop.carrier for stop in trip.stops} <= set(trip.carriers)
    told = Counter(event.type for event in _events(world, platform.id))
    assert told["delivery.trip"] == told["delivery.end"] == len(trips)
    assert told["delivery.stop"] == sum(len(trip.stops) for trip in trips)
    by_trip = Counter(event.refers_to for event in _events(world, platform.id) if event.type == "delivery.stop")
    assert by_trip == {trip.id: len(trip.stops) for trip in trips}


def test_most_hand_overs_are_in_time_and_some_are_not() -> None:
    world = busy()
    days = range(day_of(world.zone, MONDAY), day_of(world.zone, MONDAY) + 30)
    platform = world.devices["deliveries-dispatch"]
    stops = [s for day in days for trip in deliveries.trips(world, platform, day) for s in trip.stops]
    assert 0.85 < sum(stop.at <= stop.due for stop in stops) / len(stops) < 0.99


# Wi-Fi


def test_guests_log_in_once_through_one_access_point_that_works() -> None:
    world = busy()
    point = world.devices["ap-1"]
    day = day_of(world.zone, MONDAY)
    succeeded, failed = wifi.log_ins(world, point, day)
    people = foot_traffic.visits(world, "mall", day).entered.size
    assert 0.18 < (succeeded.size + failed.size) / people < 0.26
    assert _sum(world, "ap-1", "wifi_logins", MONDAY, MONDAY + DAY) == succeeded.size
    assert _sum(world, "ap-1", "wifi_login_failures", MONDAY, MONDAY + DAY) == failed.size > 0


# All of them


def test_every_device_says_whether_it_is_reached() -> None:
    world = busy()
    for feed in ("video", "thermal", "equipment", "traffic", "alarms", "deliveries"):
        for device in world.of_feed(feed):
            found = _columns(world, device.id, MONDAY, MONDAY + 60 * DAY)
            at = series.stamps(world, device, MONDAY, MONDAY + 60 * DAY)
            assert (found["device_online"].whole == is_online(world, device.id, at)).all()


def test_events_come_among_the_reports_in_order_and_a_stretch_can_be_cut_anywhere() -> None:
    world = busy()
    cut = MONDAY + 3 * DAY + 7777
    for name in ("alarms-sos", "deliveries-dispatch", "thermal-spot"):
        device = world.devices[name]
        whole = list(series.reports(world, device, MONDAY, MONTH))
        times = [_ts(report) for report in whole]
        assert times == sorted(times)
        assert any("event" in report for report in whole)
        assert [*series.reports(world, device, MONDAY, cut), *series.reports(world, device, cut, MONTH)] == whole


@pytest.mark.parametrize("start", [1_805_011_200, 1_793_516_400], ids=["23 hours", "25 hours"])
def test_days_of_23_and_25_hours_close_as_well(start: int) -> None:
    world = busy(zone="America/Vancouver")
    end = world.start_of(day_of(world.zone, start) + 1)
    at = np.arange(start, end, 600)
    zones = [_columns(world, name, start, end)["people_present"].whole for name in ("video-crowd", "zone-atrium")]
    assert np.array_equal(np.sum(zones, axis=0), foot_traffic.present(world, "mall", at))
    for name in world.devices:
        _columns(world, name, start, end)
        _events(world, name, start, end)


def _ts(report: series.Report) -> int:
    ts = report["ts"]
    assert isinstance(ts, int)
    return ts


def test_every_event_that_devices_send_is_on_the_page_of_native_messages_with_an_example_that_can_be_read() -> None:
    page = (Path(__file__).parents[2] / "docs/native.md").read_text(encoding="utf-8")
    world = busy()
    types = {
        event.type
        for device in world.devices.values()
        for event in _events(world, device.id, MONDAY, MONDAY + 120 * DAY)
    }
    assert types == set(re.findall(r"^\| `((?:alarm|delivery)\.\w+)` \|", page, re.MULTILINE))
    examples = page.split("## An object of each feed", 1)[1].split("```")[1].splitlines()[1:]
    table = SeriesTable()
    for line in examples:
        report = orjson.loads(line)
        assert all(table.split(name) for name in report.get("values", {})), line
        assert report.get("event", {}).get("type") in {*types, None}
    assert len(examples) == 11
