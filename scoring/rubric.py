"""The printed form as it stands in `rubrics/<id>.yaml`: its words, its points, and the proof that its sums are right.

The file is a verbatim document and never edited; what we make of an item is in `rules/`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from scoring import library
from scoring.model import Text
from scoring.source import Node, SourceError, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row of the form (评分说明): what a person gives points for."""

    #: section.indicator.criterion.item in the order of the form, ``2.2.5.1``
    code: str
    #: ``facility.parking_system``
    id: str
    #: the printed words, and our gloss in English
    text: Text
    #: the printed heading above it (评分标准)
    heading: Text
    points_max: Decimal
    #: least points the form prints for a met item; None: none printed
    points_min: Decimal | None
    #: step inside a range; None: the item has no part points
    step: Decimal | None
    #: how far feeds can establish the item: fully, partly, supporting, none
    derivable: str
    #: feeds that can contribute, in the words of the file
    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """评分标准: one heading with its items."""

    code: str
    title: Text
    points_max: Decimal
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """二级指标."""

    code: str
    title: Text
    points_max: Decimal
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """一级指标."""

    code: str
    title: Text
    points_max: Decimal
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """A whole form."""

    #: name of its file and of the folder of its rules
    id: str
    title: Text
    points_max: Decimal
    #: self-score that an application needs
    threshold: Decimal
    #: points of an item that is not met (the form does not print zero)
    unmet_points: Decimal
    sections: tuple[Section, ...]

    def items(self) -> Iterator[Item]:
        """All items in the order of the form."""
        for section in self.sections:
            for indicator in section.indicators:
                for criterion in indicator.criteria:
                    yield from criterion.items

    def item(self, code: str) -> Item | None:
        """The item with `code`, None where the form has none."""
        return next((item for item in self.items() if item.code == code), None)


def names() -> tuple[str, ...]:
    """Ids of the rubrics that are shipped."""
    return tuple(library.rubrics())


@cache
def load(rubric_id: str) -> Rubric:
    """The rubric `rubric_id`, every printed sum checked."""
    file = library.rubrics()[rubric_id]
    rubric = read(parse(file.read_text(encoding="utf-8"), f"rubrics/{rubric_id}.yaml"))
    if rubric.id != rubric_id:
        raise SourceError(f"rubrics/{rubric_id}.yaml $.rubric_id: expected {rubric_id!r}, got {rubric.id!r}")
    return rubric


def read(document: Node) -> Rubric:
    """The rubric that `document` holds; raises `SourceError` where a printed maximum is not the sum below it."""
    top = dict(document.entries())
    defaults = dict(top["defaults"].entries())
    step = defaults["range_step"].decimal("0.5")
    sections = tuple(_section(node, step) for node in top["sections"].elements())
    rubric = Rubric(
        id=top["rubric_id"].text("hangzhou-city-2023"),
        title=Text(zh=top["title_zh"].text(), en=top["title_en"].text()),
        points_max=_sum(top["total_max"], sections),
        threshold=dict(top["self_score_threshold"].entries())["value"].decimal("90"),
        unmet_points=defaults["unmet_points"].decimal("0"),
        sections=sections,
    )
    codes = [item.code for item in rubric.items()]
    for code in codes:
        if codes.count(code) > 1:
            raise SourceError(f"{document.file} $.sections: item {code} stands here twice")
    return rubric


def _section(node: Node, step: Decimal) -> Section:
    entry = dict(node.entries())
    indicators = tuple(_indicator(below, step) for below in entry["indicators"].elements())
    return Section(
        code=entry["code"].text("1"), title=_title(entry), points_max=_sum(entry["max"], indicators),
        indicators=indicators,
    )  # fmt: skip


def _indicator(node: Node, step: Decimal) -> Indicator:
    entry = dict(node.entries())
    criteria = tuple(_criterion(below, step) for below in entry["criteria"].elements())
    return Indicator(
        code=entry["code"].text("1.1"), title=_title(entry), points_max=_sum(entry["max"], criteria), criteria=criteria
    )


def _criterion(node: Node, step: Decimal) -> Criterion:
    entry = dict(node.entries())
    items = tuple(_item(below, _title(entry), step) for below in entry["items"].elements())
    return Criterion(
        code=entry["code"].text("1.1.1"), title=_title(entry), points_max=_sum(entry["max"], items), items=items
    )


def _item(node: Node, heading: Text, step: Decimal) -> Item:
    entry = dict(node.entries())
    scoring = dict(entry["scoring"].entries())
    sensor = dict(entry["x_sensor"].entries())
    return Item(
        code=entry["code"].text("2.2.5.1"),
        id=entry["id"].text("facility.parking_system"),
        text=Text(zh=entry["text_zh"].text(), en=entry["gloss_en"].text()),
        heading=heading,
        points_max=scoring["max"].decimal("1"),
        points_min=scoring["min_awarded"].decimal("1") if "min_awarded" in scoring else None,
        step=None if scoring["type"].text("fixed") == "fixed" else step,
        derivable=sensor["derivable"].text("none"),
        feeds=sensor["feeds"].texts("parking"),
    )


def _title(entry: dict[str, Node]) -> Text:
    return Text(zh=entry["name_zh"].text(), en=entry["name_en"].text())


def _sum(
    printed: Node, parts: tuple[Section, ...] | tuple[Indicator, ...] | tuple[Criterion, ...] | tuple[Item, ...]
) -> Decimal:
    maximum = printed.decimal("20")
    total = sum((part.points_max for part in parts), Decimal(0))
    if total != maximum:
        printed.refuse(f"{total}, the sum of the points below it")
    return maximum
