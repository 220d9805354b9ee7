"""The facts of the catalogue that a figure uses, as they go into the digest of its evidence.

Only the fields that can change a figure, clipped to the window, by content: a new address of a device, a new name of a
space or a change after the window leaves every digest as it was.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.resources import files

import psycopg
from psycopg.rows import tuple_row

from scoring.digest import Canonical
from scoring.model import Waiver, Window

#: Kind of fact -> fields of its body that a metric or a rule reads.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "district": ("zone", "demo", "gross_floor_area_m2"),
    "space": ("parent", "core_public", "usable_area_m2", "capacity", "opening"),
    "car_park": ("space", "public", "spaces", "reset_s"),
    "device": (
        "feed", "space", "interval_s", "hold_s", "origin", "entrance", "sign", "car_park", "bay", "role",
        "submeter_of", "primary", "counters", "indicative", "commissioned_on", "retired_on",
    ),
    "maintenance": ("start", "end", "devices", "spaces", "entered_at"),
    "entrance": ("space", "clear_width_m"),
    "merchant": ("space", "category"),
    "kitchen": ("merchant", "takeaway", "device"),
    "facility": ("type", "space", "area_m2", "device"),
    "carrier": (),
    "event_day": ("day", "type", "opening"),
    "alert_levels": ("space", "measure", "yellow", "orange", "red", "emergency", "hold_s"),
    "declared": ("value", "unit", "period_start", "period_end"),
    "waiver": ("feed", "item", "reason", "signer", "signed_on"),
    "register": ("signer", "signed_on"),
}  # fmt: skip

#: Register that a rule names -> kind of its facts.
KINDS: Mapping[str, str] = {
    "car_parks": "car_park", "spaces": "space", "devices": "device", "entrances": "entrance", "merchants": "merchant",
    "kitchens": "kitchen", "facilities": "facility", "carriers": "carrier",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """What evidence has to know about the district as a whole."""

    zone: str
    #: a demo at some time of the window, or now
    demo: bool
    #: a demo during the whole window, and now
    demo_throughout: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One entry of the catalogue in one period of the window."""

    kind: str
    id: str
    start: datetime
    end: datetime
    body: Mapping[str, Canonical]

    def canonical(self) -> dict[str, Canonical]:
        """As it stands in the inputs of evidence."""
        return {"kind": self.kind, "id": self.id, "start": self.start, "end": self.end, "body": self.body}


def districts(connection: psycopg.Connection) -> list[str]:
    """Ids of the districts that are registered."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute("SELECT DISTINCT district FROM ingest.fact WHERE kind = 'district' ORDER BY 1").fetchall()
    return [name for (name,) in rows]


def zone_of(connection: psycopg.Connection, district: str) -> str:
    """IANA name of the district's zone; raises `LookupError` where there is no such district."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "SELECT body->>'zone' FROM ingest.facts(%s, 'district') ORDER BY valid_from DESC LIMIT 1", (district,)
        ).fetchone()
    if row is None or row[0] is None:
        raise LookupError(f"there is no district {district!r}")
    return str(row[0])


def is_demo(connection: psycopg.Connection, district: str, revision: int | None = None) -> bool:
    """Whether the district calls itself a demo now, or last did by the catalogue's `revision`."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "SELECT coalesce((body->>'demo')::boolean, false) FROM ingest.facts(%s, 'district', %s)"
            " ORDER BY valid_from DESC LIMIT 1",
            (district, revision),
        ).fetchone()
    return bool(row and row[0])


def signatures(
    connection: psycopg.Connection, district: str, window: Window, revision: int | None = None
) -> dict[str, Fact]:
    """Signatures of the registers in force as the window ends, by name of the register."""
    found = facts(connection, district, "register", window, revision=revision)
    return {fact.id: fact for fact in at_end(found, window) if _signed(fact)}


def _signed(fact: Fact) -> bool:
    return bool(fact.body.get("signer")) and bool(fact.body.get("signed_on"))


def waivers(
    connection: psycopg.Connection, district: str, window: Window, revision: int | None = None
) -> tuple[Waiver, ...]:
    """What is declared not to apply here as the window ends; a waiver counts only with a signer and a date."""
    return tuple(
        Waiver(**{key: str(fact.body.get(key, "")) for key in FIELDS["waiver"]})
        for fact in at_end(facts(connection, district, "waiver", window, revision=revision), window)
        if _signed(fact)
    )


def at_end(found: Iterable[Fact], window: Window) -> list[Fact]:
    """Those that hold as the window ends."""
    return [fact for fact in found if fact.end == window.end]


def district_in(connection: psycopg.Connection, district: str, window: Window, revision: int | None = None) -> District:
    """The district during `window`."""
    found = facts(connection, district, "district", window, revision=revision)
    told = [bool(fact.body.get("demo", False)) for fact in found]
    told.append(is_demo(connection, district, revision))
    return District(zone=window.zone, demo=any(told), demo_throughout=all(told))


def facts(
    connection: psycopg.Connection,
    district: str,
    kind: str,
    window: Window,
    ids: Collection[str] | None = None,
    *,
    fields: Collection[str] | None = None,
    revision: int | None = None,
) -> list[Fact]:
    """The facts of `kind` in `window`, by id and time.

    Args:
        connection: to the database.
        district: id.
        kind: of the facts.
        window: they are clipped to it.
        ids: None: all of them.
        fields: of their bodies; None: those that figures of readings use.
        revision: of the catalogue; None: the latest.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(
            (files("scoring") / "register.sql").read_text(encoding="utf-8").encode(),
            {
                "district": district,
                "kind": kind,
                "revision": revision,
                "start": window.start,
                "end": window.end,
                "ids": None if ids is None else list(ids),
            },
        ).fetchall()
    found: list[Fact] = []
    for name, start, end, whole in rows:
        wanted = FIELDS[kind] if fields is None else fields
        body = {field: _exact(whole[field]) for field in wanted if whole.get(field) is not None}
        before = found[-1] if found else None
        # A change of a field that no figure reads does not split the period.
        if before and before.id == name and before.end == start and before.body == body:
            found[-1] = Fact(kind=kind, id=name, start=before.start, end=end, body=body)
        else:
            found.append(Fact(kind=kind, id=name, start=start, end=end, body=body))
    return found


def _exact(value: object) -> Canonical:
    """A value of a JSON body without binary floating point."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [_exact(element) for element in value]
    if isinstance(value, dict):
        return {str(key): _exact(inner) for key, inner in value.items()}
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"expected a value of JSON, got {type(value).__name__}")
