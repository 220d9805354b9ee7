"""Figures that no reading gives, as `stated.yaml` defines them: from the register, or declared and signed by a person."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files

from metrics import zones
from scoring.model import Gap, Stated, Text, Window
from scoring.register import Fact
from scoring.source import Node, parse


class Take(StrEnum):
    """How a figure is made."""

    FIELD = "field"
    WORD = "word"
    COUNT = "count"
    SUM = "sum"
    DECLARED = "declared"
    RATIO = "ratio"


class Period(StrEnum):
    """What time a declared figure must speak about."""

    #: the calendar year before the one in which the evaluation begins
    YEAR_BEFORE = "year_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Definition of one figure."""

    name: str
    title: Text
    #: UCUM code; '' for a word
    unit: str
    take: Take
    #: kind of fact, and the field of it that is read; '' : none
    kind: str = "district"
    field: str = ""
    #: field -> value that an entry must have to be counted
    where: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: register whose signature speaks for it; '' : none
    register: str = ""
    period: Period | None = None
    #: names of the two figures of a ratio, and what it is multiplied with
    of: str = ""
    by: str = ""
    scale: Decimal = Decimal(1)

    def registers(self) -> tuple[str, ...]:
        """Registers whose signature speaks for it."""
        if self.take is Take.RATIO:
            return (*figures()[self.of].registers(), *figures()[self.by].registers())
        return (self.register,) if self.register else ()

    def reads(self) -> Mapping[str, tuple[str, ...]]:
        """Kinds of facts that decide the figure, with the fields that are read."""
        match self.take:
            case Take.RATIO:
                of, by = figures()[self.of].reads(), figures()[self.by].reads()
                return {kind: (*of.get(kind, ()), *by.get(kind, ())) for kind in {**of, **by}}
            case Take.DECLARED:
                return {"declared": ("value", "unit", "period_start", "period_end", "papers", "signer", "signed_on")}
            case _:
                return {self.kind: (*((self.field,) if self.field else ()), *self.where)}


@cache
def figures() -> Mapping[str, Figure]:
    """Every figure by name."""
    document = parse((files("scoring") / "stated.yaml").read_text(encoding="utf-8"), "stated.yaml")
    return {name: _figure(name, node) for name, node in document.entries()}


def words() -> tuple[str, ...]:
    """Names of those that are words and not numbers."""
    return tuple(name for name, figure in figures().items() if figure.take is Take.WORD)


def named(node: Node) -> Figure:
    """The figure that a rule names."""
    figure = figures().get(node.text("turnover"))
    if figure is None or figure.take is Take.WORD:
        node.refuse(f"a figure of stated.yaml like {', '.join(sorted(set(figures()) - set(words())))}")
    return figure


def _figure(name: str, node: Node) -> Figure:
    entry = node.mapping(
        required=("title_zh", "title_en", "take"),
        optional=("unit", "kind", "field", "where", "register", "period", "of", "by", "scale"),
    )
    texts = {
        key: entry[key].text("turnover") for key in ("unit", "kind", "field", "register", "of", "by") if key in entry
    }
    return Figure(
        name=name,
        title=Text(zh=entry["title_zh"].text(), en=entry["title_en"].text()),
        take=entry["take"].choice(Take),
        where={key: below.text("aed") for key, below in entry["where"].entries()} if "where" in entry else {},
        period=entry["period"].choice(Period) if "period" in entry else None,
        scale=entry["scale"].decimal("100") if "scale" in entry else Decimal(1),
        **{"unit": "", **texts},
    )


def find(
    figure: Figure, facts: Mapping[str, Sequence[Fact]], signatures: Mapping[str, Fact], window: Window, begins: date
) -> Stated:
    """The figure as of the end of `window`.

    Args:
        figure: its definition.
        facts: of the kinds that the figure reads, in force at the end of the window.
        signatures: of registers, by name, likewise.
        window: of the evidence.
        begins: first local day of the evaluation, which says what "the year before" is.
    """
    match figure.take:
        case Take.RATIO:
            of = find(figures()[figure.of], facts, signatures, window, begins)
            by = find(figures()[figure.by], facts, signatures, window, begins)
            if of.value is None or not by.value:
                return Stated(value=None, unit=figure.unit, gap=of.gap or by.gap or Gap.NOT_STATED)
            value = of.value / by.value * Fraction(figure.scale)
            return Stated(value=value, unit=figure.unit, signer=of.signer, signed_on=of.signed_on)
        case Take.DECLARED:
            return _declared(figure, facts.get("declared", ()), window, begins)
        case Take.FIELD:
            told = [fact.body.get(figure.field) for fact in facts.get(figure.kind, ())]
            return _known(None if not told or told[0] is None else Fraction(str(told[0])), figure)
        case _:
            signature = signatures.get(figure.register)
            if figure.register and signature is None:
                return Stated(value=None, unit=figure.unit, gap=Gap.UNSIGNED)
            entries = [
                fact for fact in facts.get(figure.kind, ())
                if all(fact.body.get(key) == value for key, value in figure.where.items())
            ]  # fmt: skip
            count = Fraction(len(entries))
            if figure.take is Take.SUM:
                count = sum((Fraction(str(fact.body.get(figure.field, 0))) for fact in entries), Fraction(0))
            body = signature.body if signature else {}
            return _known(count, figure, str(body.get("signer", "")), str(body.get("signed_on", "")))


def _known(value: Fraction | None, figure: Figure, signer: str = "", signed_on: str = "") -> Stated:
    gap = Gap.NOT_STATED if value is None else None
    return Stated(value=value, unit=figure.unit, gap=gap, signer=signer, signed_on=signed_on)


def _declared(figure: Figure, facts: Sequence[Fact], window: Window, begins: date) -> Stated:
    """The declared figure of the right period; of several the one of the latest period."""
    own = [fact for fact in facts if fact.id == figure.name or fact.id.startswith(f"{figure.name}-")]
    if figure.period is Period.YEAR_BEFORE:
        year = begins.year - 1
        wanted = tuple(zones.midnight(window.zone, date(of, 1, 1)) for of in (year, year + 1))
        own = [fact for fact in own if (_instant(fact, "period_start"), _instant(fact, "period_end")) == wanted]
    if not own:
        return _known(None, figure)
    latest = max(own, key=lambda fact: (_instant(fact, "period_end"), fact.id))
    if latest.body.get("unit") != figure.unit:
        return Stated(value=None, unit=figure.unit, gap=Gap.WRONG_UNIT)
    return _known(
        Fraction(str(latest.body["value"])), figure, str(latest.body.get("signer", "")),
        str(latest.body.get("signed_on", "")),
    )  # fmt: skip


def _instant(fact: Fact, key: str) -> datetime:
    return datetime.fromisoformat(str(fact.body[key]))
