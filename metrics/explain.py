"""Why a figure is what it is: its formula with the numbers in it, down to the devices and hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import psycopg

from metrics import expression, figures, inputs, parameters
from metrics.definition import Definition, Grain
from metrics.expression import plain
from metrics.model import MetricValue
from metrics.terms import Row, rows_of, terms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one device gave to a term in one hour."""

    term: str
    #: hour of the day, class, car park or pollutant, where a formula looks at them; else empty
    key: str
    #: None: a figure of the register
    device: str | None
    #: public id; None where a term looks at the device as a whole
    datastream: str | None
    #: start of the hour in UTC
    hour: datetime | None
    #: plain decimal text, in the term's unit
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermTotal:
    """A term of the formula with its sum."""

    name: str
    #: UCUM code
    unit: str
    meaning: str
    #: plain decimal text; None: nothing is known
    total: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A figure taken apart. `expression` evaluates to the value exactly."""

    definition: Definition
    value: MetricValue
    #: the formula over terms and parameters that was taken
    formula: str
    #: the formula with each term as the sum of its parts; empty: undetermined
    expression: str
    #: the formula with each term as its total; empty: undetermined
    summary: str
    #: parameters in force, by name, as plain decimal text
    parameters: dict[str, str]
    terms: tuple[TermTotal, ...]
    parts: tuple[Part, ...]

    def text(self) -> str:
        """Returns the explanation as plain text for a terminal."""
        value, title = self.value, self.definition.title
        covered = f"{plain(value.coverage_numerator)} / {plain(value.coverage_denominator)}"
        origin = ", ".join(value.origins) or "-"
        lines = [
            f"{value.metric}  {title.en} / {title.zh}",
            f"{value.subject}  {value.start.isoformat()} .. {value.end.isoformat()}",
            f"= {self.formula}" + (f"   [{value.method}]" if value.method else ""),
            f"= {self.summary or 'undetermined'}   [{value.unit}]",
            f"quality {value.quality}, covered {covered}, {len(value.devices)} devices, origin {origin}"
            + (f", off by at most {plain(value.shared)} at the edges" if value.shared else ""),
            *(f"  {name} = {number}" for name, number in self.parameters.items()),
        ]
        for term in self.terms:
            lines.append(f"  {term.name} = {term.total or '?'} {term.unit}  ({term.meaning})")
            lines += [
                f"    {part.amount:>12}  {part.hour.isoformat() if part.hour else '':25}  {part.device or ''}"
                + (f"  {part.datastream}" if part.datastream else "") + (f"  [{part.key}]" if part.key else "")
                for part in self.parts if part.term == term.name
            ]  # fmt: skip
        return "\n".join(lines)


def explain(
    connection: psycopg.Connection,
    name: str,
    district: str,
    subject: str,
    start: datetime,
    end: datetime,
    *,
    revision: int | None = None,
) -> Explanation:
    """Returns the value of a metric for one subject and window together with every number it was made of.

    Args:
        connection: to the migrated database; only read.
        name: of the metric.
        district: id.
        subject: for example ``car_park:p1``.
        start: of the window, aware.
        end: of the window, exclusive.
        revision: of the catalogue; None: the latest.

    Raises:
        LookupError: no such metric or district.
        WindowError: the metric has no value for such a window.
    """
    definition = figures.find(name)
    zone = inputs.zone_of(connection, district, revision)
    windows = inputs.split(start, end, Grain.WINDOW, zone)
    figures.allow(definition, Grain.WINDOW, windows, zone)
    (value,) = figures.compute(connection, definition, district, windows, zone, [subject], revision)
    rows = rows_of(connection, definition, district, windows, zone, [subject], revision, detail=True)
    return _take_apart(definition, value, rows, zone)


def _take_apart(definition: Definition, value: MetricValue, rows: Sequence[Row], zone: ZoneInfo) -> Explanation:
    """The explanation of a value from its rows of hours and devices."""
    values = parameters.on(value.start.astimezone(zone).date())
    terms = terms_of(rows)
    _, formula, ratio = figures.choose(definition, terms, values)
    used = expression.names_in(formula)
    amounts: dict[tuple[str, str | None], list[Decimal]] = {}
    parts = []
    for row in rows:
        for term, amount in row.terms.items():
            if term not in used or amount is None:
                continue
            amounts.setdefault((term, row.key), []).append(amount)
            amounts.setdefault((term, None), []).append(amount)
            if amount:
                parts.append(_part(row, term, amount))
    totals = {term: expression.total(terms, term) for term in definition.terms if term in used}
    return Explanation(
        definition=definition,
        value=value,
        formula=formula,
        expression=expression.render(formula, terms, values, lambda term, key: _sum(amounts.get((term, key), [])))
        if ratio
        else "",
        summary=expression.render(formula, terms, values) if ratio else "",
        parameters={name: plain(values[name]) for name in definition.parameters},
        terms=tuple(
            TermTotal(
                name=term,
                unit=definition.terms[term].unit,
                meaning=definition.terms[term].meaning,
                total=None if total is None else plain(total),
            )
            for term, total in totals.items()
        ),
        parts=tuple(parts),
    )


def _part(row: Row, term: str, amount: Decimal) -> Part:
    """One row's share of one term."""
    return Part(
        term=term,
        key=row.key,
        device=row.devices[0] if len(row.devices) == 1 else None,
        datastream=row.datastreams[0] if len(row.datastreams) == 1 else None,
        hour=row.hour,
        amount=plain(amount),
    )


def _sum(amounts: Sequence[Decimal]) -> str:
    """A sum as text: zeros change nothing and are left out."""
    told = [plain(amount) for amount in amounts if amount]
    if len(told) < 2:
        return told[0] if told and not told[0].startswith("-") else f"({told[0]})" if told else "0"
    return f"({' + '.join(told)})"
