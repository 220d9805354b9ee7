"""Another form, of other shape and points, beside the first in one database: YAML, and no Python."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from scoring import assessment as assessments
from scoring import decision, evidence, figures, library, rubric, rule, texts
from tests.scoring import village
from tests.scoring.village import DISTRICT, NOW

RUBRIC = """
rubric_id: otherwhere-2027
title_zh: 别处评价表
title_en: Form of another city
total_max: 12.5
self_score_threshold: {value: 8}
defaults: {unmet_points: 0, range_step: 0.25}
sections:
- code: A
  name_zh: 甲
  name_en: First
  max: 12.5
  indicators:
  - code: A1
    name_zh: 停车
    name_en: Parking
    max: 12.5
    criteria:
    - code: A1.1
      name_zh: 停车
      name_en: Parking
      max: 12.5
      items:
      - code: A1.1.a
        id: other.parking
        text_zh: 停车数据完整，得2.25至10分。
        gloss_en: Parking data are complete.
        scoring: {type: range, min_awarded: 2.25, max: 10}
        x_sensor: {derivable: fully, feeds: [parking]}
      - code: A1.1.b
        id: other.plan
        text_zh: 有规划，得2.5分。
        gloss_en: There is a plan.
        scoring: {type: fixed, max: 2.5}
        x_sensor: {derivable: none, feeds: []}
"""
MEASURED = """
id: otherwhere-2027/A1.1.a
item: A1.1.a
basis: measures
why_zh: 按完整率评分。
why_en: By completeness.
reference: our choice
window: {days: 14, provisional_from: 3, reference: our choice}
registers: [devices]
groups:
  all:
    title_zh: 要求
    title_en: requirements
    tell: figures
    parts:
      good:
        title_zh: 完整
        title_en: complete
        criteria:
          share:
            metric: completeness
            subject: feed:parking
            aggregate: pooled
            comparison: at_least
            threshold: {unit: '1', values: {2027-01-01: 0.5}, reference: our choice}
            say: other_complete
levels:
- {points: 2.25, when: {all: {at_least: 1}}}
"""
PAPERS = """
id: otherwhere-2027/A1.1.b
item: A1.1.b
basis: documents
why_zh: 看规划。
why_en: By the plan.
reference: our choice
papers:
- {id: city_plan, zh: 规划, en: the plan}
"""
TEXTS = """
phrases:
  other_complete: {zh: "完整率{value}（{threshold}）", en: "complete to {value} ({threshold})"}
"""


def forget() -> None:
    for cached in (rubric.load, rule.load, texts.catalogue, texts.phrases, figures._subjects):
        cached.cache_clear()


@pytest.fixture
def otherwhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rules" / "otherwhere-2027").mkdir(parents=True)
    (tmp_path / "rubrics" / "otherwhere-2027.yaml").write_text(RUBRIC, encoding="utf-8")
    (tmp_path / "rules" / "otherwhere-2027" / "A1.1.a.yaml").write_text(MEASURED, encoding="utf-8")
    (tmp_path / "rules" / "otherwhere-2027" / "A1.1.b.yaml").write_text(PAPERS, encoding="utf-8")
    (tmp_path / "texts.yaml").write_text(TEXTS, encoding="utf-8")
    monkeypatch.setenv(library.FOLDER, str(tmp_path))
    forget()
    yield
    forget()


@pytest.mark.usefixtures("otherwhere")
def test_two_forms_stand_side_by_side(connection: psycopg.Connection) -> None:
    village.build(connection, demo=False, origin="real")
    for name, form in (("first", "hangzhou-city-2023"), ("second", "otherwhere-2027")):
        body = {"rubric": form, "period_start": "2026-10-01T00:00:00+08:00", "period_end": "2027-01-01T00:00:00+08:00"}
        village.fact(connection, "assessment", name, body)
    connection.commit()
    found = evidence.assess(connection, DISTRICT, NOW)
    assert len(found) == 64 + 2
    other = {one.item: one for one in found if one.rule_id.startswith("otherwhere")}
    assert other["A1.1.a"].points == Decimal("2.25")
    assert "完整率100%（不低于50%）" in other["A1.1.a"].reason.zh
    assert other["A1.1.a"].evidence is not None
    assert other["A1.1.a"].evidence.window.end - other["A1.1.a"].evidence.window.start == timedelta(days=14)
    second = next(one for one in assessments.of_district(connection, DISTRICT) if one.id == "second")
    sums = decision.total(connection, DISTRICT, second, rubric.load("otherwhere-2027"))
    assert (sums.points_max, sums.suggested, sums.undetermined) == (Decimal("12.5"), Decimal("2.25"), Decimal("2.5"))
