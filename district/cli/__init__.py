"""The `district` command: a group of verbs per part, short verbs for the hot commands.

Only the module of the command that runs is imported: a collector starts without pandas, pages and rules.
"""

import logging
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, NamedTuple

import psycopg
import typer
from typer.core import TyperCommand, TyperGroup

from district import supervisor
from district.settings import CONFIG


class Command(NamedTuple):
    """Where a command is: a function, or (with `help`) a Typer with verbs of its own."""

    module: str
    name: str
    help: str | None = None


#: In the order of `district --help`.
COMMANDS: Mapping[str, Command] = {
    "demo": Command("demo", "demo"),
    "up": Command("processes", "up"),
    "collect": Command("collect", "collect"),
    "refresh": Command("refresh", "refresh"),
    "serve": Command("processes", "serve"),
    "migrate": Command("processes", "migrate"),
    "decode": Command("decode", "decode"),
    "ledger": Command("ingest", "ledger"),
    "correct": Command("correct", "correct"),
    "export": Command("ingest", "export"),
    "catalogue": Command("catalogue", "app", "The register of everything that figures depend on."),
    "device": Command("device", "app", "Devices: exchange, clocks, silence."),
    "quarantine": Command("quarantine", "app", "Messages that could not be accepted."),
    "conflicts": Command("conflicts", "app", "Readings that contradict stored ones."),
    "keys": Command("keys", "app", "Keys that programs show to the HTTP service."),
    "people": Command("people", "app", "Accounts of people who log in on the pages."),
    "broker": Command("broker", "app", "What a broker has to be told."),
    "doctor": Command("doctor", "doctor"),
    "storage": Command("storage", "app", "Compression, retention, and what stays."),
    "profile": Command("profile", "app", "What the keys of device models mean."),
    "metrics": Command("metrics", "app", "Figures and how they come about."),
    "bench": Command("bench", "app", "Measurements of this machine; nothing outside a temporary folder is touched."),
    "scoring": Command("scoring", "app", "Evidence and suggested points."),
    "dashboards": Command("dashboards", "app", "Grafana as code."),
    "simulate": Command("simulate", "app", "Simulated districts and replays of files."),
}


class _Commands(TyperGroup):
    """Finds a command when it is asked for."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - the signature is typer's
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002
        if (command := COMMANDS.get(cmd_name)) is None:
            return None
        found = getattr(import_module(f"district.cli.{command.module}"), command.name)
        # typer builds commands as members of a group only.
        around = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        around.callback()(_nothing)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=cmd_name, help=command.help)
        else:
            around.command(cmd_name)(found)
        built = typer.main.get_group(around).commands[cmd_name]
        assert isinstance(built, (TyperCommand, TyperGroup))
        return built


def _nothing() -> None:
    """The callback that makes a Typer a group."""


app = typer.Typer(
    cls=_Commands, name="district", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
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


def main() -> None:
    """Run the command; an operator's mistake ends with a message, not with a traceback."""
    try:
        app()
    except psycopg.OperationalError as error:
        sys.exit(f"district: database: {str(error).strip()} (set DISTRICT_DATABASE_URL, or database.url in --config)")
    except Exception as error:
        from district.cli.errors import OPERATOR_ERRORS

        if isinstance(error, OPERATOR_ERRORS):
            sys.exit(f"district: {error}")
        raise
