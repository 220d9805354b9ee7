"""The pages of a seeded district, served on a loopback port."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

from district.pages.routes import router
from tests.district.pages.seed import seed


@pytest.fixture
def site(database: str) -> Iterator[str]:
    """Address of the pages of the demo district."""
    with psycopg.connect(database) as connection:
        seed(connection, datetime.now(UTC))
    with ConnectionPool(database, min_size=1, max_size=3, open=True) as pool:
        app = FastAPI()
        app.include_router(router(pool))
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            deadline = time.monotonic() + 20
            while not server.started and time.monotonic() < deadline:
                thread.join(0.02)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.should_exit = True
            thread.join(20)
