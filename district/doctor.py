"""What is wrong with an installation, or will be in the next outage, and what to change."""

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import resources
from pathlib import Path

import psycopg
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from psycopg.rows import dict_row

from district import migrate
from district.settings import Broker, Settings

#: Mosquitto before it: durable shared subscriptions are lost at a restart, the window leaks, retained messages reach
#: shared subscribers (its ChangeLog, 2.0.12 and 2.0.13).
GOOD_MOSQUITTO = (2, 0, 13)
#: TimescaleDB before it stops at the first duplicate in a compressed chunk (its issue 7672).
GOOD_TIMESCALEDB = (2, 18, 1)
#: Our choice, all of them.
LONGEST_OUTAGE_S, SHORTEST_SURVIVAL_S = 3 * 86_400, 3_600
CLOCK_S, QUIET_S, ROLLUP_S = 2.0, 900.0, 7_200.0
FREE_SHARE = 0.1
#: Until a broker has told its $SYS counters [s].
LISTEN_S = 3.0


class Level(StrEnum):
    """How bad it is. `bad`: data can be lost, or are not processed."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    what: str
    level: Level
    found: str
    #: what to change; '' where nothing has to be
    do: str = ""


def examine(settings: Settings, broker_file: Path | None = None) -> Iterator[Finding]:
    """Everything that was looked at, in the order of a message's way; `broker_file`: Mosquitto's configuration, if at hand."""
    yield from _session(settings)
    counters: Mapping[str, str] = {}
    try:
        counters, answer = listen(settings.broker)
        yield from _broker(counters, answer, settings)
    except OSError as error:
        yield _bad("broker", f"no connection: {error}", "start it, or correct broker.host and broker.port")
    yield _anonymous(settings.broker)
    try:
        with psycopg.connect(settings.database.url, connect_timeout=5) as connection:
            rows = _facts(connection)
            yield from _queue(rows, counters, broker_file)
            yield from _database(rows)
            yield from _work(rows, counters)
            yield _migrations(connection)
    except psycopg.OperationalError as error:
        yield _bad("database", str(error).strip().splitlines()[0], "start it, or set DISTRICT_DATABASE_URL")


def duration(seconds: float) -> str:
    """A length of time in the two units a person would say.

    >>> duration(11_400), duration(50)
    ('3 h 10 min', '50 s')
    """
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")) if n]
    return " ".join(parts[:2]) or "0 s"


def survival_s(rate: float, limit: int, queued: int = 0) -> float:
    """How long a queue of `limit` messages lasts at `rate` [messages/s], `queued` of it being used [s]."""
    return max(0, limit - queued) / rate


def listen(broker: Broker) -> tuple[dict[str, str], dict[str, int]]:
    """The broker's $SYS counters by topic, and the limits its CONNACK names; both may be empty.

    Raises:
        OSError: nobody answers, or it refuses us.
    """
    found: dict[str, str] = {}
    limits: dict[str, int] = {}
    answered = threading.Event()
    refused: list[str] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="district-doctor", protocol=paho.MQTTv5)
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls.enabled:
        client.tls_set(broker.tls.ca_file, broker.tls.cert_file, broker.tls.key_file)

    def connected(_client: object, _data: object, _flags: object, code: object, properties: object) -> None:
        if getattr(code, "is_failure", False):
            refused.append(str(code))
        for name in ("MaximumPacketSize", "ReceiveMaximum", "MaximumQoS"):
            if (value := getattr(properties, name, None)) is not None:
                limits[name] = int(value)
        answered.set()

    def told(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        found[message.topic] = message.payload.decode("utf-8", "replace")

    client.on_connect = connected
    client.on_message = told
    client.connect(broker.host, broker.port, keepalive=30)
    client.loop_start()
    try:
        if not answered.wait(5) or refused:
            raise OSError(f"refused: {refused[0]}" if refused else "no answer in 5 s")
        client.subscribe("$SYS/#", 0)
        end = time.monotonic() + LISTEN_S
        while time.monotonic() < end and "$SYS/broker/version" not in found:
            time.sleep(0.05)
        time.sleep(0.2)  # the rest of the retained counters follows in the same breath
    finally:
        client.disconnect()
        client.loop_stop()
    return found, limits


def _session(settings: Settings) -> Iterator[Finding]:
    expiry = settings.broker.session_expiry_s
    yield _judged(
        "session expiry", expiry >= LONGEST_OUTAGE_S, duration(expiry),
        f"set broker.session_expiry_s to at least {LONGEST_OUTAGE_S}: after it the broker forgets our backlog",
    )  # fmt: skip
    yield _judged(
        "quarantine key", settings.quarantine.public_key is not None,
        "set" if settings.quarantine.public_key else "none: what cannot be redacted is kept by its hash, and cannot be replayed",
        "run `district quarantine key FILE`, set DISTRICT_QUARANTINE_PUBLIC_KEY to what it prints, keep FILE elsewhere",
        otherwise=Level.WARNING,
    )  # fmt: skip


def _broker(counters: Mapping[str, str], limits: Mapping[str, int], settings: Settings) -> Iterator[Finding]:
    version = counters.get("$SYS/broker/version", "")
    numbers = tuple(int(part) for part in version.removeprefix("mosquitto version ").split(".")[:3] if part.isdigit())
    if version.startswith("mosquitto") and len(numbers) == 3:
        yield _judged(
            "broker", numbers >= GOOD_MOSQUITTO, version,
            "upgrade to 2.0.13 or later; until then never use $share, and keep broker.receive_maximum as it is",
            otherwise=Level.WARNING,
        )  # fmt: skip
    else:
        yield Finding(what="broker", level=Level.OK, found=version or "answers; it tells no $SYS counters")
    packet = limits.get("MaximumPacketSize")
    if packet is not None:
        yield _judged(
            "packet size", packet > settings.collector.max_payload_bytes, f"{packet} bytes",
            f"set max_packet_size above {settings.collector.max_payload_bytes + 512}, or larger messages never arrive",
        )  # fmt: skip
    dropped = counters.get("$SYS/broker/publish/messages/dropped")
    if dropped is not None:
        yield _judged(
            "dropped by the broker", dropped == "0", f"{dropped} messages since it started",
            "raise max_queued_messages; `district ledger` names what devices that count (seq) have lost",
        )  # fmt: skip


def _anonymous(broker: Broker) -> Finding:
    open_broker = broker.model_copy(update={"user": None, "password": None})
    try:
        listen_briefly(open_broker)
    except OSError as error:
        return Finding(what="access", level=Level.OK, found=f"nobody enters without a password ({error})")
    return _bad("access", "anybody may connect without a password", "take the files of `district broker config`")


def listen_briefly(broker: Broker) -> None:
    """Connect and leave.

    Raises:
        OSError: the broker refuses us.
    """
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="district-doctor-nobody")
    codes: list[bool] = []
    client.on_connect = lambda _client, _data, _flags, code, _properties: codes.append(bool(code.is_failure))
    client.connect(broker.host, broker.port, keepalive=30)
    end = time.monotonic() + 5
    while not codes and time.monotonic() < end:
        client.loop(0.1)
    client.disconnect()
    if not codes or codes[0]:
        raise OSError("refused" if codes else "no answer")


def _facts(connection: psycopg.Connection) -> Mapping[str, object]:
    sql = resources.files("district").joinpath("doctor.sql").read_bytes()
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql, {"now": datetime.now(UTC)}).fetchone()
    assert row is not None
    return row


def _number(row: Mapping[str, object], name: str) -> float:
    value = row[name]
    return 0.0 if value is None else float(str(value))


def _queue(row: Mapping[str, object], counters: Mapping[str, str], file: Path | None) -> Iterator[Finding]:
    limit = configured(file)
    rate = _number(row, "rate")
    if limit is None:
        yield Finding(
            what="queue", level=Level.WARNING, found="its limit is not known; Mosquitto's own is 1,000 messages",
            do="give --broker-config mosquitto.conf; max_queued_messages should be the rate times the longest outage",
        )  # fmt: skip
    elif rate:
        queued = int(counters.get("$SYS/broker/store/messages/count", "0") or 0)
        left = survival_s(rate, limit, queued)
        yield _judged(
            "queue", left >= SHORTEST_SURVIVAL_S,
            f"survives {duration(left)} of an outage at the current rate of {rate:.1f} messages/s ({queued} of {limit} in use)",
            "raise max_queued_messages: beyond it the broker drops messages that it has acknowledged",
        )  # fmt: skip
    else:
        yield Finding(what="queue", level=Level.OK, found=f"holds {limit} messages; nothing came in the last hour")


def configured(file: Path | None) -> int | None:
    """`max_queued_messages` of a Mosquitto configuration; None: there is no file. Mosquitto's own default: 1,000."""
    if file is None:
        return None
    limit = 1_000
    for line in file.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "max_queued_messages" and words[1].isdigit():
            limit = int(words[1])
    return limit


def _database(row: Mapping[str, object]) -> Iterator[Finding]:
    version = int(_number(row, "server_version_num")) // 10_000
    yield _judged("PostgreSQL", version >= 15, f"version {version}", "upgrade to 15 or later")
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        yield _judged(
            name, row[name] == "on", str(row[name]), f"set {name} = on: what was acknowledged may be lost otherwise"
        )
    timescale = row["timescaledb"]
    if timescale is None:
        yield Finding(what="TimescaleDB", level=Level.OK, found="not installed; readings are partitioned by month")
    else:
        numbers = tuple(int(part) for part in str(timescale).split(".")[:3] if part.isdigit())
        yield _judged(
            "TimescaleDB", numbers >= GOOD_TIMESCALEDB, str(timescale),
            "upgrade to 2.18.1 or later: a redelivery into compressed chunks fails before",
        )  # fmt: skip
    skew = _number(row, "skew_s")
    yield _judged(
        "clock", abs(skew) <= CLOCK_S, f"the database's is {skew:+.1f} s from ours",
        "run an NTP client on both machines: times of receipt and clock limits depend on it",
    )  # fmt: skip
    folder = Path(str(row["data_directory"])) if row["data_directory"] else None
    if folder is not None and folder.exists():
        usage = shutil.disk_usage(folder)
        yield _judged(
            "disk", usage.free / usage.total >= FREE_SHARE, f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB are free",
            "make room: a full disk stops everything, and the broker is then the only buffer",
        )  # fmt: skip


def _work(row: Mapping[str, object], counters: Mapping[str, str]) -> Iterator[Finding]:
    last = row["last_batch_s"]
    yield _judged(
        "collector", last is not None and _number(row, "last_batch_s") <= QUIET_S,
        "stored nothing yet" if last is None else f"stored its last batch {duration(_number(row, 'last_batch_s'))} ago",
        "start `district collect`, or look whether anything is published", otherwise=Level.WARNING,
    )  # fmt: skip
    waiting = _number(row, "oldest_touched_s")
    yield _judged(
        "roll-ups", waiting <= ROLLUP_S, f"the oldest closed hour waits {duration(waiting)}" if waiting else "up to date",
        "start `district refresh`; figures and evidence do not follow the data meanwhile",
    )  # fmt: skip
    full = str(row["full_gateways"] or "")
    yield _judged(
        "quarantine", not full, f"gateways near or over their cap: {full}" if full else f"{row['waiting']} messages wait",
        "see `district quarantine list`; correct the gateway, then replay or discard", otherwise=Level.WARNING,
    )  # fmt: skip
    received = counters.get("$SYS/broker/load/publish/received/1min")
    if received is not None:
        yield Finding(
            what="broker against ledger", level=Level.OK,
            found=f"the broker took {received} messages in its last minute, the ledger {_number(row, 'minute'):.0f}",
        )  # fmt: skip


def _migrations(connection: psycopg.Connection) -> Finding:
    row = connection.execute("SELECT count(*) FROM public.district_migration").fetchone()
    missing = len(migrate.migrations()) - (row[0] if row else 0)
    return _judged(
        "schema", missing == 0, f"{missing} migrations are missing" if missing else "current", "run `district migrate`"
    )


def _judged(
    what: str,
    good: bool,  # noqa: FBT001 - a sentence at each call
    found: str,
    do: str,
    *,
    otherwise: Level = Level.BAD,
) -> Finding:
    return Finding(what=what, level=Level.OK if good else otherwise, found=found, do="" if good else do)


def _bad(what: str, found: str, do: str) -> Finding:
    return Finding(what=what, level=Level.BAD, found=found, do=do)
