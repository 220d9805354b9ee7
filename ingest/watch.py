"""Devices that need a person's look: silent ones, and values that stand still. The rules are `watch.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Annotated, Generic, TypeVar

import psycopg
from psycopg.rows import class_row

from ingest import quantities
from ingest.model import Kind
from ingest.statements import statement
from ingest.yaml_document import Key, Strict, parse

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Strict, Generic[Value]):
    """One value with its unit and where it comes from."""

    value: Annotated[Value, Key("the value")]
    unit: Annotated[str, Key("UCUM code")]
    reference: Annotated[str, Key("where it comes from")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLimits(Strict):
    """When a clock is called what."""

    good: Annotated[Constant[int], Key("largest error of a good clock [s]")]
    whole_hours: Annotated[Constant[int], Key("how near to whole hours a wrong zone is [s]")]
    unset: Annotated[Constant[int], Key("least error of one that was never set [s]")]
    frozen: Annotated[Constant[int], Key("intervals under one time")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceLimits(Strict):
    """When something is missed."""

    device: Annotated[Constant[int], Key("intervals without anything")]
    quantity: Annotated[Constant[int], Key("intervals without one quantity")]
    rarely: Annotated[Constant[Mapping[str, int]], Key("the same for single quantities [h]")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules(Strict):
    """When a device is worth a look; the file explains each."""

    clock: Annotated[ClockLimits, Key("clocks")]
    silent: Annotated[SilenceLimits, Key("silence")]
    stuck: Annotated[Constant[Mapping[str, int]], Key("how long a value may stand still, by quantity [h]")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A device, or one quantity of it, that is missed."""

    district: str
    device: str
    feed: str
    #: quantity and channel that are missed while others come; None: all of it
    quantity: str | None
    #: the last that came; None: never anything
    heard_at: datetime | None
    #: it is missed after so long [s]
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A value that stands still although readings come."""

    district: str
    device: str
    feed: str
    quantity: str
    value: float
    unit: str
    #: first of the readings that show it, as far as was looked back
    since: datetime
    #: newest of them
    until: datetime
    #: how long it may stand [s]
    limit_s: float


@cache
def rules() -> Rules:
    """The rules shipped with this package."""
    text = resources.files("ingest").joinpath("watch.yaml").read_text(encoding="utf-8")
    return parse(text, Rules, "watch.yaml")


def silent(connection: psycopg.Connection, now: datetime, *, district: str | None = None) -> list[Silence]:
    """Devices in service that are missed at `now`, and quantities of the others, by district and device."""
    limits = rules().silent
    states = sorted(name for name, quantity in quantities.load().items() if quantity.kind is Kind.STATE)
    with connection.cursor(row_factory=class_row(Silence)) as cursor:
        return cursor.execute(
            statement("silent"),
            {
                "now": now, "district": district, "intervals": limits.device.value, "states": states,
                "quantity_intervals": limits.quantity.value, "rare": list(limits.rarely.value),
                "rare_h": list(limits.rarely.value.values()),
            },
        ).fetchall()  # fmt: skip


def stuck(connection: psycopg.Connection, now: datetime, *, district: str | None = None) -> list[Stuck]:
    """Values of devices in service that stand still at `now` for longer than their rule allows, by datastream."""
    allowed = rules().stuck.value
    with connection.cursor(row_factory=class_row(Stuck)) as cursor:
        return cursor.execute(
            statement("stuck"),
            {"now": now, "district": district, "quantities": list(allowed), "hours": list(allowed.values())},
        ).fetchall()
