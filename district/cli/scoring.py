"""`district scoring`: suggestions as the API gives them, and the proof that stored evidence still stands."""

import hashlib
import signal
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from threading import Event
from typing import Annotated, NoReturn

import orjson
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from district.cli.windows import instant
from district.settings import current
from scoring import assessment as assessments
from scoring import decision, evidence, papers, published, register, rubric, rule, store, whatif
from scoring import follow as following
from scoring import gaps as gap
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

    def end(*_: object) -> NoReturn:
        """End at once: an evaluation that is cut off is rolled back, and made again by whoever comes next."""
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    following.run(settings.database.url, Event(), every=timedelta(seconds=settings.refresh.assess_every_s))


@app.command()
def verify(
    district: Annotated[str | None, typer.Option(help="Id of the district; without it all of them.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="What was in force then, from what was recorded by then: 2026-11-23T08:00:00+08:00."),
    ] = None,
    item: Annotated[str | None, typer.Option(help="Code of one item, like 2.2.5.1.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per difference.")] = False,
) -> None:
    """Recompute evidence from the readings; exit 1 and name what differs: item, metric, datastream and hour."""
    with psycopg.connect(current().database.url) as connection:
        known = register.districts(connection)
        until = instant(as_of, register.zone_of(connection, district or known[0])) if known else None
        checked, differences = verification.verify(connection, district, as_of=until, item=item)
    for difference in differences:
        typer.echo(orjson.dumps(asdict(difference)).decode() if json else difference.text())
    if not differences and not json:
        typer.echo(f"{checked} {'piece' if checked == 1 else 'pieces'} of evidence recomputed, all digests are equal")
    raise typer.Exit(1 if differences else 0)


@app.command()
def gaps(
    district: Annotated[str | None, typer.Option(help="Id of the district; needed where there are several.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, as GET /scoring/v1 gives it.")] = False,
) -> None:
    """Show what separates the district from the self-score it needs: the most points first, each with what is missing."""
    with psycopg.connect(current().database.url) as connection:
        chosen, assessment = _open(connection, district)
        form = rubric.load(assessment.rubric)
        found = published.gaps(gap.gaps(connection, chosen, assessment, form))
    if json:
        typer.echo(orjson.dumps(found.model_dump(mode="json"), option=orjson.OPT_INDENT_2).decode())
        return
    typer.echo(f"{found.total.counted} points count, {found.threshold} are needed, {found.lacking} are lacking")
    for one in found.items:
        typer.echo(f"{one.code}: {one.winnable} more")
        for lacking in one.missing:
            typer.echo(f"  {lacking.text.zh}\n  {lacking.text.en}")


@app.command("what-if")
def show_what_if(
    item: Annotated[str, typer.Argument(help="Code of the item, like 2.2.5.1.")],
    paper: Annotated[list[str] | None, typer.Option(help="A paper that is accepted.")] = None,
    signed: Annotated[list[str] | None, typer.Option(help="A register with a signature.")] = None,
    stated: Annotated[list[str] | None, typer.Option(help="A figure of the register: gross_floor_area=300000.")] = None,
    figure: Annotated[
        list[str] | None, typer.Option(help="A figure of readings: 'completeness feed:parking=0.95'.")
    ] = None,
    online: Annotated[list[str] | None, typer.Option(help="A device that was complete all the time.")] = None,
    days: Annotated[int | None, typer.Option(help="Whole days of the window.", min=1)] = None,
    district: Annotated[str | None, typer.Option(help="Id of the district; needed where there are several.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, as GET /scoring/v1 gives it.")] = False,
) -> None:
    """Show what an item would bring if something were otherwise; nothing is stored."""
    with psycopg.connect(current().database.url) as connection:
        chosen, assessment = _open(connection, district)
        row = rubric.load(assessment.rubric).item(item)
        if row is None:
            raise typer.BadParameter(f"the form has no item {item!r}; one is 2.2.5.1")
        try:
            wanted = whatif.Changes(
                papers=paper or (), signed=signed or (), stated=whatif.settings(stated or ()),
                figures=whatif.settings(figure or ()), online=online or (), days=days,
            )  # fmt: skip
            found = whatif.what_if(connection, chosen, assessment, item, wanted, datetime.now(UTC))
        except whatif.WhatIfError as error:
            raise typer.BadParameter(str(error)) from error
    body = published.what_if(row, found)
    if json:
        typer.echo(orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_INDENT_2).decode())
    else:
        show([body.now, body.then])


@app.command()
def decide(
    item: Annotated[str, typer.Argument(help="Code of the item, like 2.2.5.1.")],
    points: Annotated[str, typer.Argument(help="Points, like 1.5.")],
    reason: Annotated[str, typer.Option(help="Why, as it will stand in the history.")],
    person: Annotated[str, typer.Option(help="Who decides.")],
    district: Annotated[str | None, typer.Option(help="Id of the district; needed where there are several.")] = None,
) -> None:
    """Give an item its points; an earlier decision stays as history."""
    with psycopg.connect(current().database.url) as connection:
        chosen, assessment = _open(connection, district)
        row = rubric.load(assessment.rubric).item(item)
        if row is None:
            raise typer.BadParameter(f"the form has no item {item!r}; one is 2.2.5.1")
        try:
            given = Decimal(points)
        except InvalidOperation as error:
            raise typer.BadParameter(f"expected points like 1.5, got {points!r}") from error
        decision.decide(connection, chosen, assessment, row, points=given, reason=reason, person=person)
    typer.echo(f"{item}: {given} points, decided by {person}")


@app.command()
def close(
    assessment: Annotated[str, typer.Argument(help="Id of the assessment, like year-2026.")],
    reason: Annotated[str, typer.Option(help="Why it is over.")],
    person: Annotated[str, typer.Option(help="Who closes it.")],
    district: Annotated[str | None, typer.Option(help="Id of the district; needed where there are several.")] = None,
) -> None:
    """End an evaluation: its evidence no longer follows the data, and its readings may be dropped."""
    with psycopg.connect(current().database.url) as connection:
        chosen = _district(connection, district)
        declared = {one.id: one for one in assessments.of_district(connection, chosen)}
        if assessment not in declared:
            raise typer.BadParameter(f"expected one of {', '.join(declared)}, got {assessment!r}")
        decision.close(connection, chosen, declared[assessment], person=person, reason=reason)
    typer.echo(f"{assessment} is closed")


@app.command()
def documents(
    district: Annotated[str | None, typer.Option(help="Id of the district; needed where there are several.")] = None,
) -> None:
    """List the papers that were handed in, with what was said about each."""
    with psycopg.connect(current().database.url) as connection:
        for one in papers.of_district(connection, _district(connection, district)):
            verdict = f"{one.verdict} by {one.reviewed_by}" if one.verdict else "waiting"
            until = f", valid until {one.valid_until}" if one.valid_until else ""
            typer.echo(f"{one.id}  {one.kind}  {one.title}  {verdict}{until}")


@app.command("add")
def add_document(
    kind: Annotated[str, typer.Argument(help="Which paper it is, by its id in docs/rules.md, like walk_test.")],
    file: Annotated[
        Path, typer.Argument(help="The file; only its hash and size are kept.", exists=True, dir_okay=False)
    ],
    signer: Annotated[str, typer.Option(help="Who signed it.")],
    person: Annotated[str, typer.Option(help="Who hands it in.")],
    title: Annotated[str | None, typer.Option(help="Its title; without it the name of the file.")] = None,
    item: Annotated[list[str] | None, typer.Option(help="Items it serves; without it all that ask for it.")] = None,
    valid_from: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day it counts.")] = None,
    valid_until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day it counts.")] = None,
    district: Annotated[str | None, typer.Option(help="Id of the district; needed where there are several.")] = None,
) -> None:
    """Record a paper; it counts once somebody has accepted it."""
    content = file.read_bytes()
    with psycopg.connect(current().database.url) as connection:
        chosen, assessment = _open(connection, district)
        number = papers.add(
            connection, chosen, rule.load(assessment.rubric), kind=kind, title=title or file.name,
            sha256=hashlib.sha256(content).hexdigest(), size=len(content), signer=signer, person=person,
            items=item or (), valid_from=valid_from and valid_from.date(), valid_until=valid_until and valid_until.date(),
        )  # fmt: skip
    typer.echo(f"document {number}: waiting to be accepted")


@app.command("review")
def review_document(
    number: Annotated[int, typer.Argument(help="Number of the document, as `documents` shows it.")],
    person: Annotated[str, typer.Option(help="Who has read it.")],
    accept: Annotated[bool, typer.Option("--accept/--reject", help="What is said about it.")],
    reason: Annotated[str, typer.Option(help="Why; needed with --reject.")] = "",
    district: Annotated[str | None, typer.Option(help="Id of the district; needed where there are several.")] = None,
) -> None:
    """Accept or reject a paper; the last word counts, the others are its history."""
    with psycopg.connect(current().database.url) as connection:
        chosen = _district(connection, district)
        papers.review(connection, chosen, number, accepted=accept, person=person, reason=reason)
    typer.echo(f"document {number}: {'accepted' if accept else 'rejected'} by {person}")


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


def _open(connection: psycopg.Connection, name: str | None) -> tuple[str, Assessment]:
    """The district, and its evaluation that runs now."""
    chosen = _district(connection, name)
    return chosen, assessments.current(assessments.of_district(connection, chosen), datetime.now(UTC))


def _district(connection: psycopg.Connection, name: str | None) -> str:
    known = register.districts(connection)
    if name is None and len(known) == 1:
        return known[0]
    if name not in known:
        raise typer.BadParameter(f"expected --district {' or '.join(known) or '(none is registered)'}, got {name!r}")
    return name
