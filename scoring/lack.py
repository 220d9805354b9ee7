"""What keeps an item from more points: one entry per thing that someone can do something about."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from scoring.clause import clause
from scoring.digest import decimal_text
from scoring.measure import last_day
from scoring.model import Evidence, Finding, Gap, Lack, Missing, Outcome, PaperState, State, Text, Verdict
from scoring.requirement import Basis, Comparison, Measure, Part, Rule, Source
from scoring.stated import figures
from scoring.texts import amount, say

#: Digits after the point of a figure that is shown.
DIGITS = 9


def missing(rule: Rule, evidence: Evidence | None, verdict: Verdict) -> tuple[Missing, ...]:
    """In the order of the rule; nothing for an item that has all its points."""
    if verdict.outcome is Outcome.MET or rule.basis is Basis.NONE:
        return ()
    found: dict[tuple[Lack, str], Missing] = {}
    for entry in (*_papers(rule, evidence, verdict), *_of_measures(rule, evidence, verdict)):
        found.setdefault((entry.lack, entry.what), entry)
    if verdict.outcome is Outcome.DOCUMENTS_ONLY and not found:
        found[Lack.DECISION, rule.item.code] = Missing(
            lack=Lack.DECISION, what=rule.item.code, text=say("lacks.decision")
        )
    return tuple(found.values())


def _papers(rule: Rule, evidence: Evidence | None, verdict: Verdict) -> Iterator[Missing]:
    for paper in rule.papers:
        if paper.id not in verdict.missing:
            continue
        state = evidence.papers.get(paper.id, PaperState.MISSING) if evidence else PaperState.MISSING
        lack = Lack.REVIEW if state is PaperState.WAITING else Lack.PAPER
        yield Missing(lack=lack, what=paper.id, text=say(f"papers.{state}", names=paper.title))


def _of_measures(rule: Rule, evidence: Evidence | None, verdict: Verdict) -> Iterator[Missing]:
    if evidence is None or rule.basis is Basis.DOCUMENTS or verdict.outcome is Outcome.DOCUMENTS_ONLY:
        return
    for name in rule.signed_by:
        if name not in evidence.signed_registers:
            yield Missing(lack=Lack.REGISTER, what=name, text=say("lacks.register", name=say(f"registers.{name}")))
    if rule.observed and evidence.window.days < rule.days:
        left = rule.days - evidence.window.days
        yield Missing(
            lack=Lack.DAYS, what="window", have=str(evidence.window.days), need=str(rule.days), unit="d", days=left,
            text=say("lacks.days", days=evidence.window.days, needed=rule.days, left=left),
        )  # fmt: skip
    for measure in rule.coverage:
        yield from _of(measure, verdict.findings.get(measure.key), rule, evidence, None)
    for part in rule.parts():
        if verdict.states and verdict.states[part.key] in {State.MET, State.WAIVED, State.NOT_HERE}:
            continue
        if verdict.states and verdict.states[part.key] is State.ABSENT:
            # Nothing is registered for it, or nobody has claimed it: another way to the points.
            yield Missing(lack=Lack.DATA, what=part.key, text=say("lacks.absent", name=part.title))
            continue
        for measure in (*part.coverage, *part.criteria):
            yield from _of(measure, verdict.findings.get(measure.key), rule, evidence, part)


def _of(
    measure: Measure, finding: Finding | None, rule: Rule, evidence: Evidence, part: Part | None
) -> Iterator[Missing]:
    if finding is None or finding.holds or measure.required is None or finding.gap is Gap.TOO_SHORT:
        return
    if finding.gap is Gap.UNSIGNED:
        register = figures()[measure.metric].register
        yield Missing(lack=Lack.REGISTER, what=register, text=say("lacks.register", name=say(f"registers.{register}")))
        return
    if measure.source is Source.STATED and finding.value is None:
        figure = figures()[measure.metric]
        key = "wrong_unit" if finding.gap is Gap.WRONG_UNIT else "stated"
        yield Missing(
            lack=Lack.STATED, what=measure.metric, unit=figure.unit,
            text=say(f"lacks.{key}", name=figure.title, unit=figure.unit),
        )  # fmt: skip
        return
    where = part.title if part else Text(zh="", en="")
    if finding.gap is Gap.ORIGIN:
        yield Missing(
            lack=Lack.ORIGIN, what=_named(measure), text=say("lacks.origin", name=where), devices=finding.devices
        )
        return
    need = measure.required.threshold.on(last_day(evidence.window))
    upwards = measure.required.comparison is Comparison.AT_MOST
    limit = measure in rule.coverage or (part is not None and measure in part.coverage)
    if finding.value is None:
        yield Missing(
            lack=Lack.DATA, what=_named(measure), text=say("lacks.data", name=clause(measure, None, evidence)),
            devices=finding.devices, need=decimal_text(need), unit=measure.unit,
        )  # fmt: skip
        return
    by = abs(Fraction(need) - finding.value)
    yield Missing(
        lack=Lack.COVERAGE if limit else Lack.THRESHOLD,
        what=_named(measure),
        text=say(
            "lacks.coverage" if limit else "lacks.threshold", name=where,
            clause=clause(measure, finding, evidence), by=amount(by, measure.unit, round_up=True),
        ),
        devices=finding.devices,
        have=_shown(finding.value, upwards=upwards),
        need=decimal_text(need),
        unit=measure.unit,
    )  # fmt: skip


def _named(measure: Measure) -> str:
    return f"{measure.metric} {measure.subject}"


def _shown(value: Fraction, *, upwards: bool) -> str:
    scaled = value * 10**DIGITS
    whole = -(-scaled.numerator // scaled.denominator) if upwards else scaled.numerator // scaled.denominator
    return decimal_text(Decimal(whole).scaleb(-DIGITS))
