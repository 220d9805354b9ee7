"""/ingest/v1: devices, latest readings, quarantine and ledger of a district."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import psycopg
from fastapi import APIRouter, HTTPException, Query
from psycopg.rows import class_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, Field

from ingest import ledger, quarantine
from ingest.statements import statement


class Device(BaseModel):
    """A device as the catalogue has it now."""

    id: str
    feed: str
    space: str | None
    interval_s: int | None
    origin: str


class Latest(BaseModel):
    """The newest reading of a datastream."""

    datastream: str
    quantity: str
    channel: str
    time: datetime
    value: float
    unit: str
    origin: str
    late_s: int = Field(description="arrival minus time [s]")


class Waiting(BaseModel):
    """A message in quarantine; its bytes are shown by `district quarantine show`."""

    id: int
    received_at: datetime
    topic: str
    reason: str
    detail: str
    bytes: int
    gateway: str
    device: str | None


class LedgerLine(BaseModel):
    """Counts of one gateway, feed and hour of arrival."""

    model_config = {"from_attributes": True}

    gateway: str
    feed: str
    entry: str
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

    @routes.get("/devices", summary="Devices in service")
    def devices(district: str) -> list[Device]:
        with pool.connection() as connection, connection.cursor(row_factory=class_row(Device)) as cursor:
            found = cursor.execute(statement("devices"), {"district": district}).fetchall()
            _known(connection, district)
            return found

    @routes.get("/latest", summary="Newest reading of every datastream of a device")
    def latest(district: str, device: str) -> list[Latest]:
        with pool.connection() as connection, connection.cursor(row_factory=class_row(Latest)) as cursor:
            _known(connection, district)
            return cursor.execute(statement("latest"), {"district": district, "device": device}).fetchall()

    @routes.get("/quarantine", summary="Messages that could not be accepted and wait")
    def waiting(
        district: str, reason: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> list[Waiting]:
        with pool.connection() as connection:
            _known(connection, district)
            rows = quarantine.find(connection, reason=reason, district=district, limit=limit)
        return [Waiting.model_validate({**asdict(row), "topic": row.topic.decode("utf-8", "replace")}) for row in rows]

    @routes.get("/ledger", summary="Where messages and readings ended, by gateway, feed and hour of arrival")
    def account(
        district: str,
        start: Annotated[datetime | None, Query(alias="from")] = None,
        end: Annotated[datetime | None, Query(alias="to")] = None,
    ) -> list[LedgerLine]:
        with pool.connection() as connection:
            _known(connection, district)
            return [LedgerLine.model_validate(line) for line in ledger.read(connection, district, start, end)]

    return routes


def _known(connection: psycopg.Connection, district: str) -> None:
    """Answer 404 where there is no such district."""
    if connection.execute("SELECT 1 FROM ingest.revision WHERE district = %s LIMIT 1", (district,)).fetchone() is None:
        raise HTTPException(404, f"no district {district!r} in the catalogue")
