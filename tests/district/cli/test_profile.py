"""`district profile` and `district decode`, as a stranger with one message and the documentation uses them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from district.cli import app

MESSAGE = {"battery": 92, "temperature": 20, "humidity": 30, "pulse": 4}
STRANGE = {"hall": {"pers": 3, "pm2.5": 4}, "visitor": "Li Lei"}


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


@pytest.fixture
def message(tmp_path: Path) -> Path:
    file = tmp_path / "message.json"
    file.write_text(json.dumps(STRANGE))
    return file


def test_profiles_that_fit_are_named_with_the_keys_they_do_not_know(tmp_path: Path) -> None:
    file = tmp_path / "message.json"
    file.write_text(json.dumps(MESSAGE))
    code, said = run("profile", "guess", str(file), "--format", "lorawan-decoded")
    assert code == 0
    assert said.splitlines() == [
        "milesight-em300: knows 4 of 4 keys", "temperature-humidity: knows 3 of 4 keys; unknown: pulse"
    ]  # fmt: skip


def test_where_none_fits_the_start_of_a_profile_is_printed_without_names(message: Path) -> None:
    code, said = run("profile", "guess", str(message), "--format", "lorawan-decoded")
    assert code == 0
    assert "  hall.pers: {quantity: ?}   # 3" in said
    assert "Li Lei" not in said


def test_a_profile_that_is_filled_in_passes_its_examples_and_decodes(message: Path, tmp_path: Path) -> None:
    profile = tmp_path / "acme-hall-9.yaml"
    profile.write_text(
        "id: acme-hall-9\ntitle: Acme Hall 9\nformats: [lorawan]\n"
        "keys: {hall.pers: {quantity: people.present}, hall.pm2.5: {quantity: env.pm2_5, unit: ug/m3}}\nignore: [visitor]\n"
        f"examples: [{{title: a hall, message: {json.dumps(STRANGE)}, readings: {{people.present: 3, env.pm2_5: 4}}}}]\n"
    )
    assert run("profile", "test", str(profile)) == (0, f"{profile}: 1 example\n")
    code, said = run("decode", str(message), "--format", "lorawan-decoded", "--profile", str(profile))
    assert code == 0
    assert [(one["quantity"], one["value"]) for one in json.loads(said)["readings"]] == [
        ("people.present", 3),
        ("env.pm2_5", 4),
    ]


def test_an_example_that_does_not_come_out_fails(tmp_path: Path) -> None:
    profile = tmp_path / "acme.yaml"
    profile.write_text(
        "id: acme\ntitle: Acme\nkeys: {n: {quantity: people.in}}\n"
        "examples: [{title: two, format: lorawan-decoded, message: {n: 3}, readings: {people.inn: 2}}]\n"
    )
    code, said = run("profile", "test", str(profile))
    assert code == 1
    assert "two: people.inn: expected a quantity like people.in, got 'people.inn' (did you mean 'people.in'?)" in said
    assert "two: got people.in = 3, which no line expects" in said


def test_a_state_that_was_sent_as_a_number_is_shown_as_one(tmp_path: Path) -> None:
    shown = []
    for sent in (0, "ok"):
        file = tmp_path / "message.json"
        file.write_text(
            json.dumps({"occupied": True, "battery_voltage": 3.3, "temperature": 1, "hw_health_status": sent})
        )
        _, said = run("decode", str(file), "--format", "lorawan-decoded", "--profile", "nwave-nps405")
        shown += [one["value"] for one in json.loads(said)["readings"] if one["quantity"] == "device.fault"]
    assert shown == [0, "ok"]
