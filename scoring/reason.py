"""A verdict in words, as a person writes them in the column 得分理由: figures, period and source in full sentences."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from metrics.zones import zone
from scoring.digest import decimal_text
from scoring.measure import last_day
from scoring.model import Evidence, Finding, Gap, State, Text, Verdict
from scoring.rule import Basis, Comparison, Group, Measure, Part, Requirement, Rule, Tell
from scoring.texts import amount, calendar_day, catalogue, joined, say, together

EMPTY = Text(zh="", en="")


def reason(
    rule: Rule, evidence: Evidence | None, verdict: Verdict, points: Decimal | None, *, provisional: bool, demo: bool
) -> Text:
    """The reason for a suggestion, complete in itself."""
    face = say("demo") if (evidence.demo if evidence else demo) else EMPTY
    if rule.basis is not Basis.MEASURES:
        papers = say("papers", names=joined(list(rule.papers), "separator")) if rule.papers else EMPTY
        return _trimmed(together(face, say(f"outcomes.{verdict.outcome}", papers=papers, why=rule.why)))
    if evidence is None:
        return _trimmed(
            together(face, _capital(say("gaps.not_measured")), catalogue()["stop"], _conclusion(rule, verdict, points))
        )
    return _trimmed(
        together(
            face,
            _opening(evidence),
            _findings(rule, evidence, verdict),
            catalogue()["stop"],
            _conclusion(rule, verdict, points),
            say("provisional", days=rule.days) if provisional else EMPTY,
            say("chosen", why=evidence.window.chosen) if evidence.window.chosen else EMPTY,
            _source(evidence, verdict),
        )
    )


def _trimmed(text: Text) -> Text:
    return Text(zh=text.zh.strip(), en=" ".join(text.en.split()))


def _capital(text: Text) -> Text:
    return Text(zh=text.zh, en=text.en[:1].upper() + text.en[1:])


def _opening(evidence: Evidence) -> Text:
    return say("opening", first=_first(evidence), last=_last(evidence), days=evidence.window.days)


def _first(evidence: Evidence) -> Text:
    return calendar_day(evidence.window.start.astimezone(zone(evidence.window.zone)).date())


def _last(evidence: Evidence) -> Text:
    return calendar_day(last_day(evidence.window))


def _conclusion(rule: Rule, verdict: Verdict, points: Decimal | None) -> Text:
    return say(
        f"outcomes.{verdict.outcome}",
        points="" if points is None else decimal_text(points),
        maximum=decimal_text(rule.item.points_max),
    )


def _findings(rule: Rule, evidence: Evidence, verdict: Verdict) -> Text:
    """The clauses between opening and conclusion."""
    day = last_day(evidence.window)
    if not verdict.states:
        limits = [
            _clause(measure, verdict.findings[measure.key], day, None)
            for measure in rule.coverage
            if verdict.gap is Gap.COVERAGE and verdict.findings[measure.key].holds is False
        ]
        return joined([*limits, _gap(verdict.gap or Gap.NO_DATA, rule, evidence, verdict)], "separator")
    clauses = [_clause(measure, verdict.findings[measure.key], day, None) for measure in rule.coverage]
    for group in rule.groups:
        if group.tell is Tell.TALLY:
            clauses += _tally(group, verdict, day)
        else:
            clauses += [
                _clause(measure, verdict.findings[measure.key], day, part)
                for part in group.parts
                for measure in part.criteria
            ]
    return joined(clauses, "separator")


def _clause(measure: Measure, finding: Finding, day: date, part: Part | None) -> Text:
    """One requirement with its figure, and a word where it fails."""
    upwards = measure.required.comparison is Comparison.AT_MOST
    text = say(
        f"phrases.{measure.say}",
        value=catalogue()["none"] if finding.value is None else amount(finding.value, finding.unit, round_up=upwards),
        threshold=_threshold(measure.required, day),
    )
    if finding.holds is not False or part is None:
        return text
    names = [Text(zh=name, en=name) for name in finding.failing if name != measure.subject]
    return together(text, say("failing"), say("subjects", names=joined(names)) if names else EMPTY)


def _threshold(required: Requirement, day: date) -> Text:
    value, unit = required.threshold.on(day), required.threshold.unit
    if required.comparison is Comparison.AT_LEAST and unit == "1" and value == 1:
        return say("comparisons.all")
    return say(f"comparisons.{required.comparison}", number=amount(value, unit))


def _tally(group: Group, verdict: Verdict, day: date) -> list[Text]:
    """How many parts of the group are met, which, and what is wrong with the others."""
    by_state: Mapping[State, list[Part]] = {
        state: [part for part in group.parts if verdict.states[part.key] is state] for state in State
    }
    met = by_state[State.MET]
    clauses = [
        say("tally.met", title=group.title, total=len(group.parts), count=len(met), names=_titles(met))
        if met
        else say("tally.none_met", title=group.title, total=len(group.parts))
    ]
    for state in (State.FAILED, State.OPEN):
        clauses += [
            say(f"tally.{state}", names=part.title, why=_why(part, verdict.findings, day)) for part in by_state[state]
        ]
    if by_state[State.ABSENT]:
        clauses.append(say("tally.absent", names=_titles(by_state[State.ABSENT])))
    return clauses


def _titles(parts: list[Part]) -> Text:
    return joined([part.title for part in parts])


def _why(part: Part, findings: Mapping[str, Finding], day: date) -> Text:
    """The first thing that keeps the part from being met."""
    for measure in (*part.coverage, *part.criteria):
        finding = findings[measure.key]
        if finding.gap is Gap.ORIGIN:
            return say("gaps.origin", names=_origins(finding.origins))
        if not finding.holds:
            return _clause(measure, finding, day, None)
    return EMPTY


def _gap(gap: Gap, rule: Rule, evidence: Evidence, verdict: Verdict) -> Text:
    origins = sorted({origin for finding in verdict.findings.values() for origin in finding.origins})
    unsigned = [say(f"registers.{name}") for name in rule.registers if name not in evidence.signed_registers]
    return say(
        f"gaps.{gap}",
        first=_first(evidence),
        last=_last(evidence),
        days=evidence.window.days,
        needed=rule.days_provisional,
        names=_origins(tuple(origins)) if gap is Gap.ORIGIN else joined(unsigned),
    )


def _origins(origins: tuple[str, ...]) -> Text:
    return joined([say(f"origins.{origin}") for origin in origins])


def _source(evidence: Evidence, verdict: Verdict) -> Text:
    """Devices, origin and completeness behind the figures; nothing where there were none."""
    devices = {device for finding in verdict.findings.values() for device in finding.devices}
    origins = sorted({origin for finding in verdict.findings.values() for origin in finding.origins})
    if not devices or not origins or evidence.coverage is None:
        return EMPTY
    return say("source", devices=len(devices), origin=_origins(tuple(origins)), coverage=amount(evidence.coverage, "1"))
