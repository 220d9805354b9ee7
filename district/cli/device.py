"""`district device`: what happens to single devices."""

import getpass
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import orjson
import psycopg
import typer

from district.cli.windows import instant
from district.doctor.finding import duration
from district.settings import current
from ingest import clock_classes, registry, watch
from ingest.catalogue.replace import Swap, told
from ingest.catalogue.replace import replace as record

app = typer.Typer(no_args_is_help=True)

#: Without --hours, a clock is judged by the last day.
HOURS = 24

_LIKE = "like energy.import_total=1234.5; may be repeated"


@app.command()
def replace(
    old: Annotated[str, typer.Argument(help="Device whose hardware is exchanged: its id, or its address.")],
    new: Annotated[
        str | None,
        typer.Argument(
            help="Address of the new hardware, or its id in native topics; none: as before.", show_default=False
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="When; readings from then on come from the new hardware. Default: now.")
    ] = None,
    last: Annotated[list[str] | None, typer.Option(help=f"What the old hardware showed at the end, {_LIKE}.")] = None,
    first: Annotated[
        list[str] | None, typer.Option(help=f"What the new hardware showed at its start, {_LIKE}.")
    ] = None,
    route: Annotated[str | None, typer.Option(help="Route of the address; default: the device's only one.")] = None,
    district: Annotated[
        str | None, typer.Option(help="District of the device; default: the only one that has it.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Who says so; default: the user at the terminal.")] = None,
) -> None:
    """Swap the hardware of a device: the series goes on, the old address ends, running totals continue.

    What the new hardware has sent since then waits in quarantine: `district quarantine replay` stores it.
    """
    now = datetime.now(UTC)
    swap = Swap(
        old=old, new=new, at=instant(at) or now, route=route, last=told(last or [], "--last"),
        first=told(first or [], "--first"),
    )  # fmt: skip
    with psycopg.connect(current().database.url) as connection:
        done = record(connection, swap, now=now, who=who or getpass.getuser(), district=district)
    since = f"{swap.at:%Y-%m-%d %H:%M:%SZ}"
    if done.after is None:
        typer.echo(f"{done.district}/{done.device}: new hardware since {since}")
    else:
        typer.echo(
            f"{done.district}/{done.device}: {done.after} instead of {', '.join(done.before) or 'none'} since {since}"
        )
    for stream, shift in done.shifted.items():
        typer.echo(f"{stream}: readings since then count {shift:+f}")


@app.command()
def clocks(
    district: Annotated[str | None, typer.Option(help="Only this district.")] = None,
    hours: Annotated[int, typer.Option(help="Judge by what arrived in so many hours.", min=1)] = HOURS,
    everything: Annotated[bool, typer.Option("--all", help="Good ones too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show clocks that are not right: drifting, in a wrong zone, never set, standing still; imports are left out."""
    with psycopg.connect(current().database.url) as connection:
        since = datetime.now(UTC) - timedelta(hours=hours)
        found = list(clock_classes.device_clocks(connection, since, district=district))
    shown = [one for one in found if everything or one.clock is not clock_classes.ClockClass.GOOD]
    if json:
        for one in shown:
            typer.echo(orjson.dumps(asdict(one)).decode())
        return
    counts = Counter(one.clock for one in found)
    typer.echo(
        ", ".join(f"{name}: {counts[name]}" for name in clock_classes.ClockClass if counts[name]) or "nothing came"
    )
    for one in shown:
        drift = f", {one.drift_s_per_day:+.1f} s a day" if one.drift_s_per_day else ""
        refused = f"; {one.refused} refused" if one.refused else ""
        typer.echo(f"{one.clock:<10}  {one.district}/{one.device}: {one.said}{drift}{refused}")


@app.command("list")
def list_(
    silent: Annotated[bool, typer.Option("--silent", help="Devices and quantities that are missed.")] = False,
    stuck: Annotated[bool, typer.Option("--stuck", help="Values that stand still.")] = False,
    district: Annotated[str | None, typer.Option(help="Only this district.")] = None,
    at: Annotated[str | None, typer.Option(help="As of then; default: now.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show devices; with --silent or --stuck those that need a look, by the rules of ingest/watch.yaml."""
    now = instant(at) or datetime.now(UTC)
    with psycopg.connect(current().database.url) as connection:
        if not silent and not stuck:
            for _, device in sorted(registry.load(connection, now).devices.items()):
                if district in {None, device.district}:
                    typer.echo(orjson.dumps(asdict(device)).decode() if json else _line(device))
            return
        missed = watch.silent(connection, now, district=district) if silent else []
        still = watch.stuck(connection, now, district=district) if stuck else []
    if json:
        documents = [("silent", asdict(one)) for one in missed] + [("stuck", asdict(one)) for one in still]
        for found, document in documents:
            typer.echo(orjson.dumps({"found": found, **document}).decode())
        return
    for gone in missed:
        what = f" {gone.quantity}" if gone.quantity else ""
        ago = (
            "never came"
            if gone.heard_at is None
            else f"last came {duration((now - gone.heard_at).total_seconds())} ago"
        )
        typer.echo(f"silent  {gone.district}/{gone.device}{what}: {ago}, missed after {duration(gone.limit_s)}")
    for value in still:
        typer.echo(
            f"stuck   {value.district}/{value.device} {value.quantity}: {value.value:g} {value.unit} for"
            f" {duration((value.until - value.since).total_seconds())}, doubted after {duration(value.limit_s)}"
        )
    if not missed and not still:
        typer.echo("nothing needs a look")


def _line(device: registry.DeviceEntry) -> str:
    profile = f", profile {device.profile}" if device.profile else ""
    return f"{device.district}/{device.id}: {device.feed}, every {duration(device.interval_us / 1e6)}{profile}"
