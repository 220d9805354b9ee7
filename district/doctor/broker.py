"""The broker as a client sees it: what it is, what it would lose, and whom it lets do what."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from district import broker_config
from district.cli.collect import tls
from district.doctor.finding import Finding, Level, bad, duration, judged
from district.settings import Broker, Settings
from ingest.registry import Registry
from ingest.topics import RouteSpec

#: Mosquitto before it: durable shared subscriptions are lost at a restart, the window leaks, retained messages reach
#: shared subscribers (its ChangeLog, 2.0.12 and 2.0.13).
GOOD_MOSQUITTO = (2, 0, 13)
#: Our choice.
LONGEST_OUTAGE_S, SHORTEST_SURVIVAL_S = 3 * 86_400, 3_600
#: Until a broker has told its $SYS counters, or has answered a message [s].
LISTEN_S = 3.0
#: A topic that nobody subscribes to and that no line of our ACL grants.
PROBE = "district/v1-doctor/probe"


def survival_s(rate: float, limit: int, queued: int = 0) -> float:
    """How long a queue of `limit` messages lasts at `rate` [messages/s], `queued` of it being used [s]."""
    return max(0, limit - queued) / rate


def _client(broker: Broker, name: str, protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=protocol)
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if (encryption := tls(broker)) is not None:
        client.tls_set_context(encryption.context())
        client.tls_insecure_set(encryption.insecure)
    return client


def listen(broker: Broker) -> tuple[dict[str, str], dict[str, int]]:
    """The broker's $SYS counters by topic, and the limits its CONNACK names; both may be empty.

    Raises:
        OSError: nobody answers, or it refuses us.
        ReceiverError: a file for TLS is missing or is not PEM.
    """
    found: dict[str, str] = {}
    limits: dict[str, int] = {}
    answered = threading.Event()
    refused: list[str] = []
    client = _client(broker, "district-doctor")

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


def session(settings: Settings) -> Iterator[Finding]:
    """What we ask of the broker, and of our own quarantine."""
    expiry = settings.broker.session_expiry_s
    yield judged(
        "session expiry", expiry >= LONGEST_OUTAGE_S, duration(expiry),
        f"set broker.session_expiry_s to at least {LONGEST_OUTAGE_S}: after it the broker forgets our backlog",
    )  # fmt: skip
    yield judged(
        "quarantine key", settings.quarantine.public_key is not None,
        "set" if settings.quarantine.public_key else "none: what cannot be redacted is kept by its hash, and cannot be replayed",
        "run `district quarantine key FILE`, set DISTRICT_QUARANTINE_PUBLIC_KEY to what it prints, keep FILE elsewhere",
        otherwise=Level.WARNING,
    )  # fmt: skip


def limits_of(counters: Mapping[str, str], limits: Mapping[str, int], settings: Settings) -> Iterator[Finding]:
    """What it is, and what it would drop."""
    version = counters.get("$SYS/broker/version", "")
    numbers = tuple(int(part) for part in version.removeprefix("mosquitto version ").split(".")[:3] if part.isdigit())
    if version.startswith("mosquitto") and len(numbers) == 3:
        yield judged(
            "broker", numbers >= GOOD_MOSQUITTO, version,
            "upgrade to 2.0.13 or later; until then never use $share, and keep broker.receive_maximum as it is",
            otherwise=Level.WARNING,
        )  # fmt: skip
    else:
        yield Finding(what="broker", level=Level.OK, found=version or "answers; it tells no $SYS counters")
    packet = limits.get("MaximumPacketSize")
    if packet is not None:
        yield judged(
            "packet size", packet > settings.collector.max_payload_bytes, f"{packet} bytes",
            f"set max_packet_size above {settings.collector.max_payload_bytes + 512}, or larger messages never arrive",
        )  # fmt: skip
    dropped = counters.get("$SYS/broker/publish/messages/dropped")
    if dropped is not None:
        yield judged(
            "dropped by the broker", dropped == "0", f"{dropped} messages since it started",
            "raise max_queued_messages; `district ledger` names what devices that count (seq) have lost",
        )  # fmt: skip


def anonymous(broker: Broker) -> Finding:
    """Whether somebody without a password gets in."""
    open_broker = broker.model_copy(update={"user": None, "password": None})
    try:
        listen_briefly(open_broker)
    except OSError as error:
        return Finding(what="access", level=Level.OK, found=f"nobody enters without a password ({error})")
    return bad("access", "anybody may connect without a password", "take the files of `district broker config`")


def listen_briefly(broker: Broker) -> None:
    """Connect and leave.

    Raises:
        OSError: the broker refuses us.
    """
    client = _client(broker, "district-doctor-nobody", protocol=MQTTProtocolVersion.MQTTv311)
    codes: list[bool] = []
    client.on_connect = lambda _client, _data, _flags, code, _properties: codes.append(bool(code.is_failure))
    client.connect(broker.host, broker.port, keepalive=30)
    end = time.monotonic() + 5
    while not codes and time.monotonic() < end:
        client.loop(0.1)
    client.disconnect()
    if not codes or codes[0]:
        raise OSError("refused" if codes else "no answer")


def access(broker: Broker) -> Finding:
    """Whether a client that knows a password may publish what no line of an ACL grants it.

    Raises:
        OSError: the broker went away.
    """
    client = _client(broker, "district-doctor-probe")
    answers: list[bool] = []

    def connected(*_: object) -> None:
        client.publish(PROBE, b"", 1)

    client.on_connect = connected
    client.on_publish = lambda _client, _data, _number, code, _properties: answers.append(bool(code.is_failure))
    client.connect(broker.host, broker.port, keepalive=30)
    end = time.monotonic() + LISTEN_S
    while not answers and time.monotonic() < end:
        client.loop(0.1)
    client.disconnect()
    if not answers:
        raise OSError("no answer to a message")
    return judged(
        "ACL", answers[0], "what is not granted is denied" if answers[0] else "whoever has a password may publish any topic",
        "take the files of `district broker config`: a gateway may then publish below its own id only",
        otherwise=Level.WARNING,
    )  # fmt: skip


def acl_file(file: Path, entries: Registry, routes: Sequence[RouteSpec], collector: str) -> Finding:
    """Whether the ACL file that Mosquitto's configuration names is the one of today's catalogue."""
    do = "run `district broker config FOLDER` and have Mosquitto read it (SIGHUP)"
    named = [line.split(None, 1)[1].strip() for line in _lines(file) if line.split()[0] == "acl_file" and " " in line]
    if not named:
        return Finding(what="ACL file", level=Level.WARNING, found=f"{file.name} names none", do=do)
    try:
        found = set(_grants(_lines(Path(named[-1]))))
    except OSError as error:
        return Finding(what="ACL file", level=Level.WARNING, found=f"cannot be read: {error}", do=do)
    wanted = set(_grants("\n".join(broker_config.acl(entries, routes, collector)).splitlines()))
    missing, more = sorted({user for user, _ in wanted - found}), sorted({user for user, _ in found - wanted})
    said = [
        f"grants of {', '.join(users)} {what}"
        for users, what in ((missing, "are missing"), (more, "are too many"))
        if users
    ]
    return judged("ACL file", not said, "; ".join(said) or "as the catalogue has it", do, otherwise=Level.WARNING)


def _grants(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(user, grant) of each line of an ACL file."""
    user = "everybody"
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        if word == "user":
            user = rest.strip()
        elif word and not word.startswith("#"):
            yield user, line.strip()


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def queue(rate: float, counters: Mapping[str, str], file: Path | None) -> Iterator[Finding]:
    """How long an outage the broker's queue survives at `rate` [messages/s]."""
    limit = configured(file)
    if limit is None:
        yield Finding(
            what="queue", level=Level.WARNING, found="its limit is not known; Mosquitto's own is 1,000 messages",
            do="give --broker-config mosquitto.conf; max_queued_messages should be the rate times the longest outage",
        )  # fmt: skip
    elif rate:
        queued = int(counters.get("$SYS/broker/store/messages/count", "0") or 0)
        left = survival_s(rate, limit, queued)
        yield judged(
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
