"""The whole service over a database of its own, on a loopback port."""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

import httpx
import psycopg
import uvicorn
from fastapi import FastAPI

from district.access import keys, people
from district.access.roles import Role
from district.http import application
from district.settings import Settings
from tests.conftest import SERVER, TEMPLATE

PASSWORD = "a ladder, a lake and a lamp"
#: What makes a request one from another machine: the proxy on this one says so.
ELSEWHERE = {"X-Forwarded-For": "192.0.2.7"}


@contextmanager
def fresh() -> Iterator[str]:
    """Address of a migrated database for more than one test."""
    server, name = os.environ[SERVER], f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield psycopg.conninfo.make_conninfo(server, dbname=name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of an application that runs as it does in production."""
    # With its protocol named, or asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for an acknowledgement.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(0.01)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(20)


@contextmanager
def served(database: str, **http: object) -> Iterator[httpx.Client]:
    """A client of the service; keywords: settings of `http`."""
    with running(application(database, Settings.model_validate({"http": http}))) as client:
        yield client


def key(database: str, roles: Mapping[str, Role]) -> Mapping[str, str]:
    """The header of a new key."""
    with psycopg.connect(database) as connection:
        return {"Authorization": f"Bearer {keys.create(connection, 'test', roles, who='test')}"}


def person(database: str, roles: Mapping[str, Role], number: str = "wang.fang", name: str = "Wang Fang") -> None:
    """A new account with PASSWORD."""
    with psycopg.connect(database) as connection:
        people.add(connection, number, name, PASSWORD, roles, who="test")
