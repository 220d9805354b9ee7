"""The `district` command: a group of verbs per part, short verbs for the hot commands."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from district import supervisor
from district.cli import (
    bench,
    catalogue,
    collect,
    dashboards,
    decode,
    demo,
    ingest,
    metrics,
    processes,
    refresh,
    replay,
    scoring,
    simulate,
)
from district.cli.errors import OPERATOR_ERRORS
from district.settings import CONFIG

app = typer.Typer(
    name="district", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Sensor platform for smart commercial districts: MQTT to evidence and suggested points.",
)  # fmt: skip


@app.callback()
def _options(
    config: Annotated[Path | None, typer.Option("--config", help="Settings file; see district/sample.yaml.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log what happens, to standard error.")] = False,
) -> None:
    supervisor.die_with_supervisor()
    if config is not None:
        os.environ[CONFIG] = str(config.resolve())
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )  # fmt: skip


app.command()(demo.demo)
app.command()(processes.up)
app.command()(collect.collect)
app.command()(refresh.refresh)
app.command()(processes.serve)
app.command()(processes.migrate)
app.command()(decode.decode)
app.command()(ingest.ledger)
app.command()(ingest.export)
app.add_typer(catalogue.app, name="catalogue", help="The register of everything that figures depend on.")
app.add_typer(ingest.quarantine, name="quarantine", help="Messages that could not be accepted.")
app.add_typer(metrics.app, name="metrics", help="Figures and how they come about.")
app.add_typer(bench.app, name="bench")
app.add_typer(scoring.app, name="scoring", help="Evidence and suggested points.")
app.add_typer(dashboards.app, name="dashboards", help="Grafana as code.")
simulate.app.command()(replay.replay)
app.add_typer(simulate.app, name="simulate", help="Simulated districts and replays of files.")


def main() -> None:
    """Run the command; an operator's mistake ends with a message, not with a traceback."""
    try:
        app()
    except OPERATOR_ERRORS as error:
        sys.exit(f"district: {error}")
    except psycopg.OperationalError as error:
        sys.exit(f"district: database: {str(error).strip()} (set DISTRICT_DATABASE_URL, or database.url in --config)")
