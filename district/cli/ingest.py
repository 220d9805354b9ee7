"""`district ledger`, `district quarantine` and `district export`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from district.cli.collect import routes
from district.cli.windows import instant
from district.settings import current
from ingest import frame
from ingest import ledger as account
from ingest import quarantine as waiting
from ingest.formats.clock import Clock

quarantine = typer.Typer(no_args_is_help=True)


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
    if json:
        document = {"lines": [asdict(line) for line in lines], "total": asdict(account.total(lines))}
        typer.echo(orjson.dumps({**document, "problems": problems} if check else document).decode())
    else:
        show_ledger(lines)
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


@quarantine.command("list")
def list_(
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    gateway: Annotated[str | None, typer.Option(help="Only this gateway.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Replayed ones too.")] = False,
    limit: Annotated[int, typer.Option(help="At most this many.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what waits, oldest first, after the counts by reason."""
    with psycopg.connect(current().database.url) as connection:
        totals = waiting.counts(connection)
        rows = waiting.find(connection, reason=reason, gateway=gateway, waiting=not everything, limit=limit)
    if not json:
        typer.echo(", ".join(f"{name}: {count:,}" for name, count in totals.items()) or "nothing waits")
    for row in rows:
        topic = row.topic.decode("utf-8", "replace")
        if json:
            document = {**asdict(row), "topic": topic, "body": None}
            typer.echo(orjson.dumps(document).decode())
        else:
            where = "" if row.part is None else f" [{row.part}]"
            typer.echo(
                f"{row.id:>8}  {row.received_at:%Y-%m-%d %H:%M:%SZ}  {row.reason:<16} {topic}{where}: {row.detail}"
            )


@quarantine.command()
def show(number: Annotated[int, typer.Argument(help="Number from `quarantine list`.")]) -> None:
    """Show one message: topic, reason, and its bytes as they came."""
    with psycopg.connect(current().database.url) as connection:
        rows = waiting.find(connection, ids=[number], waiting=False)
    if not rows:
        raise typer.BadParameter(f"no message {number} in quarantine; see `district quarantine list`")
    row = rows[0]
    typer.echo(f"topic     {row.topic.decode('utf-8', 'replace')}")
    typer.echo(f"received  {row.received_at.isoformat()}")
    typer.echo(f"reason    {row.reason}: {row.detail}")
    typer.echo(f"outcome   {row.outcome or 'waits'}")
    typer.echo(f"part      {'whole message' if row.part is None else row.part}; {row.bytes} bytes")
    typer.echo((row.body or b"").decode("utf-8", "backslashreplace"))


@quarantine.command()
def replay(
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Numbers from `quarantine list`; none: all that wait.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    gateway: Annotated[str | None, typer.Option(help="Only this gateway.")] = None,
) -> None:
    """Decode and store again under today's catalogue; what is refused again stays."""
    settings = current()
    with psycopg.connect(settings.database.url) as connection:
        chosen = waiting.find(connection, ids=numbers or None, reason=reason, gateway=gateway)
        done = waiting.replay(
            connection, chosen, routes=routes(settings), max_payload_bytes=settings.collector.max_payload_bytes,
            clock=Clock(settings.collector.clock_ahead_s, settings.collector.clock_behind_s),
        )  # fmt: skip
    typer.echo(f"{done.replayed} replayed, {done.refused_again} refused again")


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
