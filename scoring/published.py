"""What the API and the command line say about an item: one shape for both. Field names are a contract."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from ingest.small_counts import LIMIT, counts_persons, hidden
from scoring.decision import Decision, Total
from scoring.differences import Difference
from scoring.digest import decimal_text
from scoring.gaps import Gaps
from scoring.model import Evidence, Finding, Lack, Missing, Outcome, Suggestion, Text
from scoring.papers import Document
from scoring.rubric import Item

if TYPE_CHECKING:
    from scoring.whatif import WhatIf

#: Digits after the point of a figure that is shown; comparisons are exact and made before.
DIGITS = 9


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextBody(_Body):
    """Words in both languages."""

    zh: str
    en: str

    @classmethod
    def of(cls, text: Text) -> "TextBody":
        """The words of `text`."""
        return cls(zh=text.zh, en=text.en)


class RuleBody(_Body):
    """Which reading of the item was applied."""

    id: str = Field(examples=["hangzhou-city-2023/2.2.5.1"])
    version: str = Field(description="SHA-256 of the content of the rule")


class WindowBody(_Body):
    """Half-open period of whole local days."""

    start: datetime
    end: datetime


class MetricBody(_Body):
    """One figure."""

    name: str = Field(examples=["parking_share_of_spaces_connected"])
    subject: str = Field(examples=["district"])
    value: str | None = Field(
        description="plain decimal; null: undetermined; <5: a count of people too small for viewers", examples=["0.985"]
    )
    unit: str = Field(description="UCUM code; '1': a share from 0 to 1")
    coverage: float | None = Field(description="covered part of what was expected, 0 to 1; null: nothing was expected")
    devices: list[str]
    device_count: int


class EvidenceBody(_Body):
    """What was found in one window."""

    id: str
    digest: str = Field(description="SHA-256 of the canonical inputs", pattern="^[0-9a-f]{64}$")
    window: WindowBody
    computed_at: datetime
    coverage: float | None = Field(
        description="of what the rule limits by coverage, 0 to 1; null: nothing was expected"
    )
    origin: str = Field(description="origins of the readings, joined by +", examples=["real", "imported+real"])
    stale: bool = Field(description="the register has changed since, and nobody has evaluated it anew")
    metrics: list[MetricBody]


class ChangeBody(_Body):
    """One thing that is not as the revision before had it."""

    what: str = Field(description="key of the inputs, or figure", examples=["readings", "register", "figure"])
    which: str = Field(
        description="stream, line of the register, metric; of a figure its name and subject",
        examples=["lakeside-demo/gate-lake/parking.in", "car_park lake"],
    )
    hours: list[str] = Field(description="clock hours of a stream, the first 24 of them")
    hour_count: int
    before: str | None = Field(description="value of a figure; null: undetermined")
    after: str | None


class RevisionBody(EvidenceBody):
    """Evidence as history: a revision exists because its inputs changed."""

    revision: int
    supersedes: str | None = Field(description="id of the revision it replaces")
    reason: str = Field(
        description="first, or why it superseded the one before, joined by comma and blank: rule, metrics, parameters,"
        " register, documents, late_data, replay, import, correction, window, layout; readings, arrivals or events where"
        " ingest has no account of the change"
    )
    changes: list[ChangeBody] = Field(description="what is not as the revision before had it; figures last")


class ItemBody(_Body):
    """One row of the form with what we suggest for it."""

    code: str = Field(examples=["2.2.5.1"])
    title: TextBody
    points_max: int | float
    outcome: Outcome
    suggested_points: str | None = Field(description="plain decimal; null where nothing may be suggested")
    provisional: bool = Field(description="the window is shorter than a full one; enters no total")
    demo: bool = Field(description="the district is a demonstration; enters no total")
    reason: TextBody
    rule: RuleBody
    evidence: list[EvidenceBody]


class TotalBody(_Body):
    """The sum of the form, by what stands behind each point; all plain decimals."""

    points_max: str
    decided: str
    suggested: str
    provisional: str = Field(description="enters no total")
    demo: str = Field(description="enters no total")
    undetermined: str = Field(description="points of items of which nothing is known yet")
    counted: str = Field(description="decided and suggested")


class MissingBody(_Body):
    """One thing that keeps an item from more points."""

    lack: Lack
    what: str = Field(description="name of the figure and subject, of the register or of the paper")
    text: TextBody
    devices: list[str]
    have: str | None
    need: str | None
    unit: str
    days: int | None = Field(description="complete days that are still needed at least")


class OpenBody(_Body):
    """An item that could bring more points."""

    code: str
    points: str
    winnable: str
    missing: list[MissingBody]


class GapsBody(_Body):
    """What separates the district from the self-score that an application needs."""

    total: TotalBody
    threshold: str
    lacking: str
    items: list[OpenBody]


class WhatIfBody(_Body):
    """An item as it is and as it would be; nothing is stored."""

    now: ItemBody
    then: ItemBody
    missing: list[MissingBody] = Field(description="what would still keep it from more points")


class DecisionBody(_Body):
    """What a person decided about one item."""

    code: str
    points: str
    reason: str
    person: str
    recorded_at: datetime
    seen_points: str | None = Field(description="what was suggested then")
    changed: bool = Field(description="the suggestion has become another one since")


class DocumentBody(_Body):
    """A paper that was handed in."""

    id: int
    kind: str
    title: str
    sha256: str
    bytes: int
    valid_from: date | None
    valid_until: date | None
    signer: str
    items: list[str] = Field(description="empty: every item that asks for its kind")
    verdict: str | None = Field(description="accepted, rejected; null: nobody has read it yet")
    reviewed_by: str | None
    recorded_at: datetime


def shown(figure: MetricBody, *, exact: bool) -> MetricBody:
    """The figure as a caller may see it: a small count of people only to those who see `exact` ones."""
    value = None if figure.value is None else Decimal(figure.value)
    if not hidden(value, figure.unit, exact=exact):
        return figure
    return figure.model_copy(update={"value": f"<{LIMIT}"})


def to_caller(body: ItemBody, *, exact: bool) -> ItemBody:
    """A row of the form with the figures of its evidence as a caller may see them."""
    found = [
        one.model_copy(update={"metrics": [shown(figure, exact=exact) for figure in one.metrics]})
        for one in body.evidence
    ]
    return body.model_copy(update={"evidence": found})


def revision_to_caller(body: RevisionBody, *, exact: bool) -> RevisionBody:
    """A revision likewise; what a small count was before and is now is not told either."""
    small = {
        f"{figure.name} {figure.subject}" for figure in body.metrics if not exact and counts_persons(figure.unit)
    }  # fmt: skip
    changes = [
        one.model_copy(update={"before": None, "after": None}) if one.what == "figure" and one.which in small else one
        for one in body.changes
    ]
    return body.model_copy(
        update={"metrics": [shown(figure, exact=exact) for figure in body.metrics], "changes": changes}
    )


def total(sums: Total) -> TotalBody:
    """The sum as it is shown."""
    names = TotalBody.model_fields
    return TotalBody(**{name: decimal_text(getattr(sums, name)) for name in names})


def gaps(found: Gaps) -> GapsBody:
    """Gaps as they are shown."""
    return GapsBody(
        total=total(found.total),
        threshold=decimal_text(found.threshold),
        lacking=decimal_text(found.lacking),
        items=[
            OpenBody(
                code=one.item, points=decimal_text(one.points), winnable=decimal_text(one.winnable),
                missing=[
                    MissingBody(
                        lack=Lack(entry.lack), what=entry.what, text=TextBody(zh=entry.zh, en=entry.en),
                        devices=list(entry.devices), have=entry.have, need=entry.need, unit=entry.unit, days=entry.days,
                    )
                    for entry in one.missing
                ],
            )
            for one in found.items
        ],
    )  # fmt: skip


def what_if(row: Item, found: "WhatIf") -> WhatIfBody:
    """A what-if as it is shown."""
    return WhatIfBody(
        now=item(row, found.now, []),
        then=item(row, found.then, []),
        missing=[
            MissingBody(
                lack=one.lack, what=one.what, text=TextBody.of(one.text), devices=list(one.devices), have=one.have,
                need=one.need, unit=one.unit, days=one.days,
            )
            for one in found.then.missing
        ],
    )  # fmt: skip


def decision(one: Decision) -> DecisionBody:
    """A decision as it is shown."""
    return DecisionBody(
        code=one.item, points=decimal_text(one.points), reason=one.reason, person=one.person,
        recorded_at=one.recorded_at.astimezone(UTC),
        seen_points=None if one.seen_points is None else decimal_text(one.seen_points), changed=one.changed,
    )  # fmt: skip


def document(one: Document) -> DocumentBody:
    """A paper as it is shown."""
    return DocumentBody(**{name: getattr(one, name) for name in DocumentBody.model_fields})


def number(points: Decimal) -> int | float:
    """Points as a JSON number; points of a form are multiples of a half, which binary floating point holds exactly."""
    return int(points) if points == int(points) else float(points)


def figure_text(value: Fraction) -> str:
    """`value` as plain decimal text with at most nine digits after the point.

    >>> figure_text(Fraction(2, 3))
    '0.666666667'
    """
    with localcontext(prec=60, rounding=ROUND_HALF_EVEN):
        quotient = Decimal(value.numerator) / Decimal(value.denominator)
        return decimal_text(quotient.quantize(Decimal(1).scaleb(-DIGITS)))


def metric(finding: Finding) -> MetricBody:
    """One figure as it is shown."""
    return MetricBody(
        name=finding.metric,
        subject=finding.subject,
        value=None if finding.value is None else figure_text(finding.value),
        unit=finding.unit,
        coverage=None if finding.coverage is None else float(figure_text(finding.coverage)),
        devices=list(finding.devices),
        device_count=len(finding.devices),
    )


def metrics(findings: Iterable[Finding]) -> list[MetricBody]:
    """Each figure once, however many requirements look at it."""
    return list({(finding.metric, finding.subject): metric(finding) for finding in findings}.values())


def stored(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """Each figure once with what was required of it, as `scoring.evidence.findings` keeps it for pages."""
    return [
        metric(finding).model_dump()
        | {
            "origins": list(finding.origins),
            "threshold": None if finding.threshold is None else decimal_text(finding.threshold),
            "comparison": finding.comparison,
            "holds": finding.holds,
        }
        for finding in {(finding.metric, finding.subject): finding for finding in findings}.values()
    ]


def missing(lacking: Iterable[Missing]) -> list[dict[str, object]]:
    """What keeps an item from more points, as `scoring.suggestion.missing` keeps it."""
    return [
        {
            "lack": one.lack.value, "what": one.what, "zh": one.text.zh, "en": one.text.en, "devices": list(one.devices),
            "have": one.have, "need": one.need, "unit": one.unit, "days": one.days,
        }
        for one in lacking
    ]  # fmt: skip


#: Hours of a stream that a change names; all of them are counted.
HOURS = 24


def changes(
    found: Iterable[Difference], before: Iterable[Mapping[str, object]], after: Iterable[Mapping[str, object]]
) -> list[dict[str, object]]:
    """What a revision changed, as `scoring.evidence.changes` keeps it: inputs by name, then figures that have moved."""
    hours: dict[tuple[str, str], list[str]] = {}
    for one in found:
        hours.setdefault((one.what, one.which), []).extend([one.hour] if one.hour else [])
    listed: list[dict[str, object]] = [
        {"what": what, "which": which, "hours": own[:HOURS], "hour_count": len(own), "before": None, "after": None}
        for (what, which), own in hours.items()
    ]
    old, new = ({f"{one['name']} {one['subject']}": one["value"] for one in side} for side in (before, after))
    return listed + [
        {"what": "figure", "which": name, "hours": [], "hour_count": 0, "before": old.get(name), "after": new.get(name)}
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def origin(origins: Iterable[str]) -> str:
    """Origins as one word."""
    return "+".join(sorted(set(origins)))


def evidence(found: Evidence, findings: Iterable[Finding], computed_at: datetime) -> EvidenceBody:
    """Evidence that was just computed."""
    own = list(findings)
    return EvidenceBody(
        id=found.id,
        digest=found.digest,
        window=WindowBody(start=found.window.start.astimezone(UTC), end=found.window.end.astimezone(UTC)),
        computed_at=computed_at.astimezone(UTC),
        coverage=None if found.coverage is None else float(figure_text(found.coverage)),
        origin=origin(name for finding in own for name in finding.origins),
        stale=False,
        metrics=metrics(own),
    )


def item(row: Item, suggestion: Suggestion, found: list[EvidenceBody]) -> ItemBody:
    """One row of the form with its suggestion."""
    return ItemBody(
        code=row.code,
        title=TextBody.of(row.text),
        points_max=number(row.points_max),
        outcome=suggestion.outcome,
        suggested_points=None if suggestion.points is None else decimal_text(suggestion.points),
        provisional=suggestion.provisional,
        demo=suggestion.demo,
        reason=TextBody.of(suggestion.reason),
        rule=RuleBody(id=suggestion.rule_id, version=suggestion.rule_version),
        evidence=found,
    )
