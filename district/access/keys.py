"""Keys of programs: made once, shown once, kept as a hash.

A key carries 256 random bits, so a plain SHA-256 protects it: nothing can be guessed that a slow hash would have to slow
down. Passwords of people are another matter (district/access/people.py).
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import psycopg
from psycopg.rows import class_row

from district.access.roles import AccessError, Identity, Role
from district.access.statements import statement

#: So that a scanner of repositories and logs recognises one.
PREFIX = "district"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is listed; nobody can read the key itself back."""

    id: str
    name: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_on: date | None
    #: district or '*' -> role
    roles: dict[str, str]


def create(
    connection: psycopg.Connection,
    name: str,
    roles: Mapping[str, Role],
    *,
    who: str,
    expires_at: datetime | None = None,
) -> str:
    """Make a key; returns its text, which is stored nowhere.

    Args:
        connection: a transaction that is open goes on; else this commits one of its own.
        name: what it is for.
        roles: district or '*' -> role.
        who: the person who makes it.
        expires_at: None: never.

    Raises:
        AccessError: the name is empty, or a district is no id.
    """
    number = secrets.token_hex(4)
    text = f"{PREFIX}_{number}_{secrets.token_urlsafe(32)}"
    try:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO district.api_key (id, name, sha256, created_by, expires_at) VALUES (%s, %s, %s, %s, %s)",
                (number, name, digest(text), who, expires_at),
            )
            cursor.executemany(
                "INSERT INTO district.key_role (key_id, district, role) VALUES (%s, %s, %s)",
                [(number, district, role) for district, role in roles.items()],
            )
    except psycopg.errors.CheckViolation as error:
        raise AccessError(
            f"expected a name like 'grafana' and ids of districts like lakeside, got {name!r} and {', '.join(map(repr, roles))}"
        ) from error
    return text


def every(connection: psycopg.Connection) -> list[Key]:
    """All keys, revoked ones too, the oldest first."""
    with connection.cursor(row_factory=class_row(Key)) as cursor:
        return cursor.execute(statement("keys")).fetchall()


def revoke(connection: psycopg.Connection, number: str) -> None:
    """Refuse a key from now on.

    Raises:
        AccessError: there is no such key, or it is revoked already.
    """
    done = connection.execute(
        "UPDATE district.api_key SET revoked_at = clock_timestamp() WHERE id = %s AND revoked_at IS NULL", (number,)
    )
    if not done.rowcount:
        raise AccessError(f"expected the id of a key in force, as `district keys list` shows it, got {number!r}")


def find(connection: psycopg.Connection, text: str, now: datetime) -> Identity | None:
    """Whose key it is; None: unknown, revoked or expired. Notes the day on which it was used."""
    rows = connection.execute(statement("key_find"), {"sha256": digest(text), "now": now}).fetchall()
    if not rows:
        return None
    number, name, used_on = rows[0][:3]
    today = now.astimezone(UTC).date()
    if used_on != today:
        connection.execute("UPDATE district.api_key SET last_used_on = %s WHERE id = %s", (today, number))
    roles = {district: Role(role) for *_, district, role in rows if district}
    return Identity(name=f"key {name} ({number})", roles=roles)


def digest(text: str) -> bytes:
    """What is stored of a key or a cookie [32 bytes]."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
