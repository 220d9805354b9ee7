"""Whose readings must stay: the windows of evidence that is open."""

from importlib import resources

import psycopg
from psycopg.rows import class_row

from ingest.storage import Window


def cited(connection: psycopg.Connection) -> list[Window]:
    """Windows of open evidence: the latest of an assessment that is not closed, or cited by a decision."""
    with connection.cursor(row_factory=class_row(Window)) as cursor:
        return cursor.execute(resources.files("scoring").joinpath("reliance.sql").read_bytes()).fetchall()
