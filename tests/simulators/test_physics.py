"""The simulated district's sums close, whatever the day, the zone and the seed."""

import numpy as np
import pytest

from simulators import series
from simulators.days import day_of
from simulators.feeds import energy, foot_traffic, parking, wifi
from simulators.world import Device, World, is_rain

from .worlds import DAY, HOUR, MONDAY, small

#: 2027-03-14: Vancouver's day of 23 hours; 2026-11-01: its day of 25.
SHORT_DAY, LONG_DAY = 1_805_011_200, 1_793_516_400


def _sums(world: World, device: Device, start: int, end: int) -> dict[str, int]:
    """Totals of the amounts in (start, end]."""
    at = series.stamps(world, device, start, end) + device.interval_s
    return {column.quantity: int(column.whole.sum()) for column in series.columns(world, device, at)}


def test_on_every_local_day_as_many_people_go_out_of_a_space_as_came_in() -> None:
    for seed in (1, 2):
        world = small(seed)
        for start in range(MONDAY, MONDAY + 14 * DAY, DAY):
            a, b = (_sums(world, world.devices[name], start, start + DAY) for name in ("door-a", "door-b"))
            # door-b is mounted the other way round.
            assert a["people_in"] + b["people_out"] == a["people_out"] + b["people_in"] > 500


@pytest.mark.parametrize(("start", "length"), [(SHORT_DAY, 23), (LONG_DAY, 25)])
def test_days_of_23_and_25_hours_close_as_well(start: int, length: int) -> None:
    world = small(zone="America/Vancouver")
    assert world.start_of(day_of(world.zone, start)) == start
    assert world.start_of(day_of(world.zone, start) + 1) == start + length * HOUR
    a, b = (_sums(world, world.devices[name], start, start + length * HOUR) for name in ("door-a", "door-b"))
    assert a["people_in"] + b["people_out"] == a["people_out"] + b["people_in"] > 0
    gate = _sums(world, world.devices["gate"], start, start + length * HOUR)
    edges = parking.occupied(world, "p1", np.array([start, start + length * HOUR]))
    assert gate["parking_in"] - gate["parking_out"] == edges[1] - edges[0]
    used = np.diff(energy.counter_wh(world, world.devices["meter-1"], np.arange(start, start + length * HOUR + 1, 300)))
    assert used.min() > 0
    assert used.size == length * 12


def test_a_passage_inside_is_crossed_as_often_one_way_as_the_other() -> None:
    world = small()
    passed = _sums(world, world.devices["passage"], MONDAY, MONDAY + DAY)
    assert passed["people_in"] == passed["people_out"] > 100


def test_nobody_walks_in_while_the_doors_are_closed_and_nobody_stays_the_night() -> None:
    world = small()
    visits = foot_traffic.visits(world, "mall", day_of(world.zone, MONDAY))
    assert visits.entered.min() >= MONDAY + 10 * HOUR
    assert visits.entered.max() < MONDAY + 22 * HOUR
    assert (visits.left > visits.entered).all()
    assert foot_traffic.present(world, "mall", np.array([MONDAY + 9 * HOUR, MONDAY + DAY])).tolist() == [0, 0]


def test_weekends_are_busier_and_rain_keeps_people_away() -> None:
    world = small()
    days = np.arange(day_of(world.zone, MONDAY), day_of(world.zone, MONDAY) + 140)
    count = np.array([foot_traffic.visits(world, "mall", int(day)).entered.size for day in days])
    weekend, rain = (days + 6) % 7 >= 5, is_rain(world, days) == 1
    assert 20 < rain.sum() < 60
    assert count[weekend & ~rain].mean() > 1.2 * count[~weekend & ~rain].mean()
    assert count[~weekend & rain].mean() < 0.85 * count[~weekend & ~rain].mean()


def test_vehicles_in_a_car_park_are_those_that_came_and_did_not_leave() -> None:
    world = small()
    gate, count = world.devices["gate"], world.devices["count"]
    at = series.stamps(world, gate, MONDAY, MONDAY + 7 * DAY)
    moved = {column.quantity: column.whole for column in series.columns(world, gate, at)}
    used = parking.occupied(world, "p1", at)
    assert (np.diff(used) == (moved["parking_in"] - moved["parking_out"])[1:]).all()
    counted = series.columns(world, count, series.stamps(world, count, MONDAY, MONDAY + 7 * DAY))[0].whole
    assert 0 <= counted.min() < 60 < counted.max() <= 120


def test_a_gate_reports_each_stay_when_it_ends_with_its_length() -> None:
    world = small()
    gate = _sums(world, world.devices["gate"], MONDAY, MONDAY + 7 * DAY)
    stays = parking.stays_between(world, "p1", MONDAY, MONDAY + 7 * DAY)
    ended = (stays.left >= MONDAY) & (stays.left < MONDAY + 7 * DAY)
    assert gate["parking_stay_count"] == gate["parking_out"] == ended.sum()
    assert gate["parking_stay_sum"] == (stays.left - stays.arrived)[ended].sum()
    assert (stays.left - stays.arrived).min() >= 600


def test_no_two_vehicles_share_a_space() -> None:
    world = small()
    instants = np.arange(MONDAY, MONDAY + 7 * DAY, 600)
    assert parking.occupied(world, "p1", instants).max() <= world.car_parks["p1"].spaces


def test_wifi_clients_follow_the_people() -> None:
    world = small()
    point = world.devices["ap-1"]
    at = series.stamps(world, point, MONDAY, MONDAY + DAY)
    clients, logged_in, online = (column.whole for column in wifi.columns(world, point, at)[:3])
    people = foot_traffic.present(world, "mall", at)
    assert (online == 1).all()
    assert np.corrcoef(clients, people)[0, 1] > 0.999
    assert (logged_in <= clients).all()


def test_an_access_point_out_of_order_has_no_clients() -> None:
    world = small()
    point = world.devices["ap-1"]
    at = series.stamps(world, point, MONDAY, MONDAY + 100 * DAY)
    clients, _, online = (column.whole for column in wifi.columns(world, point, at)[:3])
    assert 0 < (online == 0).sum() < at.size // 100
    assert (clients[online == 0] == 0).all()


def test_a_counter_is_the_integral_of_the_power_in_whole_watt_hours() -> None:
    world = small()
    for name in ("incomer", "meter-1", "meter-2"):
        at = series.stamps(world, world.devices[name], MONDAY, MONDAY + 8 * DAY)
        counter, power = series.columns(world, world.devices[name], at)[:2]
        assert (np.diff(counter.whole) * 12 == power.whole[1:]).all()
        assert power.whole.min() > 0
        assert counter.per_unit == 1000


def test_an_incomer_counts_its_meters_and_some_more() -> None:
    world = small()
    at = np.arange(MONDAY, MONDAY + 2 * DAY, 300)
    used = {
        name: np.diff(energy.counter_wh(world, world.devices[name], at)) for name in ("incomer", "meter-1", "meter-2")
    }
    own = used["incomer"] - used["meter-1"] - used["meter-2"]
    assert own.min() > 0
    assert own.sum() < used["incomer"].sum() / 2


def test_the_air_changes_smoothly_and_never_stands_still_for_long() -> None:
    world = small()
    station = world.devices["station"]
    at = series.stamps(world, station, MONDAY, MONDAY + 60 * DAY)
    for column in series.columns(world, station, at):
        steps = np.abs(np.diff(column.whole))
        assert column.whole.min() > 0, column.quantity
        assert steps.max() <= max(3, column.whole.max() // 12), column.quantity
        if column.quantity in {"env_pm2_5", "env_pm10", "env_temperature", "env_humidity"}:
            changes = np.flatnonzero(steps)
            assert np.diff(changes).max() < 72, column.quantity  # six hours


def test_power_before_the_meters_were_there_is_an_error() -> None:
    world = small()
    with pytest.raises(ValueError, match="energy is known from 2020-01-01"):
        energy.counter_wh(world, world.devices["meter-1"], np.array([1_500_000_000 // 300 * 300]))
