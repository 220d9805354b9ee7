"""Counts for Prometheus, from the ledger and the roll-ups: the tables are the only place where anything is counted."""

from importlib import resources

import psycopg


def exposition(connection: psycopg.Connection) -> str:
    """The text format of Prometheus, version 0.0.4."""
    lines: list[str] = []
    last = ""
    rows = connection.execute(resources.files("district").joinpath("observe.sql").read_bytes()).fetchall()
    for name, kind, meaning, labels, value in rows:
        if name != last:
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
            last = name
        lines.append(f"{name}{{{labels}}} {value}" if labels else f"{name} {value}")
    return "\n".join(lines) + "\n"
