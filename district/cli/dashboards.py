"""`district dashboards`: build the Grafana dashboards, and check them."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Grafana dashboards as code.", no_args_is_help=True)


@app.command()
def build(
    plugin_id: Annotated[
        str, typer.Option(help="Datasource plugin: grafana-postgresql-datasource, or postgres before Grafana 10.2.3.")
    ] = "grafana-postgresql-datasource",
    to: Annotated[Path | None, typer.Option(help="Folder to write to; default: dashboards/generated.")] = None,
) -> None:
    """Write the JSON of every dashboard in every language."""
    from dashboards import build as dashboards
    from dashboards.house import PLUGINS

    if plugin_id not in PLUGINS:
        print(f"--plugin-id: expected {' or '.join(PLUGINS)}, got {plugin_id!r}", file=sys.stderr)
        raise typer.Exit(1)
    for path in dashboards.write(to or dashboards.GENERATED, plugin_id):
        print(os.path.relpath(path))


@app.command()
def check() -> None:
    """Compare the committed JSON with what the code builds, and apply our rules; exit 1 on a finding."""
    from dashboards import build as dashboards
    from dashboards import lint

    findings = [f"{name}: differs from the code; run district dashboards build" for name in dashboards.stale()]
    findings += lint.check({name: json.loads(text) for name, text in dashboards.render().items()})
    for finding in findings:
        print(finding)
    if findings:
        raise typer.Exit(1)
    print(f"{len(dashboards.render())} dashboards are current and follow the rules")
