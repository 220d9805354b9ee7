"""What was derived against what happened: every stored figure that the simulator's truth speaks about."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction

import psycopg

from metrics.definition import Grain, definitions
from metrics.figures import kind_of
from simulators.truth import Truth

#: Ratios may differ by this much; counts by nothing (the promise of docs/guarantees.md).
TOLERANCE = Fraction(1, 10**9)


def differences(connection: psycopg.Connection, district: str, truths: Iterable[Truth]) -> Iterator[str]:
    """A sentence per figure of those that are stored that is not what happened, or is not there; none: all are."""
    stored: dict[tuple[str, str, str, datetime, datetime], Fraction | None] = {}
    rows = connection.execute(
        "SELECT metric, subject, grain, window_start, window_end, numerator, denominator FROM metrics.value WHERE district = %s",
        (district,),
    )
    for metric, subject, grain, start, end, numerator, denominator in rows:
        value = None if numerator is None else Fraction(numerator) / Fraction(denominator)
        stored[metric, subject, grain, start, end] = value
    kept = definitions()
    for truth in truths:
        if kind_of(truth.subject) not in kept[truth.metric].store.get(Grain(truth.grain), ()):
            continue
        key = (truth.metric, truth.subject, truth.grain, truth.start, truth.end)
        where = f"{truth.metric} of {truth.subject}, {truth.start:%Y-%m-%d %H:%M} to {truth.end:%Y-%m-%d %H:%M} UTC"
        if key not in stored:
            if truth.value is not None:
                yield f"{where}: {float(truth.value):g} happened, nothing was derived"
            continue
        derived = stored[key]
        if truth.value is None or derived is None:
            if truth.value is not derived:
                yield f"{where}: {_text(truth.value)} happened, {_text(derived)} was derived"
        elif abs(derived - truth.value) > (0 if truth.value.denominator == 1 else TOLERANCE):
            yield f"{where}: {_text(truth.value)} happened, {_text(derived)} was derived"


def _text(value: Fraction | None) -> str:
    return "nothing measurable" if value is None else f"{float(value):.12g}"
