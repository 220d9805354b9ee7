"""The SQL of ingest/sql, each file read once per process: batches are written with them."""

from functools import cache
from importlib import resources


@cache
def statement(name: str) -> bytes:
    """The SQL of ingest/sql/<name>.sql."""
    return resources.files("ingest").joinpath("sql", f"{name}.sql").read_bytes()
