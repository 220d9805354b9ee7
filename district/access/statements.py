"""The SQL of district/access/sql, each file read once per process."""

from functools import cache
from importlib import resources


@cache
def statement(name: str) -> bytes:
    """The SQL of district/access/sql/<name>.sql."""
    return resources.files("district.access").joinpath("sql", f"{name}.sql").read_bytes()
