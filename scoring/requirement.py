"""What a rule is made of: measures with thresholds, parts, levels, papers. A rule file is read in `rule_file`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from scoring.model import Text
from scoring.rubric import Item


class Basis(StrEnum):
    """What speaks for an item."""

    #: readings, registers and declared figures, with papers where data cannot tell
    MEASURES = "measures"
    #: papers alone; readings may be shown beside them
    DOCUMENTS = "documents"
    #: a rule that comes later
    NONE = "none"


class Source(StrEnum):
    """Where a figure comes from."""

    #: readings, through `metrics`
    METRIC = "metric"
    #: the register, or a figure that a person declared and signed
    STATED = "stated"


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
    #: the figure once, with the step of the form it stands on
    STEP = "step"


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
    source: Source
    #: name of the metric, or of the stated figure
    metric: str
    #: ``district``, ``feed:parking``; ``car_park:*`` for every one the register knows
    subject: str
    aggregate: Aggregate
    #: UCUM code
    unit: str
    #: None: shown to the person who decides, never compared
    required: Requirement | None
    #: key of its clause in texts.yaml
    say: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A kind of document that an item needs."""

    #: unique in the rubric's rules where it means the same paper, ``floor_area_proof``
    id: str
    title: Text
    #: good to have; its absence keeps nothing open
    optional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something that is there or not, by all of its criteria and papers."""

    key: str
    title: Text
    coverage: tuple[Measure, ...]
    criteria: tuple[Measure, ...]
    #: ids of papers that must be accepted
    papers: tuple[str, ...] = ()
    #: registers that must carry a signature
    registers: tuple[str, ...] = ()
    #: nobody has to take this way: without any paper of it, it is absent rather than open
    alternative: bool = False
    #: feed whose waiver takes the part out of its group
    waivable: str = ""
    #: word of the register -> value it must have for the part to apply
    applies: Mapping[str, str] | None = None


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
    #: why the item is read this way; printed inconsistencies are told here
    why: Text
    #: whole local days a full window has, and the fewest for a provisional suggestion
    days: int
    days_provisional: int
    #: registers that must carry a signature, whatever the part
    registers: tuple[str, ...]
    coverage: tuple[Measure, ...]
    groups: tuple[Group, ...]
    #: highest points first
    levels: tuple[Level, ...]
    #: shown to the person who decides
    supporting: tuple[Measure, ...]
    #: every paper that the item knows, in the order of the file
    papers: tuple[Paper, ...]
    reference: str
    #: SHA-256 over the content of the file
    version: str

    def parts(self) -> Iterator[Part]:
        """All parts of all groups."""
        for group in self.groups:
            yield from group.parts

    def measures(self) -> Iterator[Measure]:
        """Every measure, coverage limits first, supporting ones last."""
        yield from self.coverage
        for part in self.parts():
            yield from part.coverage
            yield from part.criteria
        yield from self.supporting

    @property
    def observed(self) -> bool:
        """Whether points depend on readings at all."""
        return any(measure.source is Source.METRIC for measure in self.measures() if measure.required)

    @property
    def signed_by(self) -> tuple[str, ...]:
        """Registers that must carry a signature for the rule or for one of its parts."""
        return tuple(dict.fromkeys([*self.registers, *(name for part in self.parts() for name in part.registers)]))

    @property
    def needed(self) -> tuple[Paper, ...]:
        """Papers that someone has to bring before points can be decided or suggested."""
        if self.basis is Basis.DOCUMENTS:
            return tuple(paper for paper in self.papers if not paper.optional)
        asked = {name for part in self.parts() for name in part.papers}
        return tuple(paper for paper in self.papers if paper.id in asked)
