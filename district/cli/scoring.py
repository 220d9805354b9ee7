"""`district scoring`: suggestions as the API gives them, and the proof that stored evidence still stands."""

import signal
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Annotated

import orjson
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from district.cli.windows import instant
from district.settings import current
from scoring import assessment as assessments
from scoring import evidence, published, register, rubric, store
from scoring import follow as following
from scoring import verify as verification
from scoring.assessment import Assessment
from scoring.model import Evidence
from scoring.published import ItemBody

app = typer.Typer(no_args_is_help=True)


@app.command()
def suggest(
    district: Annotated[str | None, typer.Option(help="Id of the district; needed where there are several.")] = None,
    item: Annotated[str | None, typer.Option(help="Code of one item, like 2.2.5.1.")] = None,
    at: Annotated[str | None, typer.Option(help="Only data until then, 2026-11-23; nothing is stored.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, as GET /scoring/v1 gives it.")] = False,
) -> None:
    """Evaluate the data and show the suggested points of every item, with the reason."""
    with psycopg.connect(current().database.url) as connection:
        chosen = _district(connection, district)
        now = datetime.now(UTC)
        assessment = assessments.current(assessments.of_district(connection, chosen), now)
        form = rubric.load(assessment.rubric)
        if item is not None and form.item(item) is None:
            raise typer.BadParameter(f"the form has no item {item!r}; one is 2.2.5.1")
        until = instant(at, register.zone_of(connection, chosen))
        suggestions = evidence.assess(connection, chosen, now, at=until)
        if until is None:
            bodies = store.items(connection, chosen, assessment, item)
        else:
            rows = {row.code: row for row in form.items()}
            bodies = [
                published.item(
                    rows[found.item], found,
                    [published.evidence(found.evidence, found.findings, now)] if found.evidence else [],
                )
                for found in suggestions
                if item in {None, found.item} and _of(found.evidence, assessment)
            ]  # fmt: skip
    if json:
        documents = [body.model_dump(mode="json") for body in bodies]
        typer.echo(orjson.dumps(documents[0] if item else documents, option=orjson.OPT_INDENT_2).decode())
    else:
        show(bodies)


@app.command()
def follow() -> None:
    """Evaluate every district whenever its readings or its register changed, until SIGTERM."""
    settings = current()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    following.run(settings.database.url, stop, every=timedelta(seconds=settings.refresh.assess_every_s))


@app.command()
def verify(
    district: Annotated[str | None, typer.Option(help="Id of the district; without it all of them.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per difference.")] = False,
) -> None:
    """Recompute the digests of the evidence in force; exit 1 and name what differs, down to datastream and hour."""
    with psycopg.connect(current().database.url) as connection:
        checked, differences = verification.verify(connection, district)
    for difference in differences:
        typer.echo(orjson.dumps(asdict(difference)).decode() if json else difference.text())
    if not differences and not json:
        typer.echo(f"{checked} pieces of evidence recomputed, all digests are equal")
    raise typer.Exit(1 if differences else 0)


def show(bodies: list[ItemBody]) -> None:
    """Print suggestions as a table: one row per item."""
    table = Table(header_style="bold", show_lines=len(bodies) <= 10)
    table.add_column("item")
    table.add_column("outcome")
    table.add_column("points", justify="right")
    table.add_column("of", justify="right")
    table.add_column("reason", overflow="fold")
    for body in bodies:
        marks = [word for word, told in (("provisional", body.provisional), ("demo", body.demo)) if told]
        table.add_row(
            body.code, ", ".join([body.outcome.replace("_", " "), *marks]),
            "–" if body.suggested_points is None else body.suggested_points, f"{body.points_max}",
            f"{body.reason.zh}\n{body.reason.en}",
        )  # fmt: skip
    Console().print(table)


def _of(found: Evidence | None, assessment: Assessment) -> bool:
    return found is None or found.assessment == assessment.id


def _district(connection: psycopg.Connection, name: str | None) -> str:
    known = register.districts(connection)
    if name is None and len(known) == 1:
        return known[0]
    if name not in known:
        raise typer.BadParameter(f"expected --district {' or '.join(known) or '(none is registered)'}, got {name!r}")
    return name
