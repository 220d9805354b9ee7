"""Accounts of people: a name to log in with, a password kept as Argon2id (RFC 9106), roles per district."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY
from psycopg.rows import class_row

from district.access.roles import AccessError, Role
from district.access.statements import statement

#: Characters of a password at least: NIST SP 800-63B-4, 3.1.1.2, for one that is the only factor.
SHORTEST = 15
#: Longer ones only cost memory (our choice).
LONGEST = 1024

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account as it is listed."""

    id: str
    name: str
    added_at: datetime
    added_by: str
    #: None: may log in
    removed_at: datetime | None
    #: district or '*' -> role
    roles: dict[str, str]


def add(
    connection: psycopg.Connection, number: str, name: str, password: str, roles: Mapping[str, Role], *, who: str
) -> None:
    """Make an account.

    Args:
        connection: a transaction that is open goes on; else this commits one of its own.
        number: what the person logs in with.
        name: as it stands beside what the person decides.
        password: in plain text; only its hash is stored.
        roles: district or '*' -> role.
        who: the person who makes it.

    Raises:
        AccessError: the id is taken or is no id, the name is empty, or the password is too short.
    """
    hashed = _hashed(password)
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO district.person (id, name, password, added_by) VALUES (%s, %s, %s, %s)",
                (number, name, hashed, who),
            )
            for district, role in roles.items():
                grant(connection, number, district, role)
    except psycopg.errors.UniqueViolation as error:
        raise AccessError(f"expected an id that is free, got {number!r}; removed ones stay taken") from error
    except psycopg.errors.CheckViolation as error:
        raise AccessError(
            "expected an id of a-z, 0-9, '.', '_' and '-' like wang.fang, and a name like 'Wang Fang',"
            f" got {number!r} and {name!r}"
        ) from error


def grant(connection: psycopg.Connection, number: str, district: str, role: Role | None) -> None:
    """Give a person a role in a district in place of the one held there; None takes it away.

    Raises:
        AccessError: nobody has this id.
    """
    _known(connection, number)
    connection.execute("DELETE FROM district.person_role WHERE person_id = %s AND district = %s", (number, district))
    if role is not None:
        connection.execute(
            "INSERT INTO district.person_role (person_id, district, role) VALUES (%s, %s, %s)",
            (number, district, role),
        )


def every(connection: psycopg.Connection) -> list[Person]:
    """All accounts, removed ones too."""
    with connection.cursor(row_factory=class_row(Person)) as cursor:
        return cursor.execute(statement("people")).fetchall()


def remove(connection: psycopg.Connection, number: str) -> None:
    """Let a person log in no more; the sessions end at once. What they decided goes on naming them.

    Raises:
        AccessError: nobody has this id.
    """
    _known(connection, number)
    connection.execute("UPDATE district.person SET removed_at = clock_timestamp() WHERE id = %s", (number,))
    connection.execute("DELETE FROM district.session WHERE person_id = %s", (number,))


def set_password(connection: psycopg.Connection, number: str, password: str) -> None:
    """Replace a password; the sessions under the old one end.

    Raises:
        AccessError: nobody has this id, or the password is too short.
    """
    _known(connection, number)
    connection.execute("UPDATE district.person SET password = %s WHERE id = %s", (_hashed(password), number))
    connection.execute("DELETE FROM district.session WHERE person_id = %s", (number,))


def verify(connection: psycopg.Connection, number: str, password: str) -> bool:
    """Whether the person may log in with this password. An unknown id takes as long as a wrong password."""
    row = connection.execute(
        "SELECT password FROM district.person WHERE id = %s AND removed_at IS NULL", (number,)
    ).fetchone()
    hashed = row[0] if row else _nobody()
    try:
        _hasher.verify(hashed, password[:LONGEST])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return row is not None


def _hashed(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccessError(f"password: expected {SHORTEST} to {LONGEST} characters, got {len(password)}")
    return _hasher.hash(password)


@cache
def _nobody() -> str:
    """The hash of a password that nobody has, with the parameters of the others."""
    return _hasher.hash("nobody has this password")


def _known(connection: psycopg.Connection, number: str) -> None:
    row = connection.execute("SELECT FROM district.person WHERE id = %s AND removed_at IS NULL", (number,)).fetchone()
    if row is None:
        raise AccessError(f"expected the id of an account, as `district people list` shows it, got {number!r}")
