"""What people say under /scoring/v1: decisions, papers and what was said of them, the end of an evaluation."""

from decimal import Decimal
from typing import Annotated, Literal

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Path
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, ConfigDict, Field

from ingest.caller import Caller, caller
from ingest.query import MOST, SAID, TEXT, Day, District, Number
from scoring import decision, papers, published, rubric, rule
from scoring.assessment import Assessment
from scoring.decision import DecisionError
from scoring.papers import PaperError
from scoring.published import DecisionBody, DocumentBody
from scoring.routes import Code, Evaluation, chosen

By = Annotated[Caller, Depends(caller)]
Reason = Annotated[
    str, Field(pattern=SAID, max_length=2000, description="as the history shows it", examples=["site visit on 3 April"])
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DecisionWish(_Body):
    """Points that a person gives."""

    points: str = Field(
        pattern=r"^[0-9]{1,3}(\.[0-9]{1,2})?$", description="plain decimal that the form allows", examples=["1"]
    )
    reason: Reason


class DocumentWish(_Body):
    """A paper as a record: its hash and size say which file was meant."""

    kind: str = Field(pattern="^[a-z0-9][a-z0-9_]{0,63}$", description="a paper of the rules", examples=["walk_test"])
    title: str = Field(pattern=SAID, max_length=500, examples=["Walk test of the car parks, November 2026"])
    sha256: str = Field(
        pattern="^[0-9a-f]{64}$", description="of the file", examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
    )  # fmt: skip
    bytes: int = Field(ge=1, le=MOST, description="size of the file", examples=[48_213])
    signer: str = Field(pattern=SAID, max_length=200, description="who signed it", examples=["Li Na"])
    items: list[Annotated[str, Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2}){0,4}$")]] = Field(
        [],
        max_length=200,
        description="codes it serves; empty: every item that asks for its kind",
        examples=[["2.2.1.1"]],
    )
    valid_from: Day | None = Field(None, description="first day it counts", examples=["2026-01-01"])
    valid_until: Day | None = Field(None, description="last day it counts", examples=["2026-12-31"])


class ReviewWish(_Body):
    """What a person says about a paper."""

    verdict: Literal["accepted", "rejected"] = Field(examples=["accepted"])
    reason: str = Field(
        "", pattern=TEXT, max_length=2000, description="needed with rejected", examples=["page 2 is missing"]
    )


class ClosingWish(_Body):
    """The end of an evaluation."""

    reason: Reason


class ClosingBody(_Body):
    """An evaluation that is over."""

    assessment: str = Field(examples=["year-2026"])
    person: str = Field(examples=["Wang Fang (wang.fang)"])
    reason: str = Field(examples=["decision of 30 April"])


def router(pool: ConnectionPool) -> APIRouter:
    """The routes on the connections of `pool`."""
    routes = APIRouter(prefix="/scoring/v1/districts/{district}", tags=["scoring"])

    @routes.post("/items/{code}/decisions", status_code=201, summary="Give an item its points")
    def decide(
        district: District, code: Code, body: DecisionWish, by: By, assessment: Evaluation = None
    ) -> DecisionBody:
        with pool.connection() as connection:
            found = chosen(connection, district, assessment)
            item = rubric.load(found.rubric).item(code)
            if item is None:
                raise HTTPException(404, f"the form {found.rubric} has no item {code!r}, one is 2.2.5.1")
            try:
                decision.decide(
                    connection, district, found, item, points=Decimal(body.points), reason=body.reason, person=by.name
                )
            except DecisionError as error:
                raise HTTPException(409, str(error)) from error
            return published.decision(decision.history(connection, district, found.id, code)[0])

    @routes.post("/documents", status_code=201, summary="Record a paper; it counts once somebody has accepted it")
    def hand_in(district: District, body: DocumentWish, by: By) -> DocumentBody:
        with pool.connection() as connection:
            found = chosen(connection, district, None)
            try:
                number = papers.add(
                    connection, district, rule.load(found.rubric), kind=body.kind, title=body.title, sha256=body.sha256,
                    size=body.bytes, signer=body.signer, person=by.name, items=body.items, valid_from=body.valid_from,
                    valid_until=body.valid_until,
                )  # fmt: skip
            except PaperError as error:
                raise HTTPException(409, str(error)) from error
            return _document(connection, district, number)

    @routes.post("/documents/{number}/reviews", status_code=201, summary="Accept or reject a paper")
    def review(
        district: District,
        number: Number,
        body: ReviewWish,
        by: By,
    ) -> DocumentBody:
        with pool.connection() as connection:
            chosen(connection, district, None)
            try:
                papers.review(
                    connection,
                    district,
                    number,
                    accepted=body.verdict == "accepted",
                    person=by.name,
                    reason=body.reason,
                )
            except LookupError as error:
                raise HTTPException(404, str(error)) from error
            except PaperError as error:
                raise HTTPException(409, str(error)) from error
            return _document(connection, district, number)

    @routes.post("/assessments/{assessment}/closing", status_code=201, summary="End an evaluation")
    def close(
        district: District,
        assessment: Annotated[
            str, Path(pattern="^[a-z0-9][a-z0-9_-]{0,63}$", description="id of the evaluation", examples=["year-2026"])
        ],
        body: ClosingWish,
        by: By,
    ) -> ClosingBody:
        with pool.connection() as connection:
            found: Assessment = chosen(connection, district, assessment)
            try:
                decision.close(connection, district, found, person=by.name, reason=body.reason)
            except DecisionError as error:
                raise HTTPException(409, str(error)) from error
            return ClosingBody(assessment=found.id, person=by.name, reason=body.reason)

    return routes


def _document(connection: psycopg.Connection, district: str, number: int) -> DocumentBody:
    return next(published.document(one) for one in papers.of_district(connection, district) if one.id == number)
