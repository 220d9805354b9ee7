import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from fractions import Fraction

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

from metrics.definition import Grain
from metrics.frame import frame
from metrics.routes import router
from tests.metrics.evaluator import reckon
from tests.metrics.town import Town, utc

DAY = utc("2026-11-01 16:00")
VALUES, EXPLAIN = (f"/metrics/v1/districts/lakeside/{what}" for what in ("values", "explain"))


Get = Callable[[str, Mapping[str, str]], httpx.Response]


@pytest.fixture
def get(database: str) -> Iterator[Get]:
    with psycopg.connect(database) as connection:
        town = Town(connection)
        town.space("mall")
        town.car_park("p1", 100)
        town.device("g", "parking", role="gate", car_park="p1")
        town.hours("g", "parking.in", DAY, [n % 5 for n in range(24)])
    app = FastAPI()
    with ConnectionPool(database, min_size=1, max_size=2, open=True) as pool:
        app.include_router(router(pool))

        async def ask(path: str, params: Mapping[str, str]) -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://district") as client:
                return await client.get(path, params=dict(params))

        yield lambda path, params: asyncio.run(ask(path, params))


def test_definitions_are_listed_with_their_formula(get: Get) -> None:
    found = {definition["name"]: definition for definition in get("/metrics/v1/definitions", {}).json()}
    assert found["parking_turnover"]["formula"] == {"": "vehicles / spaces"}
    assert found["parking_turnover"]["title"]["zh"] == "车位周转率"


def test_values_are_exact_and_dates_are_local(get: Get) -> None:
    asked = {"metric": "parking_turnover", "subject": "car_park:p1", "from": "2026-11-02", "to": "2026-11-03"}
    (value,) = get(VALUES, asked).json()
    assert Fraction(value["numerator"]) / Fraction(value["denominator"]) == Fraction(sum(n % 5 for n in range(24)), 100)
    assert (value["start"], value["coverage"], value["devices"]) == ("2026-11-01T16:00:00Z", 1.0, ["g"])
    hours = get(VALUES, {**asked, "metric": "parking_in", "grain": "hour"}).json()
    assert [hour["numerator"] for hour in hours] == [str(n % 5) for n in range(24)]


def test_a_day_without_data_is_null_and_not_zero(get: Get) -> None:
    asked = {"metric": "parking_in", "subject": "car_park:p1", "from": "2026-11-05T00:00:00+08:00", "to": "2026-11-06"}
    (value,) = get(VALUES, asked).json()
    assert (value["numerator"], value["value"], value["quality"]) == (None, None, "undetermined")


def test_the_explanation_over_http_evaluates_to_the_value(get: Get) -> None:
    asked = {"metric": "parking_turnover", "subject": "car_park:p1", "from": "2026-11-02", "to": "2026-11-03"}
    found = get(EXPLAIN, asked).json()
    assert reckon(found["expression"]) == Fraction(found["value"]["numerator"]) / Fraction(
        found["value"]["denominator"]
    )
    assert found["parts"][0]["device"] == "g"


@pytest.mark.parametrize(
    ("change", "status", "detail"),
    [
        ({"metric": "turnover"}, 404, "no metric 'turnover'; there are"),
        ({"from": "yesterday"}, 422, "expected a date like 2026-11-01"),
        ({"from": "2026-11-02T00:00:00"}, 422, "got '2026-11-02T00:00:00'"),
        ({"to": "2026-11-01"}, 409, "expected a start before its end"),
    ],
)
def test_mistakes_say_what_was_expected(get: Get, change: dict[str, str], status: int, detail: str) -> None:
    asked = {"metric": "parking_turnover", "subject": "car_park:p1", "from": "2026-11-02", "to": "2026-11-03", **change}
    for route in (VALUES, EXPLAIN):
        answer = get(route, asked)
        assert answer.status_code == status
        assert detail in answer.json()["detail"]
    assert get(VALUES.replace("lakeside", "seaside"), asked | {"from": "2026-11-02"}).status_code == 404


def test_a_frame_has_zone_aware_times_and_missing_numbers(connection: psycopg.Connection) -> None:
    town = Town(connection)
    town.space("mall")
    town.car_park("p1", 100)
    town.device("g", "parking", role="gate", car_park="p1")
    town.hours("g", "parking.in", DAY, [4, 2])
    table = frame(
        connection, "parking_in", "lakeside", DAY, DAY + timedelta(hours=3), grain=Grain.HOUR, subjects=["district"]
    )
    assert [start.isoformat() for start in table["start"]] == [f"2026-11-02T0{n}:00:00+08:00" for n in range(3)]
    assert list(table["value"][:2]) == [4.0, 2.0]
    assert table["value"].isna().tolist() == [False, False, True]
