"""What people add to the data: papers, decisions, signatures, waivers and the end of an evaluation."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from scoring import assessment as assessments
from scoring import decision, evidence, gaps, papers, reliance, rubric, rule, store
from scoring.decision import DecisionError
from scoring.model import Outcome, Suggestion
from scoring.papers import PaperError
from tests.scoring import village
from tests.scoring.village import DISTRICT, NOW

FORM = "hangzhou-city-2023"
SOON = NOW + timedelta(hours=1)


def assess(connection: psycopg.Connection, now: datetime = NOW) -> dict[str, Suggestion]:
    return {found.item: found for found in evidence.assess(connection, DISTRICT, now)}


def hand_in(connection: psycopg.Connection, kind: str, *, until: date | None = None, accepted: bool = True) -> int:
    number = papers.add(
        connection, DISTRICT, rule.load(FORM), kind=kind, title=kind, sha256="a" * 64, size=10, signer="Li Na",
        person="Wang Fang", valid_until=until, now=NOW - timedelta(days=1),
    )  # fmt: skip
    if accepted:
        papers.review(connection, DISTRICT, number, accepted=True, person="Zhao Lei", now=NOW - timedelta(days=1))
    connection.commit()
    return number


def test_complete_papers_mean_ready_to_decide_and_bring_no_points(connection: psycopg.Connection) -> None:
    village.build(connection, demo=False, origin="real")
    hand_in(connection, "odr_statistics")
    hand_in(connection, "worry_free_title", accepted=False)
    before = assess(connection)["2.6.5.1"]
    assert (before.outcome, before.points, before.ready) == (Outcome.DOCUMENTS_ONLY, None, False)
    assert "待审核的材料：放心消费街区称号文件" in before.reason.zh
    (waiting,) = [one for one in papers.of_district(connection, DISTRICT) if one.verdict is None]
    papers.review(connection, DISTRICT, waiting.id, accepted=True, person="Zhao Lei", now=NOW)
    after = assess(connection, SOON)["2.6.5.1"]
    assert (after.outcome, after.points, after.ready) == (Outcome.DOCUMENTS_ONLY, None, True)
    assert "现在可以由评分人员给分" in after.reason.zh
    (reason,) = connection.execute(
        "SELECT reason FROM scoring.evidence WHERE item = '2.6.5.1' ORDER BY id DESC LIMIT 1"
    ).fetchone() or ("",)
    assert reason == "documents"


def test_a_paper_counts_no_longer_than_it_is_valid(connection: psycopg.Connection) -> None:
    village.build(connection, demo=False, origin="real")
    hand_in(connection, "logo", until=date(2026, 11, 23))
    assert assess(connection)["2.5.3.1"].ready
    late = assess(connection, NOW + timedelta(days=1))["2.5.3.1"]
    assert not late.ready
    assert "不在有效期内的材料：商圈专属标识" in late.reason.zh


@pytest.mark.parametrize(
    ("area", "papers_there", "points"),
    [("500000", True, 4), ("499999.99", True, 3), ("300000", True, 3), ("100000", True, 2), ("99999", True, 1),
     ("500000", False, None)],
)  # fmt: skip
def test_a_registered_figure_stands_on_its_step_once_its_paper_is_there(
    connection: psycopg.Connection, area: str, points: int | None, *, papers_there: bool
) -> None:
    village.build(connection, days=0, demo=False, origin="real")
    body = {"name_zh": "村", "name_en": "Village", "zone": village.ZONE, "demo": False, "gross_floor_area_m2": area}
    village.fact(connection, "district", DISTRICT, body)
    if papers_there:
        hand_in(connection, "floor_area_proof")
    found = assess(connection)["1.1.1.1"]
    assert found.points == points
    assert not found.provisional
    if points is None:
        assert "尚缺材料：建筑面积证明" in found.reason.zh
        assert "审核通过后可得4分" in found.reason.zh


def test_a_declared_figure_must_speak_of_the_year_before(connection: psycopg.Connection) -> None:
    village.build(connection, days=0, demo=False, origin="real")
    hand_in(connection, "turnover_statement")
    told = {
        "name_zh": "营业额", "name_en": "turnover", "value": "1000000000", "unit": "CNY", "papers": ["a.pdf"],
        "signer": "Li Na", "signed_on": "2026-03-01",
    }  # fmt: skip
    village.fact(
        connection, "declared", "turnover-2024",
        {**told, "period_start": "2023-12-31T16:00:00Z", "period_end": "2024-12-31T16:00:00Z"},
    )  # fmt: skip
    assert assess(connection)["1.2.1.1"].points is None
    village.fact(
        connection, "declared", "turnover-2025",
        {**told, "period_start": "2024-12-31T16:00:00Z", "period_end": "2025-12-31T16:00:00Z"},
    )  # fmt: skip
    found = assess(connection, SOON)["1.2.1.1"]
    assert found.points == 2
    assert "100000万元" in found.reason.zh
    assert "Li Na于2026年3月1日签字" in found.reason.zh


def test_a_signature_counts_from_the_day_it_was_given(connection: psycopg.Connection) -> None:
    village.build(connection, demo=False, origin="real")
    village.fact(connection, "register", "car_parks", {"signer": "", "signed_on": ""})
    village.fact(connection, "register", "car_parks", {"signer": "Li Na", "signed_on": "2026-11-23"}, NOW)
    connection.commit()
    found = assess(connection)["2.2.5.1"]
    assert (found.outcome, found.points) == (Outcome.UNDETERMINED, None)
    assert "停车场（库）清单尚未有人签字" in found.reason.zh


def test_a_waived_class_makes_the_list_and_what_is_asked_of_it_shorter(connection: psycopg.Connection) -> None:
    village.build(connection, demo=False, origin="real")
    assert assess(connection)["2.2.2.1"].points == 1
    village.fact(
        connection, "waiver", "no-thermal",
        {"feed": "thermal", "reason": "测温已停止", "signer": "Li Na", "signed_on": "2026-01-05"},
    )  # fmt: skip
    found = assess(connection, SOON)["2.2.2.1"]
    assert found.points == Decimal("1.5")
    assert "红外线测温已由Li Na于2026年1月5日签字声明不适用（测温已停止），不计入" in found.reason.zh


def test_a_decision_stays_and_a_later_suggestion_raises_a_flag(connection: psycopg.Connection) -> None:
    village.build(connection, demo=False, origin="real")
    assess(connection)
    (current,) = assessments.of_district(connection, DISTRICT)
    form = rubric.load(FORM)
    item = form.item("2.2.5.1")
    assert item is not None
    with pytest.raises(DecisionError, match=r"expected one of 0, 1 for 2\.2\.5\.1, got 0\.5"):
        decision.decide(connection, DISTRICT, current, item, points=Decimal("0.5"), reason="seen", person="Li Na")
    decision.decide(connection, DISTRICT, current, item, points=Decimal(1), reason="seen", person="Li Na")
    assert not decision.in_force(connection, DISTRICT, current.id)["2.2.5.1"].changed
    sums = decision.total(connection, DISTRICT, current, form)
    assert (sums.decided, sums.suggested, sums.counted) == (Decimal(1), Decimal(2), Decimal(3))
    assert sums.undetermined + sums.counted == 99  # the hundredth is what 2.2.2.1 falls short of
    connection.execute("DELETE FROM metrics.hour WHERE datastream_id = (SELECT min(id) FROM ingest.datastream)")
    assess(connection, SOON)
    kept = decision.in_force(connection, DISTRICT, current.id)["2.2.5.1"]
    assert (kept.points, kept.changed, kept.seen_points) == (Decimal(1), True, Decimal(1))
    found = gaps.gaps(connection, DISTRICT, current, form)
    assert found.lacking == 90 - found.total.counted
    assert "2.2.5.1" not in {one.item for one in found.items}
    floor = next(one for one in found.items if one.item == "1.1.1.1")
    assert (floor.winnable, {entry.what for entry in floor.missing}) == (
        Decimal(4),
        {"floor_area_proof", "gross_floor_area"},
    )


def test_points_of_a_demo_enter_no_total(connection: psycopg.Connection) -> None:
    village.build(connection)
    assess(connection)
    (current,) = assessments.of_district(connection, DISTRICT)
    sums = decision.total(connection, DISTRICT, current, rubric.load(FORM))
    assert (sums.demo, sums.counted) == (Decimal(3), Decimal(0))


def test_a_closed_evaluation_follows_nothing_and_keeps_nothing(connection: psycopg.Connection) -> None:
    village.build(connection, demo=False, origin="real")
    assess(connection)
    (current,) = assessments.of_district(connection, DISTRICT)
    assert reliance.cited(connection)
    decision.close(connection, DISTRICT, current, person="Li Na", reason="decided on 30 April")
    assert reliance.cited(connection) == []
    assert assess(connection, SOON) == {}


def test_two_evaluations_may_carry_the_same_time(connection: psycopg.Connection) -> None:
    village.build(connection)
    assess(connection)
    connection.execute("UPDATE metrics.hour SET input_digest = '\\x01' WHERE hour = %s", (NOW - timedelta(days=3),))
    assess(connection)
    first = store.revisions(connection, DISTRICT, "current", "2.2.5.1", None)
    assert [body.revision for body in first] == [2, 1]


@pytest.mark.parametrize(
    ("values", "words"),
    [({"kind": "nonsense"}, "kind: expected a paper of the rules"), ({"items": ["1.1.1.1"]}, "expected items that ask"),
     ({"sha256": "xyz"}, "64 lower-case hexadecimal digits")],
)  # fmt: skip
def test_a_wrong_paper_is_refused(connection: psycopg.Connection, values: dict[str, object], words: str) -> None:
    good: dict[str, object] = {
        "kind": "logo", "title": "标识", "sha256": "a" * 64, "size": 10, "signer": "Li Na", "person": "Wang Fang",
    }  # fmt: skip
    with pytest.raises(PaperError, match=words):
        papers.add(connection, DISTRICT, rule.load(FORM), **{**good, **values})  # type: ignore[arg-type]
