"""Records the difference between a `district.yaml` and what is known, as one revision, whole or not at all."""

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb

from ingest import registry
from ingest.catalogue import load
from ingest.catalogue.facts import Fact, canonical, facts, instant_text
from ingest.catalogue.history import EVER, Change, Timeline, earliest, end_changes, entry_changes
from ingest.catalogue.model import Catalogue

#: Advisory lock of all writers of the catalogue: addresses are unique over all districts.
LOCK = 7_300_902


class CatalogueError(Exception):
    """A catalogue that contradicts what is recorded; a line per problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What applying a file did, or would do."""

    district: str
    #: the revision recorded; None: nothing differed, or it was a dry run
    revision: int | None
    changes: tuple[Change, ...]


def apply(
    connection: psycopg.Connection,
    file: Path,
    *,
    now: datetime,
    who: str,
    since: datetime | None = None,
    reason: str | None = None,
    dry_run: bool = False,
) -> Result:
    """Record how `file` differs from the catalogue as known; applying the same file again records nothing.

    Args:
        connection: a transaction that is open goes on; else this commits one of its own.
        file: a `district.yaml`.
        now: aware; differences hold from then on.
        who: the person or program that applies.
        since: aware; from when differences hold that do not say so themselves.
        reason: why the past may be rewritten; None: it may not.
        dry_run: tell the difference, write nothing.

    Raises:
        DocumentError: the file is wrong in itself.
        CatalogueError: the file contradicts what is recorded.
    """
    catalogue = load.load(file)
    district = catalogue.district.id
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        history = _History.read(connection, district)
        changes = _changes(catalogue, history, now.astimezone(UTC), since and since.astimezone(UTC))
        problems = [*_refusals(catalogue, history, changes, reason), *_taken_addresses(connection, catalogue)]
        if problems:
            raise CatalogueError([f"{file.name} {problem}" for problem in problems])
        if dry_run or not changes:
            return Result(district=district, revision=None, changes=changes)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        revision = _record(connection, catalogue, changes, who=who, digest=digest, reason=reason)
        if history.timelines:
            _touch(connection, district, [change for change in changes if change.valid_from < now])
    return Result(district=district, revision=revision, changes=changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """Everything recorded about one district."""

    #: by (kind, id), with the last word on each period
    timelines: Mapping[tuple[str, str], Timeline]
    #: every origin a device was ever recorded with
    origins: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, connection: psycopg.Connection, district: str) -> "_History":
        timelines: dict[tuple[str, str], dict[datetime, Mapping[str, object] | None]] = defaultdict(dict)
        origins: dict[str, set[str]] = defaultdict(set)
        for kind, name, valid_from, body, ended in connection.execute(_sql("history"), {"district": district}):
            timelines[kind, name][valid_from or EVER] = None if ended else body
            if kind == "device":
                origins[name].add(body["origin"])
        return cls(timelines=dict(timelines), origins={name: frozenset(found) for name, found in origins.items()})


def _changes(catalogue: Catalogue, history: _History, now: datetime, since: datetime | None) -> tuple[Change, ...]:
    zone = ZoneInfo(catalogue.district.zone)
    first = not history.timelines
    wanted = facts(catalogue)
    found: list[Change] = []
    for key, fact in wanted.items():
        known = history.timelines.get(key, {})
        entered = _entered(fact, known, now) if key[0] == "maintenance" else fact
        found += entry_changes(key, entered, known, now=now, since=since, first=first, zone=zone)
    for key, known in history.timelines.items():
        if key not in wanted:
            found += end_changes(key, known, now=now, since=since)
    return tuple(found)


def _entered(fact: Fact, known: Timeline, now: datetime) -> Fact:
    """A maintenance window with the time it was entered: only one entered before its start excuses a silence."""
    for body in known.values():
        if body is not None and {key: value for key, value in body.items() if key != "entered_at"} == fact.body:
            return dataclasses.replace(fact, body=body)
    return dataclasses.replace(fact, body={**fact.body, "entered_at": instant_text(now)})


def _refusals(catalogue: Catalogue, history: _History, changes: Sequence[Change], reason: str | None) -> list[str]:
    problems = []
    for index, device in enumerate(catalogue.devices):
        others = sorted(history.origins.get(device.id, frozenset()) - {device.origin})
        if others:
            problems.append(
                f"$.devices[{index}].origin: expected {others[0]!r} like its recorded past,"
                f" got {device.origin.value!r};"
                f" register a new device like `id: {device.id[:58]}-2` instead"
            )
    district = history.timelines.get(("district", catalogue.district.id), {})
    zones = {str(body["zone"]) for body in district.values() if body}
    if zones - {catalogue.district.zone}:
        problems.append(
            f"$.district.zone: expected {zones.pop()!r} as recorded, got {catalogue.district.zone!r};"
            " its days are counted in that zone: register a new district instead"
        )
    if reason is not None and not reason.strip():
        problems.append("--reason: expected why the past is corrected like 'counter stood at gate B', got nothing")
    if reason is None:
        rewrites: dict[tuple[str, str], Change] = {}
        for change in changes:
            if change.rewrites:
                rewrites.setdefault((change.kind, change.id), change)
        problems += [_rewriting(change) for change in rewrites.values()]
    return problems


def _rewriting(change: Change) -> str:
    at = "since ever" if change.valid_from == EVER else f"since {instant_text(change.valid_from)}"
    return (
        f"$.{change.where or change.kind}: expected a change from now on, got one of the recorded past of"
        f" {change.kind} {change.id!r} {at}; leave out `since:`, or apply with --correct --reason 'why'"
    )


def _taken_addresses(connection: psycopg.Connection, catalogue: Catalogue) -> list[str]:
    """Addresses that belong to a device of another district."""
    taken = registry.load(connection).by_address
    problems = []
    for index, device in enumerate(catalogue.devices):
        for position, known in enumerate(device.addresses):
            owner = taken.get((known.route, registry.normalise(known.address)))
            if owner is not None and owner.district != catalogue.district.id:
                problems.append(
                    f"$.devices[{index}].addresses[{position}].address: expected an address of its own,"
                    f" got {known.address!r}, which belongs to {owner.district}/{owner.id}"
                )
    return problems


def _record(
    connection: psycopg.Connection,
    catalogue: Catalogue,
    changes: Sequence[Change],
    *,
    who: str,
    digest: str,
    reason: str | None,
) -> int:
    row = connection.execute(
        _sql("revision"),
        {
            "district": catalogue.district.id,
            "who": who,
            "signed_on": catalogue.district.signed_on,
            "file_sha256": digest,
            "mode": "apply" if reason is None else "correct",
            "reason": reason,
        },
    ).fetchone()
    if row is None:
        raise RuntimeError("INSERT ... RETURNING gave no row")
    revision = int(row[0])
    with connection.cursor() as cursor:
        cursor.executemany(
            _sql("fact"),
            [
                {
                    "district": catalogue.district.id,
                    "kind": change.kind,
                    "id": change.id,
                    "valid_from": None if change.valid_from == EVER else change.valid_from,
                    "rev": revision,
                    # The end keeps the last body: a device that comes back is still known by its origin.
                    "body": Jsonb(change.after if change.after is not None else change.before, dumps=canonical),
                    "ended": change.after is None,
                }
                for change in changes
            ],
        )
    return revision


def _touch(connection: psycopg.Connection, district: str, past: Sequence[Change]) -> None:
    """Have the hours computed again that changes of the past can reach."""
    if not past:
        return
    only_devices = all(change.kind == "device" for change in past)
    start = earliest(past)
    connection.execute(
        _sql("touch"),
        {
            "district": district,
            "devices": sorted({change.id for change in past}) if only_devices else None,
            "start": None if start == EVER else start,
        },
    )


def _sql(name: str) -> bytes:
    return resources.files("ingest.catalogue").joinpath("sql", f"{name}.sql").read_bytes()
