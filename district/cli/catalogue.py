"""`district catalogue`: the register of everything that figures depend on."""

import getpass
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from district.cli.windows import instant
from district.settings import current
from ingest import catalogue
from ingest.catalogue import show as shown
from ingest.catalogue.history import EVER
from ingest.yaml_document import DocumentError

app = typer.Typer(no_args_is_help=True)


@app.command("apply")
def apply_(
    file: Annotated[Path, typer.Argument(help="A district.yaml.", exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing.")] = False,
    correct: Annotated[bool, typer.Option("--correct", help="Allow changes of the recorded past.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why the past is corrected.")] = None,
    since: Annotated[str | None, typer.Option(help="From when differences hold that do not say so.")] = None,
    who: Annotated[str | None, typer.Option(help="Who applies; default: the user at the terminal.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Record how FILE differs from the catalogue as known; the same file again records nothing."""
    if correct != bool(reason):
        typer.echo("--correct and --reason: expected both, like --correct --reason 'counter stood at gate B'", err=True)
        raise typer.Exit(1)
    try:
        with psycopg.connect(current().database.url) as connection:
            result = catalogue.apply(
                connection,
                file,
                now=datetime.now(UTC),
                who=who or getpass.getuser(),
                since=instant(since),
                reason=reason,
                dry_run=dry_run,
            )
    except (DocumentError, catalogue.CatalogueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if json:
        typer.echo(orjson.dumps(_document(result)).decode())
    else:
        _print(result, dry_run=dry_run)


@app.command("show")
def show_(
    kind: Annotated[str | None, typer.Argument(help="For example device or space; default: all.")] = None,
    district: Annotated[str | None, typer.Option(help="Only this district.")] = None,
    at: Annotated[str | None, typer.Option(help="As it was then; default: now.")] = None,
    revision: Annotated[int | None, typer.Option(help="As known at this revision.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show the facts in force."""
    with psycopg.connect(current().database.url) as connection:
        known = shown.kinds(connection)
        if kind is not None and kind not in known:
            typer.echo(f"KIND: expected one of {', '.join(known) or 'none: no catalogue yet'}, got {kind!r}", err=True)
            raise typer.Exit(1)
        facts = shown.show(
            connection, at=instant(at) or datetime.now(UTC), district=district, kind=kind, revision=revision
        )
    if json:
        typer.echo(orjson.dumps([asdict(fact) for fact in facts]).decode())
        return
    table = Table("district", "kind", "id", "since", "until", "content", header_style="bold")
    for fact in facts:
        since, until = (_day(fact.valid_from, "ever"), _day(fact.valid_to, "open"))
        table.add_row(fact.district, fact.kind, fact.id, since, until, _content(fact.body))
    Console().print(table)


def _print(result: catalogue.Result, *, dry_run: bool) -> None:
    console = Console(highlight=False)
    for change in result.changes:
        since = _day(None if change.valid_from == EVER else change.valid_from, "ever")
        sign, what = _difference(change.before, change.after)
        console.print(f"{sign} {change.kind} {change.id} from {since}: {what}", markup=False, soft_wrap=True)
    count = len(result.changes)
    if not count:
        console.print(f"{result.district}: nothing differs", markup=False)
    elif dry_run:
        console.print(f"{result.district}: {count} differences, nothing written", markup=False)
    else:
        console.print(f"{result.district}: {count} differences recorded as revision {result.revision}", markup=False)


def _difference(before: Mapping[str, object] | None, after: Mapping[str, object] | None) -> tuple[str, str]:
    """A sign (+ new, - ended, ~ changed) and the keys that differ."""
    if after is None:
        return "-", "ends"
    if before is None:
        return "+", _content(after)
    keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    return "~", ", ".join(f"{key}: {_word(before.get(key))} -> {_word(after.get(key))}" for key in keys)


def _document(result: catalogue.Result) -> dict[str, object]:
    changes = [
        {
            "kind": change.kind,
            "id": change.id,
            "valid_from": None if change.valid_from == EVER else change.valid_from,
            "before": change.before,
            "after": change.after,
        }
        for change in result.changes
    ]
    return {"district": result.district, "revision": result.revision, "changes": changes}


def _content(body: Mapping[str, object]) -> str:
    return ", ".join(f"{key}: {_word(value)}" for key, value in body.items())


def _word(value: object) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()


def _day(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
