"""Readings for people who analyse: a pandas DataFrame with zone-aware times, or a file."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
import psycopg

from ingest.statements import statement

COLUMNS = ("time", "device", "quantity", "channel", "value", "unit", "kind", "span_s", "origin", "flags", "datastream")


def frame(
    connection: psycopg.Connection,
    district: str,
    start: datetime,
    end: datetime,
    *,
    feed: str | None = None,
    devices: Sequence[str] | None = None,
    quantities: Sequence[str] | None = None,
    zone: str = "UTC",
) -> pd.DataFrame:
    """Readings in force of the half-open window, one row each, ordered by datastream and time.

    Columns: `time` (zone-aware, in `zone`), `device`, `quantity`, `channel`, `value` (in `unit`, a UCUM code), `kind`,
    `span_s` (length of a delta's interval [s], where the message gave it), `origin`, `flags` (ingest.model.Flag),
    `datastream` (public id).
    """
    rows = connection.execute(
        statement("frame"),
        {"district": district, "start": start, "end": end, "feed": feed,
         "devices": list(devices) if devices is not None else None,
         "quantities": list(quantities) if quantities is not None else None},
    ).fetchall()  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["time"] = pd.to_datetime(table["time"], utc=True).astype("datetime64[us, UTC]").dt.tz_convert(zone)
    table["value"] = table["value"].astype("float64")
    table["span_s"] = table["span_s"].astype("float64")
    return table


def export(table: pd.DataFrame, path: Path, form: str) -> None:
    """Write a frame as `csv` (times in RFC 3339) or `parquet` (needs the extra `export`)."""
    if form == "parquet":
        table.to_parquet(path, index=False)
    else:
        table.assign(time=[time.isoformat() for time in table["time"]]).to_csv(path, index=False)
