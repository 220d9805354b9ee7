"""`district catalogue apply|show` as somebody at a terminal sees it."""

import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from district.cli.catalogue import app

SMALL = Path(__file__).parents[2] / "district" / "examples" / "small.yaml"


@pytest.fixture
def terminal(database: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DISTRICT_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def test_a_dry_run_shows_each_difference_and_writes_nothing(terminal: CliRunner, database: str) -> None:
    result = terminal.invoke(app, ["apply", str(SMALL), "--dry-run"])
    assert result.exit_code == 0
    assert "+ gateway gw-1 from ever: " in result.stdout
    assert "harbour: 12 differences, nothing written" in result.stdout
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM ingest.revision").fetchone() == (0,)


def test_applying_records_and_again_says_that_nothing_differs(terminal: CliRunner) -> None:
    assert "12 differences recorded as revision 1" in terminal.invoke(app, ["apply", str(SMALL)]).stdout
    assert "harbour: nothing differs" in terminal.invoke(app, ["apply", str(SMALL)]).stdout


def test_a_changed_key_is_shown_with_both_values(terminal: CliRunner, tmp_path: Path) -> None:
    terminal.invoke(app, ["apply", str(SMALL)])
    file = tmp_path / "small.yaml"
    file.write_text(SMALL.read_text(encoding="utf-8").replace("interval: 60s", "interval: 30s"), encoding="utf-8")
    result = terminal.invoke(app, ["apply", str(file), "--since", "2100-01-01T00:00:00+08:00", "--dry-run"])
    assert "~ device counter-main-gate from 2099-12-31 16:00:00Z: interval_s: 60 -> 30" in result.stdout


def test_a_wrong_file_is_reported_on_stderr_with_exit_code_1(terminal: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL.read_text(encoding="utf-8").replace("interval: 60s", "interval: 5 m"), encoding="utf-8")
    result = terminal.invoke(app, ["apply", str(file)])
    assert result.exit_code == 1
    assert result.stderr == "small.yaml $.devices[0].interval: expected a duration like 60s or 5min, got '5 m'\n"


@pytest.mark.parametrize("options", [["--correct"], ["--reason", "x"]])
def test_correct_and_reason_come_together(terminal: CliRunner, options: list[str]) -> None:
    result = terminal.invoke(app, ["apply", str(SMALL), *options])
    assert (result.exit_code, "expected both" in result.stderr) == (1, True)


def test_show_lists_facts_in_words_and_as_json(terminal: CliRunner) -> None:
    terminal.invoke(app, ["apply", str(SMALL)])
    assert "main-gate" in terminal.invoke(app, ["show", "entrance"]).stdout
    [entrance] = json.loads(terminal.invoke(app, ["show", "entrance", "--json"]).stdout)
    assert entrance["body"] == {
        "space": "mall", "name_zh": "正门", "name_en": "Main gate", "clear_width_m": "4.8",
    }  # fmt: skip
    assert json.loads(terminal.invoke(app, ["show", "entrance", "--json", "--revision", "0"]).stdout) == []


def test_show_names_the_kinds_where_one_is_not_known(terminal: CliRunner) -> None:
    terminal.invoke(app, ["apply", str(SMALL)])
    result = terminal.invoke(app, ["show", "gate"])
    assert (result.exit_code, "entrance" in result.stderr) == (1, True)
