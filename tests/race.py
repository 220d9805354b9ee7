"""The collector under an independent harness: `python -m tests.race --variant 2 [--timescale]`, or `make race`.

The harness puts any collector on a fresh Mosquitto and a fresh PostgreSQL and compares it with a bare COPY of the same
rows. Its folder is named by RACE; it brings race.py and a C publisher. Needs root, Mosquitto, PostgreSQL 15 and a C
compiler (RACE_PG_BIN names the programs of another PostgreSQL, such as one with TimescaleDB).
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from district import migrate
from ingest import catalogue

DISTRICT, DEVICES, GATEWAYS = "race", 1_000, 20
#: Goals, our choice: values a message -> (share of bare COPY on TimescaleDB, on plain PostgreSQL, CPU us a reading).
GOALS = {1: (0.35, 0.35, 6.0), 2: (0.55, 0.5, 3.5), 20: (0.65, 0.55, 2.0)}
MEMORY_MB = 150
MESSAGES = {1: 500_000, 2: 500_000, 20: 100_000}


def prepare(dsn: str) -> None:
    """Our schema, and a catalogue of the harness's thousand devices."""
    migrate.migrate(dsn)
    document = {
        "district": {"id": DISTRICT, "name": {"zh": "竞速", "en": "Race"}, "zone": "Asia/Shanghai"},
        "spaces": [{"id": "hall", "name": {"zh": "大厅", "en": "Hall"}, "usable_area_m2": 1000}],
        "gateways": [{"id": f"gw{n:02}"} for n in range(GATEWAYS)],
        "devices": [
            {"id": f"dev{n:04}", "feed": "foot_traffic", "space": "hall", "interval": "10s"} for n in range(DEVICES)
        ],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, psycopg.connect(dsn) as connection:
        path = Path(folder) / "district.yaml"
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        catalogue.apply(connection, path, now=datetime.now(UTC), who="race")


def race(harness: Path, variant: int, *, timescale: bool, messages: int, rounds: int, further: list[str]) -> int:
    """Run the harness; 1 where a goal was missed."""
    python = shlex.quote(sys.executable)
    with tempfile.TemporaryDirectory(prefix="race-") as folder:
        Path(folder).chmod(0o755)
        results = Path(folder) / "results"
        command = [
            sys.executable, str(harness), "cmd", "--name", "district", "--variant", str(variant), "--messages", str(messages),
            "--reps", str(rounds), "--work", f"{folder}/work", "--out", str(results),
            "--setup-cmd", f"{python} -m tests.race --prepare '{{dsn}}'",
            "--cmd", f"{python} -m district collect",
            "--table", "ingest.reading", "--count-sql", "SELECT coalesce(sum(readings_stored), 0) FROM ingest.ledger",
            "--dup-sql", "SELECT count(*) - count(DISTINCT (datastream_id, time)) FROM ingest.reading",
            *(["--timescale"] if timescale else []), *further,
        ]  # fmt: skip
        # The harness gives the collector the address of its database and of its broker in variables of its own.
        command[command.index("--cmd") + 1] = (
            f"env DISTRICT_DATABASE_URL='{{dsn}}' DISTRICT_BROKER_PORT={{mqtt_port}} {python} -m district collect"
        )
        code = subprocess.run(command, check=False).returncode
        if code:
            return code
        runs = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    return judged(runs, variant, timescale=timescale)


def judged(runs: list[dict[str, float]], variant: int, *, timescale: bool) -> int:
    """Say how the medians stand to the goals; 1 where one was missed."""

    def median(name: str) -> float:
        return statistics.median(run[name] for run in runs if name in run)

    share, plain, cpu_us = GOALS[variant]
    share = share if timescale else plain
    checks = [
        ("missing readings", max(run["missing"] for run in runs), 0.0, False),
        ("doubled readings", max(run["duplicates"] for run in runs), 0.0, False),
        ("collector CPU [us a reading]", median("cpu_us_per_reading"), cpu_us, False),
        ("largest resident size [MB]", max(run["max_rss_mb"] for run in runs), MEMORY_MB, False),
    ]
    if any("share_of_copy" in run for run in runs):
        checks.append(("share of bare COPY", median("share_of_copy"), share, True))
    missed = 0
    for name, value, goal, at_least in checks:
        good = value >= goal if at_least else value <= goal
        missed += not good
        sys.stdout.write(
            f"{'ok' if good else 'MISSED':>6}  {name}: {value:g} (goal {'>=' if at_least else '<='} {goal:g})\n"
        )
    return 1 if missed else 0


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepare", metavar="DSN", help="only make schema and catalogue there")
    parser.add_argument("--variant", type=int, choices=sorted(GOALS), default=2, help="values a message")
    parser.add_argument("--timescale", action="store_true")
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1)
    arguments, further = parser.parse_known_args()
    if arguments.prepare:
        prepare(arguments.prepare)
        return 0
    folder = Path(os.environ.get("RACE") or Path(__file__).parents[2] / "shared" / "race")
    harness = folder / "race.py"
    if not harness.is_file():
        sys.stderr.write(f"no harness: {harness} is missing; RACE names the folder that holds race.py\n")
        return 1
    return race(
        harness, arguments.variant, timescale=arguments.timescale,
        messages=arguments.messages or MESSAGES[arguments.variant], rounds=arguments.rounds, further=further,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
