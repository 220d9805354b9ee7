"""The upstream vectors of Grafana's PostgreSQL macros, and what we refuse on top."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.macros import MacroError, Range, Value, expand

START = datetime(2018, 4, 12, 18, 0, tzinfo=UTC)
PERIOD = Range(start=START, end=START + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select $__time(time_column)", 'select time_column AS "time"'),
        ("select $__time(time_column )", 'select time_column AS "time"'),
        ("select $__timeEpoch(c)", 'select extract(epoch from c) as "time"'),
        ("WHERE $__timeFilter(c)", "WHERE c BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00Z'"),
        ("select $__timeFrom()", "select '2018-04-12T18:00:00Z'"),
        ("select $__timeTo()", "select '2018-04-12T18:05:00Z'"),
        ("SELECT $__timeGroup(c,'5m')", "SELECT floor(extract(epoch from c)/300)*300"),
        ("SELECT $__timeGroup(c , '5m')", "SELECT floor(extract(epoch from c)/300)*300"),
        ("SELECT $__timeGroup(c,'5m'), v", 'SELECT floor(extract(epoch from c)/300)*300 AS "time", v'),
        ("SELECT $__timeGroupAlias(c,'5m')", 'SELECT floor(extract(epoch from c)/300)*300 AS "time"'),
        ("SELECT $__timeGroup(c,12d)", "SELECT floor(extract(epoch from c)/1036800)*1036800"),
        ("SELECT $__timeGroup(c,20ms)", "SELECT floor(extract(epoch from c)/0.02)*0.02"),
        ("select $__unixEpochFilter(c)", "select c >= 1523556000 AND c <= 1523556300"),
        ("select $__unixEpochNanoFilter(c)", "select c >= 1523556000000000000 AND c <= 1523556300000000000"),
        ("select $__unixEpochFrom(), $__unixEpochTo()", "select 1523556000, 1523556300"),
        ("SELECT $__unixEpochGroup(c,'5m')", "SELECT floor((c)/300)*300"),
        ("SELECT $__unixEpochGroupAlias(c,'5m')", 'SELECT floor((c)/300)*300 AS "time"'),
        ("$__interval_ms $__interval", "60000 1m"),
    ],
)
def test_a_macro_becomes_what_grafana_makes_of_it(sql: str, expected: str) -> None:
    assert expand(sql, PERIOD) == expected


def test_fractions_of_a_second_lose_their_trailing_zeros() -> None:
    half = Range(start=START.replace(microsecond=500_000), end=START)
    assert expand("$__timeFrom()", half) == "'2018-04-12T18:00:00.5Z'"


def test_an_interval_is_cut_to_one_unit() -> None:
    long = Range(start=START, end=START, interval=timedelta(seconds=90))
    assert expand("$__interval", long) == "1m"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "'a'"), ("it's", "'it''s'"), (["a", "b's"], "'a','b''s'")],
)
def test_a_variable_is_quoted_for_sql(value: Value, expected: str) -> None:
    assert expand("${v:sqlstring}", PERIOD, {"v": value}) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "$__timeFilter(date_trunc('h', ts))", "$__timeFilter()", "$__timeGroup(c, '1M')", "$__timeGroup(c, '1y')",
        "$__timeGroup(c, 'soon')", "$__nothing(c)", "$__timeFilter", "${missing:sqlstring}", "$missing",
    ],
)  # fmt: skip
def test_what_grafana_would_refuse_or_silently_break_is_an_error(sql: str) -> None:
    with pytest.raises(MacroError):
        expand(sql, PERIOD)
