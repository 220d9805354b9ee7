"""What is lost where the promise ends: `python -m tests.faults.measure_loss [ROUNDS]` prints a line per round.

A SIGKILL of Mosquitto under load, with the configuration we ship, the collector connected; and a SIGKILL of the
collector at the broker from pip, which forgets what a dead subscriber had in hand. Lost: acknowledged to a publisher
that sends again whatever has no PUBACK, and neither stored nor in quarantine once nothing more comes.
"""

import subprocess
import sys
import time

import psycopg

from district.embedded.amqtt_broker import user_line
from district.embedded.ports import free_port
from tests.broker import PASSWORD, USER
from tests.faults.load import Load
from tests.faults.plant import Plant, plant, wait_until

MESSAGES = 20_000
#: Nothing new for this long: what is missing by then is lost.
QUIET_S = 8.0


def rows(dsn: str) -> int:
    """Messages that are stored or kept."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM ingest.reading) + (SELECT count(*) FROM ingest.quarantine)"
        )
        (count,) = found.fetchone() or (0,)
    return int(count)


def started_ms() -> int:
    """An hour ago: what is sent is not ahead of its arrival."""
    return int(time.time() * 1000) - 3_600_000


def settled(running: Plant) -> int:
    """Rows once nothing more comes."""
    seen, since = rows(running.server.dsn()), time.monotonic()
    while time.monotonic() - since < QUIET_S:
        time.sleep(0.2)
        if (now := rows(running.server.dsn())) != seen:
            seen, since = now, time.monotonic()
    return seen


def connected(running: Plant, times: int = 1) -> None:
    log = running.folder / "collector.log"
    wait_until(lambda: log.read_text().count("connected to the broker") >= times, "the collector")


def mosquitto_killed() -> tuple[int, int]:
    """Acknowledged, lost."""
    with plant(batch_messages=10_000) as running:
        running.start_collector()
        connected(running)
        with Load(running.broker.port, started_ms()) as load:
            load.send(MESSAGES)
            wait_until(lambda: rows(running.server.dsn()) > MESSAGES // 4, "a quarter of the messages")
            running.broker.kill()
            running.broker.start()
            acknowledged = load.finish().acknowledged
        return acknowledged, acknowledged - settled(running)


def collector_killed_at_pip_broker() -> tuple[int, int]:
    """Acknowledged, lost; ten SIGKILLs."""
    with plant(batch_messages=1_000) as running:
        port, users = free_port(), running.folder / "users.amqtt"
        users.write_text(user_line(USER, PASSWORD))
        log = (running.folder / "amqtt.log").open("wb")
        broker = subprocess.Popen(
            [sys.executable, "-m", "district.embedded.amqtt_broker", str(port), str(users)], stdout=log, stderr=log
        )
        try:
            running.environment |= {"DISTRICT_BROKER_PORT": str(port), "DISTRICT_BROKER_RECEIVER": "paho"}
            time.sleep(2)
            running.start_collector()
            connected(running)
            with Load(port, started_ms()) as load:
                load.send(MESSAGES)
                for kill in range(10):
                    before = rows(running.server.dsn())

                    def went_on(seen: int = before) -> bool:
                        return rows(running.server.dsn()) > seen + 300 or load.answered()

                    wait_until(went_on, "progress")
                    running.kill_collector()
                    running.start_collector()
                    connected(running, kill + 2)
                acknowledged = load.finish().acknowledged
            return acknowledged, acknowledged - settled(running)
        finally:
            broker.kill()
            broker.wait()
            log.close()


if __name__ == "__main__":
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        for what, measure in (
            ("SIGKILL of Mosquitto, shipped configuration", mosquitto_killed),
            ("10 SIGKILLs of the collector at the broker from pip", collector_killed_at_pip_broker),
        ):
            acknowledged, lost = measure()
            sys.stdout.write(f"round {number + 1}: {what}: {acknowledged} acknowledged, {lost} lost\n")
            sys.stdout.flush()
