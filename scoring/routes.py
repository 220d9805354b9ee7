"""`/scoring/v1`: what is suggested for each item of the form, and the evidence behind it. Reads only what is stored."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Path, Query
from fastapi import Response as Answer
from psycopg_pool import ConnectionPool
from pydantic import Field

from ingest.caller import Caller, caller
from ingest.listing import CSV, Listing
from ingest.query import District, Instant
from scoring import assessment as assessments
from scoring import decision, gaps, papers, published, register, rubric, store
from scoring.assessment import Assessment
from scoring.model import Outcome
from scoring.published import DecisionBody, DocumentBody, GapsBody, ItemBody, RevisionBody, TotalBody, WhatIfBody
from scoring.rubric import Item
from scoring.whatif import Changes, WhatIfError, settings, what_if

Code = Annotated[
    str,
    Path(
        pattern=r"^[0-9]{1,2}(\.[0-9]{1,2}){0,4}$", description="code of the item in the order of the form",
        examples=["2.2.5.1"],
    ),
]  # fmt: skip
Evaluation = Annotated[
    str | None,
    Query(
        pattern="^[a-z0-9][a-z0-9_-]{0,63}$",
        description="id of an assessment of the catalogue; without it the one that runs now",
    ),
]
AsOf = Annotated[
    Instant | None,
    Query(description="only what was stored by then; with its zone", examples=["2026-11-23T00:00:00+08:00"]),
]
By = Annotated[Caller, Depends(caller)]
Word = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
Setting = Annotated[
    str, Field(pattern=r"^[^=\x00]{1,200}=-?[0-9]{1,15}(\.[0-9]{1,9})?$", examples=["gross_floor_area=300000"])
]
Shown = Annotated[Listing, Depends(Listing)]
NOT_FOUND: dict[int | str, dict[str, object]] = {404: {"description": "no such district, assessment or item"}}


def router(pool: ConnectionPool) -> APIRouter:
    """The routes of scoring on the connections of `pool`."""
    routes = APIRouter(prefix="/scoring/v1", tags=["scoring"])

    def connection() -> Iterator[psycopg.Connection]:
        with pool.connection() as connected:
            yield connected

    Connection = Annotated[psycopg.Connection, Depends(connection)]  # noqa: N806  a type, as FastAPI reads it

    @routes.get(
        "/districts/{district}/items", responses=NOT_FOUND | CSV, summary="Suggested points of all items",
        response_model=list[ItemBody],
    )  # fmt: skip
    def read_items(
        connection: Connection,
        district: District,
        shown: Shown,
        who: By,
        assessment: Evaluation = None,
        outcome: Annotated[Outcome | None, Query(description="only this outcome", examples=["met"])] = None,
        section: Annotated[
            str | None,
            Query(
                pattern=r"^[0-9]{1,2}(\.[0-9]{1,2}){0,4}$", description="only items below this code", examples=["2.2"]
            ),
        ] = None,
    ) -> Answer:
        found = [
            published.to_caller(body, exact=who.exact)
            for body in store.items(connection, district, chosen(connection, district, assessment))
            if outcome in {None, body.outcome}
            and (section is None or body.code == section or body.code.startswith(f"{section}."))
        ]
        return shown.part(ItemBody, found, lambda body: body.code)

    @routes.get("/districts/{district}/items/{code}", responses=NOT_FOUND, summary="Suggested points of one item")
    def read_item(
        connection: Connection, district: District, code: Code, who: By, assessment: Evaluation = None
    ) -> ItemBody:
        found = chosen(connection, district, assessment)
        _known(found, code)
        return published.to_caller(store.items(connection, district, found, code)[0], exact=who.exact)

    @routes.get(
        "/districts/{district}/items/{code}/evidence",
        responses=NOT_FOUND | CSV,
        response_model=list[RevisionBody],
        summary="Evidence of one item as history, the revision in force first",
    )
    def read_evidence(
        connection: Connection,
        district: District,
        code: Code,
        shown: Shown,
        who: By,
        as_of: AsOf = None,
        assessment: Evaluation = None,
    ) -> Answer:
        found = chosen(connection, district, assessment)
        _known(found, code)
        revisions = [
            published.revision_to_caller(body, exact=who.exact)
            for body in store.revisions(connection, district, found.id, code, as_of)
        ]
        return shown.part(RevisionBody, revisions, lambda body: body.id)

    @routes.get(
        "/districts/{district}/items/{code}/what-if",
        responses=NOT_FOUND | {409: {"description": "the item does not know what is to be changed"}},
        summary="What one item would bring if something were otherwise; nothing is stored",
    )
    def read_what_if(
        connection: Connection,
        district: District,
        code: Code,
        paper: Annotated[list[Word] | None, Query(description="papers that are accepted", examples=[["logo"]])] = None,
        signed: Annotated[list[Word] | None, Query(description="registers with a signature")] = None,
        stated: Annotated[list[Setting] | None, Query(description="figure of the register = value")] = None,
        figure: Annotated[list[Setting] | None, Query(description="metric subject = value")] = None,
        online: Annotated[list[Word] | None, Query(description="devices that were complete all the time")] = None,
        days: Annotated[int | None, Query(ge=1, le=366, description="whole days of the window")] = None,
        assessment: Evaluation = None,
    ) -> WhatIfBody:
        found = chosen(connection, district, assessment)
        row = _known(found, code)
        try:
            wanted = Changes(
                papers=paper or (), signed=signed or (), stated=settings(stated or ()), figures=settings(figure or ()),
                online=online or (), days=days,
            )  # fmt: skip
            return published.what_if(row, what_if(connection, district, found, code, wanted, datetime.now(UTC)))
        except WhatIfError as error:
            raise HTTPException(409, str(error)) from error

    @routes.get("/districts/{district}/gaps", responses=NOT_FOUND, summary="What separates the district from its goal")
    def read_gaps(connection: Connection, district: District, assessment: Evaluation = None) -> GapsBody:
        found = chosen(connection, district, assessment)
        return published.gaps(gaps.gaps(connection, district, found, rubric.load(found.rubric)))

    @routes.get("/districts/{district}/total", responses=NOT_FOUND, summary="The sum, by what stands behind each point")
    def read_total(connection: Connection, district: District, assessment: Evaluation = None) -> TotalBody:
        found = chosen(connection, district, assessment)
        return published.total(decision.total(connection, district, found, rubric.load(found.rubric)))

    @routes.get(
        "/districts/{district}/documents", responses=NOT_FOUND | CSV, summary="Papers that were handed in",
        response_model=list[DocumentBody],
    )  # fmt: skip
    def read_documents(connection: Connection, district: District, shown: Shown, as_of: AsOf = None) -> Answer:
        chosen(connection, district, None)
        found = [published.document(one) for one in papers.of_district(connection, district, as_of)]
        return shown.part(DocumentBody, found, lambda body: str(body.id))

    @routes.get(
        "/districts/{district}/items/{code}/decisions",
        responses=NOT_FOUND | CSV,
        response_model=list[DecisionBody],
        summary="What people decided about one item, the decision in force first",
    )
    def read_decisions(
        connection: Connection, district: District, code: Code, shown: Shown, assessment: Evaluation = None
    ) -> Answer:
        found = chosen(connection, district, assessment)
        _known(found, code)
        history = [published.decision(one) for one in decision.history(connection, district, found.id, code)]
        return shown.part(DecisionBody, history, lambda body: body.recorded_at.isoformat())

    return routes


def chosen(connection: psycopg.Connection, district: str, name: str | None) -> Assessment:
    """The evaluation that was asked for, or the one that runs now; 404 where there is no such district or evaluation."""
    try:
        register.zone_of(connection, district)
    except LookupError as error:
        raise HTTPException(404, str(error)) from error
    declared = assessments.of_district(connection, district)
    if name is None:
        return assessments.current(declared, datetime.now(UTC))
    for entry in declared:
        if entry.id == name:
            return entry
    raise HTTPException(404, f"district {district!r} has no assessment {name!r}")


def _known(assessment: Assessment, code: str) -> Item:
    row = rubric.load(assessment.rubric).item(code)
    if row is None:
        raise HTTPException(404, f"the form {assessment.rubric} has no item {code!r}, one is 2.2.5.1")
    return row
