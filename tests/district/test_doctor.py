"""What the doctor finds on a real broker and database, and what it says to do."""

from pathlib import Path

import psycopg
import pytest

from district.doctor import Level, configured, duration, examine, survival_s
from district.settings import load
from tests.broker import PASSWORD, USER, MosquittoProcess, broker, folder

__all__ = ["broker", "folder"]


@pytest.mark.broker
def test_a_sound_installation_and_what_was_broken_in_it(database: str, broker: MosquittoProcess) -> None:
    environment = {
        "DISTRICT_DATABASE_URL": database, "DISTRICT_BROKER_PORT": str(broker.port), "DISTRICT_BROKER_USER": USER,
        "DISTRICT_BROKER_PASSWORD": PASSWORD,
    }  # fmt: skip
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO ingest.batch (collector, received, received_at, catalogue_revision) VALUES ('c', 36000, now(), 0)"
        )
    found = {one.what: one for one in examine(load(None, environment), broker.folder / "mosquitto.conf")}
    assert found["broker"].found.startswith("mosquitto version ")
    assert found["access"].level is Level.OK
    assert found["session expiry"].found == "14 d"
    assert found["queue"].level is Level.OK
    assert "survives 5 d 18 h of an outage at the current rate of 10.0 messages/s" in found["queue"].found
    assert found["clock"].level is Level.OK
    assert found["schema"].found == "current"
    assert found["quarantine key"].level is Level.WARNING
    # The test server trades safety for speed, and the doctor sees it.
    assert {name: found[name].level for name in ("fsync", "synchronous_commit")} == {
        "fsync": Level.BAD, "synchronous_commit": Level.BAD,
    }  # fmt: skip


def test_what_is_away_is_said_with_what_to_do() -> None:
    settings = load(None, {"DISTRICT_DATABASE_URL": "postgresql://127.0.0.1:1/x", "DISTRICT_BROKER_PORT": "1"})
    found = {one.what: one for one in examine(settings)}
    assert (found["broker"].level, found["database"].level) == (Level.BAD, Level.BAD)
    assert "DISTRICT_DATABASE_URL" in found["database"].do


def test_the_queue_is_told_as_a_time(tmp_path: Path) -> None:
    assert duration(survival_s(5.0, 60_000, 3_000)) == "3 h 10 min"
    file = tmp_path / "mosquitto.conf"
    file.write_text("listener 1883\n")
    assert (configured(file), configured(None)) == (1_000, None)
    file.write_text("max_queued_messages 5000000\n")
    assert configured(file) == 5_000_000
