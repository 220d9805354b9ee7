"""Lists of devices into the catalogue: each row is checked, and the difference is recorded as one revision or not at all.

A list adds and changes devices; it never ends one that it does not have. `retired_on` ends a device.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_origin
from zoneinfo import ZoneInfo

import psycopg
from pydantic import TypeAdapter, ValidationError

from ingest import registry
from ingest.catalogue.facts import device_fact
from ingest.catalogue.history import Change, entry_changes
from ingest.catalogue.load import circles, device_problems
from ingest.catalogue.model import Device
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
from ingest.catalogue.sheet import Row, rows
from ingest.profile import Profiles
from ingest.yaml_document import DocumentError, keys, mistakes, path, suggestion, value_of

_KEYS = {name: bare for name, _, bare, _ in keys(Device)}
#: Keys whose cells hold more than one value, written as in a district.yaml.
_NESTED = frozenset(name for name, bare in _KEYS.items() if get_origin(bare) is not None or is_dataclass(bare))
#: Columns of a table besides the keys: the n-th foreign name of a device.
_NAMES = re.compile(r"(route|address)(?:_([2-9]))?")
_COLUMNS = sorted({*_KEYS, "route", "address"})
#: Excel keeps no more digits of a number.
_EXCEL_DIGITS = 15
_REFERENCES = {"space": "space", "entrance": "entrance", "car_park": "car_park", "bay": "bay", "submeter_of": "device"}

_device = TypeAdapter(Device)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A row that is a device."""

    row: Row
    device: Device


def bring_in(
    connection: psycopg.Connection,
    file: Path,
    *,
    now: datetime,
    who: str,
    district: str | None = None,
    since: datetime | None = None,
    reason: str | None = None,
    dry_run: bool = False,
    profiles: Profiles | None = None,
) -> Result:
    """Record how the devices of a list differ from the catalogue as known; the same list again records nothing.

    Args:
        connection: a transaction that is open goes on; else this commits one of its own.
        file: a .csv, .xlsx or .yaml with devices.
        now: aware; differences hold from then on.
        who: the person or program that imports.
        district: None: the only one there is.
        since: aware; from when differences hold that do not say so themselves.
        reason: why the past may be rewritten; None: it may not.
        dry_run: tell the difference, write nothing.
        profiles: device profiles at hand; default: the shipped ones.

    Raises:
        DocumentError: cells are wrong in themselves.
        CatalogueError: they contradict what is recorded.
    """
    found = rows(file)
    now, since = now.astimezone(UTC), since and since.astimezone(UTC)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        name = _district(connection, district)
        history = History.read(connection, name)
        listed = _listed(found, file.name, history.at("device", now), profiles)
        problems = [
            *_origins(listed, history),
            *_references(listed, history, now),
            *_addresses(connection, listed, name, now),
        ]
        zone = ZoneInfo(str(history.at("district", now)[name]["zone"]))
        changes = _changes(listed, history, now, since, zone, profiles)
        if reason is None:
            problems += [f"{change.where}: {why}" for change, why in rewriting(changes)]
        if problems:
            raise CatalogueError([f"{file.name} {problem}" for problem in problems])
        if dry_run or not changes:
            return Result(district=name, revision=None, changes=changes)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        revision = record(connection, name, changes, Entry(who=who, digest=digest, reason=reason, listed=True))
        touch(connection, name, [change for change in changes if change.valid_from < now])
    return Result(district=name, revision=revision, changes=changes)


def _district(connection: psycopg.Connection, wanted: str | None) -> str:
    known = [row[0] for row in connection.execute("SELECT DISTINCT district FROM ingest.fact ORDER BY 1").fetchall()]
    if wanted in known:
        return wanted  # type: ignore[return-value]  # None is not among them
    if wanted is None and len(known) == 1:
        return str(known[0])
    if not known:
        raise CatalogueError(["expected a catalogue to add devices to, got none: apply a district.yaml first"])
    raise CatalogueError([f"--district: expected one of {', '.join(known)}, got {wanted or 'none'}"])


def _changes(
    listed: Sequence[_Listed],
    history: History,
    now: datetime,
    since: datetime | None,
    zone: ZoneInfo,
    profiles: Profiles | None,
) -> tuple[Change, ...]:
    found: list[Change] = []
    for entry in listed:
        fact = device_fact(entry.device, entry.row.where, zone, profiles)
        key = ("device", entry.device.id)
        known = history.timelines.get(key, {})
        found += entry_changes(key, fact, known, now=now, since=since, first=False, zone=zone)
    return tuple(found)


def _listed(
    found: Sequence[Row], file: str, known: Mapping[str, Mapping[str, object]], profiles: Collection[str] | None
) -> list[_Listed]:
    problems: list[str] = []
    columns = {column: row for row in reversed(found) for column in row.cells}
    for column, row in columns.items():
        if column not in _KEYS and (row.where.startswith("$") or not _NAMES.fullmatch(column)):
            hint = suggestion(column, _COLUMNS)
            where = path((column,)) if row.where.startswith("$") else "row 1"
            problems.append(f"{file} {where}: expected a known column like interval, got {column!r}{hint}")
    if problems:
        raise DocumentError(problems)
    listed: list[_Listed] = []
    first: dict[str, Row] = {}
    for row in found:
        try:
            device = _device.validate_python(_raw(row, known, file))
        except ValidationError as error:
            problems += [f"{file} {_place(row, location)}: {text}" for location, text in mistakes(error, Device)]
            continue
        except DocumentError as error:
            problems += error.problems
            continue
        problems += [f"{file} {_place(row, where)}: {what}" for where, what in device_problems(device, profiles)]
        if first.setdefault(device.id, row) is not row:
            other = first[device.id].where
            problems.append(f"{file} {row.cell('id')}: expected an id of its own, got {device.id!r}, which is {other}")
        listed.append(_Listed(row=row, device=device))
    if problems:
        raise DocumentError(problems)
    return listed


def _raw(row: Row, known: Mapping[str, Mapping[str, object]], file: str) -> dict[str, object]:
    """A row as the entry of a district.yaml; of a table, keys without a column stay as they are recorded."""
    if row.where.startswith("$"):
        return dict(row.cells)
    cells = {column: cell for column, cell in row.cells.items() if cell is not None}
    raw = {column: _cell(row, column, cell, file) for column, cell in cells.items() if column in _KEYS}
    names: dict[str, dict[str, object]] = {}
    for column, cell in cells.items():
        if (match := _NAMES.fullmatch(column)) is not None:
            names.setdefault(match[2] or "", {})[match[1]] = _cell(row, column, cell, file)
    if names:
        raw["addresses"] = [names[number] for number in sorted(names)]
    recorded = _entry(known[str(raw["id"])]) if raw.get("id") in known else {}
    given = {*row.cells, *(["addresses"] if any(map(_NAMES.fullmatch, row.cells)) else [])}
    return {**{key: value for key, value in recorded.items() if key not in given}, **raw}


def _cell(row: Row, column: str, cell: object, file: str) -> object:
    """The value of a cell, which is written as in a district.yaml; texts stay texts, whatever they look like."""
    if column in _NESTED and isinstance(cell, str):
        return value_of(cell, f"{file} {row.cell(column)}")
    if isinstance(cell, int) and not isinstance(cell, bool) and column != "sign":
        if len(str(cell)) >= _EXCEL_DIGITS and _NAMES.fullmatch(column):
            problem = f"expected a cell of text like 24E124123456789A, got the number {cell}: Excel keeps {_EXCEL_DIGITS} digits"
            raise DocumentError([f"{file} {row.cell(column)}: {problem}"])
        return str(cell)
    return cell


def _entry(body: Mapping[str, object]) -> dict[str, object]:
    """A recorded body as the entry that made it."""
    entry = _with_durations(body, ("interval", "hold"))
    if isinstance(clock := entry.get("clock"), Mapping):
        entry["clock"] = _with_durations(clock, ("ahead", "behind"))
    return entry


def _with_durations(body: Mapping[str, object], names: Collection[str]) -> dict[str, object]:
    entry = dict(body)
    for name in names:
        if (seconds := entry.pop(f"{name}_s", None)) is not None:
            entry[name] = f"{seconds}s"
    return entry


def _place(row: Row, location: Sequence[object]) -> str:
    """Where in a row: its cell, and within a cell of several values the rest of the path."""
    if not location:
        return row.where
    if row.where.startswith("$"):
        return row.where + path(location)[1:]
    column, rest = str(location[0]), location[1:]
    if column == "addresses" and column not in row.cells and rest:
        number = int(str(rest[0]))
        column, rest = str(rest[-1]) if len(rest) > 1 else "address", ()
        column += f"_{number + 1}" if number else ""
    return row.cell(column) + (f" {path(rest)}" if rest else "")


def _origins(listed: Sequence[_Listed], history: History) -> Iterator[str]:
    for entry in listed:
        if (refused := foreign_origin(history, entry.device.id, entry.device.origin.value)) is not None:
            yield f"{entry.row.cell('origin')}: {refused}"


def _references(listed: Sequence[_Listed], history: History, now: datetime) -> Iterator[str]:
    own = [entry.device.id for entry in listed]
    for key, kind in _REFERENCES.items():
        known = sorted({*history.at(kind, now), *(own if kind == "device" else [])})
        for entry in listed:
            value = getattr(entry.device, key)
            if value is not None and value not in known:
                noun = kind.replace("_", " ")
                yield f"{entry.row.cell(key)}: expected a known {noun}, got {value!r}{suggestion(value, known)}"
    above = {name: body.get("submeter_of") for name, body in history.at("device", now).items()}
    above |= {entry.device.id: entry.device.submeter_of for entry in listed}
    cells = {entry.device.id: entry.row.cell("submeter_of") for entry in listed}
    edges = [(name, None if meter is None else str(meter)) for name, meter in above.items()]
    for (_, index, _), what in circles("devices", "submeter_of", edges):
        if (cell := cells.get(edges[int(str(index))][0])) is not None:
            yield f"{cell}: {what}"


def _addresses(
    connection: psycopg.Connection, listed: Sequence[_Listed], district: str, now: datetime
) -> Iterator[str]:
    """Foreign names that another device has."""
    own = {entry.device.id for entry in listed}
    owners = {
        key: f"{device.district}/{device.id}"
        for key, device in registry.load(connection, now).by_address.items()
        if device.district != district or device.id not in own
    }
    for entry in listed:
        for position, known in enumerate(entry.device.addresses):
            key = (known.route, registry.normalise(known.address))
            here = f"{district}/{entry.device.id}"
            where = _place(entry.row, ("addresses", position, "address"))
            if not key[1]:
                yield f"{where}: expected a name with letters or digits like 24:E1:24, got {known.address!r}"
            elif owners.setdefault(key, here) != here:
                yield f"{where}: expected an address of its own, got {known.address!r}, which belongs to {owners[key]}"
