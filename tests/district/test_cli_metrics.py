import json
from datetime import timedelta
from fractions import Fraction

import psycopg
import pytest
from typer.testing import CliRunner

from district.cli.metrics import app
from metrics.evaluate import definitions
from tests.metrics.evaluator import reckon
from tests.metrics.town import Town, utc

DAY = utc("2026-11-01 16:00")
EXPLAIN = ["explain", "parking_turnover", "--subject", "car_park:p1", "--from", "2026-11-02"]


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    with psycopg.connect(database) as connection:
        town = Town(connection)
        town.space("mall")
        town.car_park("p1", 100)
        town.device("g", "parking", role="gate", car_park="p1")
        town.hours("g", "parking.in", DAY, [n % 5 for n in range(24)])
    monkeypatch.setenv("DISTRICT_DATABASE_URL", database)
    return CliRunner()


def test_the_list_names_every_metric(run: CliRunner) -> None:
    found = run.invoke(app, ["list", "--json"])
    assert [definition["name"] for definition in json.loads(found.stdout)] == list(definitions())
    assert "车位周转率" in run.invoke(app, ["list"]).stdout


def test_an_explanation_has_the_numbers_in_it(run: CliRunner) -> None:
    found = json.loads(run.invoke(app, [*EXPLAIN, "--to", "2026-11-03", "--json"]).stdout)
    assert reckon(found["expression"]) == Fraction(sum(n % 5 for n in range(24)), 100)
    text = run.invoke(app, [*EXPLAIN, "--to", (DAY + timedelta(hours=3)).isoformat()]).stdout
    assert "= 3 / 100   [{vehicle}/{space}]" in text
    assert "2026-11-01T18:00:00+00:00" in text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--to", "tomorrow"], "expected a date like 2026-11-01"),
        (["--to", "2026-11-03", "--district", "seaside"], "no district 'seaside'"),
    ],
)
def test_a_mistake_ends_with_code_one_and_a_good_value(run: CliRunner, more: list[str], message: str) -> None:
    found = run.invoke(app, [*EXPLAIN, *more])
    assert found.exit_code == 1
    assert message in found.stderr
