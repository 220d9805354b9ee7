"""What a figure is: a ratio of exact numbers, with its window, coverage, devices, origin and quality."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class Quality(StrEnum):
    """How far a figure can be trusted."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """One figure for one subject and window. `numerator` None means undetermined, never zero."""

    #: name of the metric, for example ``parking_turnover``
    metric: str
    district: str
    #: ``district``, ``space:ID``, ``car_park:ID``, ``device:ID`` or ``feed:NAME``
    subject: str
    #: half-open window in UTC
    start: datetime
    end: datetime
    #: exact; value = numerator / denominator
    numerator: Decimal | None
    denominator: Decimal = Decimal(1)
    #: UCUM code
    unit: str
    #: covered part of what was expected; denominator 0: nothing was expected
    coverage_numerator: Decimal
    coverage_denominator: Decimal
    #: ids of all devices the figure divides by or adds up, silent ones included
    devices: tuple[str, ...]
    #: public ids of the datastreams whose hours were read
    datastreams: tuple[str, ...]
    #: origin classes of the readings used
    origins: tuple[str, ...]
    quality: Quality
    #: which way was taken, where a metric has more than one
    method: str = ""
    #: share of the readings that came by a declared import, 0 to 1
    backfilled: Decimal = Decimal(0)
    #: how far the amounts read may be off, because a part was shared over an edge of the window; in their unit
    shared: Decimal = Decimal(0)
    #: content hash of the metric's definition
    definition: str = ""

    @property
    def ratio(self) -> Fraction | None:
        """The value as an exact fraction; None: undetermined."""
        return None if self.numerator is None else Fraction(self.numerator) / Fraction(self.denominator)

    @property
    def coverage(self) -> Fraction | None:
        """Covered share, 0 to 1; None: nothing was expected."""
        if not self.coverage_denominator:
            return None
        return Fraction(self.coverage_numerator) / Fraction(self.coverage_denominator)
