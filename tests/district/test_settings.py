from pathlib import Path

import pytest
import yaml

from district.document import walk
from district.settings import CONFIG, ENVIRONMENT, Settings, SettingsError, current, load, sample

NOTHING: dict[str, str] = {}


def file(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_sample_file_holds_every_setting_at_its_default(tmp_path: Path) -> None:
    assert load(file(tmp_path, sample()), NOTHING) == Settings()
    document = yaml.safe_load(sample())
    for path, _ in walk(Settings()):
        section = document
        for key in path:
            assert key in section, f"district/sample.yaml has no {'.'.join(path)}"
            section = section[key]


def test_without_a_file_everything_is_at_its_default() -> None:
    assert load(None, NOTHING) == Settings()


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load(file(tmp_path, "# nothing yet\n"), NOTHING) == Settings()


def test_a_file_needs_only_what_differs(tmp_path: Path) -> None:
    settings = load(file(tmp_path, "http: {port: 9000}\n"), NOTHING)
    assert settings.http.port == 9000
    assert settings.model_copy(update={"http": Settings().http}) == Settings()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = file(tmp_path, "broker: {host: broker.lan, port: 1884}\n")
    settings = load(path, {"DISTRICT_BROKER_HOST": "10.0.0.7", "DISTRICT_DATABASE_URL": "postgresql://db/x"})
    assert (settings.broker.host, settings.broker.port) == ("10.0.0.7", 1884)
    assert settings.database.url == "postgresql://db/x"


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    path = file(tmp_path, "http: {port: 9000}\n")
    assert load(path, {"DISTRICT_HTTP_PORT": ""}).http.port == 9000


def test_every_variable_stands_for_a_setting_and_is_in_the_sample_file() -> None:
    paths = {path for path, _ in walk(Settings())}
    assert set(ENVIRONMENT.values()) <= paths
    assert [variable for variable in ENVIRONMENT if variable not in sample()] == []


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("broker: {port: 70000}", "$.broker.port", "70000"),
        ("broker: {port: mqtt}", "$.broker.port", "'mqtt'"),
        ("broker: {receiver: mqtt3}", "$.broker.receiver", "'mqtt3'"),
        ("broker: {hots: x}", "$.broker.hots", "'x'"),
        ("collector: {id: Collector 0}", "$.collector.id", "'Collector 0'"),
        ("refresh: {every_s: 0}", "$.refresh.every_s", "0"),
        ("routes: [{name: a, topic: t/#, format: native}]", "$.routes[0].district", ""),
        ("htpp: {port: 1}", "$.htpp", ""),
        ("http: {host: 0.0.0.0}", "$.http.host", "'0.0.0.0'"),
        ("http: {host: district.lan, tls: {key_file: a.pem}}", "$.http.host", "'district.lan'"),
        ("http: {access: open}", "$.http.access", "'open'"),
    ],
)
def test_a_wrong_value_is_named_with_file_and_key_and_where_a_good_one_stands(
    tmp_path: Path, text: str, path: str, value: str
) -> None:
    wrong = file(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load(wrong, NOTHING)
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"{wrong} {path}: ")
    assert f"got {value}" in line
    assert "district/sample.yaml" in line


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_without_a_certificate_the_service_listens_on_this_machine(host: str) -> None:
    assert load(None, {"DISTRICT_HTTP_HOST": host}).http.host == host


def test_with_a_certificate_it_may_listen_elsewhere(tmp_path: Path) -> None:
    text = "http: {host: 0.0.0.0, tls: {cert_file: chain.pem, key_file: key.pem}}"
    assert load(file(tmp_path, text), NOTHING).http.host == "0.0.0.0"


def test_every_mistake_has_a_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load(file(tmp_path, "broker: {port: 0, keepalive_s: 1}\nhttp: {port: x}"), NOTHING)
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "settings.yaml: "), ("- broker", "expected sections such as 'database:', got list")],
)
def test_a_file_that_is_no_settings_file_says_so(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load(file(tmp_path, text), NOTHING)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml"):
        load(tmp_path / "nowhere.yaml", NOTHING)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load(file(tmp_path, "broker: {password: [hunter2]}\ndatabase: {url: {a: hunter2}}"), NOTHING)
    assert "$.broker.password" in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert "hunter2" not in repr(load(None, {"DISTRICT_BROKER_PASSWORD": "hunter2"}))


def test_child_processes_read_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG, str(file(tmp_path, "refresh: {grace_s: 7}")))
    assert current().refresh.grace_s == 7
