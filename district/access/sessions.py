"""Sessions of the pages: a random cookie whose hash is stored, and a token for each form that only its owner can know."""

import secrets
from datetime import datetime, timedelta

import psycopg

from district.access.keys import digest
from district.access.roles import Identity, Role
from district.access.statements import statement

COOKIE = "district_session"
#: A working day (our choice): nobody stays logged in on a machine that others use.
LIFE = timedelta(hours=12)


def begin(connection: psycopg.Connection, person: str, now: datetime) -> str:
    """Start a session; returns the text of its cookie. Sessions that have ended are cleared away."""
    text = secrets.token_urlsafe(32)
    connection.execute("DELETE FROM district.session WHERE expires_at <= %s", (now,))
    connection.execute(
        "INSERT INTO district.session (sha256, person_id, began_at, expires_at) VALUES (%s, %s, %s, %s)",
        (digest(text), person, now, now + LIFE),
    )
    return text


def find(connection: psycopg.Connection, text: str, now: datetime) -> Identity | None:
    """Whose session it is; None: it has ended, or never was."""
    rows = connection.execute(statement("session_find"), {"sha256": digest(text), "now": now}).fetchall()
    if not rows:
        return None
    number, name = rows[0][:2]
    roles = {district: Role(role) for *_, district, role in rows if district}
    return Identity(name=f"{name} ({number})", roles=roles, form_token=form_token(text))


def end(connection: psycopg.Connection, text: str) -> None:
    """End a session."""
    connection.execute("DELETE FROM district.session WHERE sha256 = %s", (digest(text),))


def form_token(text: str) -> str:
    """What a form of the session has to carry: other sites cannot read it, and the cookie does not follow from it."""
    return digest(f"form {text}").hex()
