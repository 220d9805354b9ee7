"""What stateful formats remember between messages, kept in the database so that a new process knows it too."""

import json
from collections.abc import Mapping

import psycopg
from psycopg.types.json import Jsonb

#: By route and the format's own key.
Place = tuple[str, str]


def load(connection: psycopg.Connection) -> dict[Place, object]:
    """Everything that is remembered."""
    rows = connection.execute("SELECT route, key, value FROM ingest.format_memory").fetchall()
    return {(route, key): value for route, key, value in rows}


def save(connection: psycopg.Connection, changes: Mapping[Place, object | None], batch: int) -> None:
    """Write what a batch taught, in its transaction; None: forget. In the order of the keys: writers must not deadlock."""
    kept = [
        (route, key, Jsonb(value, _dumps), batch)
        for (route, key), value in sorted(changes.items())
        if value is not None
    ]
    forgotten = [place for place, value in sorted(changes.items()) if value is None]
    with connection.cursor() as cursor:
        if forgotten:
            cursor.executemany("DELETE FROM ingest.format_memory WHERE route = %s AND key = %s", forgotten)
        if kept:
            cursor.executemany(
                "INSERT INTO ingest.format_memory (route, key, value, batch_id) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (route, key) DO UPDATE SET value = excluded.value, batch_id = excluded.batch_id",
                kept,
            )


def recalled(memory: dict[Place, object], changes: Mapping[Place, object | None]) -> None:
    """Bring a copy in memory up to what was committed."""
    for place, value in changes.items():
        if value is None:
            memory.pop(place, None)
        else:
            memory[place] = value


def _dumps(value: object) -> str:
    # PostgreSQL takes no NUL in jsonb; a name that holds one is never met again, so it may change.
    return json.dumps(value).replace("\\u0000", "\\ufffd")
