"""What the doctor finds on a real broker and database, and what it says to do."""

import gc
import time
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from district import broker_config, upkeep
from district.doctor import Level, examine
from district.doctor.broker import access, acl_file, configured, survival_s
from district.doctor.finding import duration
from district.settings import Settings, Storage, Tls, load
from ingest import catalogue, jobs
from ingest.registry import Registry
from metrics import refresh as roll_ups
from scoring import follow as following
from tests import certificates
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


@pytest.mark.broker
def test_a_broker_behind_tls_is_examined_as_the_collector_meets_it(folder: Path) -> None:
    process = MosquittoProcess(folder, certificates.make(folder))

    def broker_of(**tls: object) -> tuple[Level, str, str]:
        environment = {
            "DISTRICT_DATABASE_URL": "postgresql://127.0.0.1:1/none", "DISTRICT_BROKER_PORT": str(process.port),
            "DISTRICT_BROKER_USER": USER, "DISTRICT_BROKER_PASSWORD": PASSWORD,
        }  # fmt: skip
        settings = load(None, environment)
        settings = settings.model_copy(
            update={"broker": settings.broker.model_copy(update={"tls": Tls.model_validate(tls)})}
        )
        one = next(one for one in examine(settings) if one.what == "broker")
        return one.level, one.found, one.do

    try:
        for trusted in ({"ca_file": str(folder / "ca.pem")}, {"insecure": True}):
            _, found, _ = broker_of(enabled=True, **trusted)
            assert found.startswith("mosquitto version ")
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            level, found, do = broker_of(enabled=True)
            gc.collect()  # paho leaves the socket of a failed handshake to the collector
        assert (level, "CERTIFICATE_VERIFY_FAILED" in found, "broker.tls.ca_file" in do) == (Level.BAD, True, True)
        level, found, do = broker_of(enabled=True, ca_file=str(folder / "none.pem"))
        assert (level, "none.pem" in found, do) == (Level.BAD, True, "correct the files in broker.tls")
        level, found, _ = broker_of(enabled=False)
        assert (level, found.startswith("no connection")) == (Level.BAD, True)
    finally:
        process.kill()


def test_jobs_that_ended_are_told_with_their_age_and_others_are_missed(database: str, tmp_path: Path) -> None:
    settings = load(None, {"DISTRICT_DATABASE_URL": database, "DISTRICT_BROKER_PORT": "1"})
    with psycopg.connect(database) as connection:
        upkeep.keep(connection, settings.storage, datetime.now(UTC))
        jobs.ran(connection, jobs.Job.REFRESH)
        connection.execute("UPDATE ingest.job SET ran_at = ran_at - INTERVAL '40 min' WHERE name = 'refresh'")
    found = {one.what: one for one in examine(settings)}
    assert (found["storage upkeep job"].level, found["storage upkeep job"].do) == (Level.OK, "")
    assert found["roll-ups job"].found == "was last done 40 min ago"
    assert found["suggestions job"].found == "was never done"
    assert {found[f"{name} job"].level for name in ("roll-ups", "suggestions")} == {Level.WARNING}
    assert "district scoring follow" in found["suggestions job"].do


def test_the_loops_of_the_jobs_say_that_they_ended(database: str) -> None:
    stop = Event()
    loops = [
        Thread(target=roll_ups.run, args=(database, stop), kwargs={"every": timedelta(milliseconds=10)}),
        Thread(target=following.run, args=(database, stop), kwargs={"every": timedelta(milliseconds=10)}),
        Thread(target=upkeep.run, args=(database, Storage(), stop)),
    ]
    for loop in loops:
        loop.start()
    deadline = time.monotonic() + 20
    try:
        with psycopg.connect(database, autocommit=True) as connection:
            while set(jobs.last(connection)) != set(jobs.Job):
                assert time.monotonic() < deadline, jobs.last(connection)
                time.sleep(0.02)
    finally:
        stop.set()
        for loop in loops:
            loop.join()


def test_devices_that_need_a_look_are_named(database: str, tmp_path: Path) -> None:
    file = tmp_path / "district.yaml"
    file.write_text(
        "district: {id: d, name: {zh: 区, en: D}, zone: Asia/Shanghai}\n"
        "spaces: [{id: hall, name: {zh: 厅, en: Hall}}]\n"
        "devices: [{id: door-1, feed: foot_traffic, space: hall, interval: 60s}]\n", encoding="utf-8",
    )  # fmt: skip
    with psycopg.connect(database) as connection:
        catalogue.apply(connection, file, now=datetime.now(UTC) - timedelta(hours=1), who="test")
        connection.execute(
            "INSERT INTO ingest.device_clock (district, device, hour, collector, readings, untimed, least_s, most_s,"
            " first_time, last_time) VALUES ('d', 'door-1', date_trunc('hour', now()), 'c', 9, 0, 28801, 28900,"
            " now() - INTERVAL '9 h', now() - INTERVAL '8 h')"
        )
    found = {
        one.what: one for one in examine(load(None, {"DISTRICT_DATABASE_URL": database, "DISTRICT_BROKER_PORT": "1"}))
    }
    assert found["device clocks"].found.startswith("1: d/door-1 8 hours behind, exactly")
    assert found["silent devices"].found == "1: d/door-1"
    assert found["values that stand still"].level is Level.OK


@pytest.mark.broker
def test_what_a_password_is_good_for_is_tried_and_the_acl_file_compared_with_the_catalogue(
    database: str, folder: Path
) -> None:
    entries = Registry(revision=1, districts={}, gateways=frozenset({("d", "gw")}), devices={}, by_address={})
    file = folder / "acl"
    file.write_text("\n".join(broker_config.acl(entries, (), USER)) + "\n", encoding="utf-8")
    guarded = MosquittoProcess(folder, f"acl_file {file}")
    try:
        assert access(settings_of(database, guarded).broker).level is Level.OK
    finally:
        guarded.kill()
    configuration = folder / "mosquitto.conf"
    assert acl_file(configuration, entries, (), USER).found == "as the catalogue has it"
    more = replace(entries, gateways=frozenset({("d", "gw-2")}))
    assert acl_file(configuration, more, (), USER).found == "grants of d.gw-2 are missing; grants of d.gw are too many"
    file.unlink()
    assert acl_file(configuration, entries, (), USER).found.startswith("cannot be read")
    configuration.write_text("listener 1883\n")
    assert acl_file(configuration, entries, (), USER).found == "mosquitto.conf names none"


@pytest.mark.broker
def test_without_an_acl_whoever_has_a_password_may_publish_anything(database: str, broker: MosquittoProcess) -> None:
    found = access(settings_of(database, broker).broker)
    assert (found.level, found.found) == (Level.WARNING, "whoever has a password may publish any topic")


def settings_of(database: str, broker: MosquittoProcess) -> Settings:
    return load(
        None,
        {"DISTRICT_DATABASE_URL": database, "DISTRICT_BROKER_PORT": str(broker.port), "DISTRICT_BROKER_USER": USER,
         "DISTRICT_BROKER_PASSWORD": PASSWORD},
    )  # fmt: skip


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
