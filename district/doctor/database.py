"""The database as it is set, and the work on it: how far behind it is, and when it was last done."""

import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from district import migrate
from district.doctor.finding import Finding, Level, duration, judged
from ingest import clock_classes, jobs, watch
from ingest.clock_classes import ClockClass
from ingest.jobs import Job

#: TimescaleDB before it stops at the first duplicate in a compressed chunk (its issue 7672).
GOOD_TIMESCALEDB = (2, 18, 1)
#: Our choice, all of them.
CLOCK_S, QUIET_S, ROLLUP_S = 2.0, 900.0, 7_200.0
FREE_SHARE = 0.1


#: A round of each kind of work should end at least so often [s]: the longest rounds that were met, and then some.
LATEST: Mapping[Job, float] = {Job.REFRESH: 1_800.0, Job.FOLLOW: 7_200.0, Job.STORAGE: 10_800.0}
_COMMANDS: Mapping[Job, str] = {
    Job.REFRESH: "district refresh", Job.FOLLOW: "district scoring follow", Job.STORAGE: "district storage keep"
}  # fmt: skip
_NAMES: Mapping[Job, str] = {Job.REFRESH: "roll-ups", Job.FOLLOW: "suggestions", Job.STORAGE: "storage upkeep"}
#: Devices that are named.
_SHOWN = 5


def facts(connection: psycopg.Connection) -> Mapping[str, object]:
    """What the database says of itself."""
    sql = resources.files("district.doctor").joinpath("facts.sql").read_bytes()
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql, {"now": datetime.now(UTC)}).fetchone()
    assert row is not None
    return row


def number(row: Mapping[str, object], name: str) -> float:
    """One of these facts; 0 where there is none."""
    value = row[name]
    return 0.0 if value is None else float(str(value))


def settings_of(row: Mapping[str, object]) -> Iterator[Finding]:
    """Whether it keeps what it has committed, and has room."""
    version = int(number(row, "server_version_num")) // 10_000
    yield judged("PostgreSQL", version >= 15, f"version {version}", "upgrade to 15 or later")
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        yield judged(
            name, row[name] == "on", str(row[name]), f"set {name} = on: what was acknowledged may be lost otherwise"
        )
    timescale = row["timescaledb"]
    if timescale is None:
        yield Finding(what="TimescaleDB", level=Level.OK, found="not installed; readings are partitioned by month")
    else:
        numbers = tuple(int(part) for part in str(timescale).split(".")[:3] if part.isdigit())
        yield judged(
            "TimescaleDB", numbers >= GOOD_TIMESCALEDB, str(timescale),
            "upgrade to 2.18.1 or later: a redelivery into compressed chunks fails before",
        )  # fmt: skip
    skew = number(row, "skew_s")
    yield judged(
        "clock", abs(skew) <= CLOCK_S, f"the database's is {skew:+.1f} s from ours",
        "run an NTP client on both machines: times of receipt and clock limits depend on it",
    )  # fmt: skip
    folder = Path(str(row["data_directory"])) if row["data_directory"] else None
    if folder is not None and folder.exists():
        usage = shutil.disk_usage(folder)
        yield judged(
            "disk", usage.free / usage.total >= FREE_SHARE, f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB are free",
            "make room: a full disk stops everything, and the broker is then the only buffer",
        )  # fmt: skip


def work(row: Mapping[str, object], counters: Mapping[str, str]) -> Iterator[Finding]:
    """Whether what arrives is stored and rolled up."""
    last = row["last_batch_s"]
    yield judged(
        "collector", last is not None and number(row, "last_batch_s") <= QUIET_S,
        "stored nothing yet" if last is None else f"stored its last batch {duration(number(row, 'last_batch_s'))} ago",
        "start `district collect`, or look whether anything is published", otherwise=Level.WARNING,
    )  # fmt: skip
    waiting = number(row, "oldest_touched_s")
    yield judged(
        "roll-ups", waiting <= ROLLUP_S, f"the oldest closed hour waits {duration(waiting)}" if waiting else "up to date",
        "start `district refresh`; figures and evidence do not follow the data meanwhile",
    )  # fmt: skip
    full = str(row["full_gateways"] or "")
    lost = f", {row['hashed']} of them kept by their hash only" if row["hashed"] else ""
    yield judged(
        "quarantine", not full,
        f"{row['waiting']} messages wait{lost}" + (f"; gateways near or over their cap: {full}" if full else ""),
        "see `district quarantine list`; correct the gateway, then replay or discard", otherwise=Level.WARNING,
    )  # fmt: skip
    received = counters.get("$SYS/broker/load/publish/received/1min")
    if received is not None:
        yield Finding(
            what="broker against ledger", level=Level.OK,
            found=f"the broker took {received} messages in its last minute, the ledger {number(row, 'minute'):.0f}",
        )  # fmt: skip


def jobs_done(connection: psycopg.Connection, now: datetime, storage_every_s: float) -> Iterator[Finding]:
    """How long ago each kind of work was last done to its end."""
    last = jobs.last(connection)
    for job in Job:
        latest = max(LATEST[job], 3 * storage_every_s) if job is Job.STORAGE else LATEST[job]
        age = None if job not in last else (now - last[job]).total_seconds()
        yield judged(
            f"{_NAMES[job]} job", age is not None and age <= latest,
            "was never done" if age is None else f"was last done {duration(max(age, 0))} ago",
            f"start `{_COMMANDS[job]}`, or `district up`", otherwise=Level.WARNING,
        )  # fmt: skip


def devices(connection: psycopg.Connection, now: datetime) -> Iterator[Finding]:
    """Devices that need a look."""
    wrong = [
        f"{one.district}/{one.device} {one.said}"
        for one in clock_classes.device_clocks(connection, now - timedelta(days=1))
        if one.clock not in {ClockClass.GOOD, ClockClass.UNTIMED}
    ]
    silent = [f"{one.district}/{one.device}" for one in watch.silent(connection, now) if one.quantity is None]
    stuck = [f"{one.district}/{one.device} {one.quantity}" for one in watch.stuck(connection, now)]
    for what, found, do in (
        ("device clocks", wrong, "see `district device clocks`; set the clocks, or declare the zone of the device"),
        ("silent devices", silent, "see `district device list --silent`"),
        ("values that stand still", stuck, "see `district device list --stuck`"),
    ):
        named = "; ".join(found[:_SHOWN]) + ("; ..." if len(found) > _SHOWN else "")
        yield judged(what, not found, f"{len(found)}: {named}" if found else "none", do, otherwise=Level.WARNING)


def migrations(connection: psycopg.Connection) -> Finding:
    """Whether the schema is that of this version."""
    row = connection.execute("SELECT count(*) FROM public.district_migration").fetchone()
    missing = len(migrate.migrations()) - (row[0] if row else 0)
    return judged(
        "schema", missing == 0, f"{missing} migrations are missing" if missing else "current", "run `district migrate`"
    )
