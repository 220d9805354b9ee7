"""Why a revision of evidence superseded the one before, in words that a person and a program understand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import psycopg
from psycopg.rows import dict_row, tuple_row

from ingest.model import Flag
from scoring.differences import STREAMS, Difference

#: In the order in which they are named; keys of `causes` in texts.yaml.
CAUSES = (
    "rule", "metrics", "parameters", "register", "documents", "late_data", "replay", "import", "correction", "readings",
    "arrivals", "events", "window", "layout",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """How far ingest had come: serial numbers, which no clock can put out of order."""

    batch: int = 0
    correction: int = 0
    #: of the catalogue
    revision: int = 0


def marks(connection: psycopg.Connection, district: str) -> Marks:
    """How far ingest has come now."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "SELECT (SELECT coalesce(max(id), 0) FROM ingest.batch), (SELECT coalesce(max(id), 0) FROM ingest.correction),"
            " (SELECT coalesce(max(rev), 0) FROM ingest.revision WHERE district = %s)",
            (district,),
        ).fetchone()
    batch, correction, revision = row or (0, 0, 0)
    return Marks(batch=batch, correction=correction, revision=revision)


def causes(connection: psycopg.Connection, since: Marks, found: Iterable[Difference]) -> tuple[str, ...]:
    """Words of `CAUSES` for differences that have come about since `since`.

    Readings that changed are accounted for by what ingest says of them: late data, a replay out of quarantine, a declared
    import, a correction. Those without an account are called by the input, which an untouched database never shows.
    """
    differences = list(found)
    named = {one.what for one in differences if one.what not in STREAMS}
    hours = sorted({(one.which, one.hour) for one in differences if one.what in STREAMS and one.hour})
    accounts = _accounts(connection, since, hours) if hours else ()
    named |= set(accounts) or {one.what for one in differences if one.what in STREAMS}
    return tuple(word for word in CAUSES if word in named)


def _accounts(connection: psycopg.Connection, since: Marks, hours: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            (files("scoring") / "causes.sql").read_bytes(),
            {
                "streams": [stream for stream, _ in hours],
                "hours": [datetime.fromisoformat(hour) for _, hour in hours],
                "batch": since.batch,
                "correction": since.correction,
                "backfill": int(Flag.BACKFILL),
            },
        ).fetchone()
    return tuple(name for name, there in (row or {}).items() if there)
