"""What is wrong with an installation, or will be in the next outage, and what to change."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.errors import UndefinedColumn, UndefinedTable

from district.cli.collect import routes
from district.doctor import broker, database
from district.doctor.finding import Finding, Level, bad
from district.settings import Settings
from ingest import registry
from ingest.receiver import ReceiverError

__all__ = ["Finding", "Level", "examine"]


def examine(settings: Settings, broker_file: Path | None = None) -> Iterator[Finding]:
    """Everything that was looked at, in the order of a message's way; `broker_file`: Mosquitto's configuration, if at hand."""
    yield from broker.session(settings)
    counters: Mapping[str, str] = {}
    try:
        counters, answer = broker.listen(settings.broker)
        yield from broker.limits_of(counters, answer, settings)
        yield broker.anonymous(settings.broker)
        yield broker.access(settings.broker)
    except OSError as error:
        yield bad("broker", f"no connection: {error}", _advice(error, settings))
    except ReceiverError as error:
        yield bad("broker", str(error), "correct the files in broker.tls")
    try:
        with psycopg.connect(settings.database.url, connect_timeout=5) as connection:
            yield database.migrations(connection)
            row = database.facts(connection)
            yield from broker.queue(database.number(row, "rate"), counters, broker_file)
            yield from database.settings_of(row)
            yield from database.work(row, counters)
            now = datetime.now(UTC)
            yield from database.jobs_done(connection, now, settings.storage.every_s)
            yield from database.devices(connection, now)
            if broker_file is not None:
                collector = settings.broker.user or "collector"
                yield broker.acl_file(broker_file, registry.load(connection), routes(settings), collector)
    except psycopg.OperationalError as error:
        yield bad("database", str(error).strip().splitlines()[0], "start it, or set DISTRICT_DATABASE_URL")
    except (UndefinedTable, UndefinedColumn):
        yield bad("database", "the schema is not that of this version", "run `district migrate`")


def _advice(error: OSError, settings: Settings) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "name the authority that signed its certificate in broker.tls.ca_file, and the name in it as broker.host"
    if isinstance(error, ssl.SSLError):
        return "correct broker.port: what answers there speaks no TLS"
    if not settings.broker.tls.enabled and isinstance(error, ConnectionResetError):
        return "set broker.tls.enabled, if it speaks TLS"
    return "start it, or correct broker.host and broker.port"
