"""The whole path: file, broker, collector, tables, and the account read back from them."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from district.cli.collect import collector
from district.cli.replay import replay as command
from district.embedded.ports import free_port
from district.settings import Settings
from ingest import catalogue
from ingest.model import Flag
from ingest.quantities import load as quantities
from simulators.replay import check
from simulators.replay.backfill import Backfill
from tests.simulators.replay.cases import mapping_text

pytestmark = pytest.mark.broker

MAPPING = """
    feed: foot_traffic
    time: {columns: [day, hour], formats: "%d/%m/%Y %H", zone: Europe/London, stamp: start, ambiguous: both, nonexistent: ignore}
    device: {column: place}
    values:
      - {column: "in", quantity: people.in, kind: delta, unit: "{people}"}
      - {column: present, quantity: people.present, kind: gauge, unit: "{people}", missing: ["?"], covers: interval}
    catalogue: {zone: Europe/London}
    """
DATA = (
    "place,day,hour,in,present\n"
    "Broad Street,25/10/2015,0,5,1\n"
    "Broad Street,25/10/2015,1,9,\n"
    "Headrow,25/10/2015,1,7,-3\n"
    "Headrow,25/10/2015,2,?,?\n"
    "Headrow,29/03/2015,1,0,0\n"
    "Headrow,25/10/2015,3,1,2\n"
    "Headrow,25/10/2015,3,1,2\n"
    "Headrow,25/10/2015,3,1,4\n"
)

app = typer.Typer()
app.command()(command)


@pytest.fixture
def broker_port(tmp_path: Path) -> Iterator[int]:
    """Port of a Mosquitto of this test."""
    port = free_port()
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser root\n")
    process = subprocess.Popen(["mosquitto", "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield port
    process.terminate()
    process.wait(10)


@pytest.fixture
def run(
    broker_port: int, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Runs the command on files of this test; returns exit code and output."""
    monkeypatch.setenv("DISTRICT_DATABASE_URL", database)
    monkeypatch.setenv("DISTRICT_BROKER_PORT", str(broker_port))
    mapping = tmp_path / "town.yaml"
    mapping.write_text(mapping_text(MAPPING))

    def call(*options: str, data: str = DATA) -> tuple[int, str]:
        file = tmp_path / "town.csv"
        file.write_text(data)
        result = CliRunner().invoke(app, [str(mapping), str(file), *options])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return call


@pytest.fixture
def collecting(run: object, broker_port: int, database: str) -> Iterator[None]:
    """A collector at work on broker and database."""
    settings = Settings.model_validate({"database": {"url": database}, "broker": {"port": broker_port}})
    process = collector(settings)
    thread = threading.Thread(target=process.run)
    thread.start()
    yield
    process.stop()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def registered(run: Callable[..., tuple[int, str]], connection: psycopg.Connection, tmp_path: Path) -> None:
    """The catalogue that the command itself writes, applied."""
    code, text = run("--catalogue")
    assert code == 0, text
    file = tmp_path / "district.yaml"
    file.write_text(text)
    catalogue.apply(connection, file, now=datetime.now(UTC), who="test")
    connection.commit()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.usefixtures("collecting", "registered")
def test_every_cell_of_a_file_ends_in_one_class_and_a_second_replay_gives_only_duplicates(
    run: Callable[..., tuple[int, str]], connection: psycopg.Connection
) -> None:
    code, output = run("--json", "--who", "tester")
    told = json.loads(output)
    assert (code, told["balanced"]) == (0, True)
    assert (told["read"], told["sent"], told["missing"], told["refused"]) == (16, 11, 2, 1)
    assert told["ignored"] == {"local time that does not exist": 2}
    assert told["refusals"][0]["reason"] == "'?' is no number"
    assert (told["stored"], told["duplicate"], told["conflict"], told["quarantined"]) == (7, 3, 1, 0)

    rows = connection.execute(
        "SELECT device, quantity, time, value, span_s, origin, flags FROM ingest.readings ORDER BY device, quantity, time"
    ).fetchall()
    night = datetime(2015, 10, 25, tzinfo=UTC)
    backfilled = {bool(row[6] & Flag.BACKFILL) for row in rows}
    assert (len(rows), backfilled, {row[5] for row in rows}) == (7, {True}, {"imported"})
    assert [(row[0], row[2], row[3], row[4]) for row in rows if row[1] == "people.in"] == [
        ("broad-street", night, 5, 3600),
        ("broad-street", night.replace(hour=2), 9, 7200),
        ("headrow", night.replace(hour=2), 7, 7200),
        ("headrow", night.replace(hour=4), 1, 3600),
    ]
    (negative,) = [row[6] for row in rows if row[3] == -3]
    assert negative & Flag.OUT_OF_RANGE
    backfill = connection.execute("SELECT why, who, time_from, time_to > %s, closed_at IS NOT NULL FROM ingest.backfill", (night.replace(hour=4),))  # fmt: skip
    assert backfill.fetchall() == [("a test: town.csv", "tester", night.replace(day=24, hour=23), True, True)]
    connection.commit()

    code, output = run()
    assert code == 0, output
    assert "sent 11 = stored 0 + duplicate 11 + conflict 0 + quarantined 0" in output
    assert "refused, line 5, column in: '?' is no number (1 cell)" in output


def test_a_dry_run_and_a_catalogue_touch_neither_broker_nor_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISTRICT_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    monkeypatch.setenv("DISTRICT_BROKER_PORT", "1")
    (tmp_path / "town.yaml").write_text(mapping_text(MAPPING))
    (tmp_path / "town.csv").write_text(DATA)
    arguments = [str(tmp_path / "town.yaml"), str(tmp_path / "town.csv")]
    shown = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert shown.exit_code == 0
    assert "read 16 = sent 11 + missing 2 + refused 1 + ignored 2 (local time that does not exist: 2)" in shown.output
    assert "format '%d/%m/%Y %H' reads 8 rows" in shown.output
    assert (
        "line 2: broad-street people_in = 5 at 2015-10-25T00:00:00+00:00, from 2015-10-24T23:00:00+00:00"
        in shown.output
    )
    assert "refused, line 5, column in: '?' is no number (1 cell)" in shown.output
    assert "device broad-street: Broad Street" in shown.output
    written = CliRunner().invoke(app, [*arguments, "--catalogue"])
    assert written.exit_code == 0
    made = catalogue.read(written.output, "d.yaml")
    assert [(device.id, device.origin) for device in made.devices] == [
        ("broad-street", "imported"),
        ("headrow", "imported"),
    ]
    assert made.devices[0].addresses[0].address == "Broad Street"
    assert made.district.zone == "Europe/London"


def test_a_device_that_the_catalogue_lacks_stops_the_replay_before_anything_is_sent(
    run: Callable[..., tuple[int, str]], connection: psycopg.Connection
) -> None:
    code, output = run()
    assert code == 1
    assert "has no gateway replay; write the entries with --catalogue" in output
    assert connection.execute("SELECT count(*) FROM ingest.backfill").fetchone() == (0,)


@pytest.mark.usefixtures("registered")
def test_without_a_collector_the_replay_says_so_and_leaves_the_backfill_open(
    run: Callable[..., tuple[int, str]], connection: psycopg.Connection
) -> None:
    code, output = run("--timeout-s", "1")
    assert code == 1
    assert "is `district collect` running" in output
    assert connection.execute("SELECT count(*) FROM ingest.backfill WHERE closed_at IS NULL").fetchone() == (1,)


def test_quarantined_cells_are_counted_from_the_messages_that_were_refused(connection: psycopg.Connection) -> None:
    connection.execute(
        "INSERT INTO ingest.batch (id, collector, received, received_at, catalogue_revision) VALUES (1, 'c', 2, now(), 0)"
    )
    for part, body in (
        (None, [{"ts": 0, "values": {"a": 1, "b": 2}}, {"ts": 1, "values": {"a": 1}}]),
        (3, {"values": {"a": 1}}),
    ):
        connection.execute(
            "INSERT INTO ingest.quarantine (batch_id, received_at, topic, body, part, reason, detail, bytes, sha256, district, "
            "gateway, feed, qos, retain, dup) VALUES (1, now(), '', %s, %s, 'clock', '', 1, '', 'town', 'replay', 'x', 1, false, false)",
            (json.dumps(body).encode(), part),
        )
    mapping = check.parse(mapping_text(MAPPING), quantities())
    assert Backfill(connection, mapping).arrived().quarantined == 4


@pytest.mark.corpus
@pytest.mark.usefixtures("collecting")
def test_a_real_file_arrives_completely(shared: Path, connection: psycopg.Connection, tmp_path: Path) -> None:
    mapping = Path(check.__file__).parents[1] / "mappings" / "birmingham_parking.yaml"
    data = shared / "datasets" / "parking" / "birmingham_2016.csv"
    written = CliRunner().invoke(app, [str(mapping), str(data), "--catalogue"])
    file = tmp_path / "birmingham.yaml"
    file.write_text(written.output)
    catalogue.apply(connection, file, now=datetime.now(UTC), who="test")
    connection.commit()
    told = json.loads(CliRunner().invoke(app, [str(mapping), str(data), "--json"]).output)
    assert told["balanced"]
    # 216 repeated rows of two cells; rows of one car park and time with another value would be conflicts.
    assert (told["sent"], told["stored"], told["duplicate"], told["conflict"]) == (71_434, 71_002, 432, 0)
    row = connection.execute("SELECT min(time), max(time), count(DISTINCT device) FROM ingest.readings").fetchone()
    assert row == (datetime(2016, 10, 4, 6, 46, 28, tzinfo=UTC), datetime(2016, 12, 19, 16, 30, 35, tzinfo=UTC), 30)
