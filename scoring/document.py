"""Writes docs/rules.md from the rule files: `python -m scoring.document > docs/rules.md`."""

import sys

from scoring import rubric as rubrics
from scoring import rule as rules
from scoring.digest import decimal_text
from scoring.model import Text
from scoring.requirement import Basis, Comparison, Measure, Need, Rule
from scoring.texts import amount

INTRODUCTION = """\
# Rules

Written by `python -m scoring.document` from `scoring/rules`; a test keeps it current.

One rule per item of the form: what is measured, what it must be, and which points follow. The words of the form are in
`scoring/rubrics`, verbatim; a rule is our reading of them. How a rule becomes a suggestion: [scoring.md](scoring.md).
"""
SIGNS = {Comparison.AT_LEAST: "≥", Comparison.AT_MOST: "≤", Comparison.ABOVE: ">"}
WORDS = {Basis.MEASURES: "measures", Basis.DOCUMENTS: "documents only", Basis.NONE: "no rule yet"}


def document() -> str:
    """The page for every rubric that is shipped."""
    pages = [INTRODUCTION]
    for name in rubrics.names():
        form, own = rubrics.load(name), rules.load(name)
        pages.append(f"## {name}\n\n{form.title.zh} · {form.title.en}\n")
        for section in form.sections:
            pages.append(f"### {section.code} {section.title.zh} · {section.title.en}\n")
            pages += [
                _rule(own[item.code])
                for indicator in section.indicators
                for criterion in indicator.criteria
                for item in criterion.items
            ]
    return "\n".join(pages)


def _rule(rule: Rule) -> str:
    lines = [f"#### {rule.item.code} (at most {decimal_text(rule.item.points_max)}, {WORDS[rule.basis]})\n"]
    lines += [f"> {line}" for line in rule.item.text.zh.splitlines()]
    lines += ["", f"{rule.why.zh}\n{rule.why.en}", f"Reference: {rule.reference}.", ""]
    if rule.basis is Basis.MEASURES:
        lines += _measured(rule)
    needed = {paper.id for paper in rule.needed}
    lines += [
        f"- {'needs' if paper.id in needed else 'goes well with'} `{paper.id}`: {paper.title.zh} · {paper.title.en}"
        for paper in rule.papers
    ]
    return "\n".join(lines) + "\n"


def _measured(rule: Rule) -> list[str]:
    """What is measured, and which points follow."""
    registers = ", ".join(rule.signed_by) or "none"
    lines = [f"Window: {rule.days} days, provisional from {rule.days_provisional}. Signed registers: {registers}.", ""]
    if not rule.observed:
        lines = ["As of the last day of the window." + f" Signed registers: {registers}.", ""]
    lines += ["| part | metric | subject | must be | from | reference |", "|---|---|---|---|---|---|"]
    lines += [_row("(whole rule) coverage", measure) for measure in rule.coverage]
    for group in rule.groups:
        for part in group.parts:
            lines += [_row(f"{_both(part.title)}: coverage", measure) for measure in part.coverage]
            lines += [_row(_both(part.title), measure) for measure in part.criteria]
        for part in group.parts:
            if part.papers:
                asked = ", ".join(f"`{name}`" for name in part.papers)
                lines.append(f"| {_both(part.title)} | papers | | accepted: {asked} | | |")
    lines += [_row("shown beside", measure) for measure in rule.supporting]
    lines.append("")
    sizes = {group.key: len(group.parts) for group in rule.groups}
    for level in rule.levels:
        needs = " and ".join(_need(need, sizes[need.group]) for need in level.needs)
        lines.append(f"- suggested points {decimal_text(level.points)}: {needs}")
    return [*lines, ""]


def _need(need: Need, size: int) -> str:
    including = ", ".join(name.split("/")[-1] for name in need.including)
    return f"at least {need.at_least} of {size} {need.group}" + (f" including {including}" if including else "")


def _both(text: Text) -> str:
    return f"{text.zh} · {text.en}"


def _row(place: str, measure: Measure) -> str:
    required = measure.required
    if required is None:
        return f"| {place} | `{measure.metric}` | `{measure.subject}` | shown only | | |"
    cells = [
        f"{SIGNS[required.comparison]} {amount(value, required.threshold.unit).en} | {since.isoformat()}"
        for since, value in required.threshold.values
    ]
    reference = required.threshold.reference
    return "\n".join(f"| {place} | `{measure.metric}` | `{measure.subject}` | {cell} | {reference} |" for cell in cells)


if __name__ == "__main__":
    sys.stdout.write(document())
