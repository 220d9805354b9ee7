"""`district demo`: everything embedded, a simulated district, and an account at the end."""

import signal
import threading
from typing import Annotated, cast

import typer
from rich.console import Console

from district import demo as whole
from district.cli.simulate import duration_s
from district.embedded.broker import Kind


def demo(
    for_: Annotated[
        str | None, typer.Option("--for", help="Stop this long after the first live message, like 60s.")
    ] = None,
    broker: Annotated[
        str | None, typer.Option(help="mosquitto or amqtt; by default Mosquitto where it is installed.")
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="Remove the demo's state instead.")] = False,
) -> None:
    """Watch a simulated district from its messages to suggested points; exit 0 only if everything adds up."""
    console = Console(highlight=False)
    if clean:
        console.print(f"removed {whole.clean()}")
        return
    if broker not in {None, "mosquitto", "amqtt"}:
        raise typer.BadParameter(f"--broker: expected mosquitto or amqtt, got {broker!r}")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    fine = whole.Demo(console, stop=stop, broker=cast("Kind | None", broker)).run(duration_s(for_) if for_ else None)
    raise typer.Exit(0 if fine else 1)
