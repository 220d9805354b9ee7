from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from scoring import rubric
from scoring.source import SourceError, parse

NAME = "hangzhou-city-2023"
TEXT = (files("scoring") / "rubrics" / f"{NAME}.yaml").read_text(encoding="utf-8")


def test_the_form_has_64_items_that_add_up_to_100() -> None:
    form = rubric.load(NAME)
    items = list(form.items())
    assert len(items) == 64
    assert sum(item.points_max for item in items) == form.points_max == 100
    assert [section.points_max for section in form.sections] == [20, 60, 20]
    assert sum(len(section.indicators) for section in form.sections) == 15


def test_an_item_has_its_printed_words() -> None:
    item = rubric.load(NAME).item("2.2.5.1")
    assert item is not None
    assert item.text.zh == "归集商圈各停车场库信息，建有商圈智慧停车系统，得1分。"
    assert item.points_max == 1
    assert item.step is None
    ranged = rubric.load(NAME).item("2.2.2.1")
    assert ranged is not None
    assert [ranged.points_min, ranged.points_max, ranged.step] == [Decimal(1), Decimal(2), Decimal("0.5")]


@pytest.mark.parametrize(
    ("printed", "wrong", "place"),
    [
        ("total_max: 100", "total_max: 101", "$.total_max: expected 100"),
        (
            "    name_en: District area\n    max: 4",
            "    name_en: District area\n    max: 5",
            "$.sections[0].indicators[0].max",
        ),
        ("  name_en: Basic conditions\n  max: 20", "  name_en: Basic conditions\n  max: 21", "$.sections[0].max"),
        ("          max: 4\n          min_awarded: 1", "          max: 3\n          min_awarded: 1", "criteria[0].max"),
    ],
)
def test_a_printed_maximum_that_is_not_the_sum_below_it_is_refused(printed: str, wrong: str, place: str) -> None:
    assert printed in TEXT
    with pytest.raises(SourceError, match="the sum of the points below it") as error:
        rubric.read(parse(TEXT.replace(printed, wrong, 1), "form.yaml"))
    assert place in str(error.value)


@pytest.mark.corpus
def test_the_shipped_form_is_the_transcription_byte_for_byte(shared: Path) -> None:
    assert (shared / "rubric_2023.yaml").read_text(encoding="utf-8") == TEXT
