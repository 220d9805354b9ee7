"""The case files of tests/scoring/cases through the pure engine: figures in, outcome and points out."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from metrics.definition import definitions
from metrics.model import MetricValue, Quality
from scoring import rubric, rule
from scoring.engine import suggest
from scoring.model import Evidence, Outcome, Suggestion, Window

RUBRIC = "hangzhou-city-2023"
CLASS = ("class_online_rate", "class_completeness", "class_devices_heard")
END = datetime(2026, 11, 22, 16, tzinfo=UTC)


def cases() -> Iterator[Any]:
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for case in document["cases"]:
            yield pytest.param(document, case, id=f"{document['item']}: {case['name']}")


def value(name: str, text: str | None, window: Window, origin: str, devices: tuple[str, ...]) -> MetricValue:
    """One figure as a metric gives it; None: devices are registered and nothing came."""
    metric, subject = name.split(" ")
    ratio = None if text is None else Fraction(text)
    return MetricValue(
        metric=metric, district="town", subject=subject, start=window.start, end=window.end,
        numerator=None if ratio is None else Decimal(ratio.numerator),
        denominator=Decimal(1 if ratio is None else ratio.denominator),
        unit=definitions()[metric].unit,
        coverage_numerator=Decimal(0 if ratio is None else 99), coverage_denominator=Decimal(100 if devices else 0),
        devices=devices, datastreams=(), origins=() if ratio is None else (origin,), quality=Quality.GOOD,
    )  # fmt: skip


def evidence(document: Mapping[str, Any], case: Mapping[str, Any]) -> Evidence:
    days = case.get("days", 30)
    window = Window(start=END - timedelta(days=days), end=END, days=days, zone="Asia/Shanghai")
    origin = case.get("origin", "real")
    figures = {**document.get("figures", {})}
    figures |= {f"{metric} feed:{feed}": "1" for feed in case.get("live", ()) for metric in CLASS}
    figures |= {f"class_completeness feed:{feed}": "0" for feed in case.get("dark", ())}
    figures |= {f"{metric} feed:{feed}": "0" for feed in case.get("dark", ()) for metric in CLASS}
    figures |= case.get("figures", {})
    own = rule.load(RUBRIC)[document["item"]]
    values = {}
    for measure in own.measures():
        name = f"{measure.metric} {measure.subject}"
        registered = ("d1", "d2") if name in figures else ()
        values[measure.key] = (value(name, figures.get(name), window, origin, registered),)
    return Evidence(
        district="town", rubric=RUBRIC, item=own.item.code, assessment="current", window=window,
        demo=case.get("demo", False), simulated_counts=case.get("demo", False),
        signed_registers=frozenset(case.get("signed", own.registers)), values=values, coverage=Fraction(99, 100),
    )  # fmt: skip


def run(document: Mapping[str, Any], case: Mapping[str, Any]) -> Suggestion:
    return suggest(rubric.load(RUBRIC), rule.load(RUBRIC)[document["item"]], evidence(document, case))


@pytest.mark.parametrize(("document", "case"), list(cases()))
def test_a_case_ends_as_its_file_says(document: Mapping[str, Any], case: Mapping[str, Any]) -> None:
    suggestion = run(document, case)
    expected = case["expect"]
    points = None if expected["points"] is None else Decimal(expected["points"])
    assert (suggestion.outcome, suggestion.points) == (Outcome(expected["outcome"]), points)
    assert suggestion.provisional == expected.get("provisional", False)
    assert suggestion.demo == expected.get("demo", False)
    assert ("DEMO" in suggestion.reason.en) == ("演示" in suggestion.reason.zh) == suggestion.demo
    assert ("provisional" in suggestion.reason.en) == suggestion.provisional
    for text in suggestion.reason:
        assert "{" not in text
        assert text.endswith(("。", "."))


def test_a_figure_just_below_its_limit_never_reads_as_the_limit() -> None:
    document = yaml.safe_load((Path(__file__).parent / "cases" / "2.2.5.1.yaml").read_text(encoding="utf-8"))
    share = {"parking_share_of_spaces_connected district": "9499999/10000000"}
    assert "94.99%" in run(document, {"figures": share}).reason.zh
    assert "5.02 minutes" in run(document, {"figures": {"freshness_p95 feed:parking": "301"}}).reason.en


def test_items_without_measures_suggest_nothing_and_name_their_papers() -> None:
    form = rubric.load(RUBRIC)
    for own in rule.load(RUBRIC).values():
        if own.basis is rule.Basis.MEASURES:
            continue
        suggestion = suggest(form, own, None)
        assert suggestion.points is None
        assert suggestion.outcome is Outcome.DOCUMENTS_ONLY
        assert own.papers, own.id
        for paper in own.papers:
            assert paper.title.zh in suggestion.reason.zh
            assert paper.title.en in suggestion.reason.en


def test_what_was_never_computed_is_undetermined() -> None:
    suggestion = suggest(rubric.load(RUBRIC), rule.load(RUBRIC)["2.2.5.1"], None, demo=True)
    assert (suggestion.outcome, suggestion.points, suggestion.demo) == (Outcome.UNDETERMINED, None, True)
