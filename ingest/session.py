"""One process per session: a lock in the database says who serves a client id on a broker.

Two processes with one client id would take the session from each other for ever. The second waits instead, and goes on
where the first ends, for the lock lives exactly as long as the connection that took it.
"""

import psycopg

from ingest.statements import statement


class SessionServed(Exception):  # noqa: N818 - says what happened
    """Another process serves the session."""


def take(connection: psycopg.Connection, broker: str, client_id: str) -> bool:
    """Take the lock of a session for as long as this connection lives.

    Returns:
        False: an earlier connection of this very process, known by its application name, has not ended yet at the
        server; ask again later.

    Raises:
        SessionServed: another process has it; the message says which.
    """
    name = f"district session {client_id} {broker}"
    row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
    holder = None if row == (True,) else connection.execute(statement("session_holder"), {"name": name}).fetchone()
    connection.commit()
    if row == (True,):
        return True
    if holder is not None and holder[0] == connection.info.parameter_status("application_name"):
        return False
    who = f": {holder[0]} at {holder[1]}, since {holder[2]:%Y-%m-%d %H:%M:%S} UTC" if holder else ""
    raise SessionServed(f"client id {client_id!r} at the broker {broker} is served by another process{who}")
