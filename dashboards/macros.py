"""Expands the SQL of a panel as Grafana does: variables in the browser, then text macros, then `$__name(args)`.

Written from the documented behaviour, so that tests can run every query of every dashboard on a real PostgreSQL.
Differences that would hide a mistake are errors here: an undefined variable, nested parentheses in a macro's arguments,
an interval in months or years (Grafana measures those from today).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

#: A variable's value; a sequence where the variable takes several.
Value = str | Sequence[str]

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<format>\w+))?\}|\$(?P<bare>(?!__)[a-zA-Z]\w*)")
_MACRO = re.compile(r"\$(?P<name>__\w+)\((?P<arguments>[^)]*)\)")
_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": Decimal("1e-9"), "us": Decimal("1e-6"), "µs": Decimal("1e-6"), "ms": Decimal("1e-3"), "s": Decimal(1),
            "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400), "w": Decimal(604800)}  # fmt: skip


class MacroError(ValueError):
    """The SQL holds something that Grafana would refuse, or silently break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The dashboard's time range, both ends included as Grafana has it."""

    start: datetime
    end: datetime
    #: `$__interval`, the width of one bucket
    interval: timedelta = timedelta(minutes=1)


def expand(sql: str, period: Range, variables: Mapping[str, Value] | None = None) -> str:
    """The SQL that reaches the database.

    >>> day = Range(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 2, tzinfo=UTC))
    >>> expand("SELECT $__timeFrom()", day)
    "SELECT '2026-01-01T00:00:00Z'"
    """
    text = _interpolate(sql, variables or {})
    milliseconds = period.interval // timedelta(milliseconds=1)
    for name, value in (
        ("$__interval_ms", str(milliseconds)),
        ("$__interval", _rounded(milliseconds)),
        ("$__unixEpochFrom()", str(int(period.start.timestamp()))),
        ("$__unixEpochTo()", str(int(period.end.timestamp()))),
    ):
        text = text.replace(name, value)
    for match in _MACRO.finditer(text):
        if "(" in match["arguments"]:
            raise MacroError(f"{match[0]}: arguments end at the first ')', so they may not hold '('")
    expanded = _MACRO.sub(lambda match: _macro(match, period), text)
    if left := re.search(r"\$__\w+", expanded):
        raise MacroError(f"{left[0]} is not a macro, or lacks its parentheses")
    return expanded


def _interpolate(sql: str, variables: Mapping[str, Value]) -> str:
    def one(match: re.Match[str]) -> str:
        name = match["name"] or match["bare"]
        if name not in variables:
            raise MacroError(
                f"{match[0]}: there is no variable {name!r}; known: {', '.join(sorted(variables)) or 'none'}"
            )
        value = variables[name]
        if match["format"] == "sqlstring" or not isinstance(value, str):
            values = [value] if isinstance(value, str) else list(value)
            return ",".join(_quoted(each) for each in values)
        if match["format"] not in (None, "raw"):
            raise MacroError(f"{match[0]}: expected the format sqlstring, got {match['format']!r}")
        return value.replace("'", "''") if match["format"] is None else value

    return _VARIABLE.sub(one, sql)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _macro(match: re.Match[str], period: Range) -> str:
    name = match["name"].removeprefix("__")
    arguments = [argument.strip() for argument in match["arguments"].split(",")]
    start, end = _instant(period.start), _instant(period.end)
    column = arguments[0]
    if name in ("time", "timeEpoch", "timeFilter", "timeGroup", "timeGroupAlias", "unixEpochFilter") and not column:
        raise MacroError(f"{match[0]}: names no column")
    # `$__timeGroup(...)` directly followed by a comma has always meant the alias.
    alias = name.endswith("Alias") or match.string[match.end() :].startswith(",")
    if name in ("timeGroup", "timeGroupAlias", "unixEpochGroup", "unixEpochGroupAlias"):
        if len(arguments) < 2:
            raise MacroError(f"{match[0]}: expected a column and an interval, for example $__timeGroup(time, 1h)")
        seconds = _plain(duration(arguments[1]))
        inner = f"extract(epoch from {column})" if name.startswith("time") else f"({column})"
        return f"floor({inner}/{seconds})*{seconds}" + (' AS "time"' if alias else "")
    known = {
        "time": f'{column} AS "time"',
        "timeEpoch": f'extract(epoch from {column}) as "time"',
        "timeFilter": f"{column} BETWEEN {start} AND {end}",
        "timeFrom": start,
        "timeTo": end,
        "unixEpochFilter": f"{column} >= {int(period.start.timestamp())} AND {column} <= {int(period.end.timestamp())}",
        "unixEpochNanoFilter": f"{column} >= {_nanoseconds(period.start)} AND {column} <= {_nanoseconds(period.end)}",
        "unixEpochNanoFrom": str(_nanoseconds(period.start)),
        "unixEpochNanoTo": str(_nanoseconds(period.end)),
    }
    if name not in known:
        raise MacroError(f"unknown macro {name!r}")
    return known[name]


def duration(text: str) -> Decimal:
    """Length of an interval [s]: a Go duration, or whole days and weeks.

    >>> duration("'1h30m'"), duration("12d")
    (Decimal('5400'), Decimal('1036800'))
    """
    bare = text.strip("'\"")
    if match := re.fullmatch(r"(\d+)([dw])", bare):
        return int(match[1]) * _SECONDS[match[2]]
    if re.fullmatch(r"\d+[My]", bare):
        raise MacroError(f"interval {bare!r}: months and years are measured from today; use days")
    parts = _GO_DURATION.findall(bare)
    if not parts or "".join(number + unit for number, unit in parts) != bare:
        raise MacroError(f"interval: expected something like 5m, 1h or 1d, got {text!r}")
    return sum((Decimal(number) * _SECONDS[unit] for number, unit in parts), Decimal(0))


def _instant(when: datetime) -> str:
    text = when.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
    return f"'{text.rstrip('0').rstrip('.')}Z'"


def _nanoseconds(when: datetime) -> int:
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _rounded(milliseconds: int) -> str:
    """`$__interval` as text, cut to one unit: 90 s becomes 1m."""
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")):
        if milliseconds >= size:
            return f"{milliseconds // size}{unit}"
    return f"{max(milliseconds, 1)}ms"
