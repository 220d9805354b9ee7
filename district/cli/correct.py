"""`district correct`: what people say about readings that are known to be wrong."""

import getpass
from dataclasses import asdict
from datetime import UTC
from typing import Annotated

import orjson
import psycopg
import typer

from district.cli.windows import instant
from district.settings import current
from ingest.corrections import Action, Wanted, corrections
from ingest.corrections import correct as record


def correct(
    action: Annotated[
        Action | None,
        typer.Argument(
            help="void, replace, calibrate or restore; none: show the corrections recorded.", show_default=False
        ),
    ] = None,
    datastreams: Annotated[
        list[str] | None, typer.Argument(help="Such as lakeside/air-1/env.pm2_5.", show_default=False)
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="First instant concerned, or date in UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="End of the period; without it: from then on.")] = None,
    value: Annotated[float | None, typer.Option(help="replace: what the reading at --from should say.")] = None,
    factor: Annotated[float, typer.Option(help="calibrate: multiplies each value.")] = 1.0,
    addend: Annotated[float, typer.Option(help="calibrate: added after that.")] = 0.0,
    why: Annotated[str, typer.Option(help="The reason, for everybody who reads a figure that rests on it.")] = "",
    who: Annotated[str | None, typer.Option(help="Who says so; default: the user at the terminal.")] = None,
    district: Annotated[str | None, typer.Option(help="Show: only this district.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Show: one JSON object a line.")] = False,
) -> None:
    """Void, replace, calibrate or restore readings of a period; figures follow, and readings stay as they came."""
    with psycopg.connect(current().database.url) as connection:
        if action is None:
            for known in corrections(connection, district=district):
                if json:
                    typer.echo(orjson.dumps(asdict(known)).decode())
                else:
                    until = f"{known.stop.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if known.stop else "open"
                    numbers = ", ".join(f"{n:g}" for n in (known.value, known.addend) if n is not None)
                    typer.echo(
                        f"{known.id:>8}  {known.datastream}  {known.start.astimezone(UTC):%Y-%m-%d %H:%M:%SZ} to {until}:"
                        f" {known.action} {numbers}".rstrip()
                        + f"  [{known.who}: {known.why}]"
                    )
            return
        first = instant(start)
        if first is None:
            raise typer.BadParameter("--from: expected 2026-11-23 or 2026-11-23T08:00:00+08:00, got nothing")
        wanted = Wanted(action=action, start=first, stop=instant(end), value=value, factor=factor, addend=addend)
        numbers_ = record(connection, datastreams or [], wanted, who=who or getpass.getuser(), why=why)
    typer.echo(f"recorded as {', '.join(map(str, numbers_))}; the hours it reaches will be computed again")
