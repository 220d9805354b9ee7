"""Brings a database to the schema of this version: numbered SQL files of all parts, each applied once, in order."""

import hashlib
from collections.abc import Iterator
from importlib import resources

import psycopg
from psycopg.types.json import Jsonb

from ingest import quantities

PARTS = ("ingest", "metrics", "scoring", "dashboards", "district")
LOCK = 7_300_901


class MigrationError(Exception):
    """A migration that was applied has been edited since, or the numbering has a hole."""


def migrations() -> list[tuple[int, str, str]]:
    """All migrations as (number, file name, SQL), in order; numbers run from 1 without a hole."""
    found = sorted((int(name.split("_")[0]), name, text) for name, text in _files())
    if [number for number, _, _ in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations must be numbered from 1 without a hole, got {[name for _, name, _ in found]}")
    return found


def _files() -> Iterator[tuple[str, str]]:
    for part in PARTS:
        for entry in resources.files(part).joinpath("migrations").iterdir():
            if entry.name.endswith(".sql"):
                yield entry.name, entry.read_text(encoding="utf-8")


def migrate(dsn: str) -> list[str]:
    """Apply what is missing and write the vocabulary; returns the names of the files applied."""
    applied: list[str] = []
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS public.district_migration"
            " (number int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        done: dict[int, str] = dict(
            connection.execute("SELECT number, sha256 FROM public.district_migration").fetchall()
        )
        for number, name, text in migrations():
            digest = hashlib.sha256(text.encode()).hexdigest()
            if number in done:
                if done[number] != digest:
                    raise MigrationError(f"{name} was edited after it was applied; add a new migration instead")
                continue
            connection.execute(text.encode())
            connection.execute(
                "INSERT INTO public.district_migration (number, name, sha256) VALUES (%s, %s, %s)",
                (number, name, digest),
            )
            applied.append(name)
        _write_vocabulary(connection)
    return applied


def _write_vocabulary(connection: psycopg.Connection) -> None:
    rows = [
        (
            q.name, q.kind, q.type, q.unit, q.minimum, q.maximum, q.resolution, q.combine, q.statistic, q.flow,
            Jsonb({str(code): word for code, word in q.codes.items()}) if q.codes else None, q.meaning_zh, q.meaning_en,
        )
        for q in quantities.load().values()
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ingest.quantity VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET (type, unit, minimum, maximum, resolution, combine, statistic, flow, codes,"
            " meaning_zh, meaning_en) = (excluded.type, excluded.unit, excluded.minimum, excluded.maximum,"
            " excluded.resolution, excluded.combine, excluded.statistic, excluded.flow, excluded.codes,"
            " excluded.meaning_zh, excluded.meaning_en)",
            rows,
        )
