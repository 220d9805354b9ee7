"""Figures of all feeds in the full district: each reckoned by hand from what `full_town` says."""

from fractions import Fraction

import pytest

from metrics.evaluate import evaluate
from tests.metrics.full_town import DAY, HOUR
from tests.metrics.town import Town

#: metric -> value over the nine days (the first day for those that have days too, as `days` says), by hand
EXPECTED: dict[str, tuple[int, Fraction]] = {
    "alarms_in_time_share": (9, Fraction(18 + 9 - 7, 18 + 9 + 9)),
    "alerts_acknowledged_in_time": (9, Fraction(4)),
    "intrusion_alarms_latched_share": (9, Fraction(1)),
    "alarm_tests_per_month": (9, Fraction(18)),
    "alarm_poll_gap_max": (9, Fraction(9 * 24 * 3600)),
    "alarm_acknowledgement_p95": (9, Fraction(38)),
    "carriers_connected": (9, Fraction(2)),
    "joint_trip_merchant_share": (9, Fraction(1, 3)),
    "joint_trip_share": (9, Fraction(4, 9)),
    "delivery_on_time_share": (9, Fraction(5, 9)),
    "kitchens_online_share": (9, Fraction(1, 2)),
    "kiosk_used_days": (9, Fraction(1)),
    "wifi_guest_login_days": (1, Fraction(1)),
    "guest_logins_per_day": (1, Fraction(36)),
    "taxi_stop_pickups_per_day": (1, Fraction(60)),
    "locker_parcels_per_day": (1, Fraction(46)),
    "bicycles_outside_share": (1, Fraction(46, 24 * 30)),
    "parking_spaces_seen_max": (1, Fraction(63)),
    "entrances_counted_share": (1, Fraction(1)),
    "night_share": (1, Fraction(sum(range(18, 24)) + sum(range(6)), sum(range(24)))),
    "footfall_after_midnight": (9, Fraction(sum(24 * day + hour for day in range(9) for hour in range(6)), 9)),
    "space_footfall_busiest": (1, Fraction(sum(range(24)))),
    "wifi_zones_covered": (1, Fraction(1, 2)),
    "power_factor": (1, Fraction(95, 100)),
    "mean_dwell": (1, Fraction(sum(60 * n + 60 for n in range(24)), 48)),
    "night_base_load": (1, Fraction(1125 + 2125 + 4125, 3000)),
    "validity_rate": (1, Fraction(1)),
    "unique_visitors": (1, Fraction(sum(range(24)) * 10, 12)),
    "traffic_vehicles": (1, Fraction(300)),
    "aed_online_rate": (1, Fraction(19 * 2 + 5, 48)),
}


@pytest.mark.parametrize("metric", EXPECTED)
def test_the_figure_is_what_happened(full: Town, metric: str) -> None:
    days, expected = EXPECTED[metric]
    (value,) = evaluate(full.connection, metric, full.district, DAY, DAY + days * 24 * HOUR, subjects=["district"])
    assert value.ratio == expected


def test_opening_hours_count_by_the_minute(full: Town) -> None:
    (value,) = evaluate(
        full.connection, "kiosk_online_rate", full.district, DAY, DAY + 24 * HOUR, subjects=["district"]
    )
    # open from 10:00 to 22:30; half an hour was lost at 10, 15 and 20
    assert value.ratio == Fraction(12 * 60 + 30 - 90, 12 * 60 + 30)


def test_density_load_and_flow_of_an_hour(full: Town) -> None:
    at = DAY + 30 * HOUR
    found = {
        metric: evaluate(full.connection, metric, full.district, at, at + HOUR, subjects=["space:mall"])[0]
        for metric in ("crowd_density", "capacity_load", "pedestrian_flow")
    }
    assert found["crowd_density"].ratio == Fraction(30, 400)
    assert found["capacity_load"].ratio == Fraction(30, 200)
    assert (found["pedestrian_flow"].ratio, found["pedestrian_flow"].method) == (Fraction(30 + 31, 150), "A")


def test_an_event_day_is_compared_with_the_same_weekdays(full: Town) -> None:
    (value,) = evaluate(full.connection, "event_uplift", full.district, DAY, DAY + 9 * 24 * HOUR, subjects=["district"])
    usual, event = (sum(range(24 * day, 24 * day + 24)) for day in (1, 8))
    assert value.ratio == Fraction(event - usual, usual)


def test_energy_is_not_extrapolated_from_less_than_ninety_days(full: Town) -> None:
    for days, known in ((89, False), (90, True)):
        (value,) = evaluate(
            full.connection, "energy_intensity", full.district, DAY, DAY + days * 24 * HOUR, subjects=["district"]
        )
        energy = sum(range(216)) + Fraction(216, 8) - 3 - Fraction(1, 8)
        assert value.ratio == (energy * 365 / (1000 * 90) if known else None)
