"""From evidence to a suggestion: a pure function of rule, evidence and nothing else.

Truth has three values here. A part is met, failed, or open where its data are missing, too incomplete or of an origin
that may not count, or where a paper is missing. A level holds if it holds however the open parts turn out, and fails if
it fails however they turn out. The suggestion is the highest level that surely holds; it is undetermined where none does
and one still might. Papers alone never bring points: complete papers mean that a person can decide.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from scoring import lack
from scoring.measure import find
from scoring.model import Evidence, Finding, Gap, Outcome, PaperState, State, Suggestion, Verdict
from scoring.reason import reason
from scoring.requirement import Basis, Level, Measure, Part, Rule, Source
from scoring.rubric import Rubric


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
    provisional = points is not None and evidence is not None and rule.observed and evidence.window.days < rule.days
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
        ready=verdict.outcome is Outcome.DOCUMENTS_ONLY and evidence is not None and not verdict.missing,
        missing=lack.missing(rule, evidence, verdict),
        evidence=evidence,
    )


def _points(rubric: Rubric, verdict: Verdict) -> Decimal | None:
    if verdict.outcome is Outcome.NOT_MET:
        return rubric.unmet_points
    return verdict.points


def judge(rule: Rule, evidence: Evidence | None) -> Verdict:
    """Outcome, points of the highest level that surely holds, and what led there."""
    if rule.basis is Basis.NONE:
        return Verdict(outcome=Outcome.NO_RULE)
    if rule.basis is Basis.DOCUMENTS or (evidence is not None and _waived(rule, evidence)):
        findings = {measure.key: find(measure, evidence) for measure in rule.supporting} if evidence else {}
        papers = tuple(paper.id for paper in rule.needed if not _accepted(paper.id, evidence))
        return Verdict(outcome=Outcome.DOCUMENTS_ONLY, findings=findings, missing=papers)
    if evidence is None:
        missing = tuple(paper.id for paper in rule.needed)
        return Verdict(outcome=Outcome.UNDETERMINED, gap=Gap.NOT_MEASURED, missing=missing)
    verdict = _measured(rule, evidence)
    if not verdict.missing:
        return verdict
    supplied = replace(evidence, papers={**evidence.papers, **dict.fromkeys(verdict.missing, PaperState.ACCEPTED)})
    return replace(verdict, points_with_papers=_measured(rule, supplied).points)


def _measured(rule: Rule, evidence: Evidence) -> Verdict:
    missing = tuple(paper.id for paper in rule.needed if not _accepted(paper.id, evidence))

    def open_(gap: Gap, findings: Mapping[str, Finding] | None = None) -> Verdict:
        return Verdict(outcome=Outcome.UNDETERMINED, gap=gap, findings=findings or {}, missing=missing)

    short = evidence.window.days < rule.days_provisional
    alone = rule.observed and all(_reads(part) for part in rule.parts())
    if alone and short:
        return open_(Gap.TOO_SHORT)
    if any(register not in evidence.signed_registers for register in rule.registers):
        return open_(Gap.UNSIGNED)
    findings = {measure.key: find(measure, evidence) for measure in rule.measures()}
    if short:
        findings = {
            measure.key: replace(findings[measure.key], holds=None, gap=Gap.TOO_SHORT)
            if measure.source is Source.METRIC else findings[measure.key]
            for measure in rule.measures()
        }  # fmt: skip
    if alone and all(finding.value is None or not finding.origins for finding in findings.values()):
        gap = Gap.ORIGIN if any(finding.gap is Gap.ORIGIN for finding in findings.values()) else Gap.NO_DATA
        return open_(gap, findings)
    for measure in rule.coverage:
        if not findings[measure.key].holds:
            return open_(findings[measure.key].gap or Gap.COVERAGE, findings)
    return _concluded(rule, evidence, findings, missing)


def _concluded(rule: Rule, evidence: Evidence, findings: Mapping[str, Finding], missing: tuple[str, ...]) -> Verdict:
    """The highest level that surely holds."""
    states = {part.key: _state(part, findings, evidence) for part in rule.parts()}
    asked = {name for part in rule.parts() if states[part.key] is State.OPEN for name in part.papers if name in missing}
    missing = tuple(name for name in missing if name in asked)
    open_above = False
    for level in rule.levels:
        holds = _holds(level, rule, states)
        if holds and not _shown_by_figures(level, rule, states):
            return Verdict(outcome=Outcome.DOCUMENTS_ONLY, findings=findings, states=states)
        if holds:
            outcome = Outcome.MET if level.points == rule.item.points_max else Outcome.PARTLY_MET
            return Verdict(
                outcome=outcome, points=level.points, findings=findings, states=states,
                missing=missing if open_above else (),
            )  # fmt: skip
        open_above = open_above or holds is None
    if not open_above:
        return Verdict(outcome=Outcome.NOT_MET, findings=findings, states=states)
    gap = Gap.COVERAGE if any(_unsure(part, findings, evidence) for part in rule.parts()) else Gap.PAPERS
    if not any(_reads(part) for part in rule.parts()) and gap is Gap.COVERAGE:
        gap = next((found.gap for found in findings.values() if found.gap), Gap.NOT_STATED)
    return Verdict(outcome=Outcome.UNDETERMINED, gap=gap, findings=findings, states=states, missing=missing)


def _shown_by_figures(level: Level, rule: Rule, states: Mapping[str, State]) -> bool:
    """Whether a figure stands behind the level at all; what papers alone show is for a person to decide."""
    groups = {need.group for need in level.needs}
    return any(
        part.criteria and states[part.key] is State.MET
        for group in rule.groups if group.key in groups
        for part in group.parts
    )  # fmt: skip


def _waived(rule: Rule, evidence: Evidence) -> bool:
    return any(waiver.item == rule.item.code for waiver in evidence.waivers)


def _reads(part: Part) -> bool:
    return any(measure.source is Source.METRIC for measure in part.criteria)


def _accepted(paper: str, evidence: Evidence | None) -> bool:
    return evidence is not None and evidence.papers.get(paper) is PaperState.ACCEPTED


def _state(part: Part, findings: Mapping[str, Finding], evidence: Evidence) -> State:
    if part.waivable and any(waiver.feed == part.waivable and not waiver.item for waiver in evidence.waivers):
        return State.WAIVED
    told = [(evidence.words.get(name), value) for name, value in (part.applies or {}).items()]
    if any(word not in {None, value} for word, value in told):
        return State.NOT_HERE
    unclaimed = all(evidence.papers.get(name, PaperState.MISSING) is PaperState.MISSING for name in part.papers)
    if part.alternative and not part.criteria and unclaimed:
        return State.ABSENT
    own = [findings[measure.key] for measure in (*part.coverage, *part.criteria)]
    if own and not any(finding.devices for finding in own) and all(finding.gap is Gap.NO_DATA for finding in own):
        return State.ABSENT
    if _unsure(part, findings, evidence):
        return State.OPEN
    state = _all(part.criteria, findings)
    if state is State.MET and not all(_accepted(name, evidence) for name in part.papers):
        return State.OPEN
    return state


def _unsure(part: Part, findings: Mapping[str, Finding], evidence: Evidence) -> bool:
    """Whether something other than a paper keeps the part open."""
    if any(evidence.words.get(name) is None for name in part.applies or {}):
        return True
    if any(register not in evidence.signed_registers for register in part.registers):
        return True
    covered = all(findings[measure.key].holds for measure in part.coverage)
    return not covered or _all(part.criteria, findings) is State.OPEN


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
        waived = {key for key, state in own.items() if state is State.WAIVED}
        met = {key for key, state in own.items() if state is State.MET}
        open_ = {key for key, state in own.items() if state is State.OPEN}
        # What is waived is no longer on the list: the list and what is asked of it both become shorter.
        count, including = need.at_least - len(waived), set(need.including) - waived
        surely = surely and len(met) >= count and met.issuperset(including)
        possibly = possibly and len(met | open_) >= count and (met | open_).issuperset(including)
    return True if surely else None if possibly else False
