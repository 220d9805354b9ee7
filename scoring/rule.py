"""Our reading of one item of the form, from `rules/<rubric>/<code>.yaml`: what is looked at, and which points follow.

A rule holds every constant with its unit and reference; Python holds the shape. A rule has groups of parts; a part is
met when all its criteria hold and its papers are accepted; levels count the parts that are met. A criterion takes one
metric over selected subjects for the window, or one figure of the register, and compares it with a threshold. Measures
under `coverage` are limits of another sort: below one of them the part, or the whole rule, is undetermined, never failed.
"""

from collections.abc import Mapping
from functools import cache

from metrics.definition import Definition, definitions
from scoring import library, rule_parts
from scoring import rubric as rubrics
from scoring.digest import Canonical, content_hash
from scoring.model import Text
from scoring.requirement import (
    Aggregate,
    Basis,
    Comparison,
    Group,
    Level,
    Measure,
    Need,
    Paper,
    Part,
    Requirement,
    Rule,
    Source,
    Tell,
    Threshold,
)
from scoring.rubric import Item
from scoring.source import Node, SourceError, parse

__all__ = [
    "Aggregate",
    "Basis",
    "Comparison",
    "Group",
    "Level",
    "Measure",
    "Need",
    "Paper",
    "Part",
    "Requirement",
    "Rule",
    "Source",
    "Tell",
    "Threshold",
    "load",
    "read",
]


@cache
def load(rubric_id: str) -> Mapping[str, Rule]:
    """The rule of every item of `rubric_id`, by item code, in the order of the form."""
    form = rubrics.load(rubric_id)
    folder = library.rules_of(rubric_id)
    rules = {}
    for item in form.items():
        file = folder / f"{item.code}.yaml"
        if not file.is_file():
            raise SourceError(f"rules/{rubric_id}/{item.code}.yaml: there is no such file, and the form has this item")
        document = parse(file.read_text(encoding="utf-8"), f"rules/{rubric_id}/{item.code}.yaml")
        rules[item.code] = read(document, rubric_id, item, definitions())
    for entry in folder.iterdir():
        if entry.name.removesuffix(".yaml") not in rules:
            raise SourceError(f"rules/{rubric_id}/{entry.name}: the form has no such item")
    return rules


def read(document: Node, rubric_id: str, item: Item, known: Mapping[str, Definition]) -> Rule:
    """The rule that `document` holds, checked against its item and the `known` metrics."""
    top = document.mapping(
        required=("id", "item", "basis", "why_zh", "why_en", "reference"),
        optional=(
            "window", "registers", "templates", "coverage", "groups", "levels", "tiers", "supporting", "papers",
        ),
    )  # fmt: skip
    if top["id"].value != f"{rubric_id}/{item.code}":
        top["id"].refuse(repr(f"{rubric_id}/{item.code}"))
    if top["item"].value != item.code:
        top["item"].refuse(repr(item.code))
    basis = top["basis"].choice(Basis)
    if ("tiers" in top or ("groups" in top and "levels" in top)) != (basis is Basis.MEASURES):
        top["basis"].refuse("measures exactly where the file has groups and levels, or tiers")
    papers = _papers(top["papers"]) if "papers" in top else ()
    if basis is Basis.DOCUMENTS and not any(not paper.optional for paper in papers):
        top["basis"].refuse("documents only where the file has papers that are needed")
    reader = rule_parts.Reader(item=item, known=known, papers=frozenset(paper.id for paper in papers))
    groups, levels = reader.body(top)
    days, days_provisional = _window(top["window"]) if "window" in top else (30, 7)
    rule = Rule(
        id=f"{rubric_id}/{item.code}",
        item=item,
        basis=basis,
        why=Text(zh=top["why_zh"].text(), en=top["why_en"].text()),
        days=days,
        days_provisional=days_provisional,
        registers=rule_parts.registers(top["registers"]) if "registers" in top else (),
        coverage=reader.measures(top["coverage"], "coverage") if "coverage" in top else (),
        groups=groups,
        levels=levels,
        supporting=reader.supporting(top["supporting"]) if "supporting" in top else (),
        papers=papers,
        reference=top["reference"].text("our choice"),
        version=content_hash(_plain(document)),
    )
    if rule.observed and "window" not in top:
        raise SourceError(f"{document.file} $: key 'window' is missing, and the rule reads metrics")
    return rule


def _plain(document: Node) -> Canonical:
    return document.value  # what a rule file can hold is canonical as it stands


def _window(node: Node) -> tuple[int, int]:
    entry = node.mapping(required=("days", "provisional_from", "reference"))
    entry["reference"].text("our choice")
    days, provisional = entry["days"].integer("30"), entry["provisional_from"].integer("7")
    if provisional > days:
        entry["provisional_from"].refuse(f"at most {days}")
    return days, provisional


def _papers(node: Node) -> tuple[Paper, ...]:
    papers: list[Paper] = []
    for below in node.elements():
        entry = below.mapping(required=("id", "zh", "en"), optional=("optional",))
        name = entry["id"].text("floor_area_proof")
        if any(paper.id == name for paper in papers):
            entry["id"].refuse("an id of its own")
        papers.append(
            Paper(
                id=name,
                title=Text(zh=entry["zh"].text("建筑面积证明"), en=entry["en"].text("proof of gross floor area")),
                optional=entry["optional"].flag() if "optional" in entry else False,
            )
        )
    return tuple(papers)
