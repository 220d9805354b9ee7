from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import psycopg
import pytest

from metrics.aqi import AqiError, air_quality_index, edition_on, key_of, print_index, standard
from metrics.evaluate import MetricValue, Quality, evaluate
from metrics.expression import plain
from tests.metrics.evaluator import reckon
from tests.metrics.town import HOUR_US, Town, utc

HOUR = timedelta(hours=1)
NEW = utc("2026-11-01 16:00")
#: Last hour of the old edition and first of the new one, in Shanghai.
OLD_HOUR, NEW_HOUR = utc("2026-02-28 15:00"), utc("2026-02-28 16:00")


def index(day: date, **concentrations: str) -> tuple[int, str | None, str]:
    edition = edition_on(day)
    weighted = {key_of(edition, name): Decimal(text) for name, text in concentrations.items()}
    covered = dict.fromkeys(weighted, Decimal(1))
    found = air_quality_index(weighted, covered)
    printed = print_index(weighted, covered, lambda key: f"{plain(weighted[key])} / 1")
    assert reckon(printed) == found.index
    return found.index, found.main, found.level.zh


@pytest.mark.parametrize(
    ("concentrations", "expected"),
    [
        ({"pm2_5": "35"}, (50, None, "优")),
        ({"pm2_5": "35.0"}, (50, None, "优")),
        ({"pm2_5": "35.5"}, (52, "pm2_5", "良")),  # 36: 2 x 1 + 50
        ({"pm2_5": "34.5"}, (49, None, "优")),  # half to even: 34 x 50 / 35 = 48.57
        ({"pm2_5": "60"}, (100, "pm2_5", "良")),
        ({"pm2_5": "61"}, (101, "pm2_5", "轻度污染")),  # 100.9 rounds up
        ({"co": "5.04"}, (50, None, "优")),  # 5.0 by one digit
        ({"co": "5.1"}, (51, "co", "良")),
        ({"so2": "900"}, (200, "so2", "中度污染")),
        ({"pm10": "700"}, (500, "pm10", "严重污染")),
        ({"pm2_5": "35", "o3": "180", "no2": "100"}, (75, "o3", "良")),
        ({"pm10": "0"}, (0, None, "优")),
    ],
)
def test_sub_indices_by_hand(concentrations: dict[str, str], expected: tuple[int, str | None, str]) -> None:
    assert index(date(2026, 11, 2), **concentrations) == expected


def test_the_edition_of_the_day_decides_and_past_days_are_not_rescored() -> None:
    assert edition_on(date(2026, 2, 28)).edition == "HJ 633-2012"
    assert edition_on(date(2026, 3, 1)).edition == "HJ 633-2026"
    assert index(date(2026, 2, 28), pm2_5="60")[0] == 82  # 50 / 40 x 25 + 50 = 81.25
    assert index(date(2026, 3, 1), pm2_5="60")[0] == 100
    assert index(date(2026, 2, 28), pm10="120")[0] == 85
    assert index(date(2026, 3, 1), pm10="120")[0] == 100


def test_nothing_measured_has_no_index() -> None:
    with pytest.raises(AqiError, match="no pollutant has a valid hour"):
        air_quality_index({}, {})


def test_every_table_rises_and_none_is_longer_than_the_index() -> None:
    for edition in standard().editions:
        for table in edition.tables.values():
            assert list(table) == sorted(set(table))
            assert len(table) <= len(standard().index)


def one(town: Town, subject: str, hour: datetime = NEW) -> MetricValue:
    (found,) = evaluate(town.connection, "air_quality_index", "lakeside", hour, hour + HOUR, subjects=[subject])
    return found


def test_an_hour_of_exactly_thirty_five_stays_excellent(connection: psycopg.Connection) -> None:
    town = Town(connection)
    town.space("mall")
    town.device("s", "air_quality", indicative=True)
    # 33.8, 33.9, ... 36.2: their mean is 35 exactly, but not in floats
    town.hour("s", "env.pm2_5", NEW, weighted=sum(Decimal(n) / 10 for n in range(338, 363)) * (HOUR_US // 25))
    found = one(town, "district")
    assert (found.ratio, found.method, found.quality) == (Fraction(50), "HJ 633-2026, indicative", Quality.GOOD)


def test_particles_of_the_old_edition_are_means_of_a_day(connection: psycopg.Connection) -> None:
    town = Town(connection)
    town.space("mall")
    town.device("s", "air_quality")
    town.hours("s", "env.pm2_5", OLD_HOUR - 23 * HOUR, [20 * HOUR_US] * 23 + [260 * HOUR_US, 60 * HOUR_US], "weighted")
    town.hours("s", "env.o3", OLD_HOUR - 23 * HOUR, [1000 * HOUR_US] * 23 + [32 * HOUR_US] * 2, "weighted")
    old, new = one(town, "device:s", OLD_HOUR), one(town, "device:s", NEW_HOUR)
    assert old.numerator == 43  # (23 x 20 + 260) / 24 = 30 -> 42.86; the ozone of the hours before is not read
    assert old.method == "HJ 633-2012"
    assert (new.ratio, new.method) == (Fraction(100), "HJ 633-2026, main pm2_5")


def test_a_pollutant_of_a_thin_hour_does_not_count(connection: psycopg.Connection) -> None:
    town = Town(connection)
    town.space("mall")
    town.device("s", "air_quality")
    town.hour("s", "env.pm2_5", NEW, weighted=200 * HOUR_US // 2, covered_us=HOUR_US // 2)
    town.hour("s", "env.no2", NEW, weighted=50 * HOUR_US)
    found = one(town, "device:s")
    assert (found.ratio, found.coverage) == (Fraction(25), Fraction(3, 4))
    town.device("t", "air_quality")
    town.hour("t", "env.pm2_5", NEW, weighted=200 * HOUR_US // 2, covered_us=HOUR_US // 2)
    assert one(town, "device:t").numerator is None


def test_stations_of_a_space_are_averaged(connection: psycopg.Connection) -> None:
    town = Town(connection)
    town.space("mall")
    town.space("yard", "mall")
    town.device("s", "air_quality", space="yard")
    town.device("t", "air_quality")
    town.hour("s", "env.pm2_5", NEW, weighted=20 * HOUR_US)
    town.hour("t", "env.pm2_5", NEW, weighted=50 * HOUR_US)
    assert one(town, "space:mall").numerator == 50
    assert one(town, "space:yard").numerator == 29
