"""/ingest/v1: devices, latest readings, quarantine and ledger of a district."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi import Response as Answer
from psycopg.rows import class_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, Field

from ingest import ledger, quarantine
from ingest.catalogue.words import Feed
from ingest.listing import CSV, Listing
from ingest.model import Reason
from ingest.query import TEXT, District, Instant
from ingest.statements import statement

OfDevice = Annotated[
    str | None, Query(pattern=TEXT, max_length=256, description="only this device", examples=["gate-north"])
]
Shown = Annotated[Listing, Depends(Listing)]


class Device(BaseModel):
    """A device as the catalogue has it now."""

    id: str = Field(examples=["gate-north"])
    feed: str = Field(examples=["parking"])
    space: str | None = Field(examples=["mall"])
    interval_s: int | None = Field(description="between two reports, [s]", examples=[120])
    origin: str = Field(description="real, simulated, imported or manual", examples=["real"])


class Latest(BaseModel):
    """The newest reading of a datastream."""

    datastream: str = Field(examples=["lakeside/gate-north/parking.in"])
    quantity: str = Field(examples=["parking.in"])
    channel: str = Field(description="empty where the device has one only", examples=[""])
    time: datetime
    value: float = Field(examples=[3.0])
    unit: str = Field(description="UCUM code", examples=["{vehicle}"])
    origin: str = Field(description="real, simulated, imported or manual", examples=["real"])
    late_s: int = Field(description="arrival minus time [s]", examples=[2])


class Waiting(BaseModel):
    """A message in quarantine; its bytes are shown by `district quarantine show`."""

    id: int = Field(examples=[17])
    received_at: datetime
    topic: str = Field(examples=["district/v1/lakeside/gw-1/parking/gate-north"])
    reason: str = Field(examples=["bad_json"])
    detail: str = Field(examples=["unexpected end of data"])
    bytes: int = Field(description="length as it was received", examples=[57])
    gateway: str = Field(examples=["gw-1"])
    device: str | None = Field(examples=["gate-north"])


class LedgerLine(BaseModel):
    """Counts of one gateway, feed and hour of arrival."""

    model_config = {"from_attributes": True}

    gateway: str = Field(examples=["gw-1"])
    feed: str = Field(examples=["parking"])
    entry: str = Field(description="arrival, or transfer: replayed from quarantine", examples=["arrival"])
    hour: datetime
    received: int
    stored: int
    partly_stored: int
    duplicate: int
    conflict: int
    no_measurement: int
    quarantined: int
    readings_decoded: int
    readings_stored: int
    readings_duplicate: int
    readings_conflict: int
    readings_not_stored: int
    events_decoded: int
    events_stored: int
    events_duplicate: int
    quarantined_bytes: int


def router(pool: ConnectionPool) -> APIRouter:
    """The routes, on connections of `pool`."""
    routes = APIRouter(prefix="/ingest/v1/districts/{district}", tags=["ingest"])

    @routes.get("/devices", summary="Devices in service", response_model=list[Device], responses=CSV)
    def devices(
        district: District, shown: Shown, feed: Annotated[Feed | None, Query(description="only this feed")] = None
    ) -> Answer:
        with pool.connection() as connection, connection.cursor(row_factory=class_row(Device)) as cursor:
            known(connection, district)
            found = cursor.execute(statement("devices"), {"district": district}).fetchall()
        return shown.part(Device, [one for one in found if feed in {None, one.feed}], lambda one: one.id)

    @routes.get(
        "/latest", summary="Newest reading of every datastream of a device", response_model=list[Latest], responses=CSV
    )
    def latest(
        district: District,
        device: Annotated[
            str, Query(pattern=TEXT, max_length=256, description="id of the device", examples=["gate-north"])
        ],
        shown: Shown,
    ) -> Answer:
        with pool.connection() as connection, connection.cursor(row_factory=class_row(Latest)) as cursor:
            known(connection, district)
            found = cursor.execute(statement("latest"), {"district": district, "device": device}).fetchall()
        return shown.part(Latest, found, lambda one: one.datastream)

    @routes.get(
        "/quarantine", summary="Messages that could not be accepted and wait", response_model=list[Waiting],
        responses=CSV,
    )  # fmt: skip
    def waiting(
        district: District,
        shown: Shown,
        reason: Annotated[Reason | None, Query(description="only this reason", examples=["bad_json"])] = None,
        gateway: Annotated[
            str | None, Query(pattern=TEXT, max_length=256, description="only this gateway", examples=["gw-1"])
        ] = None,
        device: OfDevice = None,
    ) -> Answer:
        with pool.connection() as connection:
            known(connection, district)
            rows = quarantine.find(
                connection, reason=reason, gateway=gateway, device=device, district=district, after=shown.number_after,
                limit=shown.limit + 1,
            )  # fmt: skip
        found = [Waiting.model_validate({**asdict(row), "topic": row.topic.decode("utf-8", "replace")}) for row in rows]
        return shown.begun(Waiting, found, lambda one: str(one.id))

    @routes.get(
        "/ledger", summary="Where messages and readings ended, by gateway, feed and hour of arrival",
        response_model=list[LedgerLine], responses=CSV,
    )  # fmt: skip
    def account(
        district: District,
        shown: Shown,
        start: Annotated[
            Instant | None,
            Query(alias="from", description="arrived from then on", examples=["2026-11-01T00:00:00+08:00"]),
        ] = None,
        end: Annotated[
            Instant | None,
            Query(alias="to", description="arrived before then", examples=["2026-11-02T00:00:00+08:00"]),
        ] = None,
    ) -> Answer:
        with pool.connection() as connection:
            known(connection, district)
            found = [LedgerLine.model_validate(line) for line in ledger.read(connection, district, start, end)]
        return shown.part(LedgerLine, found, lambda one: f"{one.hour.isoformat()}/{one.gateway}/{one.feed}/{one.entry}")

    return routes


def known(connection: psycopg.Connection, district: str) -> None:
    """Answer 404 where there is no such district."""
    if connection.execute("SELECT 1 FROM ingest.revision WHERE district = %s LIMIT 1", (district,)).fetchone() is None:
        raise HTTPException(404, f"no district {district!r} in the catalogue")
