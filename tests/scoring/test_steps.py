"""The steps that the form prints, and composite rules, through the pure engine."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from metrics.model import MetricValue, Quality
from scoring import rubric, rule, stated
from scoring.engine import suggest
from scoring.model import Evidence, Gap, Lack, Outcome, PaperState, Stated, Suggestion, Window
from scoring.requirement import Comparison, Source

FORM = "hangzhou-city-2023"
END = datetime(2026, 11, 22, 16, tzinfo=UTC)
WINDOW = Window(start=END - timedelta(days=30), end=END, days=30, zone="Asia/Shanghai")


def cases() -> Iterator[Any]:
    for entry in yaml.safe_load((Path(__file__).parent / "steps.yaml").read_text(encoding="utf-8")):
        for value, points in entry["cases"].items():
            yield pytest.param(entry, value, points, id=f"{entry['item']} {entry['source'][:30]}: {value}")


def evidence(
    code: str, *, told: Mapping[str, Stated] | None = None, words: Mapping[str, str] | None = None,
    papers: PaperState = PaperState.ACCEPTED, good: bool | None = None, origin: str = "real",
) -> Evidence:  # fmt: skip
    own = rule.load(FORM)[code]
    values = {}
    for measure in own.measures():
        if measure.source is Source.STATED or measure.required is None or good is None:
            continue
        limit = Fraction(measure.required.threshold.on(END.date()))
        better = measure.required.comparison is not Comparison.AT_MOST
        ratio = limit if good else limit - 1 if better else limit + 1
        values[measure.key] = (
            MetricValue(
                metric=measure.metric, district="town", subject=measure.subject, start=WINDOW.start, end=WINDOW.end,
                numerator=Decimal(ratio.numerator), denominator=Decimal(ratio.denominator), unit=measure.unit,
                coverage_numerator=Decimal(1), coverage_denominator=Decimal(1), devices=("d1",), datastreams=(),
                origins=(origin,), quality=Quality.GOOD,
            ),
        )  # fmt: skip
    return Evidence(
        district="town", rubric=FORM, item=code, assessment="current", window=WINDOW, demo=False, simulated_counts=False,
        signed_registers=frozenset(own.signed_by), values=values, stated=told or {}, words=words or {},
        papers={paper.id: papers for paper in own.papers},
    )  # fmt: skip


def judged(code: str, found: Evidence) -> Suggestion:
    return suggest(rubric.load(FORM), rule.load(FORM)[code], found)


def one(name: str, value: str | None) -> dict[str, Stated]:
    figure = stated.figures()[name]
    exact = None if value is None else Fraction(value)
    return {name: Stated(value=exact, unit=figure.unit, gap=Gap.NOT_STATED if value is None else None)}


@pytest.mark.parametrize(("entry", "value", "points"), list(cases()))
def test_a_figure_gets_the_points_of_its_step(entry: Mapping[str, Any], value: str | None, points: str | None) -> None:
    found = evidence(entry["item"], told=one(entry["figure"], value), words=entry.get("words"))
    if "words" not in entry and entry["item"] == "1.5.4.1":
        raise AssertionError("the population decides 1.5.4.1")
    suggestion = judged(entry["item"], found)
    assert suggestion.points == (None if points is None else Decimal(points))
    assert (suggestion.outcome is Outcome.UNDETERMINED) == (points is None)
    if points is None:
        assert suggestion.missing or entry.get("words") == {}


COMPOSITE = ("2.2.1.1", "2.2.3.1", "2.2.6.1", "2.6.1.1", "2.6.2.1", "2.6.7.1")
ENOUGH = {name: Stated(value=Fraction(5), unit=figure.unit) for name, figure in stated.figures().items()}


@pytest.mark.parametrize("code", COMPOSITE)
def test_measured_part_met_and_papers_accepted_is_met(code: str) -> None:
    found = judged(code, evidence(code, told=ENOUGH, good=True))
    assert found.outcome is Outcome.MET
    assert found.missing == ()


@pytest.mark.parametrize("code", COMPOSITE)
def test_measured_part_met_and_papers_missing_is_undetermined_and_says_what_is_missing(code: str) -> None:
    found = judged(code, evidence(code, told=ENOUGH, good=True, papers=PaperState.MISSING))
    assert (found.outcome, found.points) == (Outcome.UNDETERMINED, None)
    assert {entry.lack for entry in found.missing} <= {Lack.PAPER, Lack.DATA}
    assert any(entry.lack is Lack.PAPER for entry in found.missing)
    assert "审核通过后可得" in found.reason.zh


@pytest.mark.parametrize("code", COMPOSITE)
def test_simulated_readings_and_all_papers_bring_nothing_outside_a_demo(code: str) -> None:
    found = judged(code, evidence(code, told=ENOUGH, good=True, origin="simulated"))
    assert found.points is None


@pytest.mark.parametrize("code", ["2.2.3.1", "2.2.6.1", "2.6.2.1", "2.6.7.1"])
def test_measured_part_failed_is_not_met_whatever_the_papers(code: str) -> None:
    for papers in PaperState:
        found = judged(code, evidence(code, told=ENOUGH, good=False, papers=papers))
        assert (found.outcome, found.points) == (Outcome.NOT_MET, Decimal(0))


def test_a_5g_report_alone_is_for_a_person_to_decide() -> None:
    found = evidence("2.2.1.1", papers=PaperState.MISSING)
    report = {**found.papers, "five_g_report": PaperState.ACCEPTED}
    suggestion = judged("2.2.1.1", Evidence(**{**{k: getattr(found, k) for k in found.__slots__}, "papers": report}))
    assert (suggestion.outcome, suggestion.points) == (Outcome.DOCUMENTS_ONLY, None)


@pytest.mark.parametrize("good", [True, False, None])
@pytest.mark.parametrize("papers", [PaperState.ACCEPTED, PaperState.MISSING])
def test_every_reason_is_whole_sentences_in_both_languages(papers: PaperState, *, good: bool | None) -> None:
    told = ENOUGH if good is not None else {}
    for code in rule.load(FORM):
        words = {"planned_population": "above_500k"}
        reason = judged(code, evidence(code, told=told, words=words, papers=papers, good=good)).reason
        assert reason.zh.endswith("。"), (code, reason.zh)
        assert reason.en.endswith("."), (code, reason.en)
        for text in reason:
            assert "{" not in text
            for doubled in ("。。", "；；", "；。", "：。", ". .", "; .", "..", ": ."):
                assert doubled not in text, (code, text)
