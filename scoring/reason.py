"""A verdict in words, as a person writes them in the column 得分理由: figures, period and source in full sentences."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from metrics.zones import zone
from scoring.clause import clause
from scoring.digest import decimal_text
from scoring.measure import STATED, last_day
from scoring.model import Evidence, Finding, Gap, Outcome, PaperState, State, Text, Verdict
from scoring.requirement import Basis, Group, Measure, Part, Rule, Source, Tell
from scoring.stated import figures
from scoring.texts import amount, calendar_day, catalogue, counted, joined, say, together

EMPTY = Text(zh="", en="")


def reason(
    rule: Rule, evidence: Evidence | None, verdict: Verdict, points: Decimal | None, *, provisional: bool, demo: bool
) -> Text:
    """The reason for a suggestion, complete in itself."""
    face = say("demo") if (evidence.demo if evidence else demo) else EMPTY
    if rule.basis is not Basis.MEASURES:
        return _trimmed(together(face, *_by_papers(rule, evidence, verdict)))
    if evidence is None:
        return _trimmed(
            together(face, _capital(say("gaps.not_measured")), catalogue()["stop"], _conclusion(rule, verdict, points))
        )
    if verdict.outcome is Outcome.DOCUMENTS_ONLY:
        return _trimmed(together(face, *_by_papers(rule, evidence, verdict)))
    return _trimmed(
        together(
            face,
            _opening(evidence) if rule.observed else say("as_of", day=_last(evidence)),
            _findings(rule, evidence, verdict),
            catalogue()["stop"],
            _papers(rule, evidence, verdict),
            _conclusion(rule, verdict, points),
            say("provisional", days=rule.days) if provisional else EMPTY,
            say("chosen", why=evidence.window.chosen) if evidence.window.chosen and rule.observed else EMPTY,
            _superseded(rule, evidence),
            _source(rule, evidence, verdict),
        )
    )


def _superseded(rule: Rule, evidence: Evidence) -> Text:
    """That figures of a closed window are no longer what they were; papers and layout change no figure."""
    causes = [cause for cause in evidence.causes if cause not in {"documents", "layout"}]
    if not causes or not rule.observed:
        return EMPTY
    return say(
        "superseded", causes=joined([say(f"causes.{cause}") for cause in causes]), revision=evidence.revision - 1
    )


def _by_papers(rule: Rule, evidence: Evidence | None, verdict: Verdict) -> list[Text]:
    """The sentences of an item that papers show."""
    if rule.basis is Basis.NONE:
        names = joined([paper.title for paper in rule.papers], "list")
        return [
            say("outcomes.no_rule", why=rule.why, papers=say("papers.needed", names=names) if rule.papers else EMPTY)
        ]
    waiver = next((one for one in evidence.waivers if one.item == rule.item.code), None) if evidence else None
    if waiver:
        told = say("waived_item", why=waiver.reason, signer=waiver.signer, day=_day(waiver.signed_on))
        return [told, say("outcomes.decide", range=_range(rule))]
    opening = say("outcomes.by_papers" if rule.basis is Basis.DOCUMENTS else "outcomes.by_papers_alone")
    seen = [_supporting(rule, evidence, verdict)] if evidence else []
    if verdict.missing:
        return [opening, *seen, _papers(rule, evidence, verdict), say("outcomes.not_ready", range=_range(rule))]
    accepted = _named(rule, [paper.id for paper in rule.papers if _is(paper.id, evidence, PaperState.ACCEPTED)])
    return [opening, *seen, say("papers.complete", names=accepted), say("outcomes.decide", range=_range(rule))]


def _range(rule: Rule) -> Text:
    """The points that the form leaves to the person."""
    most, least = decimal_text(rule.item.points_max), rule.item.points_min
    if least is None or least == rule.item.points_max:
        return say("range.one", most=most)
    return say("range.many", least=decimal_text(least), most=most)


def _supporting(rule: Rule, evidence: Evidence, verdict: Verdict) -> Text:
    """What readings say beside the papers; nothing where there are none that may count."""
    told = [
        clause(measure, verdict.findings[measure.key], evidence)
        for measure in rule.supporting
        if verdict.findings[measure.key].value is not None and verdict.findings[measure.key].origins
    ]
    if not told:
        return EMPTY
    return together(say("beside"), _opening(evidence), joined(told, "separator"), catalogue()["stop"])


def _papers(rule: Rule, evidence: Evidence | None, verdict: Verdict) -> Text:
    """One sentence per state of the papers."""
    needed = [paper.id for paper in rule.needed]
    sentences = []
    for state in PaperState:
        names = [
            name
            for name in needed
            if _is(name, evidence, state) and (state is PaperState.ACCEPTED or name in verdict.missing)
        ]
        if names:
            sentences.append(together(say(f"papers.{state}", names=_named(rule, names)), catalogue()["stop"]))
    return together(*sentences) if sentences else EMPTY


def _is(paper: str, evidence: Evidence | None, state: PaperState) -> bool:
    return (evidence.papers.get(paper, PaperState.MISSING) if evidence else PaperState.MISSING) is state


def _named(rule: Rule, papers: Iterable[str]) -> Text:
    wanted = set(papers)
    return joined([paper.title for paper in rule.papers if paper.id in wanted])


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


def _day(written: str) -> Text:
    return calendar_day(date.fromisoformat(written))


def _conclusion(rule: Rule, verdict: Verdict, points: Decimal | None) -> Text:
    key: str = verdict.outcome
    shown = points
    if verdict.outcome in {Outcome.MET, Outcome.PARTLY_MET} and any(group.tell is Tell.STEP for group in rule.groups):
        key = "step"
    if verdict.outcome is Outcome.UNDETERMINED and verdict.gap is Gap.PAPERS and verdict.points_with_papers is not None:
        key, shown = "papers", verdict.points_with_papers
    elif verdict.outcome is Outcome.UNDETERMINED and not rule.observed:
        key = "unstated"
    return say(
        f"outcomes.{key}",
        points="" if shown is None else decimal_text(shown),
        maximum=decimal_text(rule.item.points_max),
    )


def _findings(rule: Rule, evidence: Evidence, verdict: Verdict) -> Text:
    """The clauses between opening and conclusion."""
    if not verdict.states:
        limits = [
            clause(measure, verdict.findings[measure.key], evidence)
            for measure in rule.coverage
            if verdict.gap is Gap.COVERAGE and verdict.findings[measure.key].holds is False
        ]
        return joined([*limits, _gap(verdict.gap or Gap.NO_DATA, rule, evidence, verdict)], "separator")
    clauses = [clause(measure, verdict.findings[measure.key], evidence) for measure in rule.coverage]
    for group in rule.groups:
        if group.tell is Tell.TALLY:
            clauses += _tally(group, evidence, verdict, rule)
        elif group.tell is Tell.STEP:
            clauses.append(_step(group, evidence, verdict))
        else:
            clauses += _figures(group, evidence, verdict)
    return joined(list(dict.fromkeys(clauses)), "separator")


def _figures(group: Group, evidence: Evidence, verdict: Verdict) -> list[Text]:
    """One clause per criterion; what fails says so, what does not apply here is left out."""
    clauses = []
    for part in group.parts:
        state = verdict.states[part.key]
        if state is State.NOT_HERE or (state is State.ABSENT and part.alternative):
            continue
        if state is State.ABSENT:
            clauses.append(say("tally.absent", names=part.title))
            continue
        unsigned = [name for name in part.registers if name not in evidence.signed_registers]
        if unsigned:
            clauses.append(say("gaps.unsigned", names=_registers(unsigned)))
        clauses += [
            _told(measure, verdict.findings[measure.key], evidence)
            for measure in part.coverage
            if not verdict.findings[measure.key].holds
        ]
        clauses += [_told(measure, verdict.findings[measure.key], evidence, part) for measure in part.criteria]
    return clauses


def _told(measure: Measure, finding: Finding, evidence: Evidence, part: Part | None = None) -> Text:
    """One requirement with its figure, and a word where it fails or where nothing was stated."""
    if finding.gap in {Gap.NOT_STATED, Gap.WRONG_UNIT, Gap.UNSIGNED} and measure.source is Source.STATED:
        return _unstated(measure, finding)
    text = clause(measure, finding, evidence)
    if finding.holds is not False or part is None:
        return text
    names = [Text(zh=name, en=name) for name in finding.failing if name != measure.subject]
    return together(text, say("failing"), say("subjects", names=joined(names)) if names else EMPTY)


def _unstated(measure: Measure, finding: Finding) -> Text:
    figure = figures()[measure.metric]
    if finding.gap is Gap.UNSIGNED:
        return say("gaps.unsigned", names=_registers([figure.register]))
    return say(f"gaps.{finding.gap}", name=figure.title)


def _step(group: Group, evidence: Evidence, verdict: Verdict) -> Text:
    """The figure, and the step of the form that it stands on."""
    measures = {part.key: part.criteria[0] for part in group.parts}
    first = next(iter(measures.values()))
    if verdict.findings[first.key].value is None:
        return _unstated(first, verdict.findings[first.key])
    reached = next((part for part in group.parts if verdict.findings[measures[part.key].key].holds), None)
    said = clause(first, verdict.findings[first.key], evidence)
    return together(said, say("step.reached", step=reached.title) if reached else say("step.none"))


def _tally(group: Group, evidence: Evidence, verdict: Verdict, rule: Rule) -> list[Text]:
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
            say(f"tally.{state}", names=part.title, why=_why(part, verdict.findings, evidence, rule))
            for part in by_state[state]
        ]
    for part in by_state[State.WAIVED]:
        waiver = next(one for one in evidence.waivers if one.feed == part.waivable)
        clauses.append(
            say(
                "tally.waived", names=part.title, why=waiver.reason, signer=waiver.signer, day=_day(waiver.signed_on),
            )
        )  # fmt: skip
    if by_state[State.ABSENT]:
        clauses.append(say("tally.absent", names=_titles(by_state[State.ABSENT])))
    return clauses


def _titles(parts: list[Part]) -> Text:
    return joined([part.title for part in parts])


def _why(part: Part, findings: Mapping[str, Finding], evidence: Evidence, rule: Rule) -> Text:
    """The first thing that keeps the part from being met."""
    for measure in (*part.coverage, *part.criteria):
        finding = findings[measure.key]
        if finding.gap is Gap.ORIGIN:
            return say("gaps.origin", names=_origins(finding.origins))
        if not finding.holds:
            return _told(measure, finding, evidence)
    missing = [name for name in part.papers if not _is(name, evidence, PaperState.ACCEPTED)]
    return say("papers.lacking", names=_named(rule, missing)) if missing else EMPTY


def _gap(gap: Gap, rule: Rule, evidence: Evidence, verdict: Verdict) -> Text:
    origins = sorted({origin for finding in verdict.findings.values() for origin in finding.origins})
    unsigned = [name for name in rule.registers if name not in evidence.signed_registers]
    return say(
        f"gaps.{gap}",
        first=_first(evidence),
        last=_last(evidence),
        days=evidence.window.days,
        needed=rule.days_provisional,
        names=_origins(tuple(origins)) if gap is Gap.ORIGIN else _registers(unsigned),
    )


def _registers(names: Iterable[str]) -> Text:
    return joined([say(f"registers.{name}") for name in names])


def _origins(origins: tuple[str, ...]) -> Text:
    return joined([say(f"origins.{origin}") for origin in origins if origin != STATED])


def _source(rule: Rule, evidence: Evidence, verdict: Verdict) -> Text:
    """Where the figures come from: devices, origin and completeness, and who signed what no device tells."""
    sources = []
    devices = {device for finding in verdict.findings.values() for device in finding.devices}
    origins = sorted({origin for finding in verdict.findings.values() for origin in finding.origins} - {STATED})
    if devices and origins:
        count = counted("{device}", Text(zh=str(len(devices)), en=str(len(devices))), one=len(devices) == 1)
        names = {"devices": count, "origin": _origins(tuple(origins))}
        sources.append(
            say("source.devices", **names)
            if evidence.coverage is None
            else say("source.complete", **names, coverage=amount(evidence.coverage, "1"))
        )
    stated = [evidence.stated.get(measure.metric) for measure in rule.measures() if measure.source is Source.STATED]
    signed = {(one.signer, one.signed_on): None for one in stated if one is not None and one.value is not None}
    sources += [
        say("source.signed", signer=signer, day=_day(day)) if signer and day else say("source.registered")
        for signer, day in signed
    ]
    return say("sources", names=joined(sources, "separator")) if sources else EMPTY
