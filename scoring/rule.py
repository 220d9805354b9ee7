"""Our reading of one item of the form, from `rules/<rubric>/<code>.yaml`: what is measured, and which points follow.

A rule holds every constant with its unit and reference; this module holds the shape. A rule has groups of parts; a
part is met when all its criteria hold; levels count the parts that are met. A measure takes one metric over
selected subjects for the window, aggregates them and compares the result with a threshold. Measures under `coverage`
are limits of another sort: below one of them the part, or the whole rule, is undetermined, never failed.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files

from metrics.definition import Definition, Grain, SubjectKind, definitions
from scoring import rubric as rubrics
from scoring.digest import Canonical, content_hash
from scoring.model import Text
from scoring.rubric import Item
from scoring.source import Node, SourceError, parse
from scoring.texts import phrases


class Basis(StrEnum):
    """What speaks for an item."""

    MEASURES = "measures"
    DOCUMENTS = "documents"
    #: a rule that comes later
    NONE = "none"


class Aggregate(StrEnum):
    """How values of several subjects become one figure."""

    #: sum of numerators / sum of denominators over the subjects
    POOLED = "pooled"
    #: every subject for itself; the worst one is the figure
    EACH = "each"


class Comparison(StrEnum):
    """How a figure is compared with its threshold."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ABOVE = "above"


class Tell(StrEnum):
    """How the reason speaks of a group."""

    #: one clause per criterion
    FIGURES = "figures"
    #: how many parts of how many, by name
    TALLY = "tally"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A number that decides points, by its date of effect."""

    #: UCUM code
    unit: str
    #: ascending dates
    values: tuple[tuple[date, Decimal], ...]
    #: where it comes from, or 'our choice'
    reference: str

    def on(self, day: date) -> Decimal:
        """The value in force on `day`; before the first date, the first value."""
        return max((entry for entry in self.values if entry[0] <= day), default=self.values[0])[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A comparison with a threshold."""

    comparison: Comparison
    threshold: Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure and what it must be."""

    #: place in the rule, ``classes/energy/online``
    key: str
    metric: str
    #: ``district``, ``feed:parking``; ``car_park:*`` for every one the register knows
    subject: str
    aggregate: Aggregate
    required: Requirement
    #: key of its clause in texts.yaml
    say: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something that is there or not, by all of its criteria."""

    key: str
    title: Text
    coverage: tuple[Measure, ...]
    criteria: tuple[Measure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Parts that a level counts."""

    key: str
    title: Text
    tell: Tell
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one level asks of one group."""

    group: str
    at_least: int
    #: keys of parts that must be among them
    including: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Points for what is met."""

    points: Decimal
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Our reading of one item."""

    #: ``hangzhou-city-2023/2.2.5.1``
    id: str
    item: Item
    basis: Basis
    #: why the item is read this way
    why: Text
    #: whole local days a full window has, and the fewest for a provisional suggestion
    days: int
    days_provisional: int
    #: registers that must carry a signature
    registers: tuple[str, ...]
    coverage: tuple[Measure, ...]
    groups: tuple[Group, ...]
    #: highest points first
    levels: tuple[Level, ...]
    #: papers a person attaches; with basis `documents` they are all there is
    papers: tuple[Text, ...]
    reference: str
    #: SHA-256 over the content of the file
    version: str

    def measures(self) -> Iterator[Measure]:
        """Every measure, coverage limits first."""
        yield from self.coverage
        for group in self.groups:
            for part in group.parts:
                yield from part.coverage
                yield from part.criteria


@cache
def load(rubric_id: str) -> Mapping[str, Rule]:
    """The rule of every item of `rubric_id`, by item code, in the order of the form."""
    form = rubrics.load(rubric_id)
    folder = files("scoring") / "rules" / rubric_id
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
        optional=("window", "registers", "templates", "coverage", "groups", "levels", "papers"),
    )
    if top["id"].value != f"{rubric_id}/{item.code}":
        top["id"].refuse(repr(f"{rubric_id}/{item.code}"))
    if top["item"].value != item.code:
        top["item"].refuse(repr(item.code))
    basis = top["basis"].choice(Basis)
    measured = ("window", "registers", "groups", "levels")
    for key in measured:
        if (key in top) != (basis is Basis.MEASURES):
            top["basis"].refuse(f"measures exactly where the file has {', '.join(measured)}")
    days, days_provisional = _window(top["window"]) if "window" in top else (30, 7)
    groups = tuple(_group(node, key, known) for key, node in top["groups"].entries()) if "groups" in top else ()
    return Rule(
        id=f"{rubric_id}/{item.code}",
        item=item,
        basis=basis,
        why=Text(zh=top["why_zh"].text(), en=top["why_en"].text()),
        days=days,
        days_provisional=days_provisional,
        registers=top["registers"].texts("car_parks") if "registers" in top else (),
        coverage=_measures(top["coverage"], "coverage", known) if "coverage" in top else (),
        groups=groups,
        levels=_levels(top["levels"], item, groups) if "levels" in top else (),
        papers=tuple(_text(node) for node in top["papers"].elements()) if "papers" in top else (),
        reference=top["reference"].text("our choice"),
        version=content_hash(_plain(document)),
    )


def _plain(document: Node) -> Canonical:
    return document.value  # what a rule file can hold is canonical as it stands


def _window(node: Node) -> tuple[int, int]:
    entry = node.mapping(required=("days", "provisional_from", "reference"))
    entry["reference"].text("our choice")
    days, provisional = entry["days"].integer("30"), entry["provisional_from"].integer("7")
    if provisional > days:
        entry["provisional_from"].refuse(f"at most {days}")
    return days, provisional


def _text(node: Node) -> Text:
    entry = node.mapping(required=("zh", "en"))
    return Text(zh=entry["zh"].text(), en=entry["en"].text())


def _group(node: Node, key: str, known: Mapping[str, Definition]) -> Group:
    entry = node.mapping(required=("title_zh", "title_en", "tell", "parts"))
    return Group(
        key=key,
        title=Text(zh=entry["title_zh"].text(), en=entry["title_en"].text()),
        tell=entry["tell"].choice(Tell),
        parts=tuple(_part(part, f"{key}/{name}", known) for name, part in entry["parts"].entries()),
    )


def _part(node: Node, key: str, known: Mapping[str, Definition]) -> Part:
    entry = node.mapping(required=("title_zh", "title_en", "criteria"), optional=("coverage",))
    return Part(
        key=key,
        title=Text(zh=entry["title_zh"].text(), en=entry["title_en"].text()),
        coverage=_measures(entry["coverage"], key, known) if "coverage" in entry else (),
        criteria=_measures(entry["criteria"], key, known),
    )


def _measures(node: Node, key: str, known: Mapping[str, Definition]) -> tuple[Measure, ...]:
    measures = tuple(_measure(below, f"{key}/{name}", known) for name, below in node.entries())
    if not measures:
        node.refuse("at least one measure")
    return measures


def _measure(node: Node, key: str, known: Mapping[str, Definition]) -> Measure:
    entry = node.mapping(required=("metric", "subject", "aggregate", "comparison", "threshold", "say"))
    definition = known.get(entry["metric"].text("parking_turnover"))
    if definition is None:
        near = difflib.get_close_matches(str(entry["metric"].value), known, n=1) or sorted(known)[:1]
        entry["metric"].refuse(f"a metric like {near[0]}")
    if Grain.WINDOW not in definition.grains:
        entry["metric"].refuse("a metric that exists for whole windows")
    subject = entry["subject"].text("feed:parking")
    kind = subject.split(":")[0]
    if kind not in definition.subjects or (kind == SubjectKind.DISTRICT) == (":" in subject):
        entry["subject"].refuse(f"{_examples(definition)}, which {definition.name} has")
    aggregate = entry["aggregate"].choice(Aggregate)
    if entry["say"].text("parking_fresh") not in phrases():
        entry["say"].refuse(f"a phrase of texts.yaml like {next(iter(phrases()))}")
    return Measure(
        key=key,
        metric=definition.name,
        subject=subject,
        aggregate=aggregate,
        required=_requirement(entry["comparison"], entry["threshold"], definition.unit),
        say=entry["say"].text(),
    )


def _examples(definition: Definition) -> str:
    return " or ".join("district" if kind is SubjectKind.DISTRICT else f"{kind}:*" for kind in definition.subjects)


def _requirement(comparison: Node, threshold: Node, unit: str) -> Requirement:
    entry = threshold.mapping(required=("unit", "values", "reference"))
    if entry["unit"].value != unit:
        entry["unit"].refuse(f"{unit!r}, the unit of what is compared")
    values = []
    for written, value in entry["values"].entries():
        try:
            values.append((date.fromisoformat(written), value.decimal()))
        except ValueError:
            raise SourceError(
                f"{value.file} {entry['values'].path}: expected a date like 2023-02-09, got {written!r}"
            ) from None
    if not values:
        entry["values"].refuse("a dated value like {2023-02-09: 0.95}")
    return Requirement(
        comparison=comparison.choice(Comparison),
        threshold=Threshold(
            unit=unit, values=tuple(sorted(values)), reference=entry["reference"].text("docs/domain.md 5, our choice")
        ),
    )


def _levels(node: Node, item: Item, groups: tuple[Group, ...]) -> tuple[Level, ...]:
    levels = tuple(_level(below, item, groups) for below in node.elements())
    points = [level.points for level in levels]
    if not points or points != sorted(points, reverse=True) or len(set(points)) != len(points):
        node.refuse("levels with the highest points first")
    return levels


def _level(node: Node, item: Item, groups: tuple[Group, ...]) -> Level:
    entry = node.mapping(required=("points", "when"))
    points = entry["points"].decimal("1")
    if points > item.points_max:
        entry["points"].refuse(f"at most {item.points_max}")
    if item.step is None and points != item.points_max:
        entry["points"].refuse(f"{item.points_max}, the item has no part points")
    if item.points_min is not None and points < item.points_min:
        entry["points"].refuse(f"at least {item.points_min}, the least the form gives")
    if item.step is not None and points % item.step:
        entry["points"].refuse(f"a multiple of {item.step}")
    by_key = {group.key: group for group in groups}
    needs = []
    for key, below in entry["when"].entries():
        need = below.mapping(required=("at_least",), optional=("including",))
        if key not in by_key:
            below.refuse(f"a group of this rule like {next(iter(by_key))}, not {key}")
        parts = [part.key.rsplit("/", 1)[-1] for part in by_key[key].parts]
        count = need["at_least"].integer("3")
        if count > len(parts):
            need["at_least"].refuse(f"at most {len(parts)}, the parts of {key}")
        including = need["including"].texts(parts[0]) if "including" in need else ()
        for name in including:
            if name not in parts:
                need["including"].refuse(f"parts of {key} like {parts[0]}")
        needs.append(Need(group=key, at_least=count, including=tuple(f"{key}/{name}" for name in including)))
    return Level(points=points, needs=tuple(needs))
