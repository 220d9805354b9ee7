"""Generated JSON is what the code builds, and follows the rules."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from dashboards import build, lint
from dashboards.house import PLUGINS
from dashboards.texts import Locale
from dashboards.units import units
from district.cli.dashboards import app

Json = dict[str, Any]


def tree(plugin: str = PLUGINS[0]) -> dict[str, Json]:
    return {name: json.loads(text) for name, text in build.render(plugin).items()}


def test_committed_files_are_what_the_code_builds() -> None:
    assert build.stale() == []


def test_a_file_that_differs_is_named(tmp_path: Path) -> None:
    build.write(tmp_path)
    (tmp_path / "en" / "health.json").write_text("{}")
    (tmp_path / "en" / "old.json").write_text("{}")
    (tmp_path / "zh" / "overview.json").unlink()
    assert build.stale(tmp_path) == ["en/health.json", "en/old.json", "zh/overview.json"]


def test_building_twice_gives_the_same_bytes() -> None:
    assert build.render() == build.render()


def test_dashboards_follow_our_rules() -> None:
    assert lint.check(tree()) == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_plugin_id_reaches_every_query(plugin: str) -> None:
    other = next(name for name in PLUGINS if name != plugin)
    for text in build.render(plugin).values():
        assert f'"{plugin}"' in text
        assert f'"{other}"' not in text


def test_the_same_panels_stand_in_every_language() -> None:
    every = tree()
    for name in build.DASHBOARDS:
        panels = [
            [(panel["id"], panel["type"], panel["gridPos"]) for panel in every[f"{locale}/{name}.json"]["panels"]]
            for locale in Locale
        ]
        assert panels[0] == panels[1]


def test_every_unit_is_one_that_grafana_knows() -> None:
    assert {unit.grafana for unit in units().values()} <= lint.UNITS


def panel(dashboard: Json, position: int = 0) -> Json:
    found: Json = dashboard["panels"][position]
    return found


BREAKAGES: dict[str, Callable[[Json], object]] = {
    "no unit id": lambda d: panel(d)["fieldConfig"]["defaults"].update(unit="smoots"),
    "overlap": lambda d: panel(d)["gridPos"].update(w=6),
    "beyond column 24": lambda d: panel(d)["gridPos"].update(x=20, y=90),
    "description is missing": lambda d: panel(d).pop("description"),
    "panel ids": lambda d: panel(d).update(id=2),
    "must use the datasource variable": lambda d: panel(d)["datasource"].update(uid="abc"),
    "reads ingest.reading": lambda d: panel(d)["targets"][0].update(rawSql="SELECT 1 FROM ingest.reading"),
    "$nowhere is not defined": lambda d: panel(d)["targets"][0].update(rawSql="SELECT '$nowhere'"),
    "first ')'": lambda d: panel(d)["targets"][0].update(rawSql="SELECT $__timeFilter(f(x))"),
    "ascending": lambda d: panel(d, 6)["targets"][0].update(rawSql='SELECT now() AS "time" WHERE $__timeFilter(now)'),
    "read-only": lambda d: d.update(editable=True),
    "uid": lambda d: d.update(uid="has space"),
    "tags": lambda d: d.update(tags=[]),
    "nothing uses it": lambda d: d["templating"]["list"].append({"name": "spare", "type": "custom", "query": "a"}),
    "time range changes": lambda d: d["templating"]["list"][1].update(refresh=0),
}


@pytest.mark.parametrize("expected", BREAKAGES)
def test_a_broken_dashboard_is_found(expected: str) -> None:
    broken = copy.deepcopy(tree()["zh/overview.json"])
    BREAKAGES[expected](broken)
    assert any(expected in finding for finding in lint.check({"zh/overview.json": broken}))


def test_two_files_with_one_uid_are_found() -> None:
    one = tree()["zh/overview.json"]
    findings = lint.check({"zh/a.json": one, "zh/b.json": one})
    assert any("freeze" in finding for finding in findings)
    assert any("same folder" in finding for finding in findings)


def test_provisioning_names_a_folder_for_every_language_and_fixed_uids() -> None:
    folder = Path(build.__file__).parent / "provisioning"
    providers = yaml.safe_load((folder / "dashboards" / "district.yaml").read_text("utf-8"))["providers"]
    assert [Path(entry["options"]["path"]).name for entry in providers] == list(Locale)
    sources = yaml.safe_load((folder / "datasources" / "district.yaml").read_text("utf-8"))["datasources"]
    assert [entry["uid"] for entry in sources] == ["district-postgres"]
    assert sources[0]["type"] == PLUGINS[0]


def test_the_commands_build_and_check(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["check"]).exit_code == 0
    done = runner.invoke(app, ["build", "--plugin-id", "postgres", "--to", str(tmp_path)])
    assert done.exit_code == 0
    assert len(list(tmp_path.glob("*/*.json"))) == len(build.DASHBOARDS) * len(Locale)
    assert runner.invoke(app, ["build", "--plugin-id", "mysql"]).exit_code == 1
