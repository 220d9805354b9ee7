"""`district conflicts`: readings that contradict stored ones, and what people decide about them."""

import getpass
from dataclasses import asdict
from datetime import UTC
from typing import Annotated

import orjson
import psycopg
import typer

from district.settings import current
from ingest.conflicts import Conflict, Resolution, conflicts
from ingest.conflicts import resolve as decide

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    district: Annotated[str | None, typer.Option(help="Only this district.")] = None,
    device: Annotated[str | None, typer.Option(help="Only this device.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    limit: Annotated[int, typer.Option(help="At most this many.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show contradictions that wait for a decision, oldest first; the first value is in force until then."""
    with psycopg.connect(current().database.url) as connection:
        found = conflicts(connection, district=district, device=device, waiting=not everything, limit=limit)
    if not found and not json:
        typer.echo("no conflict waits")
    for conflict in found:
        typer.echo(orjson.dumps(asdict(conflict)).decode() if json else _line(conflict))


@app.command()
def resolve(
    numbers: Annotated[list[int], typer.Argument(help="Numbers from `conflicts list`.")],
    as_: Annotated[
        Resolution,
        typer.Option(
            "--as", help="keep the first value, replace it by the later one, or void both.", show_default=False
        ),
    ],
    why: Annotated[str, typer.Option(help="The reason, for everybody who reads a figure that rests on it.")],
    who: Annotated[str | None, typer.Option(help="Who decides; default: the user at the terminal.")] = None,
) -> None:
    """Decide contradictions. The hours they reach are rolled up again; readings stay as they came."""
    with psycopg.connect(current().database.url) as connection:
        batch = decide(connection, numbers, as_, who=who or getpass.getuser(), why=why)
    typer.echo(f"{len({*numbers})} decided ({as_}), booked as batch {batch}")


def _line(conflict: Conflict) -> str:
    first = "dropped" if conflict.first is None else f"{conflict.first:g}{_span(conflict.first_span_us)}"
    later = f"{conflict.later:g}{_span(conflict.later_span_us)}"
    decided = f"  [{conflict.resolution}: {conflict.who}, {conflict.why}]" if conflict.resolution else ""
    at = conflict.time.astimezone(UTC)
    came = conflict.received_at.astimezone(UTC)
    return (
        f"{conflict.id:>8}  {conflict.datastream}  {at:%Y-%m-%d %H:%M:%SZ}: first {first}, later {later}"
        f" (came {came:%Y-%m-%d %H:%M:%SZ}){decided}"
    )


def _span(span_us: int | None) -> str:
    return "" if span_us is None else f" over {span_us / 1e6:g} s"
