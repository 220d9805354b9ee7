"""What people change under /ingest/v1: corrections, conflicts, and messages in quarantine. Each names its person."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi import Response as Answer
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, ConfigDict, Field

from ingest import quarantine
from ingest.caller import Caller, caller
from ingest.conflicts import Resolution, conflicts, resolve
from ingest.corrections import Action, CorrectionError, Wanted, correct, corrections
from ingest.listing import CSV, Listing
from ingest.quarantine import REPLAY_BATCH, Booking, Quarantined, Replay
from ingest.query import MOST, District, Instant, Number, Why
from ingest.routes import OfDevice, known

#: Sends messages of quarantine through decoding again, with the settings of the service.
Replayer = Callable[[psycopg.Connection, list[Quarantined], Booking], Replay]

By = Annotated[Caller, Depends(caller)]
Shown = Annotated[Listing, Depends(Listing)]
Stream = Annotated[str, Field(pattern=r"^[a-z0-9][^\x00]*$", max_length=300)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConflictBody(_Body):
    """A reading that contradicts a stored one."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    id: int = Field(examples=[17])
    datastream: str = Field(examples=["lakeside/air-1/env.pm2_5"])
    time: datetime
    first: float | None = Field(description="what came first; null: its reading was dropped since", examples=[41.0])
    first_span_us: int | None = Field(description="length of the interval that it counts, [us]", examples=[60_000_000])
    later: float = Field(description="what came later", examples=[43.5])
    later_span_us: int | None = Field(description="length of the interval that it counts, [us]", examples=[60_000_000])
    received_at: datetime = Field(description="when the later one came")
    resolution: str | None = Field(description="keep, replace or void; null: nobody has decided", examples=["keep"])
    who: str | None = Field(examples=["Wang Fang (wang.fang)"])
    why: str | None = Field(examples=["the gateway sent a test value"])


class ResolutionBody(_Body):
    """What becomes of a conflict."""

    resolution: Resolution = Field(
        description="keep the first value, replace it by the later one, or void both", examples=["keep"]
    )
    why: Why


class CorrectionBody(_Body):
    """A correction as recorded."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    id: int = Field(examples=[4])
    datastream: str = Field(examples=["lakeside/air-1/env.pm2_5"])
    start: datetime
    stop: datetime | None = Field(description="half-open; null: from `start` on")
    action: str = Field(examples=["void"])
    value: float | None = Field(description="replace: the value; calibrate: the factor", examples=[1.02])
    addend: float | None = Field(examples=[-1.5])
    who: str = Field(examples=["Wang Fang (wang.fang)"])
    why: str = Field(examples=["sensor stood in the sun until 12:40"])
    recorded_at: datetime


class CorrectionWish(_Body):
    """A correction to be recorded; readings stay as they came, and figures follow."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    action: Action = Field(description="void, replace, calibrate or restore", examples=["void"])
    datastreams: list[Stream] = Field(min_length=1, max_length=1000, examples=[["lakeside/air-1/env.pm2_5"]])
    start: Instant = Field(alias="from", examples=["2026-11-23T08:00:00+08:00"])
    stop: Instant | None = Field(
        None, alias="to", description="half-open; without it from then on", examples=["2026-11-23T12:40:00+08:00"]
    )
    value: float | None = Field(None, description="replace: the value, in the quantity's unit", examples=[41.0])
    factor: float = Field(1.0, description="calibrate: multiplies each value", examples=[1.0])
    addend: float = Field(0.0, description="calibrate: added after that", examples=[0.0])
    why: Why


class Chosen(_Body):
    """Messages of quarantine."""

    ids: list[Annotated[int, Field(ge=1, le=MOST)]] = Field(
        min_length=1, max_length=REPLAY_BATCH, description="numbers of messages that wait", examples=[[17, 18]]
    )
    why: Why


class Replayed(_Body):
    """What became of the messages of a replay."""

    replayed: int = Field(examples=[2])
    refused_again: int = Field(examples=[0])
    sealed: int = Field(description="sealed, and the service has no private key", examples=[0])
    lost: int = Field(description="kept by their hash only", examples=[0])


class Discarded(_Body):
    """How many messages were let go."""

    discarded: int = Field(examples=[2])


def router(pool: ConnectionPool, replay: Replayer) -> APIRouter:
    """The routes, on connections of `pool`."""
    routes = APIRouter(prefix="/ingest/v1/districts/{district}", tags=["ingest"])

    @routes.get(
        "/conflicts", summary="Readings that contradict stored ones", response_model=list[ConflictBody], responses=CSV
    )
    def list_conflicts(
        *, district: District, shown: Shown, device: OfDevice = None,
        everything: Annotated[bool, Query(alias="all", description="decided ones too", examples=[False])] = False,
    ) -> Answer:  # fmt: skip
        with pool.connection() as connection:
            known(connection, district)
            found = conflicts(
                connection, district=district, device=device, waiting=not everything, after=shown.number_after,
                limit=shown.limit + 1,
            )  # fmt: skip
        return shown.begun(ConflictBody, [ConflictBody.model_validate(one) for one in found], lambda one: str(one.id))

    @routes.post("/conflicts/{number}/resolution", status_code=201, summary="Decide a conflict")
    def decide(district: District, number: Number, body: ResolutionBody, by: By) -> ConflictBody:
        with pool.connection() as connection:
            _of_district(connection, district, number)
            resolve(connection, [number], body.resolution, who=by.name, why=body.why)
            return ConflictBody.model_validate(_of_district(connection, district, number))

    @routes.get("/corrections", summary="Corrections, newest first", response_model=list[CorrectionBody], responses=CSV)
    def list_corrections(district: District, shown: Shown, device: OfDevice = None) -> Answer:
        with pool.connection() as connection:
            known(connection, district)
            found = corrections(
                connection, district=district, device=device, before=shown.number_after, limit=shown.limit + 1
            )
        return shown.begun(
            CorrectionBody, [CorrectionBody.model_validate(one) for one in found], lambda one: str(one.id)
        )

    @routes.post("/corrections", status_code=201, summary="Void, replace, calibrate or restore readings of a period")
    def record(district: District, body: CorrectionWish, by: By) -> list[CorrectionBody]:
        wanted = Wanted(
            action=body.action, start=body.start, stop=body.stop, value=body.value, factor=body.factor,
            addend=body.addend,
        )  # fmt: skip
        with pool.connection() as connection:
            known(connection, district)
            for name in body.datastreams:
                if not name.startswith(f"{district}/"):
                    raise HTTPException(404, f"district {district!r} has no datastream {name!r}")
            try:
                numbers = correct(connection, body.datastreams, wanted, who=by.name, why=body.why)
            except CorrectionError as error:
                # Its text names options of the command line.
                raise HTTPException(409, str(error).replace("--", "")) from error
            recorded = {one.id: one for one in corrections(connection, district=district, limit=len(numbers))}
        return [CorrectionBody.model_validate(recorded[number]) for number in numbers]

    @routes.post("/quarantine/replay", summary="Send messages through decoding again, under today's catalogue")
    def send_again(district: District, body: Chosen, by: By) -> Replayed:
        with pool.connection() as connection:
            chosen = _waiting(connection, district, body.ids)
            done = replay(connection, chosen, Booking(who=by.name, why=body.why))
        return Replayed(**asdict(done))

    @routes.post("/quarantine/discard", summary="Let go of messages for good; reason and hash stay")
    def discard(district: District, body: Chosen, by: By) -> Discarded:
        with pool.connection() as connection:
            chosen = _waiting(connection, district, body.ids)
            count = quarantine.discard(connection, chosen, Booking(kind="discard", who=by.name, why=body.why))
        return Discarded(discarded=count)

    return routes


def _of_district(connection: psycopg.Connection, district: str, number: int) -> object:
    known(connection, district)
    found = conflicts(connection, ids=[number], district=district, waiting=False)
    if not found:
        raise HTTPException(404, f"district {district!r} has no conflict {number}")
    return found[0]


def _waiting(connection: psycopg.Connection, district: str, ids: Sequence[int]) -> list[Quarantined]:
    known(connection, district)
    found = quarantine.find(connection, ids=ids, district=district)
    if missing := sorted({*ids} - {one.id for one in found}):
        raise HTTPException(404, f"in the quarantine of district {district!r} no message {missing[0]} waits")
    return found
