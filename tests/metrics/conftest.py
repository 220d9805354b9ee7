"""Databases that a module's tests only read, filled once."""

import os
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.conftest import SERVER, TEMPLATE
from tests.metrics.full_town import full_town
from tests.metrics.town import Town


@pytest.fixture(scope="session")
def full_database() -> Iterator[str]:
    """Address of a database with a district in which every metric has something to say."""
    server = os.environ[SERVER]
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    address = psycopg.conninfo.make_conninfo(server, dbname=name)
    with psycopg.connect(address) as connection:
        full_town(connection)
    yield address
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def full(full_database: str) -> Iterator[Town]:
    """That district; what a test writes is taken back."""
    with psycopg.connect(full_database) as connection:
        yield Town.known(connection)
        connection.rollback()
