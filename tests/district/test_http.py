"""What every answer of the service has: one shape of error, headers, ETags, parts of lists, CSV; and nothing of anybody's data."""

import csv
import io
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from district.access.roles import Role
from district.body_limit import MOST_BYTES
from district.http import application
from district.reference import document, operations
from scoring import evidence
from tests.district.access import lakeside
from tests.district.access.service import fresh, key, running, served

DEVICES = f"/ingest/v1/districts/{lakeside.DISTRICT}/devices"
SECRET = "zhang.wei@example.com"


@pytest.fixture(scope="module")
def told() -> dict[str, object]:
    return document(application("postgresql://127.0.0.1:1/none"))


@pytest.fixture(scope="module")
def lake() -> Iterator[httpx.Client]:
    """Asks the service over the demo district; nobody may change anything there."""
    with fresh() as database:
        with psycopg.connect(database) as connection:
            lakeside.build(connection)
        with served(database) as client:
            yield client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/scoring/v1/districts/nowhere/items", 404),
        ("DELETE", "/metrics/v1/definitions", 405),
        ("GET", "/ingest/v1/districts/NO/devices", 422),
        ("GET", "/metrics/v1/definitions?limit=0", 422),
        ("POST", "/scoring/v1/districts/nowhere/documents", 401),
        ("POST", "/login", 403),
    ],
)
def test_every_error_is_a_problem_document(lake: httpx.Client, method: str, path: str, status: int) -> None:
    answer = lake.request(method, path)
    assert answer.status_code == status
    if path == "/login":  # the one form that answers with itself
        return
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() == {"type", "title", "status", "detail", "instance"}
    assert (body["type"], body["status"], body["instance"]) == ("about:blank", status, path.partition("?")[0])


def test_all_methods_of_an_address_are_allowed_together(lake: httpx.Client) -> None:
    answer = lake.delete(f"/scoring/v1/districts/{lakeside.DISTRICT}/documents")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")


def test_an_error_of_ours_says_nothing_of_what_was_in_hand(database: str, caplog: pytest.LogCaptureFixture) -> None:
    app = application(database)

    @app.get("/healthz/broken")
    def broken() -> None:
        raise RuntimeError(f"{SECRET} is not a number")

    with running(app) as client, caplog.at_level(logging.INFO):
        header = key(database, {"*": Role.ADMIN})
        answer = client.get("/healthz/broken", params={"mail": SECRET}, headers=header)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    name = answer.json()["instance"]
    (record,) = (record for record in caplog.records if record.name == "district.problem")
    assert name in record.getMessage()
    assert "RuntimeError" in record.getMessage()
    assert "in broken" in record.getMessage()
    for text in (answer.text, caplog.text):
        assert SECRET not in text
        assert header["Authorization"].split()[1] not in text


def test_a_database_that_is_gone_is_not_described(database: str, caplog: pytest.LogCaptureFixture) -> None:
    app = application(database)

    @app.get("/healthz/gone")
    def gone() -> None:
        raise psycopg.OperationalError(f"connection to db.lan failed: password of {SECRET}")

    with running(app) as client, caplog.at_level(logging.INFO):
        answer = client.get("/healthz/gone", headers=key(database, {"*": Role.ADMIN}))
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["detail"] == "the database does not answer; try again"
    assert SECRET not in caplog.text


def test_a_body_that_is_too_large_is_refused(database: str) -> None:
    header = key(database, {"*": Role.ADMIN})
    with served(database) as client:
        url = "/scoring/v1/districts/nowhere/documents"
        answer = client.post(
            url, content=b" " * (MOST_BYTES + 1), headers={**header, "Content-Type": "application/json"}
        )
        chunks = (b" " * 65_536 for _ in range(20))
        streamed = client.post(url, content=chunks, headers={**header, "Content-Type": "application/json"})
    assert (answer.status_code, streamed.status_code) == (413, 413)


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/nowhere", "/login", "/static/pages.css"])
def test_every_answer_tells_a_browser_to_load_frame_and_guess_nothing(lake: httpx.Client, path: str) -> None:
    headers = lake.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    kept = {"/docs": "no-store", "/login": "no-store", "/nowhere": "no-store", "/openapi.json": "private, no-cache"}
    assert kept.get(path, "") in headers["Cache-Control"]


def test_what_has_not_changed_is_not_sent_again(lake: httpx.Client) -> None:
    first = lake.get(DEVICES)
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = lake.get(DEVICES, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert lake.get(DEVICES, headers={"If-None-Match": '"other"'}).json() == first.json()
    assert lake.get(DEVICES, params={"format": "csv"}, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (DEVICES, 17),
        (f"/ingest/v1/districts/{lakeside.DISTRICT}/quarantine", 1),
        (f"/scoring/v1/districts/{lakeside.DISTRICT}/items", 25),
        ("/metrics/v1/definitions", 50),
    ],
)
def test_the_parts_of_a_list_make_the_whole(lake: httpx.Client, path: str, limit: int) -> None:
    whole = lake.get(path).json()
    parts: list[list[object]] = []
    address = f"{path}?limit={limit}"
    while address:
        answer = lake.get(address)
        parts.append(answer.json())
        address = answer.links.get("next", {}).get("url", "")
    assert [len(part) for part in parts[:-1]] == [limit] * (len(parts) - 1)
    assert len(parts) > 1
    assert [row for part in parts for row in part] == whole


def test_a_part_after_something_unknown_is_not_found(lake: httpx.Client) -> None:
    assert lake.get(DEVICES, params={"after": "nobody"}).status_code == 404
    quarantine = f"/ingest/v1/districts/{lakeside.DISTRICT}/quarantine"
    assert lake.get(quarantine, params={"after": "x"}).status_code == 404


@pytest.mark.parametrize("asked", [{"headers": {"Accept": "text/csv"}}, {"params": {"format": "csv"}}])
def test_a_list_comes_as_a_table_too(lake: httpx.Client, asked: dict[str, dict[str, str]]) -> None:
    answer = lake.get(DEVICES, **asked)  # type: ignore[arg-type]
    assert answer.headers["Content-Type"].startswith("text/csv")
    read = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in read] == [device["id"] for device in lake.get(DEVICES).json()]
    assert [*read[0]] == ["id", "feed", "space", "interval_s", "origin"]


def test_filters_leave_out_the_rest(lake: httpx.Client) -> None:
    parking = lake.get(DEVICES, params={"feed": "parking"}).json()
    assert {device["feed"] for device in parking} == {"parking"}
    items = f"/scoring/v1/districts/{lakeside.DISTRICT}/items"
    codes = [item["code"] for item in lake.get(items, params={"section": "2.2"}).json()]
    assert codes
    assert all(code.startswith("2.2.") for code in codes)
    outcomes = {item["outcome"] for item in lake.get(items, params={"outcome": "documents_only"}).json()}
    assert outcomes == {"documents_only"}


def test_the_reference_loads_nothing_from_elsewhere_and_lists_every_operation(
    lake: httpx.Client, told: dict[str, object]
) -> None:
    page = lake.get("/docs?lang=en").text
    assert re.findall(r'(?:src|href|action)="(?!/|#|\?|data:)[^"]*"', page) == []
    assert "<script" not in page
    for path, method, _ in operations(told):
        assert f"{method} {path}" in page


def test_every_operation_is_described_with_its_role_its_refusals_and_examples(told: dict[str, object]) -> None:
    lacking = []
    for path, method, operation in operations(told):
        where = f"{method} {path}"
        if not operation.get("summary"):
            lacking.append(f"{where}: summary")
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "cookie":
                continue
            if not parameter.get("description"):
                lacking.append(f"{where} {parameter['name']}: description")
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")) and [*answer["content"]] != ["application/problem+json"]:
                lacking.append(f"{where} {status}: problem document")
    assert lacking == []


def test_every_field_that_is_sent_to_us_has_an_example(told: dict[str, object]) -> None:
    schemas = told["components"]["schemas"]  # type: ignore[index]
    sent = {
        content["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations(told)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in content["schema"]
    }
    assert len(sent) >= 7
    fields = [(name, field, about) for name in sorted(sent) for field, about in schemas[name]["properties"].items()]
    assert [f"{name}.{field}" for name, field, about in fields if not about.get("examples")] == []


@pytest.mark.timeout(300)
def test_no_generated_request_breaks_the_service(
    database: str, connection: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples of the document, and every edge of every value, right ones and wrong ones, with a fixed seed."""
    monkeypatch.setattr("district.http.FAILURES_PER_MINUTE", 1_000_000)  # each route is asked with wrong keys too
    lakeside.build(connection)
    evidence.assess(connection, lakeside.DISTRICT, lakeside.NOW)
    connection.commit()
    header = key(database, {"*": Role.ADMIN})
    with served(database, requests_per_minute=1_000_000) as client:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"), "run", f"{client.base_url}/openapi.json", "--no-color",
                "-H", f"Authorization: {header['Authorization']}", "--phases", "examples,coverage",
                "--seed", "1", "--continue-on-failure",
            ],
            capture_output=True, text=True, timeout=280, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:]
    assert re.search(r"Tested:\s+(\d+)", done.stdout)[1] == re.search(r"Selected:\s+(\d+)", done.stdout)[1]  # type: ignore[index]
