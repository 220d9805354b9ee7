"""`district migrate`, `district serve` and `district up`: the processes of a production machine."""

import sys
from pathlib import Path

import typer
import uvicorn

from district import migrate as migrations
from district import supervisor
from district.http import application
from district.settings import SettingsError, current


def migrate() -> None:
    """Bring the database to the schema of this version."""
    applied = migrations.migrate(current().database.url)
    typer.echo("\n".join(f"applied {name}" for name in applied) or "nothing to do")


def serve() -> None:
    """Serve pages, API and figures for Prometheus over HTTP."""
    settings = current()
    tls = settings.http.tls
    for name, file in (("cert_file", tls.cert_file), ("key_file", tls.key_file)):
        if file is not None and not Path(file).is_file():
            raise SettingsError(f"$.http.tls.{name}: expected a PEM file like /etc/district/chain.pem, got {file!r}")
    uvicorn.run(
        application(settings.database.url, settings), host=settings.http.host, port=settings.http.port,
        ssl_certfile=tls.cert_file, ssl_keyfile=tls.key_file, log_level="warning", server_header=False,
    )  # fmt: skip


def up() -> None:
    """Migrate, then run collector, roll-ups, suggestions and HTTP service under one supervisor until SIGTERM."""
    migrations.migrate(current().database.url)
    raise typer.Exit(supervisor.run(processes()))


def processes() -> list[supervisor.Program]:
    """The processes of a production machine, in the order they are started."""
    command = [sys.executable, "-m", "district"]
    verbs = {
        "collect": ["collect"], "refresh": ["refresh"], "follow": ["scoring", "follow"], "serve": ["serve"],
        "storage": ["storage", "keep"],
    }  # fmt: skip
    return [supervisor.Program(name=name, command=[*command, *verb]) for name, verb in verbs.items()]
