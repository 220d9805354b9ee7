"""Records the difference between a `district.yaml` and what is known, as one revision, whole or not at all."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from ingest import registry
from ingest.catalogue import load
from ingest.catalogue.facts import Fact, facts, instant_text
from ingest.catalogue.history import Change, Timeline, end_changes, entry_changes
from ingest.catalogue.model import Catalogue
from ingest.catalogue.record import (
    LOCK,
    CatalogueError,
    Entry,
    History,
    Result,
    foreign_origin,
    record,
    rewriting,
    touch,
)
from ingest.profile import Profiles

#: Keys of a device that name entries of other sections.
_PLACES = {"space": "space", "entrance": "entrance", "car_park": "car_park", "bay": "bay", "submeter_of": "device"}


def apply(
    connection: psycopg.Connection,
    file: Path,
    *,
    now: datetime,
    who: str,
    since: datetime | None = None,
    reason: str | None = None,
    dry_run: bool = False,
    profiles: Profiles | None = None,
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
        profiles: device profiles at hand; default: the shipped ones.

    Raises:
        DocumentError: the file is wrong in itself.
        CatalogueError: the file contradicts what is recorded.
    """
    catalogue = load.parsed(file)
    district = catalogue.district.id
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        history = History.read(connection, district)
        beside = _beside(catalogue, history, now)
        load.check(catalogue, file.name, beside=beside, profiles=profiles)
        changes = _changes(catalogue, history, now.astimezone(UTC), since and since.astimezone(UTC), profiles)
        problems = [
            *_refusals(catalogue, history, changes, reason),
            *_dangling(catalogue, beside),
            *_taken_addresses(connection, catalogue, beside),
        ]
        if problems:
            raise CatalogueError([f"{file.name} {problem}" for problem in problems])
        if dry_run or not changes:
            return Result(district=district, revision=None, changes=changes)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        entry = Entry(who=who, digest=digest, signed_on=catalogue.district.signed_on, reason=reason)
        revision = record(connection, district, changes, entry)
        if history.timelines:
            touch(connection, district, [change for change in changes if change.valid_from < now])
    return Result(district=district, revision=revision, changes=changes)


def _beside(catalogue: Catalogue, history: History, now: datetime) -> Mapping[str, Mapping[str, object]]:
    """Devices that lists brought and that the file does not have: they stay."""
    own = {device.id for device in catalogue.devices}
    known = history.at("device", now.astimezone(UTC))
    return {name: body for name, body in known.items() if name not in own and ("device", name) in history.listed}


def _changes(
    catalogue: Catalogue, history: History, now: datetime, since: datetime | None, profiles: Profiles | None
) -> tuple[Change, ...]:
    zone = ZoneInfo(catalogue.district.zone)
    first = not history.timelines
    wanted = facts(catalogue, profiles)
    found: list[Change] = []
    for key, fact in wanted.items():
        known = history.timelines.get(key, {})
        entered = _entered(fact, known, now) if key[0] == "maintenance" else fact
        found += entry_changes(key, entered, known, now=now, since=since, first=first, zone=zone)
    for key, known in history.timelines.items():
        if key not in wanted and key not in history.listed:
            found += end_changes(key, known, now=now, since=since)
    return tuple(found)


def _entered(fact: Fact, known: Timeline, now: datetime) -> Fact:
    """A maintenance window with the time it was entered: only one entered before its start excuses a silence."""
    for body in known.values():
        if body is not None and {key: value for key, value in body.items() if key != "entered_at"} == fact.body:
            return dataclasses.replace(fact, body=body)
    return dataclasses.replace(fact, body={**fact.body, "entered_at": instant_text(now)})


def _refusals(catalogue: Catalogue, history: History, changes: Sequence[Change], reason: str | None) -> list[str]:
    problems = []
    for index, device in enumerate(catalogue.devices):
        if (refused := foreign_origin(history, device.id, device.origin.value)) is not None:
            problems.append(f"$.devices[{index}].origin: {refused}")
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
        problems += [f"$.{change.where or change.kind}: {why}" for change, why in rewriting(changes)]
    return problems


def _dangling(catalogue: Catalogue, beside: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Places that the file no longer has, although a device of a list is there."""
    known = {
        "space": {entry.id for entry in catalogue.spaces},
        "entrance": {entry.id for entry in catalogue.entrances},
        "car_park": {entry.id for entry in catalogue.car_parks},
        "bay": {bay.id for park in catalogue.car_parks for bay in park.bays},
        "device": {entry.id for entry in catalogue.devices} | beside.keys(),
    }
    return [
        f"$: expected the {kind} {body[key]!r} of device {name!r}, which came by a list, got none;"
        " keep it, or import the device with another one first"
        for name, body in beside.items()
        for key, kind in _PLACES.items()
        if key in body and body[key] not in known[kind]
    ]


def _taken_addresses(
    connection: psycopg.Connection, catalogue: Catalogue, beside: Mapping[str, Mapping[str, object]]
) -> list[str]:
    """Addresses that belong to a device of another district, or to one that came by a list."""
    taken = registry.load(connection).by_address
    problems = []
    for index, device in enumerate(catalogue.devices):
        for position, known in enumerate(device.addresses):
            owner = taken.get((known.route, registry.normalise(known.address)))
            if owner is not None and (owner.district != catalogue.district.id or owner.id in beside):
                problems.append(
                    f"$.devices[{index}].addresses[{position}].address: expected an address of its own,"
                    f" got {known.address!r}, which belongs to {owner.district}/{owner.id}"
                )
    return problems
