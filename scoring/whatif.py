"""What an item would bring if something were otherwise: the same engine on changed inputs. Nothing is stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from importlib.resources import files

import psycopg
from psycopg import Rollback
from psycopg.rows import tuple_row

from scoring import evidence
from scoring import rubric as rubrics
from scoring import rule as rules
from scoring.assessment import Assessment
from scoring.engine import suggest
from scoring.model import Evidence, PaperState, Stated, Suggestion
from scoring.requirement import Rule, Source
from scoring.stated import figures


class WhatIfError(ValueError):
    """A change that the item does not know; the message names those it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is otherwise."""

    #: ids of papers that are accepted
    papers: Sequence[str] = ()
    #: names of registers that carry a signature
    signed: Sequence[str] = ()
    #: figure of the register, or declared -> value
    stated: Mapping[str, Decimal] = field(default_factory=dict)
    #: ``metric subject`` -> value of a figure of readings; its coverage then counts as full
    figures: Mapping[str, Decimal] = field(default_factory=dict)
    #: ids of devices that were complete all the time
    online: Sequence[str] = ()
    #: whole days of the window; None: as they are
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """An item as it is, and as it would be."""

    now: Suggestion
    then: Suggestion


def what_if(
    connection: psycopg.Connection, district: str, assessment: Assessment, code: str, changes: Changes, at: datetime
) -> WhatIf:
    """The suggestion for an item as of `at`, without and with `changes`.

    Raises:
        LookupError: the form has no such item.
        WhatIfError: the item does not know what is to be changed.
    """
    rule = rules.load(assessment.rubric).get(code)
    if rule is None:
        raise LookupError(f"the form {assessment.rubric} has no item {code!r}, one is 2.2.5.1")
    _check(rule, changes)
    rubric = rubrics.load(assessment.rubric)
    with evidence.snapshot(connection):
        found = evidence.gather(connection, district, rule, assessment, at)
        now = found.evidence if found else None
        then = now
        if changes.online and found:
            with connection.transaction():
                _online(connection, district, changes.online, found.begin, found.evidence.window.end)
                again = evidence.gather(connection, district, rule, assessment, at)
                then = again.evidence if again else None
                raise Rollback
    return WhatIf(now=suggest(rubric, rule, now), then=suggest(rubric, rule, changed(rule, then, changes)))


def changed(rule: Rule, found: Evidence | None, changes: Changes) -> Evidence | None:
    """`found` with `changes`; None stays None, for papers alone leave nothing that an engine could compute."""
    if found is None:
        return None
    values = dict(found.values)
    for measure in rule.measures():
        value = changes.figures.get(f"{measure.metric} {measure.subject}")
        if measure.source is Source.METRIC and value is not None:
            values[measure.key] = tuple(
                replace(
                    one, numerator=value, denominator=Decimal(1), coverage_numerator=Decimal(1),
                    coverage_denominator=Decimal(1), origins=("real",),
                )
                for one in values.get(measure.key, ())
            )  # fmt: skip
    told = {
        name: Stated(value=Fraction(value), unit=figures()[name].unit) for name, value in changes.stated.items()
    }  # fmt: skip
    return replace(
        found,
        values=values,
        stated={**found.stated, **told},
        papers={**found.papers, **dict.fromkeys(changes.papers, PaperState.ACCEPTED)},
        signed_registers=found.signed_registers | set(changes.signed),
        window=found.window if changes.days is None else replace(found.window, days=changes.days),
    )


def settings(words: Iterable[str]) -> dict[str, Decimal]:
    """Changes written as ``name=value``, by name.

    Raises:
        WhatIfError: one is not.
    """
    found = {}
    for word in words:
        name, _, value = word.rpartition("=")
        try:
            found[name] = Decimal(value)
        except InvalidOperation as error:
            raise WhatIfError(f"expected a change like gross_floor_area=300000, got {word!r}") from error
    return found


def _check(rule: Rule, changes: Changes) -> None:
    measures = list(rule.measures())
    known = {
        "papers": {paper.id for paper in rule.papers},
        "signed": set(rule.signed_by),
        "stated": {one.metric for one in measures if one.source is Source.STATED},
        "figures": {f"{one.metric} {one.subject}" for one in measures if one.source is Source.METRIC},
    }
    for what, names in known.items():
        for name in getattr(changes, what):
            if name not in names:
                raise WhatIfError(
                    f"{what}: item {rule.item.code} knows {', '.join(sorted(names)) or 'none'}, got {name!r}"
                )


def _online(
    connection: psycopg.Connection, district: str, devices: Sequence[str], start: datetime, end: datetime
) -> None:
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(
            "DELETE FROM metrics.hour h USING ingest.datastream d WHERE d.id = h.datastream_id AND d.district = %s"
            " AND d.device = ANY (%s) AND h.hour >= %s AND h.hour < %s AND h.slots < h.expected",
            (district, list(devices), start, end),
        )
        rows = cursor.execute(
            (files("scoring") / "online.sql").read_bytes(),
            {"district": district, "devices": list(devices), "start": start, "end": end},
        ).fetchall()
    if silent := sorted(set(devices) - {name for (name,) in rows}):
        raise WhatIfError(f"online: {silent[0]!r} has no complete hour that the others could be filled with")
