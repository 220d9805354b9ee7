"""What the page of the form shows: 64 items by section, and the sums apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from district.pages.results import ItemResult
from scoring.model import Outcome
from scoring.rubric import Indicator, Rubric, Section
from scoring.rule import Basis, Rule

#: What an item is before anything was assessed.
OUTCOMES = {Basis.MEASURES: Outcome.UNDETERMINED, Basis.DOCUMENTS: Outcome.DOCUMENTS_ONLY, Basis.NONE: Outcome.NO_RULE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Points of some items, each kind apart. Only decided points are a score; demo and provisional ones never count."""

    maximum: Decimal = Decimal(0)
    decided: Decimal = Decimal(0)
    #: counts: real, over a full window
    suggested: Decimal = Decimal(0)
    #: shown, never counted
    provisional: Decimal = Decimal(0)
    demo: Decimal = Decimal(0)
    #: points at stake where the data do not suffice
    undetermined: Decimal = Decimal(0)
    #: points at stake that only papers can bring
    documents: Decimal = Decimal(0)
    #: points at stake of items without a rule yet
    no_rule: Decimal = Decimal(0)
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorView:
    """An indicator with its own sums."""

    indicator: Indicator
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A section with its own sums."""

    section: Section
    indicators: tuple[IndicatorView, ...]
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The whole form."""

    rubric: Rubric
    sections: tuple[SectionView, ...]
    sums: Sums
    results: Mapping[str, ItemResult]


def view(rubric: Rubric, results: Sequence[ItemResult], rules: Mapping[str, Rule]) -> Form:
    """The form with what is known of each item; where nothing was assessed yet, what its rule alone says."""
    by_code = {code: _unassessed(rule) for code, rule in rules.items()} | {result.code: result for result in results}
    sections = tuple(
        SectionView(
            section=section,
            indicators=tuple(
                IndicatorView(indicator=indicator, sums=add_up(_of(indicator), by_code))
                for indicator in section.indicators
            ),
            sums=add_up([entry for indicator in section.indicators for entry in _of(indicator)], by_code),
        )
        for section in rubric.sections
    )
    every = [(item.code, item.points_max) for item in rubric.items()]
    return Form(rubric=rubric, sections=sections, sums=add_up(every, by_code), results=by_code)


def _unassessed(rule: Rule) -> ItemResult:
    return ItemResult(
        code=rule.item.code,
        outcome=OUTCOMES[rule.basis],
        suggested_points=None,
        provisional=False,
        demo=False,
        reason=rule.why,
        rule_id=rule.id,
        rule_version=rule.version,
    )


def _of(indicator: Indicator) -> list[tuple[str, Decimal]]:
    return [(item.code, item.points_max) for criterion in indicator.criteria for item in criterion.items]


def add_up(items: Sequence[tuple[str, Decimal]], results: Mapping[str, ItemResult]) -> Sums:
    """Sums over (code, greatest points). Each item adds to exactly one kind, and decided points stand apart."""
    points: dict[str, Decimal] = {}
    counts: dict[str, int] = {}
    decided = Decimal(0)
    for code, maximum in items:
        result = results.get(code)
        kind, amount = _kind(result, maximum)
        points[kind] = points.get(kind, Decimal(0)) + amount
        counts[kind] = counts.get(kind, 0) + 1
        if result is not None and result.decided_points is not None:
            decided += result.decided_points
    return Sums(maximum=sum((m for _, m in items), Decimal(0)), decided=decided, counts=counts, **points)


def _kind(result: ItemResult | None, maximum: Decimal) -> tuple[str, Decimal]:
    if result is None or result.outcome == "no_rule":
        return "no_rule", maximum
    if result.outcome == "documents_only":
        return "documents", maximum
    if result.suggested_points is None:
        return "undetermined", maximum
    if result.demo:
        return "demo", result.suggested_points
    return ("provisional" if result.provisional else "suggested"), result.suggested_points
