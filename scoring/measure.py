"""A measure of a rule applied to the values that were found: one figure, and whether the requirement holds.

Everything is exact: ratios stay fractions and are compared as such; nothing is divided for display here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from ingest.model import Origin
from metrics.model import MetricValue
from metrics.zones import zone
from scoring.model import Evidence, Finding, Gap, Window
from scoring.requirement import Aggregate, Comparison, Measure, Requirement, Source

#: Readings that may count towards points outside a demo district.
COUNTING = frozenset({Origin.REAL.value, Origin.IMPORTED.value})

#: Origin of figures that come from the register or from a signature.
STATED = "stated"


def last_day(window: Window) -> date:
    """The last local day of the window."""
    return (window.end - timedelta(microseconds=1)).astimezone(zone(window.zone)).date()


def holds(value: Fraction, requirement: Requirement, day: date) -> bool:
    """Whether `value` meets the requirement in force on `day`; the threshold itself is enough, save for `above`."""
    threshold = Fraction(requirement.threshold.on(day))
    match requirement.comparison:
        case Comparison.AT_LEAST:
            return value >= threshold
        case Comparison.AT_MOST:
            return value <= threshold
        case Comparison.ABOVE:
            return value > threshold


def find(measure: Measure, evidence: Evidence) -> Finding:
    """What `measure` says about `evidence`."""
    return _stated(measure, evidence) if measure.source is Source.STATED else _observed(measure, evidence)


def _stated(measure: Measure, evidence: Evidence) -> Finding:
    told = evidence.stated.get(measure.metric)
    value = told.value if told else None
    return _compared(
        measure, evidence, value, gap=(told.gap if told else None) or (Gap.NOT_STATED if value is None else None),
        origins=() if value is None else (STATED,),
    )  # fmt: skip


def _compared(
    measure: Measure,
    evidence: Evidence,
    value: Fraction | None,
    *,
    gap: Gap | None,
    origins: tuple[str, ...],
    subject: str = "",
) -> Finding:
    """A finding without devices: the figure beside what is required of it."""
    day, required = last_day(evidence.window), measure.required
    return Finding(
        measure=measure.key,
        metric=measure.metric,
        subject=subject or measure.subject,
        value=value,
        unit=measure.unit,
        threshold=required.threshold.on(day) if required else None,
        comparison=required.comparison.value if required else "",
        holds=None if value is None or required is None else holds(value, required, day),
        gap=gap,
        origins=origins,
    )


def _observed(measure: Measure, evidence: Evidence) -> Finding:
    day, required = last_day(evidence.window), measure.required
    values = evidence.values.get(measure.key, ())
    origins = tuple(sorted({origin for value in values for origin in value.origins}))
    counting = COUNTING | {Origin.SIMULATED.value} if evidence.simulated_counts else COUNTING
    ratios = {value.subject: ratio for value in values if (ratio := value.ratio) is not None}
    failing = tuple(
        sorted(subject for subject, ratio in ratios.items() if required and not holds(ratio, required, day))
    )
    figure: Fraction | None = None
    subject, gap = measure.subject, None
    if not counting.issuperset(origins):
        gap = Gap.ORIGIN
    elif measure.key not in evidence.values:
        gap = Gap.NOT_MEASURED
    elif not values or not (failing or len(ratios) == len(values)):
        gap = Gap.NO_DATA
    elif measure.aggregate is Aggregate.EACH:
        worst = max if required and required.comparison is Comparison.AT_MOST else min
        subject = worst(sorted(ratios), key=lambda name: ratios[name])
        figure = ratios[subject]
    elif len(ratios) < len(values):
        gap = Gap.NO_DATA
    else:
        figure = _pooled(values)
    found = _compared(measure, evidence, figure, gap=gap, origins=origins, subject=subject)
    return replace(
        found,
        coverage=coverage(values),
        devices=tuple(sorted({device for value in values for device in value.devices})),
        failing=failing if measure.aggregate is Aggregate.EACH else (),
    )


def _pooled(values: Sequence[MetricValue]) -> Fraction:
    """Sum of the numerators over the sum of the denominators."""
    numerator = sum((value.numerator for value in values if value.numerator is not None), Decimal(0))
    return Fraction(numerator) / Fraction(sum((value.denominator for value in values), Decimal(0)))


def coverage(values: Iterable[MetricValue]) -> Fraction | None:
    """Covered part of what was expected of all `values` together, 0 to 1; None: nothing was expected."""
    entries = tuple(values)
    expected = sum((value.coverage_denominator for value in entries), Decimal(0))
    if not expected:
        return None
    return Fraction(sum((value.coverage_numerator for value in entries), Decimal(0))) / Fraction(expected)
