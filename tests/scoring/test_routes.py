"""The API over a real database, and the example of docs/scoring.md."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

from scoring import evidence
from scoring.routes import router
from tests.scoring import village

PAGE = Path(__file__).parents[2] / "docs" / "scoring.md"
BASE = f"/scoring/v1/districts/{village.DISTRICT}/items"
ITEM = {
    "code", "title", "points_max", "outcome", "suggested_points", "provisional", "demo", "reason", "rule", "evidence",
}  # fmt: skip
EVIDENCE = {"id", "digest", "window", "computed_at", "coverage", "origin", "stale", "metrics"}
METRIC = {"name", "subject", "value", "unit", "coverage", "devices", "device_count"}


class Client:
    """Asks an application without a socket."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        """The answer to one GET."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://district") as client:
                return await client.get(path, params=params)

        return asyncio.run(ask())


@pytest.fixture
def client(connection: psycopg.Connection, database: str) -> Iterator[Client]:
    village.build(connection)
    with ConnectionPool(database, min_size=1, max_size=2, open=True) as pool:
        app = FastAPI()
        app.include_router(router(pool))
        yield Client(app)


def assess(connection: psycopg.Connection) -> None:
    evidence.assess(connection, village.DISTRICT, village.NOW)


def without_versions(body: Any) -> Any:
    """The body with content hashes replaced: they change with every edit of a rule or a metric."""
    return json.loads(re.sub(r'"[0-9a-f]{64}"', '"…"', json.dumps(body, ensure_ascii=False)))


def test_before_the_first_evaluation_every_item_says_so(client: Client) -> None:
    bodies = client.get(BASE).json()
    assert len(bodies) == 64
    assert {body["suggested_points"] for body in bodies} == {None}
    assert {body["outcome"] for body in bodies} == {"undetermined", "documents_only"}
    assert all(body["demo"] for body in bodies)


def test_every_item_has_exactly_the_promised_fields(client: Client, connection: psycopg.Connection) -> None:
    assess(connection)
    bodies = client.get(BASE).json()
    assert sum(Decimal(str(body["points_max"])) for body in bodies) == 100
    for body in bodies:
        assert body.keys() == ITEM
        assert body["title"].keys() == body["reason"].keys() == {"zh", "en"}
        for found in body["evidence"]:
            assert found.keys() == EVIDENCE
            for metric in found["metrics"]:
                assert metric.keys() == METRIC
                assert metric["device_count"] == len(metric["devices"])
    points = {body["code"]: body["suggested_points"] for body in bodies if body["suggested_points"] is not None}
    assert points == {"2.2.2.1": "1", "2.2.5.1": "1", "2.2.5.2": "1"}


def test_the_example_in_the_documentation_is_what_the_api_says(client: Client, connection: psycopg.Connection) -> None:
    assess(connection)
    match = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert match
    assert without_versions(json.loads(match[1])) == without_versions(client.get(f"{BASE}/2.2.5.2").json())


def test_evidence_as_of_a_time(client: Client, connection: psycopg.Connection) -> None:
    assess(connection)
    url = f"{BASE}/2.2.5.1/evidence"
    (body,) = client.get(url).json()
    assert (body["revision"], body["supersedes"], body["reason"]) == (1, None, "first")
    assert client.get(url, params={"as_of": village.NOW.isoformat()}).json() == [body]
    assert client.get(url, params={"as_of": (village.NOW - timedelta(seconds=1)).isoformat()}).json() == []
    assert client.get(url, params={"as_of": "2026-11-23T00:00:00"}).status_code == 422


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/scoring/v1/districts/nowhere/items", "no district 'nowhere'"),
        (f"{BASE}/9.9.9.9", "no item '9.9.9.9'"),
        (f"{BASE}/9.9.9.9/evidence", "no item '9.9.9.9'"),
        (f"{BASE}?assessment=none", "no assessment 'none'"),
    ],
)
def test_what_does_not_exist_is_named(client: Client, path: str, words: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert words in response.json()["detail"]


def test_the_openapi_document_describes_every_answer(client: Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["ItemBody"]["properties"].keys() == ITEM
    assert schemas["EvidenceBody"]["properties"].keys() == EVIDENCE
