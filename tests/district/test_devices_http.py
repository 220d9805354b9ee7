"""Devices that need a look, over HTTP: the same findings as on the command line, in parts and as a table."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from tests.district.access import lakeside
from tests.district.access.service import fresh, served

DEVICES = f"/ingest/v1/districts/{lakeside.DISTRICT}/devices"
LATER = (lakeside.HOUR + timedelta(hours=1, minutes=2)).isoformat()


@pytest.fixture(scope="module")
def lake() -> Iterator[httpx.Client]:
    """Asks the service over the demo district with a clock that is right and one that is eight hours behind."""
    with fresh() as database:
        with psycopg.connect(database) as connection:
            lakeside.build(connection, derive=False)
            hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
            for device, late_s in (("gate-north", 2), ("spaces-north", 8 * 3_600 + 2)):
                connection.execute(
                    "INSERT INTO ingest.device_clock VALUES (%s, %s, %s, 'c0', 30, 0, %s, %s, %s, %s)",
                    (lakeside.DISTRICT, device, hour, late_s, late_s + 5, hour, hour + timedelta(minutes=30)),
                )
        with served(database) as client:
            yield client


def test_clocks_come_with_their_class_and_one_class_may_be_asked_for(lake: httpx.Client) -> None:
    rows = lake.get(f"{DEVICES}/clocks").json()
    assert [(row["device"], row["clock"], row["error_s"]) for row in rows if row["readings"]] == [
        ("gate-north", "good", 2), ("spaces-north", "wrong_zone", 28_802),
    ]  # fmt: skip
    [wrong] = lake.get(f"{DEVICES}/clocks", params={"clock": "wrong_zone", "hours": 1}).json()
    assert (wrong["device"], wrong["said"].startswith("8 hours behind, exactly")) == ("spaces-north", True)


def test_what_is_silent_is_told_as_of_an_instant_and_in_parts(lake: httpx.Client) -> None:
    whole = lake.get(f"{DEVICES}/silent", params={"at": LATER}).json()
    missed = {row["device"] for row in whole if row["quantity"] is None}
    assert "gate-north" not in missed  # it has just reported
    assert "gate-south" in missed
    first = lake.get(f"{DEVICES}/silent", params={"at": LATER, "limit": 3})
    rest = lake.get(first.links["next"]["url"] + "&limit=10000")
    assert first.json() + rest.json() == whole


def test_a_list_without_rows_is_a_list_and_a_table_has_its_head(lake: httpx.Client) -> None:
    assert lake.get(f"{DEVICES}/stuck", params={"at": LATER}).json() == []
    head = "device,feed,quantity,value,unit,since,until,limit_s"
    assert lake.get(f"{DEVICES}/stuck", params={"at": LATER, "format": "csv"}).text.strip() == head


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("clocks?hours=0", 422),
        ("clocks?clock=late", 422),
        ("silent?at=yesterday", 422),
        ("silent?at=2026-11-01", 422),
        ("stuck?after=nobody", 404),
    ],
)
def test_a_wrong_question_is_a_problem_document(lake: httpx.Client, path: str, status: int) -> None:
    answer = lake.get(f"{DEVICES}/{path}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("path", ["clocks", "silent", "stuck"])
def test_another_district_is_not_found(lake: httpx.Client, path: str) -> None:
    assert lake.get(f"/ingest/v1/districts/nowhere/devices/{path}").status_code in {403, 404}
