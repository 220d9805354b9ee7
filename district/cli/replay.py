"""`district simulate replay`: public files of measurements through MQTT, with an account of every cell."""

import getpass
import json
import sys
import time
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import Progress

from district.cli.collect import tls
from district.settings import SettingsError, current
from ingest import quantities
from ingest.times import to_datetime
from simulators.publish import Broker, BrokerError
from simulators.replay import catalogue as entries
from simulators.replay import check
from simulators.replay.backfill import ReplayError
from simulators.replay.keys import MappingError
from simulators.replay.mapping import ReplayMapping
from simulators.replay.run import FileLook, FileResult, Look, look
from simulators.replay.run import replay as send

#: Refusals that a real run prints per file; --dry-run prints all.
SHOWN = 20


def replay(
    mapping: Annotated[Path, typer.Argument(help="Mapping file (docs/replay.md); shipped ones: simulators/mappings/")],
    files: Annotated[list[Path], typer.Argument(help="Data files that this mapping describes")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the first readings and every refused row; send and store nothing")
    ] = False,
    catalogue: Annotated[
        bool, typer.Option("--catalogue", help="Print a district.yaml with the devices of the files; send nothing")
    ] = False,
    who: Annotated[str | None, typer.Option(help="Who declares the import; default: the user of this machine")] = None,
    timeout_s: Annotated[float, typer.Option(help="Give up when broker or collector stand still for so long")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="The account as JSON, a line per file")] = False,
) -> None:
    """Send files through MQTT like any gateway, as a declared backfill, and account for every cell.

    Exit code 0 only if read = sent + missing + refused + ignored and
    sent = stored + duplicate + conflict + quarantined.
    """
    try:
        vocabulary = quantities.load()
        described = check.load(mapping, vocabulary)
        latest = time.time_ns() // 1_000
        found = look(described, files, vocabulary, latest=latest)
        if catalogue:
            print(entries.district_yaml(described, found), end="")
            return
        if dry_run:
            _show_look(described, found, as_json=as_json)
            return
        balanced = True
        settings = current()
        at = settings.broker
        broker = Broker(host=at.host, port=at.port, user=at.user, password=at.password, tls=tls(at))
        console = Console(stderr=True)
        with (
            psycopg.connect(settings.database.url, autocommit=True) as connection,
            Progress(console=console, disable=not console.is_terminal, transient=True) as bar,
        ):
            task = bar.add_task("cells", total=sum(file.account.sent for file in found.files))
            results = send(
                described, found, vocabulary, connection=connection, broker=broker, who=who or getpass.getuser(),
                latest=latest, timeout_s=timeout_s, progress=lambda cells: bar.advance(task, cells),
            )  # fmt: skip
            for file, result in zip(found.files, results, strict=True):
                _show_result(file, result, as_json=as_json)
                balanced = balanced and result.balanced
    except (MappingError, ReplayError, BrokerError, SettingsError, psycopg.OperationalError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    if not balanced:
        print("error: the account does not balance; `district ledger --check` names the batch", file=sys.stderr)
        raise typer.Exit(1)


def _show_look(mapping: ReplayMapping, found: Look, *, as_json: bool) -> None:
    for file in found.files:
        if as_json:
            print(json.dumps(_document(file), ensure_ascii=False))
            continue
        account = file.account
        print(f"{file.path}: {account.rows} rows; {account.equation()}{_reasons(account.ignored)}")
        for pattern, rows in zip(mapping.time.formats, file.read_by, strict=True):
            print(f"  format {pattern!r} reads {rows} rows")
        for reading in file.first:
            start = f", from {to_datetime(reading.start).isoformat()}" if reading.start is not None else ""
            at = to_datetime(reading.time).isoformat()
            print(f"  line {reading.line}: {reading.device} {reading.name} = {reading.value} at {at}{start}")
        for refusal in file.refusals:
            print(f"  refused, {refusal}")
    if not as_json:
        for device, names in found.devices.items():
            print(f"device {device}{': ' + ', '.join(names) if names else ''}")


def _show_result(file: FileLook, result: FileResult, *, as_json: bool) -> None:
    account, arrived = result.account, result.arrived
    if as_json:
        document = _document(file) | {"messages": result.messages} | arrived._asdict() | {"balanced": result.balanced}
        print(json.dumps(document, ensure_ascii=False))
        return
    print(f"{result.path}: {account.rows} rows; {account.equation()}{_reasons(account.ignored)}")
    print(f"  {arrived.equation(account.sent, result.messages)} ({result.messages} messages)")
    for refusal in file.refusals[:SHOWN]:
        print(f"  refused, {refusal}")
    if len(file.refusals) > SHOWN:
        print(f"  and {len(file.refusals) - SHOWN} more; --dry-run prints all")


def _document(file: FileLook) -> dict[str, object]:
    account = file.account
    return {
        "file": str(file.path), "rows": account.rows, "read": account.read, "sent": account.sent,
        "missing": account.missing, "refused": account.refused, "ignored": dict(account.ignored),
        "refusals": [refusal._asdict() for refusal in file.refusals],
        "first": [
            {
                "line": reading.line, "device": reading.device, "name": reading.name, "value": reading.value,
                "time": to_datetime(reading.time).isoformat(),
                "from": None if reading.start is None else to_datetime(reading.start).isoformat(),
            }
            for reading in file.first
        ],
    }  # fmt: skip


def _reasons(ignored: dict[str, int]) -> str:
    return "".join(f" ({why}: {cells})" for why, cells in sorted(ignored.items()))
