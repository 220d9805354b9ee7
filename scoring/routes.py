"""`/scoring/v1`: what is suggested for each item of the form, and the evidence behind it. Reads only what is stored."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Path, Query
from psycopg_pool import ConnectionPool
from pydantic import AwareDatetime

from scoring import assessment as assessments
from scoring import decision, gaps, papers, published, register, rubric, store
from scoring.assessment import Assessment
from scoring.published import DecisionBody, DocumentBody, GapsBody, ItemBody, RevisionBody, TotalBody

District = Annotated[str, Path(description="id of the district", examples=["lakeside-demo"])]
Code = Annotated[str, Path(description="code of the item in the order of the form", examples=["2.2.5.1"])]
Evaluation = Annotated[
    str | None, Query(description="id of an assessment of the catalogue; without it the one that runs now")
]
AsOf = Annotated[
    AwareDatetime | None,
    Query(description="only what was stored by then; with its zone", examples=["2026-11-23T00:00:00+08:00"]),
]
NOT_FOUND: dict[int | str, dict[str, object]] = {404: {"description": "no such district, assessment or item"}}


def router(pool: ConnectionPool) -> APIRouter:
    """The routes of scoring on the connections of `pool`."""
    routes = APIRouter(prefix="/scoring/v1", tags=["scoring"])

    def connection() -> Iterator[psycopg.Connection]:
        with pool.connection() as connected:
            yield connected

    Connection = Annotated[psycopg.Connection, Depends(connection)]  # noqa: N806  a type, as FastAPI reads it

    @routes.get("/districts/{district}/items", responses=NOT_FOUND, summary="Suggested points of all items")
    def read_items(connection: Connection, district: District, assessment: Evaluation = None) -> list[ItemBody]:
        return store.items(connection, district, _assessment(connection, district, assessment))

    @routes.get("/districts/{district}/items/{code}", responses=NOT_FOUND, summary="Suggested points of one item")
    def read_item(connection: Connection, district: District, code: Code, assessment: Evaluation = None) -> ItemBody:
        chosen = _assessment(connection, district, assessment)
        _known(chosen, code)
        return store.items(connection, district, chosen, code)[0]

    @routes.get(
        "/districts/{district}/items/{code}/evidence",
        responses=NOT_FOUND,
        summary="Evidence of one item as history, the revision in force first",
    )
    def read_evidence(
        connection: Connection, district: District, code: Code, as_of: AsOf = None, assessment: Evaluation = None
    ) -> list[RevisionBody]:
        chosen = _assessment(connection, district, assessment)
        _known(chosen, code)
        return store.revisions(connection, district, chosen.id, code, as_of)

    @routes.get("/districts/{district}/gaps", responses=NOT_FOUND, summary="What separates the district from its goal")
    def read_gaps(connection: Connection, district: District, assessment: Evaluation = None) -> GapsBody:
        chosen = _assessment(connection, district, assessment)
        return published.gaps(gaps.gaps(connection, district, chosen, rubric.load(chosen.rubric)))

    @routes.get("/districts/{district}/total", responses=NOT_FOUND, summary="The sum, by what stands behind each point")
    def read_total(connection: Connection, district: District, assessment: Evaluation = None) -> TotalBody:
        chosen = _assessment(connection, district, assessment)
        return published.total(decision.total(connection, district, chosen, rubric.load(chosen.rubric)))

    @routes.get("/districts/{district}/documents", responses=NOT_FOUND, summary="Papers that were handed in")
    def read_documents(connection: Connection, district: District) -> list[DocumentBody]:
        _assessment(connection, district, None)
        return [published.document(one) for one in papers.of_district(connection, district)]

    @routes.get(
        "/districts/{district}/items/{code}/decisions",
        responses=NOT_FOUND,
        summary="What people decided about one item, the decision in force first",
    )
    def read_decisions(
        connection: Connection, district: District, code: Code, assessment: Evaluation = None
    ) -> list[DecisionBody]:
        chosen = _assessment(connection, district, assessment)
        _known(chosen, code)
        return [published.decision(one) for one in decision.history(connection, district, chosen.id, code)]

    return routes


def _assessment(connection: psycopg.Connection, district: str, name: str | None) -> Assessment:
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


def _known(assessment: Assessment, code: str) -> None:
    if rubric.load(assessment.rubric).item(code) is None:
        raise HTTPException(404, f"the form {assessment.rubric} has no item {code!r}, one is 2.2.5.1")
