"""One PostgreSQL for a test run; every test that asks for `database` gets a fresh copy of a migrated template."""

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import HealthCheck, settings

from district import migrate
from district.embedded import postgres

#: Address of the run's server (database `postgres`). Set before the run, it names a server of the caller's own.
SERVER = "DISTRICT_TEST_DSN"
TEMPLATE = "district_template"
#: No test of this server's pulls the plug; those that do start a server of their own with the usual settings.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "120"}

# Same examples in every run; a shared machine may be slow without anything being wrong.
settings.register_profile("district", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("district")

#: Memory as a folder: where it is large enough, a copy of the template takes a hundredth of the time.
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 4 << 30

_started = pytest.StashKey[tuple[postgres.Postgres, Path]]()


def _folder() -> Path:
    """A folder of this run's that the unprivileged user of a server may pass."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED
    folder = Path(tempfile.mkdtemp(prefix="district-test-", dir=MEMORY if roomy else None))
    folder.chmod(0o755)
    return folder


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start PostgreSQL once, in the controlling process; workers find it in their environment."""
    if hasattr(session.config, "workerinput") or os.environ.get(SERVER):
        return
    folder = _folder()
    server = postgres.start(folder / "postgresql", options=FAST)
    session.config.stash[_started] = server, folder
    os.environ[SERVER] = server.dsn("postgres")
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate.migrate(server.dsn(TEMPLATE))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop what `pytest_sessionstart` started."""
    started = session.config.stash.get(_started, None)
    if started:
        server, folder = started
        server.stop("immediate")
        shutil.rmtree(folder)
        del os.environ[SERVER]


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print how long each folder took: set-up, call and tear-down of its tests, added over all workers."""
    spent: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                spent["/".join(report.nodeid.split("::")[0].split("/")[:2])] += report.duration
    terminalreporter.section("seconds per folder")
    for folder, seconds in sorted(spent.items()):
        terminalreporter.write_line(f"{seconds:8.1f}  {folder}")


@pytest.fixture
def database() -> Iterator[str]:
    """Address of a fresh, migrated database."""
    server = os.environ[SERVER]
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield psycopg.conninfo.make_conninfo(server, dbname=name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    """A connection to a fresh, migrated database; one transaction at a time, committed by the test."""
    with psycopg.connect(database) as connected:
        yield connected


@pytest.fixture(scope="module")
def passable() -> Iterator[Path]:
    """A folder that the unprivileged user of a PostgreSQL of a test's own may pass; pytest's own are closed to others."""
    folder = _folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the payload corpus and the data sets; tests that use it are marked `corpus`."""
    folder = Path(os.environ.get("DISTRICT_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing: set DISTRICT_SHARED to the folder with payloads and datasets")
    return folder
