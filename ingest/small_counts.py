"""Counts of people and their devices under five leave the platform as "fewer than 5" (the limit is our choice).

Viewers and exports get them so. Evaluators, digests, totals and comparisons with thresholds use the exact counts: only what
is rendered passes through here. Policy by unit, which every quantity and metric declares: a plain count of people, clients
or log-ins is a count of persons; rates, shares and densities over many hours are not, but what they are computed from is.
"""

from decimal import Decimal
from fractions import Fraction

#: Smallest count that is told.
LIMIT = 5

#: UCUM annotations that count persons, or something that stands for one.
PERSONS = frozenset({"{people}", "{client}", "{login}"})


def counts_persons(unit: str) -> bool:
    """Whether figures in `unit` are counts of persons.

    >>> counts_persons("{people}"), counts_persons("{people}/m2"), counts_persons("{vehicle}")
    (True, False, False)
    """
    return unit in PERSONS


def hidden(value: Fraction | Decimal | float | None, unit: str, *, exact: bool) -> bool:
    """Whether a figure is told as "fewer than 5".

    Args:
        value: the figure; None: there is none.
        unit: UCUM code.
        exact: the one who asks sees counts as they are.

    >>> hidden(Decimal(4), "{people}", exact=False), hidden(Decimal(5), "{people}", exact=False)
    (True, False)
    """
    return not exact and value is not None and counts_persons(unit) and value < LIMIT
