"""`district broker`: what a broker has to be told."""

from pathlib import Path
from typing import Annotated

import psycopg
import typer

from district import broker_config
from district.cli.collect import routes
from district.settings import current
from ingest import registry

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group, although it has one verb."""


@app.command()
def config(
    folder: Annotated[Path, typer.Argument(help="Where the files go; made when missing.")],
    port: Annotated[int | None, typer.Option(help="TCP port on 127.0.0.1; default: that of the settings.")] = None,
) -> None:
    """Write Mosquitto's configuration, password and ACL files from the catalogue; passwords given before stay."""
    settings = current()
    with psycopg.connect(settings.database.url) as connection:
        entries = registry.load(connection)
    new = broker_config.write(
        folder.resolve(), entries, routes(settings), collector=settings.broker.user or "collector",
        port=port or settings.broker.port, password=settings.broker.password,
    )  # fmt: skip
    typer.echo(f"{folder / 'mosquitto.conf'}: {len(entries.gateways)} gateways, {len(new)} new users")
    typer.echo(
        f"passwords: {folder / broker_config.CREDENTIALS}, for the owner only; TLS and other interfaces are yours to add"
    )
