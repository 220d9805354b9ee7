"""Queries of the pages: one .sql file each, grain and units in its first line."""

from functools import cache
from importlib import resources


@cache
def sql(name: str) -> bytes:
    """The text of `name`.sql."""
    return resources.files(__name__).joinpath(f"{name}.sql").read_bytes()
