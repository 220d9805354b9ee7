"""`district doctor`: what is wrong, or will be in the next outage."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from district.doctor import Level, examine
from district.settings import current

_SIGNS = {Level.OK: "ok  ", Level.WARNING: "!   ", Level.BAD: "BAD "}


def doctor(
    broker_config: Annotated[
        Path | None,
        typer.Option(help="Mosquitto's configuration: its limits cannot be asked for.", exists=True, dir_okay=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Examine broker, database and processes, and say what to change; exit 1 where data can be lost or are not processed."""
    worst = False
    for finding in examine(current(), broker_config):
        worst = worst or finding.level is Level.BAD
        if json:
            typer.echo(orjson.dumps(asdict(finding)).decode())
            continue
        typer.echo(f"{_SIGNS[finding.level]}{finding.what}: {finding.found}")
        if finding.do:
            typer.echo(f"      {finding.do}")
    raise typer.Exit(1 if worst else 0)
