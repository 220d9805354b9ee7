"""The commands with which people add papers and decisions."""

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from district.cli.scoring import app
from scoring import evidence
from tests.scoring import village
from tests.scoring.village import DISTRICT, NOW


def test_a_paper_a_decision_the_gaps_and_the_end(
    connection: psycopg.Connection, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.build(connection, days=0, demo=False, origin="real")
    monkeypatch.setenv("DISTRICT_DATABASE_URL", database)
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg/>", encoding="utf-8")

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == 0, (words, result.output, result.exception)
        return result.output

    assert "document 1: waiting" in run("add", "logo", str(logo), "--signer", "Li Na", "--person", "Wang Fang")
    assert "accepted by Zhao Lei" in run("review", "1", "--accept", "--person", "Zhao Lei")
    assert "1  logo  logo.svg  accepted by Zhao Lei" in run("documents")
    evidence.assess(connection, DISTRICT, NOW)
    assert "2.5.3.1: 1 points, decided by Li Na" in run(
        "decide", "2.5.3.1", "1", "--reason", "seen on site", "--person", "Li Na"
    )
    told = run("gaps")
    assert "1 points count, 90 are needed, 89 are lacking" in told
    assert "尚缺材料" in told
    assert "current is closed" in run("close", "current", "--reason", "decided", "--person", "Li Na")


def test_what_if_and_verify(connection: psycopg.Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    village.build(connection, days=0, demo=False, origin="real")
    monkeypatch.setenv("DISTRICT_DATABASE_URL", database)
    evidence.assess(connection, DISTRICT, NOW, items=["1.1.1.1"])
    told = CliRunner().invoke(
        app, ["what-if", "1.1.1.1", "--paper", "floor_area_proof", "--stated", "gross_floor_area=300000", "--json"]
    )
    assert '"suggested_points": "3"' in told.output
    wrong = CliRunner().invoke(app, ["what-if", "1.1.1.1", "--stated", "gross_floor_area=much"])
    assert (wrong.exit_code, "gross_floor_area=300000" in wrong.output) == (2, True)
    told = CliRunner().invoke(app, ["verify", "--item", "1.1.1.1", "--as-of", "2026-12-01"])
    assert (told.exit_code, "1 piece of evidence recomputed" in told.output) == (0, True)
