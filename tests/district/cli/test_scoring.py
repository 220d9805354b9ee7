"""`district scoring` prints what the API says, and verifies what was stored."""

import json

import psycopg
import pytest
from typer.testing import CliRunner

from district.cli.scoring import app
from scoring import assessment, store
from tests.scoring import lane, village
from tests.scoring.village import DISTRICT, NOW


@pytest.fixture
def run(connection: psycopg.Connection, database: str) -> CliRunner:
    village.build(connection)
    return CliRunner(env={"DISTRICT_DATABASE_URL": database, "COLUMNS": "200"})


def test_suggest_prints_what_the_api_says(run: CliRunner, connection: psycopg.Connection) -> None:
    result = run.invoke(app, ["suggest", "--item", "2.2.5.1", "--json"])
    assert result.exit_code == 0, result.output
    chosen = assessment.current(assessment.of_district(connection, DISTRICT), NOW)
    assert json.loads(result.stdout) == store.items(connection, DISTRICT, chosen, "2.2.5.1")[0].model_dump(mode="json")


def test_suggest_at_a_date_looks_back_and_stores_nothing(run: CliRunner, connection: psycopg.Connection) -> None:
    result = run.invoke(app, ["suggest", "--at", "2026-11-23", "--json"])
    assert result.exit_code == 0, result.output
    points = {body["code"]: body["suggested_points"] for body in json.loads(result.stdout)}
    assert len(points) == 64
    assert [points[code] for code in ("2.2.2.1", "2.2.5.1", "2.2.5.2")] == ["1", "1", "1"]
    assert connection.execute("SELECT count(*) FROM scoring.suggestion").fetchone() == (0,)


def test_suggest_for_people_is_a_table_with_reasons(run: CliRunner) -> None:
    result = run.invoke(app, ["suggest", "--item", "2.2.5.2", "--at", "2026-11-23"])
    assert result.exit_code == 0, result.output
    assert "met, demo" in result.stdout
    assert "建议得1分" in result.stdout


def test_verify_exits_with_1_and_names_what_differs(connection: psycopg.Connection, database: str) -> None:
    lane.build(connection)
    lane.assess(connection)
    connection.commit()
    run = CliRunner(env={"DISTRICT_DATABASE_URL": database})
    result = run.invoke(app, ["verify"])
    assert (result.exit_code, result.stdout) == (0, "1 piece of evidence recomputed, all digests are equal\n")
    village.fact(connection, "car_park", "p1", {"space": "mall", "public": True, "spaces": 101})
    connection.commit()
    result = run.invoke(app, ["verify"])
    assert result.exit_code == 1
    assert "register car_park p1 differs from what was stored" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--item", "9.9"], "the form has no item '9.9'"), (["--district", "x"], "expected --district village, got 'x'")],
)
def test_a_wrong_argument_is_named(run: CliRunner, arguments: list[str], words: str) -> None:
    result = run.invoke(app, ["suggest", *arguments])
    assert result.exit_code == 2
    assert words in result.output
