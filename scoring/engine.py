"""From evidence to a suggestion: a pure function of rule, evidence and nothing else.

Truth has three values here. A part is met, failed, or open where its data are missing, too incomplete or of an origin
that may not count. A level holds if it holds however the open parts turn out, and fails if it fails however they turn
out. The suggestion is the highest level that surely holds; it is undetermined where none does and one still might.
"""

from collections.abc import Mapping
from decimal import Decimal

from scoring.measure import find
from scoring.model import Evidence, Finding, Gap, Outcome, State, Suggestion, Verdict
from scoring.reason import reason
from scoring.rubric import Rubric
from scoring.rule import Basis, Level, Measure, Part, Rule


def suggest(rubric: Rubric, rule: Rule, evidence: Evidence | None, *, demo: bool = False) -> Suggestion:
    """The points we propose for the rule's item, with the reason for them.

    Args:
        rubric: the form the item belongs to; it says what an item that is not met is worth.
        rule: our reading of the item.
        evidence: what was found; None: nothing has been computed yet.
        demo: whether the district calls itself a demo, where there is no evidence to say so.
    """
    verdict = judge(rule, evidence)
    points = _points(rubric, verdict)
    provisional = points is not None and evidence is not None and evidence.window.days < rule.days
    return Suggestion(
        item=rule.item.code,
        outcome=verdict.outcome,
        points=points,
        provisional=provisional,
        demo=evidence.demo if evidence else demo,
        reason=reason(rule, evidence, verdict, points, provisional=provisional, demo=demo),
        rule_id=rule.id,
        rule_version=rule.version,
        findings=tuple(verdict.findings.values()),
        evidence=evidence,
    )


def _points(rubric: Rubric, verdict: Verdict) -> Decimal | None:
    if verdict.outcome is Outcome.NOT_MET:
        return rubric.unmet_points
    return verdict.points


def judge(rule: Rule, evidence: Evidence | None) -> Verdict:
    """Outcome, points of the highest level that surely holds, and what led there."""
    if rule.basis is Basis.DOCUMENTS:
        return Verdict(outcome=Outcome.DOCUMENTS_ONLY)
    if rule.basis is Basis.NONE:
        return Verdict(outcome=Outcome.NO_RULE)
    if evidence is None:
        return Verdict(outcome=Outcome.UNDETERMINED, gap=Gap.NOT_MEASURED)
    if evidence.window.days < rule.days_provisional:
        return Verdict(outcome=Outcome.UNDETERMINED, gap=Gap.TOO_SHORT)
    if any(register not in evidence.signed_registers for register in rule.registers):
        return Verdict(outcome=Outcome.UNDETERMINED, gap=Gap.UNSIGNED)
    findings = {measure.key: find(measure, evidence) for measure in rule.measures()}
    if all(finding.value is None or not finding.origins for finding in findings.values()):
        gap = Gap.ORIGIN if any(finding.gap is Gap.ORIGIN for finding in findings.values()) else Gap.NO_DATA
        return Verdict(outcome=Outcome.UNDETERMINED, gap=gap, findings=findings)
    for measure in rule.coverage:
        if not findings[measure.key].holds:
            gap = findings[measure.key].gap or Gap.COVERAGE
            return Verdict(outcome=Outcome.UNDETERMINED, gap=gap, findings=findings)
    states = {part.key: _state(part, findings) for group in rule.groups for part in group.parts}
    open_above = False
    for level in rule.levels:
        holds = _holds(level, rule, states)
        if holds:
            outcome = Outcome.MET if level.points == rule.item.points_max else Outcome.PARTLY_MET
            return Verdict(outcome=outcome, points=level.points, findings=findings, states=states)
        open_above = open_above or holds is None
    outcome = Outcome.UNDETERMINED if open_above else Outcome.NOT_MET
    return Verdict(outcome=outcome, gap=Gap.COVERAGE if open_above else None, findings=findings, states=states)


def _state(part: Part, findings: Mapping[str, Finding]) -> State:
    own = [findings[measure.key] for measure in (*part.coverage, *part.criteria)]
    if not any(finding.devices for finding in own) and all(finding.gap is Gap.NO_DATA for finding in own):
        return State.ABSENT
    if not all(findings[measure.key].holds for measure in part.coverage):
        return State.OPEN
    return _all(part.criteria, findings)


def _all(measures: tuple[Measure, ...], findings: Mapping[str, Finding]) -> State:
    held = [findings[measure.key].holds for measure in measures]
    if False in held:
        return State.FAILED
    return State.OPEN if None in held else State.MET


def _holds(level: Level, rule: Rule, states: Mapping[str, State]) -> bool | None:
    """Whether the level holds: True and False hold however open parts turn out."""
    surely = possibly = True
    for need in level.needs:
        group = next(group for group in rule.groups if group.key == need.group)
        own = {part.key: states[part.key] for part in group.parts}
        met = {key for key, state in own.items() if state is State.MET}
        open_ = {key for key, state in own.items() if state is State.OPEN}
        surely = surely and len(met) >= need.at_least and met.issuperset(need.including)
        possibly = possibly and len(met | open_) >= need.at_least and (met | open_).issuperset(need.including)
    return True if surely else None if possibly else False
