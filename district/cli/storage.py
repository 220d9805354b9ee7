"""`district storage`: in which pieces readings are kept, and the upkeep of them."""

import signal
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Event
from typing import Annotated

import orjson
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from district import upkeep
from district.settings import current
from ingest import storage

app = typer.Typer(no_args_is_help=True)


@app.command()
def status(json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Show the partitions or chunks of the readings."""
    with psycopg.connect(current().database.url) as connection:
        connection.execute("SET timezone = 'UTC'")
        pieces = storage.pieces(connection)
    if json:
        typer.echo(orjson.dumps([asdict(piece) for piece in pieces]).decode())
        return
    table = Table(header_style="bold")
    for name in ("piece", "from", "to", "compressed", "MB"):
        table.add_column(name, justify="right" if name == "MB" else "left")
    for piece in pieces:
        mark = "yes" if piece.compressed else ""
        table.add_row(
            piece.name.rpartition(".")[2],
            f"{piece.time_from:%Y-%m-%d}",
            f"{piece.time_to:%Y-%m-%d}",
            mark,
            f"{piece.bytes / 1e6:.1f}",
        )
    Console().print(table)


@app.command()
def keep(once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False) -> None:
    """Make room ahead, compress old readings and drop older ones as the settings say, until SIGTERM.

    What open evidence cites is never dropped: `district scoring close` ends that.
    """
    settings = current()
    if not once:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        upkeep.run(settings.database.url, settings.storage, stop)
        return
    with psycopg.connect(settings.database.url) as connection:
        done = upkeep.keep(connection, settings.storage, datetime.now(UTC))
    for piece in done.compressed:
        typer.echo(f"compressed {piece.name}")
    for gone in done.dropped:
        typer.echo(f"dropped {gone.piece.name}: {gone.readings} readings")
    for kept in done.kept:
        typer.echo(f"kept {kept.piece.name}: {kept.why}")
    if not (done.compressed or done.dropped or done.kept):
        typer.echo("nothing to do")
