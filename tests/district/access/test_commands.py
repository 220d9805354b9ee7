"""`district keys` and `district people`, and the service that they open, under TLS."""

import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from district.access.roles import AccessError, Role
from district.cli import keys, people, processes
from district.settings import CONFIG, SettingsError
from tests import certificates
from tests.district.access.service import PASSWORD, person

ADD = ["add", "wang.fang", "--name", "Wang Fang", "--role", "evaluator", "--password-stdin"]


@pytest.fixture
def run(database: str) -> CliRunner:
    return CliRunner(env={"DISTRICT_DATABASE_URL": database, "COLUMNS": "200"})


def test_a_key_is_printed_once_alone_and_listed_without_itself(run: CliRunner) -> None:
    made = run.invoke(keys.app, ["create", "grafana", "--role", "viewer", "--district", "lakeside", "--who", "ops"])
    assert re.fullmatch(r"district_[0-9a-f]{8}_[\w-]{43}\n", made.stdout)
    number = made.stdout.split("_")[1]
    (listed,) = run.invoke(keys.app, ["list"]).stdout.splitlines()
    assert f"{number}  grafana  viewer in lakeside" in listed
    assert "by ops, last used never" in listed
    assert made.stdout.strip() not in listed
    assert run.invoke(keys.app, ["revoke", number]).exit_code == 0
    (key,) = map(json.loads, run.invoke(keys.app, ["list", "--json"]).stdout.splitlines())
    assert key["revoked_at"] is not None
    assert key["roles"] == {"lakeside": "viewer"}


def test_a_key_may_expire(run: CliRunner) -> None:
    run.invoke(keys.app, ["create", "a", "--role", "viewer", "--expires", "2020-01-01"])
    assert "expired 2020-01-01" in run.invoke(keys.app, ["list"]).stdout
    assert "2020" in run.invoke(keys.app, ["create", "a", "--role", "viewer", "--expires", "1.1.2020"]).output


def test_an_account_from_its_first_day_to_its_last(run: CliRunner, connection: psycopg.Connection) -> None:
    assert "no account yet" in run.invoke(people.app, ["list"]).stdout
    assert run.invoke(people.app, ADD, input=f"{PASSWORD}\n").stdout == "wang.fang may log in\n"
    assert run.invoke(people.app, ["role", "wang.fang", "operator", "--district", "lakeside"]).exit_code == 0
    assert run.invoke(people.app, ["role", "wang.fang"]).stdout == "wang.fang: no role in all\n"
    assert run.invoke(people.app, ["list"]).stdout == "wang.fang  Wang Fang  operator in lakeside\n"
    before = connection.execute("SELECT password FROM district.person").fetchone()
    connection.rollback()
    assert run.invoke(people.app, ["password", "wang.fang"], input="a long new one\na long new one\n").exit_code == 1
    assert run.invoke(people.app, ["password", "wang.fang"], input=f"{PASSWORD} 2\n{PASSWORD} 2\n").exit_code == 0
    assert connection.execute("SELECT password FROM district.person").fetchone() != before
    assert run.invoke(people.app, ["remove", "wang.fang"]).exit_code == 0
    assert run.invoke(people.app, ["list"]).stdout.endswith(", removed\n")


def test_a_password_stands_in_no_output(run: CliRunner) -> None:
    asked = [word for word in ADD if word != "--password-stdin"]
    done = run.invoke(people.app, asked, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0
    assert PASSWORD not in done.output
    again = run.invoke(people.app, asked, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert isinstance(again.exception, AccessError)
    assert PASSWORD not in str(again.exception)


@pytest.fixture
def encrypted(database: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of the service as `district serve` starts it, with a certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    certificates.make(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        f"database: {{url: '{database}'}}\n"
        f"http: {{port: {port}, tls: {{cert_file: {tmp_path}/b.pem, key_file: {tmp_path}/b.key}}}}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "district", "--config", settings, "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    trusted = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    retry = httpx.HTTPTransport(retries=12, verify=trusted)  # waits 0.5 s, 1 s, 2 s, ... until somebody listens
    try:
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", transport=retry, timeout=60) as client:
            yield client
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=30)
        assert PASSWORD.encode() not in output


def test_under_tls_the_cookie_of_a_session_is_for_tls_only(encrypted: httpx.Client, database: str) -> None:
    assert encrypted.get("/healthz").json() == {"status": "ok"}
    person(database, {"*": Role.VIEWER})
    found = re.search(r'name="form_token" value="([^"]+)"', encrypted.get("/login").text)
    assert found
    fields = {"form_token": found[1], "person": "wang.fang", "password": PASSWORD}
    answer = encrypted.post("/login", data=fields, headers={"Origin": str(encrypted.base_url).rstrip("/")})
    assert answer.status_code == 303
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie") if "district_session" in cookie)
    assert encrypted.get("/docs").status_code == 200


def test_a_certificate_that_is_missing_is_named(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("http: {tls: {cert_file: nowhere.pem}}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CONFIG, str(settings))
        with pytest.raises(SettingsError, match=r"\$\.http\.tls\.cert_file: .*got 'nowhere\.pem'"):
            processes.serve()
