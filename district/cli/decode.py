"""`district decode`: what the platform makes of a message, without broker and database."""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import Annotated

import orjson
import typer

from ingest import profile, quantities
from ingest.formats import FORMATS
from ingest.formats.report import Decoded, Direct
from ingest.model import PayloadError, Reason
from ingest.times import to_datetime


def decode(
    file: Annotated[
        str, typer.Argument(help="File with one payload, or '-'; with --capture: lines of `mosquitto_sub -F %j`.")
    ],
    format: Annotated[str | None, typer.Option("--format", help=f"One of {', '.join(sorted(FORMATS))}.")] = None,
    profile_id: Annotated[str | None, typer.Option("--profile", help="Device profile.")] = None,
    topic: Annotated[str, typer.Option(help="Topic of the message.")] = "",
    zone: Annotated[str, typer.Option(help="Zone of times without one.")] = "UTC",
    capture: Annotated[bool, typer.Option("--capture", help="The file holds one JSON object per message.")] = False,
) -> None:
    """Print the readings of each message as JSON, a line per message."""
    del zone  # no shipped format has naive times yet
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    messages = _captured(data) if capture else iter([(topic, data, None)])
    for at, payload, named in messages:
        name = named or format
        if name is None or name not in FORMATS:
            outcome: Mapping[str, object] = _error(
                Reason.UNKNOWN_TOPIC, f"no format {name!r}; known: {', '.join(sorted(FORMATS))}"
            )
        else:
            outcome = _outcome(name, at, payload, profile_id)
        sys.stdout.write(orjson.dumps(outcome).decode() + "\n")


def _captured(data: bytes) -> Iterator[tuple[str, bytes, str | None]]:
    for line in data.splitlines():
        if not line.strip():
            continue
        entry = orjson.loads(line)
        if "payload_hex" in entry:
            payload = bytes.fromhex(entry["payload_hex"])
        else:
            body = entry.get("payload", "")
            payload = body.encode() if isinstance(body, str) else orjson.dumps(body)
        yield str(entry.get("topic", "")), payload, entry.get("format")


def _outcome(name: str, topic: str, payload: bytes, profile_id: str | None) -> Mapping[str, object]:
    try:
        decoded = FORMATS[name](topic, payload)
    except PayloadError as error:
        return _error(error.reason, error.detail)
    return {"readings": list(_readings(decoded, profile_id)), "events": [], "error": None}


def _readings(decoded: Decoded, profile_id: str | None) -> Iterator[Mapping[str, object]]:
    vocabulary = quantities.load()
    meanings = profile.shipped().get(profile_id or "", {})

    def reading(device: str, name: str, channel: str, value: float, time: int | None) -> Mapping[str, object]:
        quantity = vocabulary[name]
        stamp = None if time is None else to_datetime(time).astimezone(UTC).isoformat()
        full = f"{name}.{channel}" if channel else name
        return {
            "device": device,
            "quantity": full,
            "value": value,
            "unit": quantity.unit,
            "kind": quantity.kind.value,
            "time": stamp,
        }

    for report in decoded.reports:
        for key, sent in report.values.items():
            meant = profile.meant(meanings[key], sent) if key in meanings else None
            if meant is not None and meant.value is not None:
                yield reading(report.address, meant.quantity, meant.channel, meant.value, report.time)
    for entry in decoded.direct:
        assert isinstance(entry, Direct)
        yield reading(entry.address, entry.quantity, entry.channel, entry.value, entry.time)


def _error(reason: Reason, detail: str) -> Mapping[str, object]:
    return {"readings": [], "events": [], "error": {"reason": reason.value, "detail": detail}}
