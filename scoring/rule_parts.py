"""Groups, parts, measures and levels of a rule file, each mistake with file, key, bad value and a good one."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ingest.catalogue.words import Feed, Register
from metrics.definition import Definition, Grain, SubjectKind
from scoring import stated
from scoring.model import Text
from scoring.requirement import (
    Aggregate,
    Comparison,
    Group,
    Level,
    Measure,
    Need,
    Part,
    Requirement,
    Source,
    Tell,
    Threshold,
)
from scoring.rubric import Item
from scoring.source import Node, SourceError
from scoring.texts import phrases

PART = ("coverage", "criteria", "papers", "registers", "alternative", "waivable", "applies")


def registers(node: Node) -> tuple[str, ...]:
    """Names of registers, each of which the catalogue has."""
    names = node.texts("car_parks")
    for element in node.elements():
        element.choice(Register)
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads the parts of one rule against what the rule may name."""

    item: Item
    known: Mapping[str, Definition]
    #: ids of the rule's papers
    papers: frozenset[str]

    def body(self, top: Mapping[str, Node]) -> tuple[tuple[Group, ...], tuple[Level, ...]]:
        """Groups and levels of a rule, from `groups` and `levels` or from `tiers`."""
        if "tiers" in top:
            return self._tiers(top["tiers"])
        groups = tuple(self._group(node, key) for key, node in top["groups"].entries()) if "groups" in top else ()
        return groups, self._levels(top["levels"], groups) if "levels" in top else ()

    def measures(self, node: Node, key: str) -> tuple[Measure, ...]:
        """Measures by name, at least one."""
        measures = tuple(self._measure(below, f"{key}/{name}") for name, below in node.entries())
        if not measures:
            node.refuse("at least one measure")
        return measures

    def supporting(self, node: Node) -> tuple[Measure, ...]:
        """Measures that are shown and never compared."""
        found = []
        for name, below in node.entries():
            entry = below.mapping(required=("metric", "subject", "say"))
            definition, subject = self._metric(entry)
            found.append(
                Measure(
                    key=f"supporting/{name}", source=Source.METRIC, metric=definition.name, subject=subject,
                    aggregate=Aggregate.POOLED, unit=definition.unit, required=None, say=_phrase(entry["say"]),
                )
            )  # fmt: skip
        return tuple(found)

    def _group(self, node: Node, key: str) -> Group:
        entry = node.mapping(required=("title_zh", "title_en", "tell", "parts"))
        return Group(
            key=key,
            title=_title(entry),
            tell=entry["tell"].choice(Tell),
            parts=tuple(self._part(part, f"{key}/{name}") for name, part in entry["parts"].entries()),
        )

    def _part(self, node: Node, key: str) -> Part:
        entry = node.mapping(required=("title_zh", "title_en"), optional=PART)
        if "criteria" not in entry and "papers" not in entry:
            node.refuse("a part with criteria, with papers or with both")
        return Part(
            key=key,
            title=_title(entry),
            coverage=self.measures(entry["coverage"], key) if "coverage" in entry else (),
            criteria=self.measures(entry["criteria"], key) if "criteria" in entry else (),
            papers=self._asked(entry["papers"]) if "papers" in entry else (),
            registers=registers(entry["registers"]) if "registers" in entry else (),
            alternative=entry["alternative"].flag() if "alternative" in entry else False,
            waivable=entry["waivable"].choice(Feed).value if "waivable" in entry else "",
            applies=_applies(entry["applies"]) if "applies" in entry else None,
        )

    def _asked(self, node: Node) -> tuple[str, ...]:
        names = node.texts("floor_area_proof")
        for name in names:
            if name not in self.papers:
                node.refuse(f"ids of this rule's papers like {', '.join(sorted(self.papers)) or 'floor_area_proof'}")
        return names

    def _measure(self, node: Node, key: str) -> Measure:
        if "stated" in dict(node.entries()):
            entry = node.mapping(required=("stated", "comparison", "threshold", "say"))
            figure = stated.named(entry["stated"])
            return Measure(
                key=key, source=Source.STATED, metric=figure.name, subject="district", aggregate=Aggregate.POOLED,
                unit=figure.unit, required=_requirement(entry["comparison"], entry["threshold"], figure.unit),
                say=_phrase(entry["say"]),
            )  # fmt: skip
        entry = node.mapping(required=("metric", "subject", "aggregate", "comparison", "threshold", "say"))
        definition, subject = self._metric(entry)
        return Measure(
            key=key, source=Source.METRIC, metric=definition.name, subject=subject,
            aggregate=entry["aggregate"].choice(Aggregate), unit=definition.unit,
            required=_requirement(entry["comparison"], entry["threshold"], definition.unit), say=_phrase(entry["say"]),
        )  # fmt: skip

    def _metric(self, entry: Mapping[str, Node]) -> tuple[Definition, str]:
        definition = self.known.get(entry["metric"].text("parking_turnover"))
        if definition is None:
            near = difflib.get_close_matches(str(entry["metric"].value), self.known, n=1) or sorted(self.known)[:1]
            entry["metric"].refuse(f"a metric like {near[0]}")
        if Grain.WINDOW not in definition.grains:
            entry["metric"].refuse("a metric that exists for whole windows")
        subject = entry["subject"].text("feed:parking")
        kind = subject.split(":")[0]
        if kind not in definition.subjects or (kind == SubjectKind.DISTRICT) == (":" in subject):
            entry["subject"].refuse(f"{_examples(definition)}, which {definition.name} has")
        return definition, subject

    def _tiers(self, node: Node) -> tuple[tuple[Group, ...], tuple[Level, ...]]:
        """One figure, and the points of the first step that it reaches: groups and levels of the same meaning."""
        entry = node.mapping(
            required=("stated", "say", "comparison", "since", "unit", "reference", "steps"),
            optional=("papers", "registers"),
        )
        figure = stated.named(entry["stated"])
        if entry["unit"].value != figure.unit:
            entry["unit"].refuse(f"{figure.unit!r}, the unit of {figure.name}")
        comparison, day = entry["comparison"].choice(Comparison), entry["since"].day()
        reference, say = entry["reference"].text("rubric 1.1.1.1"), _phrase(entry["say"])
        signed = registers(entry["registers"]) if "registers" in entry else ()
        papers = self._asked(entry["papers"]) if "papers" in entry else ()
        parts, levels = [], []
        for number, below in enumerate(entry["steps"].elements(), start=1):
            step = below.mapping(required=("points", "value", "zh", "en"), optional=("reference",))
            key = f"tiers/step_{number}"
            threshold = Threshold(
                unit=figure.unit, values=((day, step["value"].decimal("500000")),),
                reference=step["reference"].text("our choice") if "reference" in step else reference,
            )  # fmt: skip
            measure = Measure(
                key=f"{key}/reached", source=Source.STATED, metric=figure.name, subject="district",
                aggregate=Aggregate.POOLED, unit=figure.unit,
                required=Requirement(comparison=comparison, threshold=threshold), say=say,
            )  # fmt: skip
            title = Text(zh=step["zh"].text(), en=step["en"].text())
            parts.append(Part(key=key, title=title, coverage=(), criteria=(measure,), papers=papers, registers=signed))
            levels.append(
                Level(
                    points=self._points(step["points"]),
                    needs=(Need(group="tiers", at_least=1, including=(key,)),),
                )
            )
        _descending(entry["steps"], levels)
        title = Text(zh="表中各档", en="steps of the form")
        return (Group(key="tiers", title=title, tell=Tell.STEP, parts=tuple(parts)),), tuple(levels)

    def _levels(self, node: Node, groups: tuple[Group, ...]) -> tuple[Level, ...]:
        levels = tuple(self._level(below, groups) for below in node.elements())
        _descending(node, levels)
        return levels

    def _level(self, node: Node, groups: tuple[Group, ...]) -> Level:
        entry = node.mapping(required=("points", "when"))
        points = self._points(entry["points"])
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

    def _points(self, node: Node) -> Decimal:
        points = node.decimal("1")
        item = self.item
        if points > item.points_max:
            node.refuse(f"at most {item.points_max}")
        if item.step is None and points != item.points_max:
            node.refuse(f"{item.points_max}, the item has no part points")
        if item.points_min is not None and points < item.points_min:
            node.refuse(f"at least {item.points_min}, the least the form gives")
        if item.step is not None and points % item.step:
            node.refuse(f"a multiple of {item.step}")
        return points


def _descending(node: Node, levels: Sequence[Level]) -> None:
    points = [level.points for level in levels]
    if not points or points != sorted(points, reverse=True) or len(set(points)) != len(points):
        node.refuse("levels with the highest points first")


def _title(entry: Mapping[str, Node]) -> Text:
    return Text(zh=entry["title_zh"].text(), en=entry["title_en"].text())


def _phrase(node: Node) -> str:
    if node.text("parking_fresh") not in phrases():
        node.refuse(f"a phrase of texts.yaml like {next(iter(phrases()))}")
    return node.text()


def _applies(node: Node) -> Mapping[str, str]:
    found = {}
    for name, below in node.entries():
        if name not in stated.words():
            node.refuse(f"a word of stated.yaml like {', '.join(stated.words())}")
        found[name] = below.text("above_500k")
    return found


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
