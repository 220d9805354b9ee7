"""Everything on one machine without root: services, a simulated district, and the way from its messages to points.

Stages, each named as it begins: services, catalogue, history over MQTT, roll-ups and figures, evidence and suggestions,
then the district live. At the end the account: what the broker acknowledged, what the ledger says, what happened.
"""

import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from district import migrate, state, truthful
from district.cli.collect import collector
from district.cli.ingest import show_ledger
from district.cli.scoring import show
from district.embedded import broker as brokers
from district.embedded import postgres
from district.embedded.broker import Broker
from district.embedded.ports import free_port
from district.embedded.postgres import Postgres
from district.settings import load
from district.supervisor import Program, Supervisor
from ingest import catalogue, ledger, seal
from metrics import refresh
from scoring import assessment as assessments
from scoring import evidence
from scoring.store import items
from simulators.backlog import backlog
from simulators.demo import demo as simulated
from simulators.live import live
from simulators.publish import Broker as Address
from simulators.publish import Gateways
from simulators.truth import truth
from simulators.world import World

DISTRICT = "lakeside-demo"
HISTORY = timedelta(days=35)
#: The seed of the district everybody sees.
SEED = 1
#: What the catalogue's file is called in the package `simulators`.
CATALOGUE = "demo_district.yaml"
ITEMS = ("2.2.2.1", "2.2.5.1", "2.2.5.2")


class DemoError(Exception):
    """The demo could not go on; what to do is in the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What runs under the demo."""

    postgres: Postgres
    broker: Broker
    supervisor: Supervisor
    environment: Mapping[str, str]
    http: str

    @property
    def database(self) -> str:
        """Address of the demo's database."""
        return self.postgres.dsn()


class Demo:
    """One run of the demo."""

    def __init__(self, console: Console, *, stop: threading.Event, broker: brokers.Kind | None = None) -> None:
        self.console = console
        self.stop = stop
        self.broker = broker
        self.world: World = simulated(SEED)
        #: messages received by earlier runs on the same data
        self.before = 0

    def run(self, for_s: int | None) -> bool:
        """All stages; True: everything balances and what was derived is what happened."""
        with self._services() as services:
            started = time.monotonic()
            since = self._catalogue(services)
            names = {d.gateway for d in self.world.devices.values()}
            with Gateways(self._address(services.broker), names, receipts_of=DISTRICT) as gateways:
                live_from = self._history(services, gateways, since)
                if self.stop.is_set():
                    return True
                self._derive(services)
                self._serve(services)
                self.console.print(
                    f"\nFrom the start of the services to this table: {time.monotonic() - started:.0f} s\n"
                )
                self._show(services)
                self._live(gateways, live_from, for_s)
                acknowledged = self._acknowledged(gateways)
            return self._account(services, acknowledged, final=for_s is not None)

    @contextmanager
    def _services(self) -> Iterator[Services]:
        folder = state.prepare()
        self._stage(f"services, in {folder} (make demo-clean removes it)")
        server = postgres.start(folder / "postgresql", port=_remembered(folder / "postgres.port"))
        broker = None
        supervisor = Supervisor()
        try:
            broker = brokers.start(folder / "broker", port=_remembered(folder / "broker.port"), kind=self.broker)
            _remember(folder / "postgres.port", server.port)
            _remember(folder / "broker.port", broker.port)
            self.console.print(
                f"  PostgreSQL {server.version} on port {server.port}, {_described(broker)} on port {broker.port}"
            )
            _create_database(server)
            migrate.migrate(server.dsn())
            port = free_port(8080)
            environment = {**_environment(server, broker, port), "DISTRICT_QUARANTINE_PUBLIC_KEY": _public_key(folder)}
            yield Services(
                postgres=server,
                broker=broker,
                supervisor=supervisor,
                environment=environment,
                http=f"http://127.0.0.1:{port}",
            )
        finally:
            supervisor.stop()
            if broker is not None:
                broker.stop()
            server.stop()

    def _catalogue(self, services: Services) -> datetime:
        """Apply the catalogue; returns from when on history is wanted."""
        self._stage("catalogue")
        now = datetime.now(UTC)
        with psycopg.connect(services.database) as connection:
            with resources.as_file(resources.files("simulators").joinpath(CATALOGUE)) as file:
                catalogue.apply(connection, file, now=now, who="demo")
            row = connection.execute("SELECT max(time) FROM ingest.reading").fetchone()
        self.before = _received(services.database)
        last = row[0] if row else None
        devices = self.world.devices.values()
        self.console.print(
            f"  {DISTRICT}: {len(self.world.devices)} devices behind {len({d.gateway for d in devices})} gateways"
        )
        # From here on the broker keeps messages for the collector, however long its process takes to start.
        settings = load(None, services.environment)
        session = collector(settings).receiver
        session.connect()
        session.close()
        services.supervisor.add(self._program(services, "collect"))
        # The slowest device may not have spoken since its last report: what it repeats is a duplicate.
        return max(now - HISTORY, last - timedelta(hours=1)) if last else now - HISTORY

    def _history(self, services: Services, gateways: Gateways, since: datetime) -> int:
        """Send the past as a gateway's backlog and wait until it is stored; returns where the present begins."""
        now = int(time.time())
        start = int(since.timestamp())
        self._stage(f"{_stretch(now - start)} of history over MQTT, in arrays as a gateway would send its backlog")
        with self._bar("  hours sent") as (bar, task):
            bar.update(task, total=(now - start) // 3600)
            gateways.publish_all(
                backlog(self.world, start, now),
                progress=lambda message: bar.update(task, completed=max(0, message.sent // 1000 - start) // 3600),
                stop=self.stop,
            )
            if not gateways.drain():
                raise DemoError("the broker did not acknowledge everything; see broker.log in the state folder")
        sent = sum(account.acknowledged_messages for account in gateways.accounts.values())
        with self._bar("  messages stored") as (bar, task):
            bar.update(task, total=sent)
            while (done := _received(services.database) - self.before) < sent and not self.stop.is_set():
                bar.update(task, completed=done)
                self.stop.wait(0.2)
            bar.update(task, completed=min(done, sent))
        return now

    def _derive(self, services: Services) -> None:
        self._stage("roll-ups and figures of every closed hour and day")
        with psycopg.connect(services.database, autocommit=True) as connection:
            with self._bar("  datastream hours") as (bar, hours):
                days = bar.add_task("  days of figures", total=None)
                tasks = {refresh.Step.ROLL_UPS: hours, refresh.Step.FIGURES: days}

                def progress(step: refresh.Step, done: int, waiting: int) -> None:
                    bar.update(tasks[step], completed=done, total=done + waiting)

                refresh.refresh(connection, datetime.now(UTC), progress=progress)
            self._stage("evidence and suggested points")
            evidence.assess(connection, DISTRICT, datetime.now(UTC))
        services.supervisor.add(self._program(services, "refresh"))
        services.supervisor.add(self._program(services, "scoring", "follow"))

    def _serve(self, services: Services) -> None:
        services.supervisor.add(self._program(services, "serve"))
        end = time.monotonic() + 30
        while not self.stop.is_set():
            try:
                with urllib.request.urlopen(  # noqa: S310 - our own service on loopback
                    f"{services.http}/readyz", timeout=3
                ):
                    return
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > end:
                    raise DemoError("the HTTP service did not start within 30 s") from None
            self.stop.wait(0.1)

    def _show(self, services: Services) -> None:
        address = services.http
        self.console.print(
            f"Pages    {address}/", f"API      {address}/docs", f"Metrics  {address}/prometheus", sep="\n"
        )
        with psycopg.connect(services.database) as connection:
            self.console.print()
            show_ledger(ledger.read(connection, DISTRICT), by_hour=False)
            self.console.print(
                "\nSimulated data of a demo district: these points never enter a real form.\n", style="bold"
            )
            assessment = assessments.current(assessments.of_district(connection, DISTRICT), datetime.now(UTC))
            show([body for body in items(connection, DISTRICT, assessment) if body.code in ITEMS])

    def _live(self, gateways: Gateways, since: int, for_s: int | None) -> None:
        self._stage("live" + (f" for {for_s} s" if for_s else ", until Ctrl-C"))
        over = threading.Event()

        def stopped() -> None:
            self.stop.wait()
            over.set()

        threading.Thread(target=stopped, daemon=True).start()
        limit: list[threading.Timer] = []

        def seen(_: object) -> None:
            if for_s and not limit:
                limit.append(threading.Timer(for_s, over.set))
                limit[0].start()

        gateways.publish_all(live(self.world, since, stop=over), progress=seen, stop=over)
        for timer in limit:
            timer.cancel()

    def _acknowledged(self, gateways: Gateways) -> int:
        gateways.drain()
        if not gateways.confirm():
            raise DemoError("some messages have no receipt: the collector says above what it waits for")
        return sum(account.acknowledged_messages for account in gateways.accounts.values())

    def _account(self, services: Services, acknowledged: int, *, final: bool) -> bool:
        """Whether everything that was acknowledged is accounted for, and what was derived is what happened."""
        self._stage("account")
        end = time.monotonic() + 30
        while (received := _received(services.database) - self.before) < acknowledged and time.monotonic() < end:
            time.sleep(0.1)
        with psycopg.connect(services.database, autocommit=True) as connection:
            show_ledger(ledger.read(connection, DISTRICT), by_hour=False)
            problems = list(ledger.check(connection))
            if received < acknowledged:
                problems.append(f"the broker acknowledged {acknowledged} messages, {received} were received")
            if final:
                compared, found = self._compare(connection)
                problems += found[:20]
                self.console.print(f"  {compared:,} figures compared with what happened: {len(found)} differ")
        for problem in problems:
            self.console.print(f"  {problem}", style="red")
        if not problems:
            self.console.print(f"  {acknowledged:,} messages acknowledged, all accounted for; the ledger balances")
        return not problems

    def _compare(self, connection: psycopg.Connection) -> tuple[int, list[str]]:
        row = connection.execute("SELECT min(hour), max(hour) FROM metrics.hour").fetchone()
        assert row is not None
        first, last = row
        found = truth(self.world, int(first.timestamp()) + 3600, int(last.timestamp()) + 3600)
        truths = [figure for figure in found if figure.grain != "window"]
        return len(truths), list(truthful.differences(connection, DISTRICT, truths))

    def _program(self, services: Services, *verbs: str) -> Program:
        return Program(
            name=verbs[-1], command=[sys.executable, "-m", "district", *verbs], environment=services.environment
        )

    def _address(self, broker: Broker) -> Address:
        return Address(host=broker.host, port=broker.port, user=broker.user, password=broker.password)

    def _stage(self, text: str) -> None:
        self.console.print(f"[bold]>[/] {text}")

    @contextmanager
    def _bar(self, text: str) -> Iterator[tuple[Progress, TaskID]]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as bar:
            yield bar, bar.add_task(text, total=None)


def _described(broker: Broker) -> str:
    if broker.kind == "mosquitto":
        return "Mosquitto"
    return (
        "amqtt from pip (MQTT 3.1.1; no Mosquitto on the PATH. It is slower, keeps nothing over a restart, and loses what a"
        " killed collector had not acknowledged: for this demo only)"
    )


def _stretch(seconds: int) -> str:
    """How long, in a unit that leaves something to read: a second start has only the time since the first to send.

    >>> _stretch(35 * 86_400), _stretch(7_380), _stretch(900)
    ('35.0 days', '2.0 hours', '15 minutes')
    """
    if seconds >= 2 * 86_400:
        return f"{seconds / 86_400:.1f} days"
    return f"{seconds / 3600:.1f} hours" if seconds >= 2 * 3600 else f"{seconds // 60} minutes"


def _environment(server: Postgres, broker: Broker, port: int) -> Mapping[str, str]:
    return {
        "DISTRICT_DATABASE_URL": server.dsn(),
        "DISTRICT_BROKER_HOST": broker.host,
        "DISTRICT_BROKER_PORT": str(broker.port),
        "DISTRICT_BROKER_USER": broker.user,
        "DISTRICT_BROKER_PASSWORD": broker.password,
        "DISTRICT_BROKER_RECEIVER": broker.receiver,
        "DISTRICT_HTTP_PORT": str(port),
    }


def _public_key(folder: Path) -> str:
    """What bad messages are sealed to; the private key beside it is for this demo only."""
    private, public = folder / "quarantine.key", folder / "quarantine.public"
    if not public.exists():
        made = seal.pair()
        private.touch(0o600)
        private.write_text(f"{made.private}\n", encoding="ascii")
        public.write_text(f"{made.public}\n", encoding="ascii")
    return public.read_text(encoding="ascii").strip()


def _create_database(server: Postgres) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'district'").fetchone() is None:
            connection.execute("CREATE DATABASE district")


def _received(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT coalesce(sum(received), 0)::int8 FROM ingest.batch WHERE NOT transfer"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _remembered(file: Path) -> int | None:
    return int(file.read_text(encoding="ascii")) if file.exists() else None


def _remember(file: Path, port: int) -> None:
    file.write_text(str(port), encoding="ascii")


def clean() -> Path:
    """Remove the demo's state; a demo that still runs is told apart by its server's pid."""
    folder = state.folder()
    pid_file = folder / "postgresql" / "data" / "postmaster.pid"
    if pid_file.exists() and Path(f"/proc/{pid_file.read_text(encoding='ascii').splitlines()[0]}").exists():
        raise DemoError(f"a demo runs on {folder}; stop it with Ctrl-C first")
    return state.clean()
