"""Figures beside roll-ups: days that are settled are computed on a second connection while later hours are rolled up.

The server works for both connections at once, and while one waits for Python the other does not.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Self

import psycopg
from psycopg import Connection, IsolationLevel

from metrics import values


class Beside:
    """The figures of one refresh; its connection is opened when there is enough to do for two."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        """`connection`: of the refresh itself; `now`: the present, UTC."""
        self._main = connection
        self._now = now
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="figures")
        self._second: Connection | None = None
        self._running: Future[int] | None = None
        self._days = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None and self._second is not None:
            self._second.cancel_safe()
        self._pool.shutdown()
        if self._second is not None:
            self._second.close()

    def go_on(self) -> None:
        """Computes days that no later roll-up is expected to reach, if none is being computed; does not wait."""
        if self._running is not None and not self._running.done():
            return
        self._collect()
        if self._second is None:
            info = self._main.info
            self._second = psycopg.connect(info.dsn, password=info.password, application_name="district figures")
            self._second.isolation_level = IsolationLevel.REPEATABLE_READ
        self._running = self._pool.submit(_settled, self._second, self._now)

    def finish(self, progress: Callable[[int, int], None]) -> None:
        """Computes all that is due; told are the days done and waiting."""
        self._collect()
        while True:
            progress(self._days, values.waiting(self._main))
            days = _stretch(self._main, self._now, settled=False)
            if not days:
                break
            self._days += days

    def _collect(self) -> None:
        """Waits for the second connection; what went wrong there goes wrong here."""
        if self._running is not None:
            self._days += self._running.result()
            self._running = None


def _settled(connection: Connection, now: datetime) -> int:
    """Computes what is settled; returns how many days."""
    found = 0
    while days := _stretch(connection, now, settled=True):
        found += days
    return found


def _stretch(connection: Connection, now: datetime, *, settled: bool) -> int:
    """Computes one stretch of days; returns how many they are."""
    with connection.transaction():
        connection.execute("SET LOCAL timezone = 'UTC'; SET LOCAL jit = off; SET LOCAL work_mem = '128MB'")
        stretch = values.oldest(connection, settled=settled)
        if stretch is None:
            return 0
        values.compute(connection, stretch, now)
    return len(stretch.days)
