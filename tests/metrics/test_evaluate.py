from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import psycopg
import pytest

from metrics import zones
from metrics.evaluate import Grain, MetricValue, Quality, WindowError, evaluate
from tests.metrics.town import HOUR_US, Town, utc

#: Local midnight of Monday 2026-11-02 in Shanghai.
DAY = utc("2026-11-01 16:00")
HOUR = timedelta(hours=1)


@pytest.fixture
def town(connection: psycopg.Connection) -> Town:
    town = Town(connection)
    town.space("mall")
    return town


@pytest.fixture
def value(town: Town) -> Callable[..., MetricValue]:
    def one(
        metric: str, subject: str, start: datetime = DAY, hours: int = 24, revision: int | None = None
    ) -> MetricValue:
        (found,) = evaluate(
            town.connection, metric, town.district, start, start + hours * HOUR, subjects=[subject], revision=revision
        )
        return found

    return one


Value = Callable[..., MetricValue]


def test_a_registered_device_that_never_spoke_counts_in_the_denominator(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    town.device("b", "wifi")
    town.hours("a", "wifi.clients", DAY, [20 * HOUR_US] * 24, "weighted")
    assert value("completeness", "feed:wifi").ratio == Fraction(24 * 12, 2 * 24 * 12)
    assert value("online_rate", "feed:wifi").ratio == Fraction(1, 2)
    assert value("class_devices_heard", "feed:wifi").ratio == Fraction(1, 2)
    assert value("online_rate", "feed:wifi").devices == ("a", "b")
    assert value("online_rate", "device:b").ratio == 0


def test_a_device_is_expected_only_while_it_is_registered(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    town.device("b", "wifi", since=DAY + 12 * HOUR)
    assert value("completeness", "feed:wifi").denominator == 24 * 12 + 12 * 12


def test_a_device_added_today_does_not_lower_the_completeness_of_yesterday(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    town.hours("a", "wifi.clients", DAY, [HOUR_US] * 24, "weighted")
    before = value("completeness", "feed:wifi")
    town.device("b", "wifi", since=DAY + 24 * HOUR)
    assert value("completeness", "feed:wifi") == before


def test_an_earlier_revision_gives_the_register_of_then(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    revision = town.revise()
    town.device("b", "wifi")
    assert value("completeness", "feed:wifi").denominator == 2 * 288
    assert value("completeness", "feed:wifi", revision=revision).denominator == 288


def test_the_fullest_datastream_of_a_device_tells_its_slots(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    town.hour("a", "wifi.clients", DAY, slots=9)
    town.hour("a", "wifi.clients_authenticated", DAY, slots=4)
    assert value("completeness", "device:a", hours=1).ratio == Fraction(9, 12)


def test_silence_after_an_amount_lasts_three_intervals_into_the_next_hour(town: Town, value: Value) -> None:
    town.device("g", "parking", interval_s=300)
    town.hour("g", "parking.in", DAY, minutes="0" * 50 + "1" * 10)
    assert value("online_rate", "device:g", hours=1).numerator == 10
    assert value("online_rate", "device:g", start=DAY + HOUR, hours=1).numerator == 15
    assert value("online_rate", "device:g", start=DAY + 2 * HOUR, hours=1).numerator == 0


def test_a_held_value_is_not_stretched_once_more(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    town.hour("a", "wifi.clients", DAY, minutes="1" * 20 + "0" * 40)
    assert value("online_rate", "device:a", hours=1).numerator == 20


def test_announced_maintenance_is_taken_out_up_to_its_share(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    window = {"devices": ["a"], "start": "2026-11-02T00:00:00Z", "end": "2026-11-04T00:00:00Z"}
    town.fact("maintenance", "late", {**window, "entered_at": "2026-11-02T00:00:00Z"})
    assert value("completeness", "device:a", hours=240).denominator == 240 * 12
    town.fact("maintenance", "planned", {**window, "entered_at": "2026-11-01T00:00:00Z"})
    assert value("completeness", "device:a", hours=240).denominator == (240 - 12) * 12
    assert value("online_rate", "device:a", hours=240).denominator == (240 - 12) * 60


def test_maintenance_of_a_space_ends_for_a_device_that_moves_away(town: Town, value: Value) -> None:
    town.space("yard")
    town.device("a", "wifi")
    town.device("a", "wifi", since=DAY + 12 * HOUR, space="yard")
    window = {"spaces": ["mall"], "start": "2026-11-01T16:00:00Z", "end": "2026-11-02T16:00:00Z"}
    town.fact("maintenance", "paint", {**window, "entered_at": "2026-10-01T00:00:00Z"})
    assert value("completeness", "device:a", hours=480).denominator == (480 - 12) * 12


def test_an_ended_device_is_expected_up_to_its_last_whole_hour(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    town.fact("device", "a", {}, since=DAY + 5.5 * HOUR, ended=True)
    assert value("completeness", "device:a").denominator == 5 * 12
    town.device("b", "wifi", commissioned_on="2026-11-03")
    zones.fill(town.connection, ["Asia/Shanghai"])
    assert value("completeness", "device:b", hours=48).denominator == 24 * 12


def test_nothing_known_is_undetermined_and_never_zero(town: Town, value: Value) -> None:
    town.car_park("p1", 100)
    town.device("g", "parking", role="gate", car_park="p1")
    for metric in ("parking_in", "parking_turnover", "parking_mean_dwell", "parking_peak_hour", "parking_occupancy",
                   "parking_balance_error"):  # fmt: skip
        found = value(metric, "car_park:p1")
        assert found.numerator is None, metric
        assert found.quality is Quality.UNDETERMINED
    assert value("parking_in", "car_park:p1").coverage == 0
    assert value("parking_in", "car_park:p1").devices == ("g",)


def test_footfall_follows_the_sign_of_a_counter_and_adds_crossings_reported_as_events(town: Town, value: Value) -> None:
    town.fact("entrance", "north", {"space": "mall"})
    town.device("a", "foot_traffic", entrance="north")
    town.device("b", "foot_traffic", entrance="north", sign=-1)
    town.device("corridor", "foot_traffic")
    for device in ("a", "b", "corridor"):
        town.hour(device, "people.in", DAY, amount=10)
        town.hour(device, "people.out", DAY, amount=3)
    town.connection.execute(
        "INSERT INTO ingest.event (district, device, time, type, key, received_at, amount, flags, batch_id)"
        " VALUES ('lakeside', 'a', %s, 'people_in', '1', %s, 2, 0, 1)", (DAY + HOUR / 2, DAY + HOUR),
    )  # fmt: skip
    assert value("footfall", "district", hours=1).numerator == 10 + 3 + 2
    assert value("footfall", "space:mall", hours=1).numerator == 15
    assert value("people_in_zone", "space:mall", hours=1).numerator == 15 - 13


def test_an_inner_entrance_does_not_count_for_the_district(town: Town, value: Value) -> None:
    town.space("shop", "mall")
    town.fact("entrance", "street", {"space": "mall"})
    town.fact("entrance", "door", {"space": "shop"})
    town.device("a", "foot_traffic", entrance="street")
    town.device("b", "foot_traffic", entrance="door")
    town.hour("a", "people.in", DAY, amount=10)
    town.hour("b", "people.in", DAY, amount=4)
    assert value("footfall", "district", hours=1).numerator == 10
    assert value("footfall", "space:shop", hours=1).numerator == 4


def test_the_declared_primary_view_is_read_and_no_other(town: Town, value: Value) -> None:
    town.fact("entrance", "north", {"space": "mall"})
    town.device("a", "foot_traffic", entrance="north", primary={"people.in": "people.in_total"})
    town.hour("a", "people.in", DAY, amount=10)
    town.hour("a", "people.in_total", DAY, amount=11)
    town.hour("a", "people.in", DAY + HOUR, amount=10)
    assert value("footfall", "space:mall", hours=2).numerator == 11


def test_people_in_the_zone_start_again_at_local_midnight(town: Town, value: Value) -> None:
    town.fact("entrance", "north", {"space": "mall"})
    town.device("a", "foot_traffic", entrance="north")
    town.hours("a", "people.in", DAY - HOUR, [100, 5, 6])
    town.hours("a", "people.out", DAY - HOUR, [0, 1, 11])
    assert value("people_in_zone", "space:mall", start=DAY, hours=1).numerator == 4
    below = value("people_in_zone", "space:mall", start=DAY + HOUR, hours=1)
    assert (below.ratio, below.quality) == (Fraction(-1), Quality.BAD)


def test_balance_has_no_value_where_nobody_came_in(town: Town, value: Value) -> None:
    town.fact("entrance", "north", {"space": "mall"})
    town.device("a", "foot_traffic", entrance="north")
    town.hours("a", "people.in", DAY, [0] * 24)
    town.hours("a", "people.out", DAY, [1] * 24)
    assert value("balance_error", "space:mall").numerator is None
    town.hours("a", "people.in", DAY + 24 * HOUR, [10] * 24)
    town.hours("a", "people.out", DAY + 24 * HOUR, [11] * 24)
    assert value("balance_error", "space:mall", start=DAY + 24 * HOUR).ratio == Fraction(24, 240)


def test_days_count_as_balanced_up_to_five_percent_exactly(town: Town, value: Value) -> None:
    town.car_park("p1", 100)
    town.device("g", "parking", role="gate", car_park="p1")
    for n, out in enumerate((19, 21, 18)):
        town.hours("g", "parking.in", DAY + n * 24 * HOUR, [20] * 24)
        town.hours("g", "parking.out", DAY + n * 24 * HOUR, [out] * 24)
    town.hours("g", "parking.in", DAY + 72 * HOUR, [20] * 19)
    town.hours("g", "parking.out", DAY + 72 * HOUR, [20] * 19)
    assert value("parking_balanced_days", "district", hours=96).ratio == Fraction(2, 3)


def test_occupancy_is_weighted_by_the_time_that_was_counted(town: Town, value: Value) -> None:
    town.car_park("p1", 100)
    town.car_park("p2", 300)
    for park in ("p1", "p2"):
        town.device(f"c-{park}", "parking", role="count", car_park=park)
    town.hour("c-p1", "parking.used", DAY, weighted=50 * HOUR_US)
    town.hour("c-p1", "parking.used", DAY + HOUR, weighted=80 * HOUR_US // 2, covered_us=HOUR_US // 2)
    town.hour("c-p2", "parking.used", DAY, weighted=30 * HOUR_US)
    assert value("parking_occupancy", "car_park:p1", hours=2).ratio == Fraction(50 + 40, 150)
    assert value("parking_occupancy", "district", hours=1).ratio == Fraction(80, 400)
    assert value("parking_occupancy", "car_park:p1", hours=2).coverage == Fraction(3, 4)


def test_two_counting_devices_share_the_spaces_of_their_car_park(town: Town, value: Value) -> None:
    town.car_park("p1", 100)
    for level in ("up", "down"):
        town.device(level, "parking", role="count", car_park="p1")
        town.hour(level, "parking.used", DAY, weighted=20 * HOUR_US)
    assert value("parking_occupancy", "car_park:p1", hours=1).ratio == Fraction(40, 100)


def test_bays_count_the_time_they_are_taken(town: Town, value: Value) -> None:
    town.car_park("p1", 2)
    for bay in ("b1", "b2"):
        town.device(bay, "parking", role="bay", car_park="p1")
    town.hour("b1", "parking.occupied", DAY, state_us={"1": HOUR_US // 4, "0": HOUR_US * 3 // 4})
    town.hour("b2", "parking.occupied", DAY, state_us={"0": HOUR_US})
    assert value("parking_occupancy", "car_park:p1", hours=1).ratio == Fraction(1, 8)


def test_turnover_is_entries_over_the_registered_spaces(town: Town, value: Value) -> None:
    town.car_park("p1", 40)
    town.car_park("p2", 60)
    town.car_park("staff", 500, public=False)
    for park in ("p1", "p2", "staff"):
        town.device(f"g-{park}", "parking", role="gate", car_park=park)
        town.hours(f"g-{park}", "parking.in", DAY, [5] * 24)
    assert value("parking_turnover", "district").ratio == Fraction(240, 100)
    assert value("parking_turnover", "car_park:staff").ratio == Fraction(120, 500)


def test_dwell_comes_from_reported_stays_else_from_littles_law_and_says_so(town: Town, value: Value) -> None:
    town.car_park("p1", 40)
    town.device("g", "parking", role="gate", car_park="p1")
    town.device("c", "parking", role="count", car_park="p1")
    town.hour("g", "parking.in", DAY, amount=10)
    town.hour("c", "parking.used", DAY, weighted=30 * HOUR_US)
    little = value("parking_mean_dwell", "car_park:p1")
    assert (little.ratio, little.method) == (Fraction(30 * 3600, 10), "little")
    town.hour("g", "parking.stay_sum", DAY, amount=9000)
    town.hour("g", "parking.stay_count", DAY, amount=4)
    stays = value("parking_mean_dwell", "car_park:p1")
    assert (stays.ratio, stays.method) == (Fraction(9000, 4), "stays")


def test_the_peak_hour_is_local_and_the_earliest_of_equals(town: Town, value: Value) -> None:
    town.car_park("p1", 40)
    town.device("g", "parking", role="gate", car_park="p1")
    town.hours("g", "parking.in", DAY, [1] * 9 + [7] + [1] * 8 + [3] + [1] * 5)
    town.hours("g", "parking.out", DAY, [1] * 18 + [5] + [1] * 5)
    assert value("parking_peak_hour", "car_park:p1").numerator == 9


def test_a_car_park_is_connected_from_ninety_percent_of_its_hours(town: Town, value: Value) -> None:
    for park, spaces, hours in (("p1", 100, 216), ("p2", 50, 215), ("p3", 30, 0)):
        town.car_park(park, spaces)
        town.device(f"c-{park}", "parking", role="count", car_park=park)
        town.hours(f"c-{park}", "parking.used", DAY, [HOUR_US] * hours, "weighted")
    town.car_park("p4", 20)
    town.car_park("staff", 900, public=False)
    shares = [value(f"parking_share_of_{what}_connected", "district", hours=240) for what in ("car_parks", "spaces")]
    assert [share.ratio for share in shares] == [Fraction(1, 4), Fraction(100, 200)]
    assert shares[0].coverage == Fraction((216 + 215) * 60, 4 * 240 * 60)


def test_an_hour_is_valid_from_forty_five_minutes_on_in_both_directions(town: Town, value: Value) -> None:
    town.car_park("p1", 100)
    town.device("g", "parking", role="gate", car_park="p1")
    for n, (into, out) in enumerate(((45, 60), (44, 60), (60, 45), (60, 0))):
        town.hour("g", "parking.in", DAY + n * HOUR, amount=1, minutes="1" * into + "0" * (60 - into))
        town.hour("g", "parking.out", DAY + n * HOUR, amount=1, minutes="1" * out + "0" * (60 - out))
    town.car_park("p2", 10)
    town.device("entry", "parking", role="gate", car_park="p2")
    town.hours("entry", "parking.in", DAY, [1] * 24)
    assert value("parking_valid_hours", "car_park:p1").ratio == Fraction(2, 24)
    assert value("parking_valid_hours", "car_park:p2").ratio == 0
    assert value("parking_valid_hours", "district").ratio == Fraction(2, 48)


def test_a_daily_report_needs_all_six_figures(town: Town, value: Value) -> None:
    town.car_park("p1", 100)
    town.device("g", "parking", role="gate", car_park="p1")
    town.device("c", "parking", role="count", car_park="p1")
    for n, counted in enumerate((24, 18, 17)):
        start = DAY + n * 24 * HOUR
        town.hours("g", "parking.in", start, [2] * 24)
        town.hours("g", "parking.out", start, [2] * 24)
        town.hours("c", "parking.used", start, [9 * HOUR_US] * counted, "weighted")
    assert value("parking_daily_report", "district", hours=96).ratio == Fraction(2, 4)


def test_freshness_is_the_nearest_rank_and_its_upper_edge(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    town.hour("a", "wifi.clients", DAY, lateness=[0, 0, 90, 5, 0, 0, 4, 1, 0, 0])
    assert value("freshness_p95", "feed:wifi", hours=1).numerator == 60
    town.hour("a", "wifi.clients", DAY + HOUR, lateness=[0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    assert value("freshness_p95", "feed:wifi", hours=2).numerator == 300


def test_a_sub_meter_is_never_added_to_a_meter_above_it(town: Town, value: Value) -> None:
    town.space("floor", "mall")
    town.device("main", "energy", role="incomer")
    town.device("lift", "energy", submeter_of="main")
    town.device("shop", "energy", submeter_of="main", space="floor")
    town.device("till", "energy", submeter_of="shop", space="floor")
    for meter, amount in (("main", "10.5"), ("lift", "2.25"), ("shop", "3"), ("till", "1")):
        town.hour(meter, "energy.import_total", DAY, amount=Decimal(amount))
    assert value("energy_use", "district", hours=1).numerator == Decimal("10.5")
    assert value("energy_use", "space:mall", hours=1).numerator == Decimal("10.5")
    assert value("energy_use", "space:floor", hours=1).numerator == 3
    assert value("energy_use", "device:lift", hours=1).numerator == Decimal("2.25")


def test_a_gap_counts_only_in_windows_that_hold_both_its_ends(town: Town, value: Value) -> None:
    town.device("main", "energy")
    town.hour("main", "energy.import_total", DAY + 30 * HOUR, amount=1, gap_amount=50, gap_start=DAY)
    assert value("energy_use", "device:main", hours=48).numerator == 51
    assert value("energy_use", "device:main", start=DAY + HOUR, hours=47).numerator == 1


def test_an_access_point_is_online_as_it_reports(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    town.device("b", "wifi")
    town.hour("a", "device.online", DAY, state_us={"1": HOUR_US * 3 // 4, "0": HOUR_US // 4})
    assert value("ap_online_rate", "device:a", hours=1).ratio == Fraction(3, 4)
    assert value("ap_online_rate", "district", hours=1).ratio == Fraction(3, 8)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Vancouver", date(2025, 3, 9), 23),
        ("America/Vancouver", date(2025, 11, 2), 25),
        ("Asia/Kolkata", date(2026, 11, 1), 24),
    ],
)
def test_a_local_day_has_the_hours_of_its_zone(
    connection: psycopg.Connection, zone: str, day: date, hours: int
) -> None:
    town = Town(connection, zone=zone)
    town.space("mall")
    town.device("a", "wifi")
    start, end = zones.local_day(zone, day)
    (found,) = evaluate(connection, "completeness", "lakeside", start, end, subjects=["device:a"], grain=Grain.DAY)
    assert found.denominator == hours * 12


def test_series_have_one_value_per_hour_and_per_day(town: Town) -> None:
    town.device("a", "wifi")
    town.hours("a", "wifi.clients", DAY, [HOUR_US] * 30, "weighted")
    for grain, count in ((Grain.HOUR, 48), (Grain.DAY, 2)):
        found = evaluate(
            town.connection, "completeness", "lakeside", DAY, DAY + 48 * HOUR, subjects=["feed:wifi"], grain=grain
        )
        assert len(found) == count
        assert sum(v.numerator or 0 for v in found) == 30 * 12


def test_origins_and_the_backfilled_share_travel_on(town: Town, value: Value) -> None:
    town.device("a", "wifi")
    town.hour("a", "wifi.clients", DAY, origins=[3, 9, 0, 0], flag_counts=[0, 0, 0, 0, 0, 0, 6, 0])
    found = value("completeness", "device:a", hours=1)
    assert (found.origins, found.backfilled) == (("real", "simulated"), Decimal("0.5"))


def test_a_value_that_covers_too_little_is_uncertain(town: Town, value: Value) -> None:
    town.car_park("p1", 100)
    town.device("g", "parking", role="gate", car_park="p1")
    town.hours("g", "parking.in", DAY, [1] * 18)
    assert value("parking_in", "car_park:p1").quality is Quality.GOOD
    assert value("parking_in", "car_park:p1", hours=25).quality is Quality.UNCERTAIN


def test_windows_that_do_not_fit_are_refused_with_a_good_one(town: Town) -> None:
    with pytest.raises(WindowError, match="expected a full hour of Asia/Shanghai like 2026-11-02T00:00:00"):
        evaluate(town.connection, "completeness", "lakeside", DAY + HOUR / 2, DAY + HOUR)
    with pytest.raises(WindowError, match="people_in_zone has values per hour, not per window"):
        evaluate(town.connection, "people_in_zone", "lakeside", DAY, DAY + 24 * HOUR)
    with pytest.raises(LookupError, match="no metric 'footfal'; there are"):
        evaluate(town.connection, "footfal", "lakeside", DAY, DAY + 24 * HOUR)
    with pytest.raises(LookupError, match="no district 'elsewhere'"):
        evaluate(town.connection, "footfall", "elsewhere", DAY, DAY + 24 * HOUR)
