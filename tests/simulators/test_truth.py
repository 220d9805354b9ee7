"""The truth is what happened: cases small enough to count by hand, and sums of what the devices say."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from simulators import faults, series
from simulators.days import day_of
from simulators.draw import Whole
from simulators.feeds import parking
from simulators.feeds.foot_traffic import visits
from simulators.truth import METRICS, Truth, truth
from simulators.truth.air_quality import sub_index
from simulators.truth.parking import peak
from simulators.truth.view import View
from simulators.world import World

from .worlds import DAY, HOUR, MONDAY, busy, large, small


def _one(found: list[Truth], metric: str, subject: str, grain: str, start: int) -> Truth:
    (figure,) = [
        item
        for item in found
        if (item.metric, item.subject, item.grain, item.start.timestamp()) == (metric, subject, grain, start)
    ]
    return figure


def test_footfall_is_the_people_who_walked_in() -> None:
    world = small()
    found = truth(world, MONDAY, MONDAY + DAY, metrics=["footfall"])
    people = visits(world, "mall", day_of(world.zone, MONDAY))
    assert _one(found, "footfall", "district", "day", MONDAY).value == people.entered.size
    for hour in (9, 10, 15, 21, 22):
        start = MONDAY + hour * HOUR
        by_hand = sum(start <= second < start + HOUR for second in people.entered.tolist())
        assert _one(found, "footfall", "space:mall", "hour", start).value == by_hand


def test_what_the_counters_report_adds_up_to_the_truth_of_every_hour() -> None:
    world = small()
    entered: Counter[int] = Counter()
    for name, word in (("door-a", "people_in"), ("door-b", "people_out")):
        for report in series.reports(world, world.devices[name], MONDAY, MONDAY + 2 * DAY):
            stamp, values = report["ts"], report["values"]
            assert isinstance(stamp, int)
            assert isinstance(values, dict)
            # An amount stamped on the full hour belongs to the hour before.
            entered[(stamp // 1000 - 1) // HOUR * HOUR] += values[word]
    hours = [item for item in truth(world, MONDAY, MONDAY + DAY, metrics=["footfall"]) if item.grain == "hour"]
    for item in hours:
        assert item.value == entered[int(item.start.timestamp())]


def test_people_in_the_zone_are_nought_at_midnight_and_balance_is_perfect() -> None:
    found = truth(small(), MONDAY, MONDAY + DAY, metrics=["people_in_zone", "balance_error"])
    assert _one(found, "people_in_zone", "space:mall", "hour", MONDAY + 23 * HOUR).value == 0
    noon = _one(found, "people_in_zone", "space:mall", "hour", MONDAY + 14 * HOUR).value
    assert noon is not None
    assert noon > 50
    assert _one(found, "balance_error", "district", "day", MONDAY).value == 0


def test_parking_figures_follow_from_the_stays() -> None:
    world = small()
    found = truth(world, MONDAY, MONDAY + DAY)
    stays = parking.stays_between(world, "p1", MONDAY, MONDAY + DAY)
    came = (stays.arrived >= MONDAY) & (stays.arrived < MONDAY + DAY)
    went = (stays.left >= MONDAY) & (stays.left < MONDAY + DAY)
    day = {item.metric: item.value for item in found if item.subject == "car_park:p1" and item.grain == "day"}
    assert day["parking_in"] == came.sum()
    assert day["parking_out"] == went.sum()
    assert day["parking_turnover"] == Fraction(int(came.sum()), 120)
    assert day["parking_mean_dwell"] == Fraction(int((stays.left - stays.arrived)[went].sum()), int(went.sum()))
    moved = Counter(((np.concatenate((stays.arrived[came], stays.left[went])) - MONDAY) // HOUR).tolist())
    assert day["parking_peak_hour"] == min(hour for hour in moved if moved[hour] == max(moved.values()))
    assert day["parking_share_of_car_parks_connected"] == 1
    used = series.columns(world, world.devices["count"], _every(world, "count"))[0].whole.tolist()
    occupancy = day["parking_occupancy"]
    assert occupancy is not None
    assert abs(occupancy - Fraction(sum(used), 120 * len(used))) < Fraction(1, 1000)


def test_of_two_busiest_hours_the_earlier_is_the_peak() -> None:
    view = View(world=small(), start=MONDAY, end=MONDAY + DAY)
    (window,) = view.windows(("day",))
    moved = np.zeros(24, dtype=np.int64)
    moved[[11, 17]] = 9
    assert peak(view, window, moved) == 11


def test_energy_of_an_hour_is_the_sum_of_its_mean_powers() -> None:
    world = small()
    found = truth(world, MONDAY, MONDAY + DAY, metrics=["energy_use"])
    meter = world.devices["incomer"]
    at = np.arange(MONDAY + 15 * HOUR + 300, MONDAY + 16 * HOUR + 1, 300)
    power = series.columns(world, meter, at)[1].whole
    by_hand = Fraction(int(power.sum()) * 300, 3600 * 1000)
    assert _one(found, "energy_use", "device:incomer", "hour", MONDAY + 15 * HOUR).value == by_hand
    # The incomer contains the other meters; the atrium has only one of them.
    assert _one(found, "energy_use", "district", "hour", MONDAY + 15 * HOUR).value == by_hand
    atrium = _one(found, "energy_use", "space:atrium", "day", MONDAY).value
    assert atrium == _one(found, "energy_use", "device:meter-1", "day", MONDAY).value


@pytest.mark.parametrize(
    ("concentration", "table", "index"),
    [
        # GB: 80 ug/m3 of PM2.5 in 2026: (150-100)/(115-60) * 20 + 100 = 118.2, rounded up
        ("80", (0, 35, 60, 115), 119),
        ("35", (0, 35, 60, 115), 50),
        ("0", (0, 35, 60), 0),
        ("0.7", (0, 5, 10), 7),
        ("900", (0, 150, 500, 650, 800), 200),
    ],
)
def test_the_index_of_a_pollutant_by_hand(concentration: str, table: tuple[int, ...], index: int) -> None:
    assert sub_index(Decimal(concentration), table) == index


def test_the_air_of_a_day_before_march_2026_is_judged_by_the_edition_of_then() -> None:
    world = small()
    january = 1_768_435_200 - 8 * HOUR  # 2026-01-15T00:00+08:00
    old = truth(world, january, january + DAY, metrics=["air_quality_index"])
    particles = series.columns(world, world.devices["station"], _stamps(world, "station", january - DAY, january + DAY))
    assert len(old) == 24 * 3
    assert all(item.value is not None and 0 < item.value < 200 for item in old)
    assert particles[0].quantity == "env_pm2_5"


def test_a_gap_lowers_completeness_and_online_rate_by_what_it_took() -> None:
    world = large()
    gap = faults.make("gap", world)
    device, day = next(
        (device, day)
        for day in range(day_of(world.zone, MONDAY), day_of(world.zone, MONDAY) + 60)
        for device in world.of_feed("air_quality")
        if (span := faults.window(gap, device, day)) and span[1] <= world.start_of(day + 1) - 2 * HOUR
    )
    start = world.start_of(day)
    lost = int(gap.hits(device, series.stamps(world, device, start, start + DAY)).sum())
    found = truth(world, start, start + DAY, faults=[gap], metrics=["completeness", "online_rate"])
    subject = f"device:{device.id}"
    assert _one(found, "completeness", subject, "day", start).value == Fraction(288 - lost, 288)
    online = _one(found, "online_rate", subject, "day", start).value
    assert online is not None
    # Offline after three intervals of silence: the gap less two intervals, begun minutes counted as online.
    assert abs((1 - online) * 1440 - (lost - 2) * 5) <= 1


def test_a_figure_that_lost_reports_is_not_called_exact_and_its_coverage_says_so() -> None:
    world = small()
    gap = faults.make("gap", world)
    end = MONDAY + 60 * DAY
    for item in truth(world, MONDAY, end, faults=[gap], metrics=["footfall", "parking_in"]):
        assert item.coverage is not None
        assert item.exact == (item.coverage == 1)


def test_lost_reports_between_two_readings_of_a_counter_change_no_sum() -> None:
    world = small()
    gap = faults.make("gap", world)
    found = truth(world, MONDAY, MONDAY + 60 * DAY, faults=[gap], metrics=["energy_use"])
    days = [item for item in found if item.grain == "day"]
    assert any(item.coverage != 1 and item.exact for item in days)
    assert all(item.exact for item in found if item.coverage == 1 and item.grain != "hour")


def test_freshness_is_the_upper_edge_of_the_class_of_the_95th_percentile() -> None:
    world = small()
    found = truth(world, MONDAY, MONDAY + DAY, metrics=["freshness_p95"])
    at = _every(world, "gate")
    late = np.sort(-(-series.delay_ms(world, world.devices["gate"], at) // 1000))
    edge = next(e for e in (5, 10, 30, 60) if late[-(-at.size * 95 // 100) - 1] <= e)
    assert _one(found, "freshness_p95", "device:gate", "day", MONDAY).value == edge
    assert _one(found, "freshness_p95", "feed:parking", "hour", MONDAY).value in {5, 10, 30}


def test_before_the_history_began_nothing_was_covered() -> None:
    world = small()
    began = MONDAY + 12 * HOUR
    found = truth(world, MONDAY, MONDAY + DAY, metrics=["completeness", "footfall"], sent=(began, MONDAY + 2 * DAY))
    assert _one(found, "completeness", "feed:air_quality", "hour", MONDAY + 11 * HOUR).value == 0
    assert _one(found, "completeness", "feed:air_quality", "hour", MONDAY + 12 * HOUR).value == 1
    assert not _one(found, "footfall", "district", "day", MONDAY).exact


def test_every_metric_has_a_truth_and_each_figure_comes_once() -> None:
    found = truth(busy(), MONDAY, MONDAY + 2 * DAY)
    assert {item.metric for item in found} == set(METRICS)
    keys = Counter((item.metric, item.subject, item.grain, item.start, item.end) for item in found)
    assert max(keys.values()) == 1


def test_a_metric_without_truth_and_a_window_off_the_hour_are_refused() -> None:
    with pytest.raises(ValueError, match=r"such as footfall .*got 'footfal'"):
        truth(small(), MONDAY, MONDAY + DAY, metrics=["footfal"])
    with pytest.raises(ValueError, match="full hours"):
        truth(small(), MONDAY + 60, MONDAY + DAY)


def test_a_view_of_a_part_of_a_day_has_no_day() -> None:
    view = View(world=small(), start=MONDAY + HOUR, end=MONDAY + DAY)
    assert [window.grain for window in view.windows(("day", "window"))] == []


def _stamps(world: World, name: str, start: int, end: int) -> Whole:
    return series.stamps(world, world.devices[name], start, end)


def _every(world: World, name: str) -> Whole:
    return _stamps(world, name, MONDAY, MONDAY + DAY)
