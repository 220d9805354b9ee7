"""`district ledger` and `district export`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from district.cli.windows import instant
from district.settings import current
from ingest import frame, sequences
from ingest import ledger as account

#: Holes in the counting of devices that are printed.
HOLES_SHOWN = 20


def ledger(
    check: Annotated[bool, typer.Option("--check", help="Recount from the tables; exit 1 where they differ.")] = False,
    district: Annotated[str | None, typer.Option(help="Only this district.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="First hour of arrival.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="End of the window.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show where every message and reading ended, per gateway, feed and hour of arrival."""
    with psycopg.connect(current().database.url) as connection:
        lines = account.read(connection, district, instant(start), instant(end))
        problems = list(account.check(connection)) if check else []
        holes = sequences.holes(connection, district)
    if json:
        document = {"lines": [asdict(line) for line in lines], "total": asdict(account.total(lines))}
        document["never_arrived"] = [hole._asdict() for hole in holes]
        typer.echo(orjson.dumps({**document, "problems": problems} if check else document).decode())
    else:
        show_ledger(lines)
        for hole in holes[:HOLES_SHOWN]:
            typer.echo(
                f"never arrived: {hole.district}/{hole.device}, boot {hole.boot}, seq {hole.first} to {hole.last}"
                f" ({hole.last - hole.first + 1} objects)"
            )
        if len(holes) > HOLES_SHOWN:
            typer.echo(f"... and {len(holes) - HOLES_SHOWN} more holes: see --json")
        for problem in problems:
            typer.echo(problem)
        if check and not problems:
            typer.echo("the ledger balances")
    raise typer.Exit(1 if problems else 0)


def show_ledger(lines: list[account.Entry], *, by_hour: bool = True) -> None:
    """Print the ledger as two tables: messages and readings."""
    if not by_hour:
        lines = account.by_feed(lines)
    keys = ("hour", "gateway", "feed", "entry") if by_hour else ("gateway", "feed", "entry")
    messages = ("received", "stored", "partly_stored", "duplicate", "conflict", "no_measurement", "quarantined")
    readings = ("readings_decoded", "readings_stored", "readings_duplicate", "readings_conflict", "readings_not_stored")
    for title, names in (("Messages", messages), ("Readings", readings)):
        table = Table(title=title, title_justify="left", header_style="bold")
        for key in keys:
            table.add_column(key)
        for name in names:
            table.add_column(name.removeprefix("readings_").replace("_", " "), justify="right")
        for line in lines:
            values = [f"{line.hour:%Y-%m-%d %H:%MZ}" if key == "hour" else str(getattr(line, key)) for key in keys]
            table.add_row(*values, *(f"{getattr(line, name):,}" for name in names))
        whole = account.total(lines)
        table.add_section()
        table.add_row("total", *[""] * (len(keys) - 1), *(f"{getattr(whole, name):,}" for name in names), style="bold")
        Console().print(table)


def export(
    district: Annotated[str, typer.Option(help="District.")],
    start: Annotated[str, typer.Option("--from", help="First instant, or date in UTC.")],
    end: Annotated[str, typer.Option("--to", help="End of the window.")],
    output: Annotated[Path, typer.Argument(help="File to write.")],
    feed: Annotated[str | None, typer.Option(help="Only this feed.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "csv",
    zone: Annotated[str, typer.Option(help="Zone of the times written.")] = "UTC",
) -> None:
    """Write readings in force to a file."""
    if form not in {"csv", "parquet"}:
        raise typer.BadParameter(f"--format: expected csv or parquet, got {form!r}")
    first, last = instant(start), instant(end)
    assert first is not None
    assert last is not None
    with psycopg.connect(current().database.url) as connection:
        table = frame.frame(connection, district, first, last, feed=feed, zone=zone)
    frame.export(table, output, form)
    typer.echo(f"{len(table):,} readings in {output}")
