"""HTTP of the figures: what each metric means, its values, and why one is what it is."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi import Response as Answer
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, Field, WithJsonSchema

from ingest.caller import Caller, caller
from ingest.listing import CSV, Listing
from ingest.query import TEXT, District
from ingest.small_counts import LIMIT, counts_persons, hidden
from metrics import inputs
from metrics.definition import Definition, Grain
from metrics.evaluate import definitions, evaluate
from metrics.explain import Explanation, explain
from metrics.expression import plain
from metrics.inputs import WindowError, instant
from metrics.model import MetricValue

#: No window of an evaluation is longer, and nobody waits for one (our choice).
LONGEST = timedelta(days=3 * 366)

Metric = Annotated[
    str,
    Query(pattern="^[a-z0-9][a-z0-9_]{0,99}$", description="name of a definition", examples=["parking_occupancy"]),
]
_INSTANT = WithJsonSchema({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]})
Start = Annotated[
    str,
    _INSTANT,
    Query(
        alias="from", description="a date of the district's zone, or a time with its offset", examples=["2026-11-01"]
    ),
]
End = Annotated[str, _INSTANT, Query(alias="to", description="end of the half-open window", examples=["2026-11-02"])]
Subject = Annotated[str, Field(pattern=TEXT, max_length=256)]
Shown = Annotated[Listing, Depends(Listing)]
By = Annotated[Caller, Depends(caller)]


class DefinitionOut(BaseModel):
    """A metric as its header declares it."""

    name: str = Field(examples=["parking_occupancy"])
    title: dict[str, str] = Field(examples=[{"zh": "车位占用率", "en": "Parking occupancy"}])
    meaning: dict[str, str] = Field(description="in Chinese and English")
    unit: str = Field(description="UCUM code", examples=["1"])
    grains: list[str] = Field(examples=[["hour", "day", "window"]])
    subjects: list[str] = Field(description="kinds of subjects", examples=[["district", "car_park"]])
    inputs: list[str] = Field(description="quantities and registers", examples=[["parking.used"]])
    formula: dict[str, str] = Field(examples=[{"": "used_time / total_time"}])
    terms: dict[str, dict[str, str]] = Field(description="unit and meaning of each term of the formula")
    over_time: str
    over_devices: str
    coverage: str
    source: str
    version: str = Field(description="SHA-256 of the content")


class ValueOut(BaseModel):
    """A figure. Numbers are decimals as text; `numerator` null: undetermined, never zero."""

    metric: str = Field(examples=["parking_occupancy"])
    subject: str = Field(examples=["car_park:north"])
    start: datetime
    end: datetime
    numerator: str | None = Field(examples=["15120000"])
    denominator: str = Field(examples=["25920000"])
    value: float | None = Field(description="for display", examples=[0.583333333])
    fewer_than: int | None = Field(
        description="a count of people that is smaller than this and not told to viewers; numerator and value are null",
        examples=[None],
    )
    unit: str = Field(description="UCUM code", examples=["1"])
    coverage: float | None = Field(description="0 to 1; null: nothing was expected", examples=[0.998])
    coverage_numerator: str = Field(examples=["998"])
    coverage_denominator: str = Field(examples=["1000"])
    devices: list[str] = Field(examples=[["spaces-north"]])
    origins: list[str] = Field(examples=[["real"]])
    quality: str = Field(examples=["good"])
    method: str
    backfilled: str = Field(description="part that came late, as a share of what was read", examples=["0"])
    shared: str = Field(
        description="how far the amounts read may be off, because a part was shared over an edge of the window",
        examples=["0"],
    )
    definition: str = Field(description="version of the metric")


class PartOut(BaseModel):
    """What one device gave to a term in one hour."""

    term: str
    key: str
    device: str | None
    datastream: str | None
    hour: datetime | None
    amount: str


class TermOut(BaseModel):
    """A term of the formula with its sum."""

    name: str
    unit: str
    meaning: str
    total: str | None


class ExplanationOut(BaseModel):
    """A figure taken apart; `expression` evaluates to the value exactly."""

    value: ValueOut
    formula: str
    expression: str
    summary: str
    parameters: dict[str, str]
    terms: list[TermOut]
    parts: list[PartOut]


def router(pool: ConnectionPool) -> APIRouter:
    """Returns the routes under /metrics/v1."""
    routes = APIRouter(prefix="/metrics/v1", tags=["metrics"])

    @routes.get(
        "/definitions", summary="Every metric of the catalogue, by name", response_model=list[DefinitionOut],
        responses=CSV,
    )  # fmt: skip
    def list_definitions(shown: Shown) -> Answer:
        found = [definition_out(definition) for definition in definitions().values()]
        return shown.part(DefinitionOut, found, lambda one: one.name)

    @routes.get(
        "/districts/{district}/values", summary="Values of one metric, one per subject and hour, day or window",
        response_model=list[ValueOut], responses=CSV,
    )  # fmt: skip
    def list_values(
        district: District,
        metric: Metric,
        start: Start,
        end: End,
        shown: Shown,
        who: By,
        subject: Annotated[
            list[Subject] | None, Query(description="only these subjects", examples=[["district"]])
        ] = None,
        grain: Annotated[Grain, Query(description="hour, day or window", examples=["day"])] = Grain.WINDOW,
    ) -> Answer:
        with pool.connection() as connection:
            try:
                window = _window(connection, district, start, end)
                found = evaluate(connection, metric, district, *window, subjects=subject, grain=grain)
            except LookupError as error:
                raise HTTPException(404, str(error)) from error
            except ValueError as error:
                raise HTTPException(409, str(error)) from error
        return shown.part(
            ValueOut,
            [value_out(value, exact=who.exact) for value in found],
            lambda one: f"{one.subject} {one.start.isoformat()}",
        )

    @routes.get("/districts/{district}/explain", summary="One value with the numbers it was made of")
    def explain_value(
        district: District,
        metric: Metric,
        subject: Annotated[
            str, Query(pattern=TEXT, max_length=256, description="as a value names it", examples=["district"])
        ],
        start: Start,
        end: End,
        who: By,
    ) -> ExplanationOut:
        with pool.connection() as connection:
            try:
                found = explain(connection, metric, district, subject, *_window(connection, district, start, end))
            except LookupError as error:
                raise HTTPException(404, str(error)) from error
            except ValueError as error:
                raise HTTPException(409, str(error)) from error
        return explanation_out(found, exact=who.exact)

    return routes


def _window(connection: psycopg.Connection, district: str, start: str, end: str) -> tuple[datetime, datetime]:
    zone = inputs.zone_of(connection, district)
    try:
        window = instant(start, zone), instant(end, zone)
    except WindowError as error:
        raise HTTPException(422, str(error)) from error
    except OverflowError as error:
        raise ValueError(f"expected a time like 2026-11-01T08:00:00+08:00, got {start!r} and {end!r}") from error
    if window[1] - window[0] > LONGEST:
        raise ValueError(f"expected a window of at most {LONGEST.days} days, got {(window[1] - window[0]).days}")
    return window


def definition_out(definition: Definition) -> DefinitionOut:
    """Returns a definition as JSON shows it."""
    return DefinitionOut(
        name=definition.name,
        title={"zh": definition.title.zh, "en": definition.title.en},
        meaning={"zh": definition.meaning.zh, "en": definition.meaning.en},
        unit=definition.unit,
        grains=[grain.value for grain in definition.grains],
        subjects=[kind.value for kind in definition.subjects],
        inputs=list(definition.inputs),
        formula=dict(definition.formula),
        terms={name: {"unit": term.unit, "meaning": term.meaning} for name, term in definition.terms.items()},
        over_time=definition.over_time,
        over_devices=definition.over_devices,
        coverage=definition.coverage,
        source=definition.source,
        version=definition.version,
    )


def value_out(value: MetricValue, *, exact: bool) -> ValueOut:
    """Returns a value as JSON shows it; a small count of people only to those who see `exact` ones."""
    small = hidden(value.ratio, value.unit, exact=exact)
    return ValueOut(
        metric=value.metric,
        subject=value.subject,
        start=value.start,
        end=value.end,
        numerator=None if value.numerator is None or small else plain(value.numerator),
        denominator=plain(value.denominator),
        value=None if value.ratio is None or small else float(value.ratio),
        fewer_than=LIMIT if small else None,
        unit=value.unit,
        coverage=None if value.coverage is None else float(value.coverage),
        coverage_numerator=plain(value.coverage_numerator),
        coverage_denominator=plain(value.coverage_denominator),
        devices=list(value.devices),
        origins=list(value.origins),
        quality=value.quality.value,
        method=value.method,
        backfilled=plain(value.backfilled),
        shared=plain(value.shared),
        definition=value.definition,
    )


def explanation_out(found: Explanation, *, exact: bool) -> ExplanationOut:
    """Returns an explanation as JSON shows it; whoever does not see `exact` counts of people is shown no part of them."""
    persons = {term.name for term in found.terms if counts_persons(term.unit)} if not exact else set()
    small = bool(persons) or hidden(found.value.ratio, found.value.unit, exact=exact)
    return ExplanationOut(
        value=value_out(found.value, exact=exact),
        formula=found.formula,
        expression="" if small else found.expression,
        summary="" if small else found.summary,
        parameters=found.parameters,
        terms=[
            TermOut(**{**asdict(term), "total": None if term.name in persons else term.total}) for term in found.terms
        ],
        parts=[PartOut(**asdict(part)) for part in found.parts if part.term not in persons],
    )
