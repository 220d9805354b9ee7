"""What was derived against what happened: every stored figure that the simulator's truth speaks about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import psycopg

from simulators.truth import Truth

#: Ratios may differ by this much; counts by nothing (the promise of docs/guarantees.md).
TOLERANCE = Fraction(1, 10**9)


@dataclass(frozen=True, slots=True)
class _Derived:
    value: Fraction | None
    #: less than everything that was expected came, or the figure is marked as doubtful
    excused: bool


def differences(connection: psycopg.Connection, district: str, truths: Iterable[Truth]) -> Iterator[str]:
    """A sentence per stored figure that is not what happened, or is not there; none: all are.

    Where reports were lost or bent on the way (`Truth.exact` is false) a figure may be missing, undetermined, or differ,
    but only if it says so: coverage below 1, or a quality that is not good. A wrong figure that looks good is told.
    """
    stored: dict[tuple[str, str, str, datetime, datetime], _Derived] = {}
    rows = connection.execute(
        "SELECT metric, subject, grain, window_start, window_end, numerator, denominator,"
        " coverage_numerator < coverage_denominator OR quality <> 'good' FROM metrics.value WHERE district = %s",
        (district,),
    )
    for metric, subject, grain, start, end, numerator, denominator, excused in rows:
        value = None if numerator is None else Fraction(numerator) / Fraction(denominator)
        stored[metric, subject, grain, start, end] = _Derived(value, excused)
    for truth in truths:
        derived = stored.get((truth.metric, truth.subject, truth.grain, truth.start, truth.end))
        value = derived.value if derived else None
        if _same(truth.value, value) or (not truth.exact and (value is None or (derived and derived.excused))):
            continue
        where = f"{truth.metric} of {truth.subject}, {truth.start:%Y-%m-%d %H:%M} to {truth.end:%Y-%m-%d %H:%M} UTC"
        what = _text(value) if derived else "nothing"
        yield f"{where}: {_text(truth.value)} happened, {what} was derived"


def _same(happened: Fraction | None, derived: Fraction | None) -> bool:
    if happened is None or derived is None:
        return happened is derived
    return abs(derived - happened) <= (0 if happened.denominator == 1 else TOLERANCE)


def _text(value: Fraction | None) -> str:
    return "nothing measurable" if value is None else f"{float(value):.12g}"
