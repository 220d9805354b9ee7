"""HTTP of the figures: what each metric means, its values, and why one is what it is."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

from metrics import inputs
from metrics.definition import Definition, Grain
from metrics.evaluate import definitions, evaluate
from metrics.explain import Explanation, explain
from metrics.expression import plain
from metrics.inputs import instant
from metrics.model import MetricValue


class DefinitionOut(BaseModel):
    """A metric as its header declares it."""

    name: str
    title: dict[str, str]
    meaning: dict[str, str]
    unit: str
    grains: list[str]
    subjects: list[str]
    inputs: list[str]
    formula: dict[str, str]
    terms: dict[str, dict[str, str]]
    over_time: str
    over_devices: str
    coverage: str
    source: str
    version: str


class ValueOut(BaseModel):
    """A figure. Numbers are decimals as text; `numerator` null: undetermined, never zero."""

    metric: str
    subject: str
    start: datetime
    end: datetime
    numerator: str | None
    denominator: str
    #: for display
    value: float | None
    unit: str
    coverage: float | None
    coverage_numerator: str
    coverage_denominator: str
    devices: list[str]
    origins: list[str]
    quality: str
    method: str
    backfilled: str
    #: how far the amounts read may be off, because a part was shared over an edge of the window
    shared: str
    definition: str


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

    @routes.get("/definitions")
    def list_definitions() -> list[DefinitionOut]:
        """Every metric of the catalogue, by name."""
        return [definition_out(definition) for definition in definitions().values()]

    @routes.get("/districts/{district}/values")
    def list_values(
        district: str,
        metric: str,
        start: Annotated[str, Query(alias="from", examples=["2026-11-01"])],
        end: Annotated[str, Query(alias="to", examples=["2026-11-02"])],
        subject: Annotated[list[str] | None, Query()] = None,
        grain: Grain = Grain.WINDOW,
    ) -> list[ValueOut]:
        """Values of one metric, one per subject and hour, day or window."""
        with pool.connection() as connection:
            try:
                zone = inputs.zone_of(connection, district)
                window = instant(start, zone), instant(end, zone)
                return [
                    value_out(v) for v in evaluate(connection, metric, district, *window, subjects=subject, grain=grain)
                ]
            except LookupError as error:
                raise HTTPException(404, str(error)) from error
            except ValueError as error:
                raise HTTPException(422, str(error)) from error

    @routes.get("/districts/{district}/explain")
    def explain_value(
        district: str,
        metric: str,
        subject: str,
        start: Annotated[str, Query(alias="from", examples=["2026-11-01"])],
        end: Annotated[str, Query(alias="to", examples=["2026-11-02"])],
    ) -> ExplanationOut:
        """One value with the numbers it was made of."""
        with pool.connection() as connection:
            try:
                zone = inputs.zone_of(connection, district)
                found = explain(connection, metric, district, subject, instant(start, zone), instant(end, zone))
            except LookupError as error:
                raise HTTPException(404, str(error)) from error
            except ValueError as error:
                raise HTTPException(422, str(error)) from error
        return explanation_out(found)

    return routes


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


def value_out(value: MetricValue) -> ValueOut:
    """Returns a value as JSON shows it."""
    return ValueOut(
        metric=value.metric,
        subject=value.subject,
        start=value.start,
        end=value.end,
        numerator=None if value.numerator is None else plain(value.numerator),
        denominator=plain(value.denominator),
        value=None if value.ratio is None else float(value.ratio),
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


def explanation_out(found: Explanation) -> ExplanationOut:
    """Returns an explanation as JSON shows it."""
    return ExplanationOut(
        value=value_out(found.value),
        formula=found.formula,
        expression=found.expression,
        summary=found.summary,
        parameters=found.parameters,
        terms=[TermOut(**asdict(term)) for term in found.terms],
        parts=[PartOut(**asdict(part)) for part in found.parts],
    )
