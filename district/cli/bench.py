"""`district bench`: how fast this machine is."""

import json
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from district import bench, bench_decode, bench_query

#: Where the cases stand in a checkout.
CASES = Path("tests/ingest/formats/cases")

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Measurements of this machine; nothing outside a temporary folder is touched."""


@app.command()
def ingest(
    values: Annotated[int, typer.Option(help="Values a message: 1, 2 or 20.")] = 2,
    messages: Annotated[int, typer.Option(help="Messages in the backlog.", min=1)] = 200_000,
    rounds: Annotated[int, typer.Option(help="Fresh runs; the medians are printed last.", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a run.")] = False,
) -> None:
    """Drain a broker's backlog into the database, beside a bare COPY of the same rows."""
    results = []
    for _ in range(rounds):
        result = bench.ingest(values, messages)
        results.append(result)
        typer.echo(json.dumps(asdict(result)) if as_json else described(result))
    if rounds > 1 and not as_json:
        rate, ratio = (
            statistics.median(column) for column in zip(*((r.readings_per_s, r.ratio) for r in results), strict=True)
        )
        typer.echo(f"median of {rounds}: {rate:,.0f} readings/s, {ratio:.2f} of bare COPY")


def described(result: bench.Result) -> str:
    """A result as a line."""
    return (
        f"{result.messages:,} messages of {result.values}: {result.readings_per_s:,.0f} readings/s committed, "
        f"bare COPY {result.copy_rows_per_s:,.0f} rows/s, ratio {result.ratio:.2f}; "
        f"collector {result.cpu_us_per_reading:.1f} us a reading, {result.memory_mb:.0f} MB at most"
    )


@app.command()
def decode(
    cases: Annotated[Path, typer.Option(help="Folder of cases: <format>/<case>/{topic,payload}.")] = CASES,
    seconds: Annotated[float, typer.Option(help="How long each format is measured.", min=0.01)] = 1.0,
) -> None:
    """Decode messages of every foreign format over and over, with their profiles, in one process."""
    for rate in bench_decode.rates(cases, seconds):
        typer.echo(f"{rate.format:22} {rate.messages_per_s:>10,.0f} messages/s ({rate.cases} cases)")


@app.command()
def query(
    devices: Annotated[int, typer.Option(help="Registered devices.", min=5)] = 10_000,
    days: Annotated[int, typer.Option(help="Days of rolled-up history.", min=31)] = 90,
    interval: Annotated[int, typer.Option(help="Seconds between two readings of a device.", min=1, max=3600)] = 10,
    database: Annotated[
        str, typer.Option(help="A server to make a database on, and drop it; else an embedded one.")
    ] = "",
) -> None:
    """Ask of a large district what people ask, beside a bare SELECT over the same rows. Takes minutes and gigabytes."""
    for answer in bench_query.query(devices, days, interval, database or None):
        goal = "" if answer.goal_s is None else f"   (goal with 10,000 devices: {answer.goal_s:g} s)"
        typer.echo(f"{answer.question:52} {answer.seconds:9.3f} s{goal}")
