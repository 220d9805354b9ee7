"""Numbers, times, languages and the geometry of plots."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from district.pages import display
from district.pages.item import calendar
from district.pages.language import Language, Words, choose
from district.pages.plot import hourly

ZH, EN = Words(Language.ZH), Words(Language.EN)
START = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("value", "unit", "number", "word"),
    [
        (Decimal("0.5"), "1", "50", "%"), (Decimal(1234567), "{people}", "1,234,567", "visits"),
        (None, "kW.h", "–", ""), (5400, "s", "1.5", "h"), (59, "s", "59", "s"), (0, "{vehicle}", "0", "vehicles"),
        (Decimal("2.675"), "x", "2.68", "x"),
    ],
)  # fmt: skip
def test_a_figure_has_its_number_and_its_unit(value: Decimal | float | None, unit: str, number: str, word: str) -> None:
    assert display.quantity(value, unit, EN) == display.Figure(number=number, unit=word)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        ("1", "100 %"),
        ("0.99996", "99.9 %"),
        ("0.00001", "< 0.1 %"),
        ("0", "0 %"),
        ("0.9", "90 %"),
        ("0.9666", "96.7 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: str, text: str) -> None:
    assert display.percent(Decimal(share)) == text


def test_an_age_is_told_in_the_unit_that_says_enough() -> None:
    spans = [timedelta(seconds=59), timedelta(seconds=60), timedelta(hours=3), timedelta(days=4), None]
    assert [display.age(span, EN) for span in spans] == ["59 s ago", "1 min ago", "3 h ago", "4 days ago", "never"]


def test_a_window_of_whole_local_days_names_its_first_and_last_day() -> None:
    start = datetime(2026, 10, 24, 16, tzinfo=UTC)
    assert display.period(start, start + timedelta(days=30), "Asia/Shanghai") == "2026-10-25 – 2026-11-23"
    assert display.period(start, start + timedelta(days=1), "Asia/Shanghai") == "2026-10-25"
    assert display.period(start, start + 5 * HOUR, "Asia/Shanghai") == "2026-10-25 00:00 – 05:00"


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "expected"),
    [
        ("en", "zh", "zh", "en"), (None, "en", "zh", "en"), ("fr", None, "de, en;q=0.5", "en"),
        (None, None, None, "zh"),
        (None, None, "en;q=0.1, zh-CN;q=0.9", "zh"), (None, "x", "*;q=oops, en", "en"),
    ],
)  # fmt: skip
def test_the_language_comes_from_address_cookie_and_browser(
    query: str | None, cookie: str | None, accept: str | None, expected: str
) -> None:
    assert choose(query, cookie, accept) == expected


def test_an_hour_without_a_value_is_a_gap_in_the_line() -> None:
    points = [(START + n * HOUR, float(n)) for n in range(24) if n not in (5, 6)]
    plot = hourly([*points, (START + 5 * HOUR, None)], START, START + 24 * HOUR, "UTC")
    assert plot.line.count("M") == 2
    assert len(plot.gaps) == 1
    width = (plot.frame.width - plot.frame.left - plot.frame.right) / 24
    assert plot.gaps[0][1] == pytest.approx(2 * width, abs=0.2)


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [-3.0, 4.0], [1e-7, 2e-7], [1e9, 3.3e9]])
def test_ticks_hold_every_value(values: list[float]) -> None:
    plot = hourly([(START + n * HOUR, value) for n, value in enumerate(values)], START, START + 24 * HOUR, "UTC")
    top, floor = plot.frame.top, plot.frame.height - plot.frame.bottom
    ys = [float(pair.split(",")[1]) for path in plot.line.split("M")[1:] for pair in path.split("L")]
    assert all(top <= y <= floor for y in ys)
    assert 2 <= len(plot.y_ticks) <= 7
    assert len({tick.label for tick in plot.y_ticks}) == len(plot.y_ticks)


def test_a_plot_without_values_is_one_gap() -> None:
    plot = hourly([], START, START + 24 * HOUR, "UTC")
    assert plot.line == ""
    assert len(plot.gaps) == 1


def test_days_of_the_calendar_are_local_days() -> None:
    start = datetime(2026, 10, 24, 16, tzinfo=UTC)  # midnight in Shanghai
    days = calendar({start: 2.0, start + HOUR: 1.0}, 2, start, start + timedelta(days=2), "Asia/Shanghai")
    assert [day.day for day in days] == [date(2026, 10, 25), date(2026, 10, 26)]
    assert [cell.kind for cell in days[0].cells[:3]] == ["c4", "c1", "c0"]
    assert days[0].share == pytest.approx(1.5 / 24)


def test_an_hour_that_the_clock_skips_is_outside_the_window() -> None:
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight in Berlin before summer time begins
    days = calendar({}, 1, start, start + timedelta(hours=23), "Europe/Berlin")
    assert len(days) == 1
    assert [cell.hour for cell in days[0].cells if cell.kind == "out"] == [2]
