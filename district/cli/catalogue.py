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

from district.cli.collect import routes
from district.cli.profile import own_profiles
from district.cli.quarantine import KeyFile, opener, said, send
from district.cli.windows import instant
from district.settings import Settings, current
from ingest import adopt as adoption
from ingest import catalogue, quarantine
from ingest.catalogue import propose
from ingest.catalogue import show as shown
from ingest.catalogue.history import EVER
from ingest.catalogue.onboard import bring_in
from ingest.model import Reason
from ingest.profile import Profiles, shipped
from ingest.quarantine import Booking
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
    _together(correct=correct, reason=reason)
    settings = current()
    try:
        with psycopg.connect(settings.database.url) as connection:
            result = catalogue.apply(
                connection,
                file,
                now=datetime.now(UTC),
                who=who or getpass.getuser(),
                since=instant(since),
                reason=reason,
                dry_run=dry_run,
                profiles=profiles(settings),
            )
    except (DocumentError, catalogue.CatalogueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if json:
        typer.echo(orjson.dumps(_document(result)).decode())
    else:
        _print(result, dry_run=dry_run)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="Devices: .csv, .xlsx, or .yaml as `adopt` makes it.", exists=True, dir_okay=False)
    ],
    district: Annotated[str | None, typer.Option(help="District; default: the only one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing.")] = False,
    correct: Annotated[bool, typer.Option("--correct", help="Allow changes of the recorded past.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why the past is corrected.")] = None,
    since: Annotated[str | None, typer.Option(help="From when differences hold that do not say so.")] = None,
    who: Annotated[str | None, typer.Option(help="Who imports; default: the user at the terminal.")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Then store what these devices have in quarantine.")] = False,
    private_key: KeyFile = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Record how the devices in FILE differ from the catalogue as known; devices that FILE does not have stay as they are."""
    _together(correct=correct, reason=reason)
    settings = current()
    person = who or getpass.getuser()
    with psycopg.connect(settings.database.url) as connection:
        result = bring_in(
            connection, file, now=datetime.now(UTC), who=person, district=district, since=instant(since), reason=reason,
            dry_run=dry_run, profiles=profiles(settings),
        )  # fmt: skip
        if json:
            typer.echo(orjson.dumps(_document(result)).decode())
        else:
            _print(result, dry_run=dry_run)
        if replay and not dry_run:
            waiting = quarantine.find(connection, district=result.district, reason=Reason.UNKNOWN_DEVICE)
            booking = Booking(kind="adopt", who=person, why=f"imported {file.name}")
            typer.echo(said(send(connection, waiting, settings, opener(private_key), booking)), err=json)


@app.command()
def adopt(
    district: Annotated[str | None, typer.Option(help="Only this district.")] = None,
    gateway: Annotated[str | None, typer.Option(help="Only what came over this gateway.")] = None,
    space: Annotated[str | None, typer.Option(help="Where all of them measure; default: to be filled in.")] = None,
    private_key: KeyFile = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, of guesses instead of entries.")] = False,
) -> None:
    """Propose entries for devices in quarantine that nobody registered, as YAML for `catalogue import`.

    Profile, interval and feed are guessed from the messages that were kept; a person checks them. Nothing is written.
    """
    settings = current()
    with psycopg.connect(settings.database.url) as connection:
        found = adoption.strangers(
            connection, routes=routes(settings), profiles=profiles(settings) or shipped(), opener=opener(private_key),
            district=district, gateway=gateway,
        )  # fmt: skip
        facts = shown.show(connection, at=datetime.now(UTC))
    if json:
        typer.echo(orjson.dumps([one._asdict() for one in found]).decode())
        return
    districts = sorted({one.district for one in found})
    if not found:
        typer.echo("nobody unknown waits in quarantine", err=True)
        return
    if len(districts) > 1:
        typer.echo(f"--district: expected one of {', '.join(districts)}, got none", err=True)
        raise typer.Exit(1)
    typer.echo(
        propose.entries(
            found,
            zones={fact.district: str(fact.body["zone"]) for fact in facts if fact.kind == "district"},
            spaces={
                one: [fact.id for fact in facts if fact.district == one and fact.kind == "space"] for one in districts
            },
            taken={(fact.district, fact.id) for fact in facts if fact.kind == "device"},
            space=space,
        ),
        nl=False,
    )


def profiles(settings: Settings) -> Profiles | None:
    """The profiles of the settings; None: those that are shipped."""
    return own_profiles() if settings.profiles else None


def _together(*, correct: bool, reason: str | None) -> None:
    if correct != bool(reason):
        typer.echo("--correct and --reason: expected both, like --correct --reason 'counter stood at gate B'", err=True)
        raise typer.Exit(1)


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
