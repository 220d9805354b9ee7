"""`district metrics`: figures and how they come about."""

from typing import Annotated

import orjson
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from district.settings import current
from metrics import inputs
from metrics.evaluate import definitions
from metrics.explain import explain
from metrics.routes import definition_out, explanation_out

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Every metric with its unit, subjects and formula."""
    if json:
        typer.echo(
            orjson.dumps([definition_out(definition).model_dump() for definition in definitions().values()]).decode()
        )
        return
    table = Table("metric", "名称", "unit", "per", "subjects", "formula")
    for definition in definitions().values():
        formulas = (f"{method}: {text}" if method else text for method, text in definition.formula.items())
        table.add_row(
            f"{definition.name}\n{definition.title.en}", definition.title.zh, definition.unit,
            ", ".join(definition.grains), ", ".join(definition.subjects), "\n".join(formulas),
        )  # fmt: skip
    Console().print(table)


@app.command("explain")
def explain_(
    name: Annotated[str, typer.Argument(help="Metric, for example parking_turnover.")],
    subject: Annotated[str, typer.Option(help="district, space:ID, car_park:ID, device:ID, feed:NAME.")],
    start: Annotated[str, typer.Option("--from", help="Date, or RFC 3339 time.")],
    end: Annotated[str, typer.Option("--to", help="Date or time, exclusive.")],
    district: Annotated[str | None, typer.Option(help="District; may be left out where there is one only.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """The formula of a metric with the numbers in it, down to the devices and hours used."""
    with psycopg.connect(current().database.url) as connection:
        try:
            place = district or _only_district(connection)
            zone = inputs.zone_of(connection, place)
            found = explain(connection, name, place, subject, inputs.instant(start, zone), inputs.instant(end, zone))
        except (LookupError, ValueError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
    typer.echo(explanation_out(found, exact=True).model_dump_json() if json else found.text())


def _only_district(connection: psycopg.Connection) -> str:
    """The district of a database that has one."""
    found = [row[0] for row in connection.execute("SELECT DISTINCT district FROM ingest.fact ORDER BY district")]
    if len(found) != 1:
        raise LookupError(f"--district: expected one of {', '.join(found) or 'none yet: apply a catalogue first'}")
    return str(found[0])
