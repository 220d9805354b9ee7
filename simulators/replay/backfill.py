"""A replay as the database knows it: declared before, recounted after, closed once the ledger has taken all in."""

import json
import time
from collections.abc import Iterable
from datetime import datetime
from importlib.resources import files

import psycopg

from simulators.replay.account import Arrived
from simulators.replay.mapping import ReplayMapping

#: Between two looks at the ledger.
LOOK_EVERY_S = 0.2
#: A running collector takes up a change of the catalogue or of declared imports within this time.
IN_FORCE_AFTER_S = 5.0


class ReplayError(Exception):
    """A replay cannot begin, or does not end; the text says what to do."""


class Backfill:
    """The declared import of one replay. The connection must be in autocommit mode."""

    def __init__(self, connection: psycopg.Connection, mapping: ReplayMapping) -> None:
        self._connection, self._mapping = connection, mapping
        self._of = {"district": mapping.district, "gateway": mapping.gateway}
        self._arrivals = files("simulators.replay").joinpath("arrivals.sql").read_bytes()

    def check_catalogue(self, devices: Iterable[str]) -> None:
        """Refuses to start where the collector would quarantine everything.

        Raises:
            ReplayError: the catalogue has not the gateway or a device, or has it with another feed.
        """
        known = self._facts("device")
        hint = "write the entries with --catalogue and apply them with `district catalogue apply`"
        if self._mapping.gateway not in self._facts("gateway"):
            raise ReplayError(
                f"the catalogue of {self._mapping.district} has no gateway {self._mapping.gateway}; {hint}"
            )
        if missing := [device for device in devices if device not in known]:
            raise ReplayError(f"the catalogue of {self._mapping.district} has no device {', '.join(missing)}; {hint}")
        for device in devices:
            if known[device] != self._mapping.feed:
                raise ReplayError(
                    f"{device} is of the feed {known[device]} in the catalogue and {self._mapping.feed} in the mapping"
                )

    def declare(self, start: datetime, stop: datetime, who: str, files_named: str) -> None:
        """Opens the period [start, stop) for the gateway, and waits until running collectors know.

        Raises:
            ReplayError: readings of the period were dropped; figures made from what comes now would be of a part only.
        """
        dropped = self._connection.execute(
            "SELECT min(time_from), max(time_to) FROM ingest.dropped WHERE time_from < %s AND time_to > %s",
            (stop, start),
        ).fetchone()
        assert dropped is not None
        if dropped[0] is not None:
            raise ReplayError(
                f"readings of {dropped[0]:%Y-%m-%d} to {dropped[1]:%Y-%m-%d} (UTC) were dropped, and their figures are final:"
                " import times outside that period"
            )
        self._connection.execute(
            "INSERT INTO ingest.backfill (district, gateway, time_from, time_to, why, who) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (*self._of.values(), start, stop, f"{self._mapping.why}: {files_named}", who),
        )
        time.sleep(IN_FORCE_AFTER_S)

    def close(self) -> None:
        """Ends the exception for this gateway, also where an earlier replay was broken off."""
        self._connection.execute(
            "UPDATE ingest.backfill SET closed_at = clock_timestamp() "
            "WHERE district = %(district)s AND gateway = %(gateway)s AND closed_at IS NULL",
            self._of,
        )

    def arrived(self) -> Arrived:
        """What the gateway's messages have become so far, in cells."""
        messages, stored, duplicate, conflict = self._one(self._arrivals)
        bodies = self._connection.execute(
            "SELECT q.body FROM ingest.quarantine q JOIN ingest.batch b ON b.id = q.batch_id "
            "WHERE q.district = %(district)s AND q.gateway = %(gateway)s AND NOT b.transfer",
            self._of,
        )
        return Arrived(messages, stored, duplicate, conflict, sum(_cells(body) for (body,) in bodies))

    def wait(self, before: Arrived, messages: int, timeout_s: float) -> Arrived:
        """What `messages` messages have become since `before`, once the ledger has all of them.

        Raises:
            ReplayError: nothing has arrived for `timeout_s`.
        """
        came, deadline = 0, time.monotonic() + timeout_s
        while came < messages:
            now = self._one(self._arrivals)[0] - before.messages
            if now > came:
                came, deadline = now, time.monotonic() + timeout_s
            elif time.monotonic() > deadline:
                raise ReplayError(
                    f"the ledger took in {came} of {messages} messages, and none for {timeout_s:.0f} s: is "
                    "`district collect` running on this broker and database? The backfill stays open; the same replay "
                    "may be run again"
                )
            else:
                time.sleep(LOOK_EVERY_S)
        return self.arrived() - before

    def _facts(self, kind: str) -> dict[str, str]:
        rows = self._connection.execute(
            "SELECT id, coalesce(body->>'feed', '') FROM ingest.facts(%s, %s) "
            "WHERE valid_from <= now() AND now() < valid_to",
            (self._mapping.district, kind),
        )
        return dict(rows.fetchall())

    def _one(self, query: bytes) -> tuple[int, int, int, int]:
        (row,) = self._connection.execute(query, self._of).fetchall()
        return row[0], row[1], row[2], row[3]


def _cells(body: bytes | None) -> int:
    """Values in a quarantined message of ours, or in the refused part of one."""
    document = json.loads(body) if body else []
    objects = document if isinstance(document, list) else [document]
    return sum(len(item.get("values", {})) for item in objects)
