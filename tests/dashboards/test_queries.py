"""Every query of every dashboard on a real PostgreSQL, as Grafana would send it."""

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from dashboards import build, lint
from dashboards.macros import Range, Value, expand
from tests.district.pages.seed import DISTRICT, seed

QUERIES = [query for text in build.render().values() for query in lint.queries(json.loads(text))]
HOURS = (1, 24, 24 * 30)


@pytest.fixture
def reader(database: str, request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    """A connection as Grafana's: a role that may read figures, scores and views only, with a statement timeout."""
    role = sql.Identifier(name := f"grafana_{uuid4().hex}")
    with psycopg.connect(database) as connection:
        if request.param == "seeded":
            seed(connection, datetime.now(UTC))
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
        for schema in map(sql.Identifier, lint.SCHEMAS):
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
            connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, role))
    options = f"-c role={name} -c statement_timeout=15s -c default_transaction_read_only=on -c timezone=UTC"
    with psycopg.connect(database, options=options) as connection:
        yield connection
    with psycopg.connect(database) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


def ids(query: lint.Query) -> str:
    return f"{query.dashboard}/{query.place}"


def check(query: lint.Query, cursor: psycopg.Cursor) -> int:
    """Fails where the columns or rows do not fit the format; returns the number of rows."""
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    rows = cursor.fetchall()
    assert len(set(names)) == len(names)
    if query.format in ("time_series", "annotation"):
        assert names[0] == "time"
        times = [row[0] for row in rows]
        assert all(isinstance(time, datetime) and time.tzinfo for time in times)
        assert times == sorted(times)
    if query.format == "time_series":
        assert names[1:] == ["metric", "value"]
    if query.format == "annotation":
        assert {"text", "tags"} <= set(names)
    if query.format == "variable":
        assert names in (["__value", "__text"], ["feed"])
    for row in rows:
        for value in row:
            assert not isinstance(value, float) or math.isfinite(value)
    return len(rows)


@pytest.mark.parametrize("reader", ["empty", "seeded"], indirect=True)
def test_every_query_runs_and_fits_its_format(reader: psycopg.Connection, request: pytest.FixtureRequest) -> None:
    seeded = "seeded" in request.node.name
    now = datetime.now(UTC)
    choices: list[dict[str, Value]] = [
        {"district": DISTRICT, "feed": ["parking"]},
        {"district": DISTRICT, "feed": ["foot_traffic", "parking", "wifi", "energy", "air_quality"]},
        {"district": "it's another", "feed": ["o'clock"]},
    ]
    most: dict[str, int] = {}
    for query in QUERIES:
        for hours in HOURS:
            period = Range(start=now - timedelta(hours=hours), end=now, interval=timedelta(hours=1))
            for variables in choices:
                expanded = expand(query.sql, period, variables)
                rows = check(query, reader.execute(expanded.encode()))
                most[ids(query)] = max(most.get(ids(query), 0), rows)
    if seeded:
        assert [place for place, rows in most.items() if not rows] == []


@pytest.mark.parametrize("reader", ["seeded"], indirect=True)
def test_panels_of_one_district_say_nothing_of_another(reader: psycopg.Connection) -> None:
    now = datetime.now(UTC)
    period = Range(start=now - timedelta(days=30), end=now)
    for query in QUERIES:
        if query.format == "time_series":
            expanded = expand(query.sql, period, {"district": "elsewhere", "feed": ["parking"]})
            assert reader.execute(expanded.encode()).fetchall() == []


@pytest.mark.parametrize("reader", ["seeded"], indirect=True)
def test_the_reader_cannot_write(reader: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("DELETE FROM metrics.value")


@pytest.mark.parametrize("reader", ["seeded"], indirect=True)
def test_the_reader_sees_no_raw_reading(reader: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("SELECT value FROM ingest.reading")
