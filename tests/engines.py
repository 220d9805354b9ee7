"""The servers that the schema must hold on: PostgreSQL 15, 16 and 18, and TimescaleDB where an address is given."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from district.embedded import postgres
from tests.conftest import FAST, SERVER

#: Debian's package postgresql-15.
DEBIAN = Path("/usr/lib/postgresql/15/bin")
#: Address of a TimescaleDB whose user may create databases.
TIMESCALE = "DISTRICT_TEST_TIMESCALE_DSN"

#: For `pytest.mark.parametrize`: every engine, TimescaleDB under its marker.
PLAIN = ("15", "16", "18")
ALL = (*PLAIN, pytest.param("timescaledb", marks=pytest.mark.timescaledb))


@contextmanager
def running(engine: str, folder: Path) -> Iterator[str]:
    """The address of a server, database `postgres`; what was started for it is stopped.

    Args:
        engine: 15, 16, 18 or timescaledb.
        folder: where a server of our own lives; the unprivileged user must be able to pass.
    """
    if engine == "timescaledb":
        address = os.environ.get(TIMESCALE)
        if not address:
            pytest.skip(f"{TIMESCALE} names no TimescaleDB")
        yield address
    elif engine == "18":
        yield os.environ[SERVER]
    else:
        if engine == "15" and not DEBIAN.is_dir() and os.environ.get("CI") != "true":
            pytest.skip(f"{DEBIAN} is missing: apt-get install postgresql-15")
        binaries = DEBIAN if engine == "15" else postgres.wheel_binaries(int(engine))
        server = postgres.start(folder, binaries=binaries, options=FAST)
        try:
            yield server.dsn("postgres")
        finally:
            server.stop("immediate")


@contextmanager
def empty_database(server: str, zone: str = "UTC") -> Iterator[str]:
    """The address of a new, empty database whose sessions begin in `zone`."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        connection.execute(f"ALTER DATABASE {name} SET timezone = '{zone}'".encode())
    try:
        yield psycopg.conninfo.make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
