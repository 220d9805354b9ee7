"""What a metric reads besides roll-ups: kinds of facts, events, parameters, and hours before its window.

It is read off the metric's own SQL and the named queries in front of it, so that the inputs of evidence cannot fall behind
what a figure really rests on.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from metrics import inputs, parameters
from metrics.definition import definitions
from metrics.zones import zone
from scoring.model import Window
from scoring.register import FIELDS

#: A held value and silence run into the next hour: the hour before a window decides its first one.
BEFORE = timedelta(hours=1)

_QUERY = re.compile(
    r"^(?:WITH RECURSIVE |\), )(?P<name>[a-z_]+)(?: \([a-z_, ]+\))? AS (?:(?:NOT )?MATERIALIZED )?\(", re.MULTILINE
)
_SOURCE = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)\b")
_FACTS = re.compile(r"ingest\.facts\([^,]+, '([a-z_]+)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What decides a figure besides the roll-ups of its devices."""

    #: kinds of facts
    kinds: frozenset[str]
    #: whether single events are read
    events: bool


@cache
def of_metric(name: str) -> Reads:
    """What the metric `name` reads."""
    text = definitions()[name].body
    named = {word for word in re.findall(r'"([a-z_]+)"', text) if word in definitions() and word != name}
    below = [of_metric(one) for one in sorted(named)] if definitions()[name].path.endswith(".py") else []
    queries, texts, todo = _queries(), [text], set(_SOURCE.findall(text))
    if definitions()[name].covered_by == "devices" or definitions()[name].path.endswith(".py"):
        todo |= {"presence", "around"}
    done: set[str] = set()
    while todo:
        query = todo.pop()
        if query in queries and query not in done:
            done.add(query)
            texts.append(queries[query])
            todo |= set(_SOURCE.findall(queries[query]))
    kinds = {kind for one in texts for kind in _FACTS.findall(one)}.union({"district"}, *(one.kinds for one in below))
    # Crossings and listed places are of two sorts, and a metric looks at those of its inputs only.
    for kind, flow in (("car_park", "parking."), ("entrance", "people.")):
        if not any(name.startswith(flow) for name in definitions()[name].inputs):
            kinds.discard(kind)
    return Reads(
        kinds=frozenset(kinds),
        events="happening" in done or any(one.events for one in below),
    )


def of_district(metrics: Sequence[str]) -> list[str]:
    """Fields of the district's own entry that decide figures of `metrics`; whether it is a demo always does."""
    texts = [definitions()[name].body for name in metrics]
    return [
        field
        for field in FIELDS["district"]
        if field in {"zone", "demo"} or any(f"'{field}'" in text for text in texts)
    ]


@cache
def _queries() -> Mapping[str, str]:
    """The named queries in front of every metric, by name."""
    text = inputs.prelude()
    starts = list(_QUERY.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {match["name"]: text[match.end() : end] for match, end in zip(starts, ends, strict=True)}


def parameters_of(metrics: Sequence[str], window: Window) -> dict[str, dict[str, Decimal]]:
    """The dated parameters that decide the figures of `metrics`: name -> first local day of the window or of effect -> value."""
    texts = [inputs.prelude(), *(definitions()[name].body for name in metrics)]
    named = {parameter for name in metrics for parameter in definitions()[name].parameters}
    place = zone(window.zone)
    first, after = (edge.astimezone(place).date() for edge in (window.start, window.end))
    found: dict[str, dict[str, Decimal]] = {}
    for name, parameter in parameters.load().items():
        if name in named or any(f"%({name})s" in text for text in texts):
            days = [first, *(day for day in sorted(parameter.values) if first < day < after)]
            found[name] = {day.isoformat(): parameters.on(day)[name] for day in days}
    return found


def first_hour(metrics: Sequence[str], window: Window) -> datetime:
    """Start of the first hour that figures of `metrics` look at in `window`."""
    place = zone(window.zone)
    span = inputs.Window(start=window.start, end=window.end)
    earliest = [inputs.reach(definitions()[name], span, place) for name in metrics]
    return min([window.start, *earliest]) - BEFORE
