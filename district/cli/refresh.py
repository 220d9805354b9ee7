"""`district refresh`: roll-ups and figures in step with the readings."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from district.settings import current
from metrics import refresh as roll_ups


def refresh(
    once: Annotated[bool, typer.Option("--once", help="Look once, then end.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Compute all roll-ups and figures anew, then end.")
    ] = False,
) -> None:
    """Recompute the hours that new, late or corrected readings reach, until SIGTERM."""
    settings = current()
    grace = timedelta(seconds=settings.refresh.grace_s)
    if once or rebuild:
        with psycopg.connect(settings.database.url) as connection, _bar() as progress:
            function = roll_ups.rebuild if rebuild else roll_ups.refresh
            result = function(connection, datetime.now(UTC), grace=grace, progress=progress)
        typer.echo(f"hours up to {result.cutoff:%Y-%m-%d %H:%M} UTC: {result.changed} rows changed")
        return
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    roll_ups.run(settings.database.url, stop, every=timedelta(seconds=settings.refresh.every_s), grace=grace)


@contextmanager
def _bar() -> Iterator[roll_ups.Progress]:
    """Bars over (datastream, hour) pairs and days of figures on standard error, at a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {step: bar.add_task(step.value, total=None) for step in roll_ups.Step}
        yield lambda step, done, waiting: bar.update(tasks[step], completed=done, total=done + waiting)
