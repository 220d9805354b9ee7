"""`district quarantine`: messages that could not be accepted."""

import getpass
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import psycopg
import typer

from district.cli.collect import routes
from district.cli.profile import own_profiles
from district.cli.windows import instant
from district.settings import Settings, current
from ingest import model, seal
from ingest import quarantine as waiting
from ingest.formats.clock import Clock
from ingest.keeper import Keeper
from ingest.quarantine import Booking, Quarantined
from ingest.seal import Opener

#: The key that opens sealed bodies. It belongs on the machine of a person, not on the collector's.
PRIVATE_KEY = "DISTRICT_QUARANTINE_PRIVATE_KEY"

app = typer.Typer(no_args_is_help=True)

Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers from `quarantine list`; none: all that wait.")]
Reason = Annotated[model.Reason | None, typer.Option(help="Only this reason (docs/quarantine.md).", show_choices=False)]
Gateway = Annotated[str | None, typer.Option(help="Only this gateway.")]
District = Annotated[str | None, typer.Option(help="Only this district.")]
Device = Annotated[str | None, typer.Option(help="Only this device, or foreign address.")]
Start = Annotated[str | None, typer.Option("--from", help="Received from then on.")]
End = Annotated[str | None, typer.Option("--to", help="Received before then.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--private-key", help=f"File with the private key; default: {PRIVATE_KEY}.", exists=True, dir_okay=False
    ),
]


def opener(file: Path | None) -> Opener | None:
    """What opens sealed bodies; None: no key was given."""
    text = file.read_text(encoding="utf-8") if file else os.environ.get(PRIVATE_KEY)
    return Opener(text) if text else None


def keeper(settings: Settings) -> Keeper:
    """What decides about bodies that are refused again."""
    kept = settings.quarantine
    return Keeper(routes(settings), public_key=kept.public_key, cap_bytes=kept.cap_bytes)


@app.command("list")
def list_(
    reason: Reason = None,
    gateway: Gateway = None,
    district: District = None,
    device: Device = None,
    start: Start = None,
    end: End = None,
    everything: Annotated[bool, typer.Option("--all", help="Replayed and discarded ones too.")] = False,
    limit: Annotated[int, typer.Option(help="At most this many.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what waits, oldest first, after the counts by reason and the gateways that fill their share."""
    settings = current()
    with psycopg.connect(settings.database.url) as connection:
        totals = waiting.counts(connection, district)
        hashed = waiting.hashed(connection, district)
        fills = waiting.fills(connection)
        rows = waiting.find(
            connection, reason=reason, gateway=gateway, district=district, device=device, start=instant(start),
            stop=instant(end), waiting=not everything, limit=limit,
        )  # fmt: skip
    if not json:
        typer.echo(", ".join(f"{name}: {count:,}" for name, count in totals.items()) or "nothing waits")
        if hashed:
            typer.echo(f"{hashed:,} of them are kept by their hash only, and cannot be replayed")
        for fill in fills:
            share = fill.bytes / settings.quarantine.cap_bytes
            if share >= 0.5:
                typer.echo(f"gateway {fill.gateway} in {fill.district} holds {share:.0%} of its cap")
    for row in rows:
        topic = row.topic.decode("utf-8", "replace")
        if json:
            document = {**asdict(row), "topic": topic, "body": None, "sealed": None}
            typer.echo(orjson.dumps(document).decode())
        else:
            where = "" if row.part is None else f" [{row.part}]"
            typer.echo(
                f"{row.id:>8}  {row.received_at:%Y-%m-%d %H:%M:%SZ}  {row.reason:<16} {row.kept:<8} {topic}{where}: {row.detail}"
            )


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="Number from `quarantine list`.")], private_key: KeyFile = None
) -> None:
    """Show one message: topic, reason, and what was kept of its bytes."""
    with psycopg.connect(current().database.url) as connection:
        rows = waiting.find(connection, ids=[number], waiting=False)
    if not rows:
        raise typer.BadParameter(f"no message {number} in quarantine; see `district quarantine list`")
    row = rows[0]
    typer.echo(f"topic     {row.topic.decode('utf-8', 'replace')}")
    typer.echo(f"received  {row.received_at.isoformat()}")
    typer.echo(f"reason    {row.reason}: {row.detail}")
    typer.echo(f"outcome   {row.outcome or 'waits'}")
    typer.echo(f"part      {'whole message' if row.part is None else row.part}; {row.bytes} bytes")
    typer.echo(f"kept      {row.kept}")
    body = waiting.body_of(row, opener(private_key))
    if body is not None:
        typer.echo(body.decode("utf-8", "backslashreplace"))
    elif row.sealed is not None:
        typer.echo(f"sealed: set {PRIVATE_KEY}, or give --private-key FILE", err=True)


@app.command()
def replay(
    numbers: Numbers = None,
    reason: Reason = None,
    gateway: Gateway = None,
    district: District = None,
    device: Device = None,
    start: Start = None,
    end: End = None,
    private_key: KeyFile = None,
    why: Annotated[str, typer.Option(help="What was changed, so that they can be taken now.")] = "-",
    who: Annotated[str | None, typer.Option(help="Who replays; default: the user at the terminal.")] = None,
) -> None:
    """Decode and store again under today's catalogue; what is refused again stays."""
    settings = current()
    with psycopg.connect(settings.database.url) as connection:
        chosen = waiting.find(
            connection, ids=numbers or None, reason=reason, gateway=gateway, district=district, device=device,
            start=instant(start), stop=instant(end), waiting=not numbers,
        )  # fmt: skip
        done = send(connection, chosen, settings, opener(private_key), Booking(who=who or getpass.getuser(), why=why))
    typer.echo(said(done))


@app.command()
def discard(
    numbers: Numbers = None,
    reason: Reason = None,
    gateway: Gateway = None,
    district: District = None,
    device: Device = None,
    start: Start = None,
    end: End = None,
    replayed: Annotated[bool, typer.Option("--replayed", help="Free the bodies of replayed ones too.")] = False,
    why: Annotated[str, typer.Option(help="Why they are worth nothing.")] = "",
    who: Annotated[str | None, typer.Option(help="Who discards; default: the user at the terminal.")] = None,
) -> None:
    """Let go of messages for good: bodies are freed; topic, reason and hash stay, and the ledger says who did it."""
    if not why.strip():
        raise typer.BadParameter("--why: expected a reason like 'test bench of 3 May', got nothing")
    if not any((numbers, reason, gateway, district, device, start, end)):
        raise typer.BadParameter(
            "expected numbers, or a filter like --reason bad_json: everything is never discarded at once"
        )
    with psycopg.connect(current().database.url) as connection:
        chosen = waiting.find(
            connection, ids=numbers or None, reason=reason, gateway=gateway, district=district, device=device,
            start=instant(start), stop=instant(end), waiting=not replayed,
        )  # fmt: skip
        count = waiting.discard(connection, chosen, Booking(kind="discard", who=who or getpass.getuser(), why=why))
    typer.echo(f"{count} discarded, {len(chosen)} bodies freed")


@app.command()
def key(
    private: Annotated[Path, typer.Argument(help="New file for the private key; keep it off the collector's machine.")],
) -> None:
    """Make a pair of keys: the private one into a file, the public one to standard output."""
    if private.exists():
        raise typer.BadParameter(f"{private} exists: what was sealed to its key would be lost")
    made = seal.pair()
    private.touch(0o600)
    private.write_text(f"{made.private}\n", encoding="ascii")
    typer.echo(made.public)


def send(
    connection: psycopg.Connection, chosen: list[Quarantined], settings: Settings, key: Opener | None, booking: Booking
) -> waiting.Replay:
    """Replay with the collector's settings."""
    own = settings.collector
    return waiting.replay(
        connection, chosen, routes=routes(settings), max_payload_bytes=own.max_payload_bytes,
        clock=Clock(own.clock_ahead_s, own.clock_behind_s), opener=key, keeper=keeper(settings), booking=booking,
        profiles=own_profiles() if settings.profiles else None,
    )  # fmt: skip


def said(done: waiting.Replay) -> str:
    """One line for a person."""
    rest = f", {done.sealed} sealed (set {PRIVATE_KEY})" if done.sealed else ""
    rest += f", {done.lost} kept by their hash only" if done.lost else ""
    return f"{done.replayed} replayed, {done.refused_again} refused again{rest}"
