"""What an operator types about refused messages, contradictions, known-wrong periods and single devices."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import typer
from typer.testing import CliRunner, Result

from district.cli import conflicts, correct, device, doctor, quarantine, storage
from district.cli.errors import OPERATOR_ERRORS
from ingest import catalogue
from ingest.keeper import Keeper
from ingest.model import Message
from ingest.seal import pair
from ingest.series import SeriesTable
from ingest.store import Store
from ingest.times import from_datetime
from tests.ingest.world import NOON, SECOND, decoder, message, native

KEYS = pair()
CATALOGUE = """\
district: {id: d, name: {zh: 区, en: D}, zone: Asia/Shanghai}
spaces: [{id: hall, name: {zh: 厅, en: Hall}}]
gateways: [{id: gw}]
devices:
  - {id: door-1, feed: foot_traffic, space: hall, interval: 60s}
  - {id: door-9, feed: foot_traffic, space: hall, interval: 60s}
"""


class Desk:
    """A terminal at a database that a collector wrote to."""

    def __init__(self, connection: psycopg.Connection, database: str, folder: Path) -> None:
        self.connection, self.folder = connection, folder
        self.table = SeriesTable()
        self.store = Store(connection, self.table, "c0", keeper=Keeper(public_key=KEYS.public))
        self.environment = {"DISTRICT_DATABASE_URL": database, "COLUMNS": "200", "DISTRICT_BROKER_PORT": "1"}

    def write(self, *messages: Message) -> None:
        self.store.write(decoder(table=self.table).decode(messages), self.store.number(), revision=1)

    def register(self) -> None:
        file = self.folder / "district.yaml"
        file.write_text(CATALOGUE, encoding="utf-8")
        catalogue.apply(self.connection, file, now=datetime(2026, 11, 1, tzinfo=UTC), who="test")
        self.connection.commit()

    def invoke(self, app: typer.Typer, *words: str) -> Result:
        return CliRunner(env=self.environment).invoke(app, words)

    def lines(self, app: typer.Typer, *words: str) -> list[str]:
        result = self.invoke(app, *words)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout.splitlines()

    def rows(self, sql: str) -> Sequence[tuple[object, ...]]:
        found = self.connection.execute(sql.encode()).fetchall()
        self.connection.commit()
        return found


def alone(command: object) -> typer.Typer:
    app = typer.Typer()
    app.command()(command)  # type: ignore[type-var]
    return app


CORRECT, DOCTOR = alone(correct.correct), alone(doctor.doctor)
QUARANTINE, CONFLICTS, STORAGE, DEVICE = quarantine.app, conflicts.app, storage.app, device.app


@pytest.fixture
def desk(connection: psycopg.Connection, database: str, tmp_path: Path) -> Desk:
    return Desk(connection, database, tmp_path)


@pytest.fixture
def refused(desk: Desk) -> Desk:
    """Three that wait: a device nobody knows, one bad value, and bytes of a topic nobody knows."""
    desk.write(
        message(native(people_in=4), "district/v1/d/gw/foot_traffic/door-9"),
        message(native(people_in="x"), at=NOON + 60 * SECOND),
        message(b"plate=ABC", "some/camera", at=NOON + 120 * SECOND),
    )
    return desk


def test_the_list_begins_with_the_counts_by_reason(refused: Desk) -> None:
    counts, *rows = refused.lines(QUARANTINE, "list")
    assert counts == "unknown_device: 1, unknown_topic: 1, wrong_type: 1"
    assert rows[0].split()[1:] == [
        "2026-11-23", "12:00:00Z", "unknown_device", "redacted", "district/v1/d/gw/foot_traffic/door-9:", "no", "device",
        "'door-9'", "in", "d",
    ]  # fmt: skip
    assert [row.split()[3:5] for row in rows[1:]] == [["wrong_type", "redacted"], ["unknown_topic", "sealed"]]
    assert "2 of them are kept by their hash only, and cannot be replayed" not in rows


@pytest.mark.parametrize(
    ("filters", "reasons"),
    [
        (["--reason", "wrong_type"], ["wrong_type"]),
        (["--device", "door-9"], ["unknown_device"]),
        (["--gateway", "gw", "--to", "2026-11-23T12:01:00Z"], ["unknown_device"]),
        (["--from", "2026-11-23T12:02:00Z"], ["unknown_topic"]),
        (["--district", "e"], []),
        (["--limit", "1"], ["unknown_device"]),
    ],
)
def test_filters_narrow_the_list(refused: Desk, filters: list[str], reasons: list[str]) -> None:
    rows = [json.loads(line) for line in refused.lines(QUARANTINE, "list", "--json", *filters)]
    assert [row["reason"] for row in rows] == reasons


def test_a_reason_that_does_not_exist_is_refused_with_those_that_do(refused: Desk) -> None:
    result = refused.invoke(QUARANTINE, "list", "--reason", "wrong_typ")
    assert (result.exit_code, "'wrong_type'" in result.stderr) == (2, True)


def test_one_is_shown_with_what_was_kept_and_a_sealed_one_only_with_the_key(refused: Desk) -> None:
    refused.lines(QUARANTINE, "show", "1")
    numbers = {reason: str(number) for number, reason in refused.rows("SELECT id, reason FROM ingest.quarantine")}
    shown = "\n".join(refused.lines(QUARANTINE, "show", numbers["wrong_type"]))
    assert '"people_in":"(text)"' in shown
    sealed = refused.invoke(QUARANTINE, "show", numbers["unknown_topic"])
    assert "sealed: set DISTRICT_QUARANTINE_PRIVATE_KEY" in sealed.stderr
    key = refused.folder / "private.key"
    key.write_text(KEYS.private, encoding="ascii")
    assert refused.lines(QUARANTINE, "show", numbers["unknown_topic"], "--private-key", str(key))[-1] == "plate=ABC"
    missing = refused.invoke(QUARANTINE, "show", "4711")
    assert missing.exit_code != 0


def test_a_replay_says_what_became_of_each_and_again_changes_nothing(refused: Desk) -> None:
    refused.register()
    said = refused.lines(QUARANTINE, "replay", "--who", "Wang Fang", "--why", "registered")
    assert said == ["1 replayed, 1 refused again, 1 sealed (set DISTRICT_QUARANTINE_PRIVATE_KEY)"]
    stored = refused.rows("SELECT device, value, time FROM ingest.readings")
    assert stored == [("door-9", 4.0, datetime(2026, 11, 23, 12, tzinfo=UTC))]
    assert refused.rows("SELECT kind, who, why FROM ingest.transfer") == [("replay", "Wang Fang", "registered")]
    assert refused.lines(QUARANTINE, "replay", "--reason", "unknown_device") == ["0 replayed, 0 refused again"]
    assert refused.rows("SELECT device, value, time FROM ingest.readings") == stored


def test_nothing_is_discarded_without_a_reason_or_a_filter(refused: Desk) -> None:
    for words, said in (
        (["--reason", "unknown_topic"], "--why: expected a reason"),
        (["--why", "x"], "expected numbers"),
    ):
        result = refused.invoke(QUARANTINE, "discard", *words)
        assert (result.exit_code, said in " ".join(result.stderr.split())) == (2, True), result.stderr
    freed = refused.lines(QUARANTINE, "discard", "--reason", "unknown_topic", "--why", "test bench of 3 May")
    assert freed == ["1 discarded, 1 bodies freed"]
    counts, *_ = refused.lines(QUARANTINE, "list")
    assert counts == "unknown_device: 1, wrong_type: 1"
    assert len(refused.lines(QUARANTINE, "list", "--all", "--json")) == 3


def test_over_its_cap_a_gateway_is_named_with_what_was_kept_by_its_hash(desk: Desk, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("quarantine: {cap_bytes: 65536}\n", encoding="utf-8")
    desk.store = Store(desk.connection, desk.table, "c0", keeper=Keeper(cap_bytes=65_536))
    flood = [message(native(f"2026-11-23T12:00:00.{n:06}Z", people_in="x")) for n in range(1_500)]
    stranger = message(native(people_in=1), "district/v1/d/other/foot_traffic/door-9")
    desk.write(*flood, stranger)
    desk.environment["DISTRICT_CONFIG"] = str(settings)
    counts, hashed, full, *_ = desk.lines(QUARANTINE, "list")
    [(kept,)] = desk.rows("SELECT count(*) FROM ingest.quarantine WHERE gateway = 'gw' AND kept = 'hash'")
    assert isinstance(kept, int)
    assert 0 < kept < 1_500
    assert (counts, hashed) == (
        "unknown_gateway: 1, wrong_type: 1,500", f"{kept} of them are kept by their hash only, and cannot be replayed",
    )  # fmt: skip
    assert full.startswith("gateway gw in d holds ")
    assert desk.rows("SELECT kept FROM ingest.quarantine WHERE reason = 'unknown_gateway'") == [("redacted",)]
    levels = desk.rows("SELECT DISTINCT gateway FROM ingest.quarantine_alarm")
    assert levels == [("gw",)]


@pytest.fixture
def contradicted(desk: Desk) -> Desk:
    """One reading of 5 people at noon, and a later message that says 7."""
    desk.write(message(native(people_in=5)))
    desk.write(message(native(people_in=7)))
    return desk


def test_a_contradiction_is_listed_with_both_values_and_decided_by_number(contradicted: Desk) -> None:
    [line] = contradicted.lines(CONFLICTS, "list")
    assert "d/door-1/people.in  2026-11-23 12:00:00Z: first 5, later 7" in line
    number = line.split()[0]
    [said] = contradicted.lines(CONFLICTS, "resolve", number, "--as", "replace", "--why", "the first was a test")
    assert said.startswith("1 decided (replace), booked as batch ")
    assert contradicted.lines(CONFLICTS, "list") == ["no conflict waits"]
    [decided] = contradicted.lines(CONFLICTS, "list", "--all", "--json")
    assert json.loads(decided)["why"] == "the first was a test"
    assert contradicted.rows("SELECT value FROM ingest.reading") == [(5.0,)]


def test_a_decision_about_what_is_no_conflict_is_refused(contradicted: Desk) -> None:
    result = contradicted.invoke(CONFLICTS, "resolve", "4711", "--as", "keep", "--why", "x")
    assert isinstance(result.exception, OPERATOR_ERRORS)
    assert "expected numbers of `district conflicts list`, got [4711]" in str(result.exception)
    assert contradicted.invoke(CONFLICTS, "resolve", "1", "--as", "both", "--why", "x").exit_code == 2


def test_a_known_wrong_period_is_voided_and_the_corrections_are_shown(contradicted: Desk) -> None:
    assert contradicted.lines(CORRECT) == []
    stream = "d/door-1/people.in"
    period = ("--from", "2026-11-23", "--to", "2026-11-24")
    [said] = contradicted.lines(CORRECT, "void", stream, *period, "--why", "stood in the way", "--who", "Wang Fang")
    assert said.startswith("recorded as ")
    [line] = contradicted.lines(CORRECT)
    assert f"{stream}  2026-11-23 00:00:00Z to 2026-11-24 00:00:00Z: void  [Wang Fang: stood in the way]" in line
    in_force = "SELECT value FROM ingest.in_force(ARRAY(SELECT id FROM ingest.datastream), '-infinity', 'infinity')"
    assert contradicted.rows(in_force) == []
    contradicted.lines(CORRECT, "replace", stream, "--from", "2026-11-23T12:00:00Z", "--value", "6", "--why", "by hand")
    assert [float(str(value)) for (value,) in contradicted.rows(in_force)] == [6.0]
    [newest, _] = [json.loads(row) for row in contradicted.lines(CORRECT, "--json")]
    assert (newest["action"], newest["value"]) == ("replace", 6.0)
    assert contradicted.rows("SELECT value FROM ingest.reading") == [(5.0,)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["void", "d/door-1/people.in", "--why", "x"], "--from: expected 2026-11-23"),
        (["void", "d/door-1/people.inn", "--from", "2026-11-23", "--why", "x"], "expected a datastream like"),
        (["replace", "d/door-1/people.in", "--from", "2026-11-23", "--why", "x"], "expected --value like 12.5"),
        (["void", "d/door-1/people.in", "--from", "2026-11-23"], "--why: expected a reason"),
        (["calibrate", "d/door-1/people.in", "--from", "2026-11-23", "--why", "x"], "expected --factor like 0.1"),
    ],
)
def test_a_correction_that_says_too_little_is_refused(contradicted: Desk, words: list[str], said: str) -> None:
    result = contradicted.invoke(CORRECT, *words)
    assert result.exit_code != 0
    assert said in " ".join((result.stderr + str(result.exception)).split())
    assert contradicted.rows("SELECT count(*) FROM ingest.correction") == [(0,)]


def test_the_pieces_of_the_readings_are_listed_and_a_round_makes_room(contradicted: Desk) -> None:
    table = "\n".join(contradicted.lines(STORAGE, "status"))
    assert "reading_2026_11" in table
    [piece] = json.loads("".join(contradicted.lines(STORAGE, "status", "--json")))
    assert piece["time_from"].startswith("2026-11-01")
    assert contradicted.lines(STORAGE, "keep", "--once") == ["nothing to do"]
    assert len(json.loads("".join(contradicted.lines(STORAGE, "status", "--json")))) >= 3


def test_what_is_old_enough_is_dropped_and_what_stays_is_said_with_the_reason(desk: Desk, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("storage: {keep_days: 62}\n", encoding="utf-8")
    desk.environment["DISTRICT_CONFIG"] = str(settings)
    for month in (1, 2):
        at = datetime(2024, month, 10, tzinfo=UTC)
        desk.write(message(native(at.isoformat(), people_in=1), at=from_datetime(at)))
    desk.connection.execute("DELETE FROM ingest.touched WHERE hour < '2024-02-01'")
    desk.connection.commit()
    assert desk.lines(STORAGE, "keep", "--once") == [
        "dropped ingest.reading_2024_01: 1 readings",
        "kept ingest.reading_2024_02: some of its hours wait to be rolled up",
    ]


def test_the_doctor_ends_with_1_where_data_can_be_lost(desk: Desk) -> None:
    result = desk.invoke(DOCTOR)
    assert result.exit_code == 1
    assert "BAD broker: no connection: " in result.stdout
    assert "      start it, or correct broker.host and broker.port" in result.stdout
    found = [json.loads(line) for line in desk.invoke(DOCTOR, "--json").stdout.splitlines()]
    assert {"broker", "schema", "disk", "roll-ups job", "silent devices", "quarantine"} <= {
        one["what"] for one in found
    }


def test_devices_are_listed_with_those_that_need_a_look(contradicted: Desk) -> None:
    contradicted.register()
    assert contradicted.lines(DEVICE, "list")[0] == "d/door-1: foot_traffic, every 1 min"
    silent = contradicted.lines(DEVICE, "list", "--silent", "--stuck", "--at", "2026-11-23T12:10:00Z")
    assert silent == [
        "silent  d/door-1: last came 10 min ago, missed after 3 min",
        "silent  d/door-9: never came, missed after 3 min",
    ]
    documents = [json.loads(line) for line in contradicted.lines(DEVICE, "list", "--silent", "--json")]
    assert [(one["found"], one["device"]) for one in documents] == [("silent", "door-1"), ("silent", "door-9")]
    assert contradicted.lines(DEVICE, "list", "--stuck") == ["nothing needs a look"]


def test_clocks_that_are_not_right_are_shown(desk: Desk) -> None:
    now = datetime.now(UTC)
    desk.connection.execute(
        "INSERT INTO ingest.device_clock SELECT 'd', 'door-' || n, date_trunc('hour', %s::timestamptz), 'c0', 9, 0, error, error + 9,"
        " %s::timestamptz - INTERVAL '1 h', %s FROM unnest(ARRAY[1, -28800, 240]) WITH ORDINALITY AS x (error, n)",
        (now, now, now),
    )
    desk.connection.commit()
    assert desk.lines(DEVICE, "clocks") == [
        "good: 1, drifting: 1, wrong_zone: 1",
        "wrong_zone  d/door-2: 8 hours ahead, exactly: set the zone of the device, or declare `zone`",
        "drifting    d/door-3: 240 s behind",
    ]
    assert len(desk.lines(DEVICE, "clocks", "--all", "--json")) == 3


def test_hardware_is_exchanged_at_the_terminal(desk: Desk) -> None:
    desk.register()
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    desk.write(message(native(people_in_total=900)))
    said = desk.lines(
        DEVICE, "replace", "door-1", "door-1b", "--at", at.isoformat(), "--last", "people.in_total=905",
    )  # fmt: skip
    assert said == [
        f"d/door-1: door-1b instead of none since {at:%Y-%m-%d %H:%M:%SZ}",
        "d/door-1/people.in_total: readings since then count +905",
    ]
    refused = desk.invoke(DEVICE, "replace", "door-1", "door-9")
    assert "NEW: expected an address of its own, got 'door-9'" in str(refused.exception)
