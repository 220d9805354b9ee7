"""Figures of many subjects and windows: the formula over their terms, exactly, with coverage and quality."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from zoneinfo import ZoneInfo

import psycopg

from ingest.model import Origin
from metrics import expression, inputs, parameters
from metrics.definition import Definition, Grain, SubjectKind, definitions
from metrics.inputs import Window
from metrics.model import MetricValue, Quality
from metrics.shared import Shared
from metrics.terms import Row, rows_of, terms_of


def find(metric: str) -> Definition:
    """Returns the definition of a metric.

    Raises:
        LookupError: naming the metrics there are.
    """
    try:
        return definitions()[metric]
    except KeyError:
        raise LookupError(f"no metric {metric!r}; there are {', '.join(definitions())}") from None


def allow(definition: Definition, grain: Grain, windows: Sequence[Window], zone: ZoneInfo) -> None:
    """Checks that the metric has values of this grain; a single hour or day also passes as a window.

    Raises:
        WindowError: naming the grains it has.
    """
    if grain in definition.grains:
        return
    if grain is Grain.WINDOW and len(windows) == 1:
        window = windows[0]
        if Grain.HOUR in definition.grains and window.end - window.start == inputs.HOUR:
            return
        if Grain.DAY in definition.grains and inputs.is_day(window, zone):
            return
    raise inputs.WindowError(f"{definition.name} has values per {' and '.join(definition.grains)}, not per {grain}")


def compute(
    connection: psycopg.Connection,
    definition: Definition,
    district: str,
    windows: Sequence[Window],
    zone: ZoneInfo,
    subjects: Sequence[str] | None,
    revision: int | None,
    *,
    kinds: Sequence[SubjectKind] | None = None,
    streams: bool = True,
    shared: Shared | None = None,
) -> list[MetricValue]:
    """Returns the values of any set of windows, ordered by subject and window.

    Args:
        connection: to the migrated database.
        definition: of the metric.
        district: id.
        windows: each of whole hours.
        zone: of the district.
        subjects: None: all.
        revision: of the catalogue; None: the latest.
        kinds: of subjects that are wanted; None: all.
        streams: whether the values shall name their datastreams.
        shared: of the same district, revision and windows, where there is one.
    """
    wanted = set(definition.subjects if kinds is None else kinds)
    found: list[MetricValue] = []
    for group in inputs.dated(windows, zone):
        values = parameters.on(group[0].start.astimezone(zone).date())
        by_value: dict[tuple[str, Window], list[Row]] = {
            (subject, window): [] for subject in subjects or () for window in group
        }
        for row in rows_of(
            connection,
            definition,
            district,
            group,
            zone,
            subjects,
            revision,
            kinds=kinds,
            streams=streams,
            shared=shared,
        ):
            if kind_of(row.subject) in wanted:
                by_value.setdefault((row.subject, row.window), []).append(row)
        with localcontext(expression.EXACT):
            found += [
                _value(definition, district, subject, window, rows, values)
                for (subject, window), rows in by_value.items()
            ]
    if streams and definition.reads_everything:
        found = _with_streams(connection, district, found)
    return sorted(found, key=lambda value: (value.subject, value.start))


def kind_of(subject: str) -> SubjectKind:
    """Returns the kind of a subject.

    >>> kind_of("feed:parking/space:north"), kind_of("district")
    (<SubjectKind.FEED_SPACE: 'feed_space'>, <SubjectKind.DISTRICT: 'district'>)
    """
    head, _, rest = subject.partition(":")
    return SubjectKind.FEED_SPACE if head == "feed" and "/space:" in rest else SubjectKind(head)


def choose(
    definition: Definition, terms: expression.Terms, values: expression.Parameters
) -> tuple[str, str, expression.Ratio | None]:
    """Returns method, formula and value of the first method whose terms are there, else the last without value."""
    method, text = "", ""
    for method, text in definition.formula.items():
        if ratio := expression.evaluate(text, terms, values):
            return method, text, ratio
    return method, text, None


def _value(
    definition: Definition,
    district: str,
    subject: str,
    window: Window,
    rows: Sequence[Row],
    values: expression.Parameters,
) -> MetricValue:
    """The value of one subject and window."""
    terms = terms_of(rows)
    method, text, ratio = choose(definition, terms, values)
    covered, expected = (sum((getattr(row, name) for row in rows), Decimal(0)) for name in ("covered", "expected"))
    received, backfilled, shared = (
        sum((getattr(row, name) for row in rows), Decimal(0)) for name in ("received", "backfilled", "shared")
    )
    note = expression.note(text, terms, values) if ratio else None
    return MetricValue(
        metric=definition.name,
        district=district,
        subject=subject,
        start=window.start,
        end=window.end,
        numerator=_shortest(ratio.numerator) if ratio else None,
        denominator=_shortest(ratio.denominator) if ratio else Decimal(1),
        unit=definition.unit,
        coverage_numerator=_shortest(covered),
        coverage_denominator=_shortest(expected),
        devices=tuple(sorted({device for row in rows for device in row.devices})),
        datastreams=tuple(sorted({stream for row in rows for stream in row.datastreams})),
        origins=tuple(sorted({origin for row in rows for origin in row.origins}, key=_ORIGINS.index)),
        quality=_quality(
            definition, ratio, covered, expected, values["valid_share"], doubtful=bool(note and note.doubtful)
        ),
        method=note.text if note else (method or _band(definition, ratio) if ratio else ""),
        backfilled=_SHARE.divide(backfilled, received) if received else Decimal(0),
        shared=_shortest(shared),
        definition=definition.version,
    )


_ORIGINS = [str(origin) for origin in Origin]

#: A share for people to read, not for a decision.
_SHARE = Context(prec=6, rounding=ROUND_HALF_EVEN)


def _shortest(value: Decimal) -> Decimal:
    """The same number without trailing zeros: one number, one text."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _quality(
    definition: Definition,
    ratio: expression.Ratio | None,
    covered: Decimal,
    expected: Decimal,
    share: Decimal,
    *,
    doubtful: bool,
) -> Quality:
    """How far the value can be trusted: by what it covers, and by what it can be."""
    if ratio is None:
        return Quality.UNDETERMINED
    if definition.lowest is not None and ratio.numerator < definition.lowest * ratio.denominator:
        return Quality.BAD
    return Quality.UNCERTAIN if doubtful or covered < share * expected or not expected else Quality.GOOD


def _band(definition: Definition, ratio: expression.Ratio) -> str:
    """The named range that a value lies in; empty where the metric has none."""
    for band in definition.bands:
        if band.below is None or ratio.numerator < band.below * ratio.denominator:
            return band.label
    return ""


def _with_streams(connection: psycopg.Connection, district: str, values: Sequence[MetricValue]) -> list[MetricValue]:
    """The values of a metric that reads everything, with all datastreams of their devices."""
    streams: dict[str, list[str]] = {}
    for device, public_id in connection.execute(
        "SELECT device, public_id FROM ingest.datastream WHERE district = %s ORDER BY public_id", (district,)
    ):
        streams.setdefault(device, []).append(public_id)
    return [
        replace(
            value, datastreams=tuple(sorted(stream for device in value.devices for stream in streams.get(device, ())))
        )
        for value in values
    ]
