"""`district simulate run|truth`: a simulated district on the broker, and what its figures must come out as."""

import re
import signal
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from district.cli.collect import tls
from district.cli.replay import replay
from district.cli.windows import instant
from district.settings import Settings, current
from simulators import faults
from simulators.backlog import Outgoing, backlog
from simulators.demo import demo
from simulators.live import live
from simulators.publish import Broker, BrokerError, Gateways
from simulators.truth import METRICS, Truth
from simulators.truth import truth as true_figures

app = typer.Typer(no_args_is_help=True)
app.command()(replay)

_SEED = typer.Option(help="Decides everything that happens in the simulated district.")
_CATALOGUE = typer.Option("--catalogue", help="District to simulate; without it the shipped demo district.")
_FAULTS = typer.Option("--faults", help=f"Comma-separated faults: {', '.join(faults.NAMES)}.")


def broker(settings: Settings) -> Broker:
    """Where simulated gateways publish, from the settings."""
    own = settings.broker
    return Broker(host=own.host, port=own.port, user=own.user, password=own.password, tls=tls(own))


@app.command()
def run(
    seed: Annotated[int, _SEED] = 1,
    history: Annotated[str | None, typer.Option(help="Send this much of the past first, for example 35d.")] = None,
    stay: Annotated[bool, typer.Option("--live", help="Then publish every report at its time.")] = False,
    for_: Annotated[
        str | None, typer.Option("--for", help="Stop this long after the first live message, for example 60s.")
    ] = None,
    fault_names: Annotated[str, _FAULTS] = "",
    catalogue: Annotated[Path | None, _CATALOGUE] = None,
    receipts: Annotated[
        bool, typer.Option(help="Keep what no commit receipt names, and send it again (docs/receipts.md).")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the account of what was acknowledged as JSON.")] = False,
) -> None:
    """Publish a simulated district: its past as a backlog of arrays, then its present."""
    if not history and not stay and not for_:
        raise typer.BadParameter("expected --history like 35d, --live, or both, got neither")
    world = demo(seed, catalogue)
    now = int(time.time())
    chosen = [faults.make(name, world, until=now) for name in _names(fault_names)]
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        names = {d.gateway for d in world.devices.values()}
        gateways = stack.enter_context(
            Gateways(broker(current()), names, receipts_of=world.district if receipts else None)
        )
        if history:
            start = now - duration_s(history)
            bar = stack.enter_context(_progress())
            task = bar.add_task(f"{history} of history", total=(now - start) * 1000)
            gateways.publish_all(
                backlog(world, start, now, chosen),
                progress=lambda message: bar.update(task, completed=message.sent - start * 1000),
                stop=stop,
            )
        if stay or for_:
            limit = _Limit(stop, duration_s(for_) if for_ else None)
            gateways.publish_all(live(world, now, chosen, stop=stop), progress=limit.seen, stop=stop)
            limit.cancel()
        patience_s = 5.0 if stop.is_set() else 60.0
        all_there = gateways.drain(patience_s)
        all_confirmed = gateways.confirm(patience_s)
        accounts = [asdict(account) for account in gateways.accounts.values()]
    if json:
        sys.stdout.write(orjson.dumps({"gateways": accounts}, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        for line in accounts:
            messages, reports = line["acknowledged_messages"], line["acknowledged_objects"]
            typer.echo(f"{line['gateway']}: {messages} messages with {reports} reports acknowledged")
    if not all_there:
        raise BrokerError("some messages were never acknowledged; see waiting_messages of --json")
    if not all_confirmed:
        raise BrokerError(
            "some messages have no receipt; see unconfirmed_messages of --json: is `district collect` running?"
        )


@app.command()
def truth(
    start: Annotated[str, typer.Option("--from", help="Begin of the window.")],
    end: Annotated[str, typer.Option("--to", help="End of the window, itself not included.")],
    seed: Annotated[int, _SEED] = 1,
    metric: Annotated[str | None, typer.Option(help="Only this metric.")] = None,
    fault_names: Annotated[str, _FAULTS] = "",
    catalogue: Annotated[Path | None, _CATALOGUE] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Print what the figures of a simulated district must be, from what happened in it, not from what was stored."""
    if metric is not None and metric not in METRICS:
        raise typer.BadParameter(f"--metric: expected one of {', '.join(METRICS)}, got {metric!r}")
    world = demo(seed, catalogue)
    first, last = (_instant(text, world.zone) for text in (start, end))
    if first % 3600 or last % 3600 or last <= first:
        raise typer.BadParameter(f"expected full hours, --from before --to, got {start} and {end}")
    chosen = [faults.make(name, world, until=int(time.time())) for name in _names(fault_names)]
    found = true_figures(world, first, last, faults=chosen, metrics=None if metric is None else (metric,))
    lines = [_line(item) for item in found]
    if json:
        sys.stdout.write(orjson.dumps({"values": lines}).decode() + "\n")
        return
    for line in lines:
        typer.echo(
            " ".join(str(line[key]) for key in ("metric", "subject", "grain", "start", "end", "value", "coverage"))
        )


class _Limit:
    """Stops some time after the first message was seen."""

    def __init__(self, stop: threading.Event, seconds: int | None) -> None:
        self._timer = None if seconds is None else threading.Timer(seconds, stop.set)

    def seen(self, _message: Outgoing) -> None:
        if self._timer is not None and not self._timer.is_alive() and self._timer.ident is None:
            self._timer.start()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _instant(text: str, zone: str) -> int:
    found = instant(text, zone)
    assert found is not None
    return int(found.timestamp())


def _names(text: str) -> list[str]:
    asked = [name.strip() for name in text.split(",") if name.strip()]
    for name in asked:
        if name not in faults.NAMES:
            raise typer.BadParameter(f"--faults: expected some of {', '.join(faults.NAMES)}, got {name!r}")
    return [name for name in faults.NAMES if name in asked]


def duration_s(text: str) -> int:
    """Seconds of a duration like 35d, 12h, 5min or 60s."""
    match = re.fullmatch(r"([1-9][0-9]*)(s|min|h|d)", text)
    if match is None:
        raise typer.BadParameter(f"expected a duration like 35d, 12h, 5min or 60s, got {text!r}")
    return int(match[1]) * {"s": 1, "min": 60, "h": 3600, "d": 86_400}[match[2]]


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _line(item: Truth) -> dict[str, object]:
    return {
        "metric": item.metric,
        "subject": item.subject,
        "grain": item.grain,
        "start": _text(item.start),
        "end": _text(item.end),
        "value": None if item.value is None else str(item.value),
        "coverage": None if item.coverage is None else str(item.coverage),
        "exact": item.exact,
    }


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
