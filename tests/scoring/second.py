"""The digest of evidence a second time, after docs/evidence.md and sharing no code with the platform."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).parents[2]
HOUR = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"


def canonical(value: Any) -> str:
    """Canonical text of what JSON gave: keys by the bytes of their text, no blanks, whole numbers only."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(k)}:{canonical(value[k])}" for k in sorted(value, key=str.encode)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    assert not isinstance(value, float), value
    return json.dumps(value, ensure_ascii=False)


def metric(name: str) -> str:
    """SHA-256 of a metric's file, and of the shape that it names."""
    file = next(path for path in (ROOT / "metrics" / "catalogue").iterdir() if path.stem == name)
    text = file.read_text(encoding="utf-8")
    named = [line.split(":")[1].strip() for line in text.splitlines() if line.startswith("shape:")]
    shapes = [(ROOT / "metrics" / "shapes" / f"{shape}.sql").read_text(encoding="utf-8") for shape in named]
    return sha256("".join([text, *shapes]).encode()).hexdigest()


def hours(connection: psycopg.Connection, name: str, window: dict[str, str], word: str) -> str:
    """SHA-256 over the hour lines of a datastream; `word` is the second word of a line, as SQL."""
    rows = connection.execute(
        f"SELECT {HOUR.format('h.hour')} || ' ' || {word} FROM ingest.datastream d JOIN metrics.hour h"
        " ON h.datastream_id = d.id WHERE d.public_id = %s AND h.hour >= %s AND h.hour < %s ORDER BY h.hour".encode(),
        (name, window["read_from"], window["end"]),
    ).fetchall()
    return sha256("".join(f"{line}\n" for (line,) in rows).encode()).hexdigest()


def events(connection: psycopg.Connection, name: str, window: dict[str, str]) -> str:
    """SHA-256 over the hour lines of the events of a device."""
    district, device, _ = name.split("/")
    hour_of = HOUR.format("date_trunc('hour', time)")
    rows = connection.execute(
        f"SELECT {hour_of}, (extract(epoch FROM time) * 1000000)::bigint, to_json(type)::text,"
        " to_json(key)::text, coalesce(to_json(refers_to)::text, 'null'), amount, attributes::text, flags FROM ingest.event"
        " WHERE district = %s AND device = %s AND time >= %s AND time < %s"
        ' ORDER BY time, type COLLATE "C", key COLLATE "C"'.encode(),
        (district, device, window["read_from"], window["end"]),
    ).fetchall()
    lines: dict[str, str] = {}
    for hour, *cells in rows:
        cells[4] = f"{cells[4]:g}"
        lines[hour] = lines.get(hour, "") + "[" + ", ".join(map(str, cells)) + "]\n"
    text = "".join(f"{hour} {sha256(own.encode()).hexdigest()}\n" for hour, own in sorted(lines.items()))
    return sha256(text.encode()).hexdigest()


def digest(connection: psycopg.Connection, inputs: dict[str, Any]) -> str:
    """The digest of evidence whose facts and papers stand in `inputs`; streams and metrics are looked up anew."""
    window = inputs["window"]
    found = inputs | {
        "metrics": {name: metric(name) for name in inputs["metrics"]},
        "readings": {
            name: hours(connection, name, window, "encode(h.input_digest, 'hex')") for name in inputs["readings"]
        },
        "arrivals": {
            name: hours(connection, name, window, "array_to_string(h.lateness, ',')") for name in inputs["arrivals"]
        },
        "events": {name: events(connection, name, window) for name in inputs["events"]},
    }
    return sha256(canonical(found).encode()).hexdigest()
