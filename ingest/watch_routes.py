"""/ingest/v1: devices of a district that need a person's look."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi import Response as Answer
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, Field

from ingest import watch
from ingest.clock_classes import ClockClass, device_clocks
from ingest.listing import CSV, Listing
from ingest.query import District, Instant
from ingest.routes import known

Shown = Annotated[Listing, Depends(Listing)]
At = Annotated[
    Instant | None,
    Query(description="as of then; without it: now", examples=["2026-11-01T18:00:00+08:00"]),
]
#: Without `hours`, a clock is judged by the last day; what is kept of clocks reaches back a month.
HOURS, MOST_HOURS = 24, 744


class Clock(BaseModel):
    """The clock of a device."""

    device: str = Field(examples=["gate-north"])
    clock: ClockClass = Field(examples=["wrong_zone"])
    error_s: int | None = Field(
        description="how far it is behind, below 0: ahead, [s]; null: not known", examples=[28_801]
    )
    drift_s_per_day: float | None = Field(
        description="how much farther behind it gets, [s/d]; null: seen for less than an hour", examples=[0.4]
    )
    said: str = Field(description="what that means", examples=["8 hours behind, exactly"])
    readings: int = Field(description="that were looked at", examples=[1440])
    refused: int = Field(description="messages in quarantine for their time", examples=[0])


class Silent(BaseModel):
    """A device that is missed, or one quantity of a device that sends others."""

    device: str = Field(examples=["gate-north"])
    feed: str = Field(examples=["parking"])
    quantity: str | None = Field(description="with its channel; null: all of the device", examples=["device.battery"])
    heard_at: datetime | None = Field(description="arrival of the last; null: nothing ever came")
    limit_s: float = Field(description="missed after so long, [s]", examples=[360])


class Stuck(BaseModel):
    """A value that stands still although readings come."""

    device: str = Field(examples=["air-1"])
    feed: str = Field(examples=["air_quality"])
    quantity: str = Field(description="with its channel", examples=["env.pm2_5"])
    value: float = Field(examples=[41.0])
    unit: str = Field(description="UCUM code", examples=["ug/m3"])
    since: datetime = Field(description="first reading that shows it, of the last 30 days")
    until: datetime = Field(description="newest reading that shows it")
    limit_s: float = Field(description="doubted after so long, [s]", examples=[43_200])


def router(pool: ConnectionPool) -> APIRouter:
    """The routes, on connections of `pool`."""
    routes = APIRouter(prefix="/ingest/v1/districts/{district}/devices", tags=["ingest"])

    @routes.get(
        "/clocks", summary="Clocks of devices, judged by what arrived", response_model=list[Clock], responses=CSV
    )
    def clocks(
        district: District,
        shown: Shown,
        clock: Annotated[
            ClockClass | None, Query(description="only clocks of this class", examples=["wrong_zone"])
        ] = None,
        hours: Annotated[
            int, Query(ge=1, le=MOST_HOURS, description="by what arrived in so many hours", examples=[168])
        ] = HOURS,
    ) -> Answer:
        with pool.connection() as connection:
            known(connection, district)
            since = datetime.now(UTC) - timedelta(hours=hours)
            found = [
                Clock.model_validate(asdict(one))
                for one in device_clocks(connection, since, district=district)
                if clock in {None, one.clock}
            ]
        return shown.part(Clock, found, lambda one: one.device)

    @routes.get(
        "/silent", summary="Devices in service, and quantities of devices, that are missed",
        response_model=list[Silent], responses=CSV,
    )  # fmt: skip
    def silent(district: District, shown: Shown, at: At = None) -> Answer:
        with pool.connection() as connection:
            known(connection, district)
            missed = watch.silent(connection, at or datetime.now(UTC), district=district)
        found = [Silent.model_validate(asdict(one)) for one in missed]
        return shown.part(Silent, found, lambda one: f"{one.device}/{one.quantity or ''}")

    @routes.get(
        "/stuck", summary="Values that stand still although readings come", response_model=list[Stuck], responses=CSV
    )
    def stuck(district: District, shown: Shown, at: At = None) -> Answer:
        with pool.connection() as connection:
            known(connection, district)
            still = watch.stuck(connection, at or datetime.now(UTC), district=district)
        found = [Stuck.model_validate(asdict(one)) for one in still]
        return shown.part(Stuck, found, lambda one: f"{one.device}/{one.quantity}")

    return routes
