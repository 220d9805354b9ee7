from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from metrics.definition import definitions
from scoring import rubric, rule
from scoring.source import SourceError, parse
from scoring.texts import phrases

NAME = "hangzhou-city-2023"
WRONG = yaml.safe_load((Path(__file__).parent / "wrong_rules.yaml").read_text(encoding="utf-8"))


def text(code: str) -> str:
    return (files("scoring") / "rules" / NAME / f"{code}.yaml").read_text(encoding="utf-8")


def read(code: str, content: str) -> rule.Rule:
    item = rubric.load(NAME).item(code)
    assert item is not None
    return rule.read(parse(content, f"rules/{code}.yaml"), NAME, item, definitions())


def test_every_item_of_the_form_has_a_rule() -> None:
    rules = rule.load(NAME)
    assert list(rules) == [item.code for item in rubric.load(NAME).items()]
    assert {own.basis for own in rules.values()} == {rule.Basis.MEASURES, rule.Basis.DOCUMENTS}
    observed = [code for code, own in rules.items() if own.observed]
    assert observed == [
        "2.2.1.1", "2.2.2.1", "2.2.3.1", "2.2.5.1", "2.2.5.2", "2.2.6.1", "2.6.1.1", "2.6.2.1", "2.6.3.1", "2.6.7.1",
    ]  # fmt: skip


def test_every_phrase_is_said_by_a_rule() -> None:
    said = {measure.say for own in rule.load(NAME).values() for measure in own.measures()}
    assert said == set(phrases())


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong["message"])
def test_a_wrong_rule_is_refused_with_file_key_bad_value_and_a_good_one(wrong: Mapping[str, str]) -> None:
    content = text(wrong["code"])
    assert wrong["good"] in content
    with pytest.raises(SourceError) as error:
        read(wrong["code"], content.replace(wrong["good"], wrong["bad"], 1))
    assert wrong["message"] in str(error.value)
    assert str(error.value).startswith(f"rules/{wrong['code']}.yaml")


def test_the_version_of_a_rule_is_its_content_and_not_its_layout() -> None:
    content = text("2.2.5.1")
    version = read("2.2.5.1", content).version
    assert read("2.2.5.1", "# a comment\n" + content.replace("0.90", "0.9")).version == version
    assert read("2.2.5.1", content.replace("2023-02-09: 300", "2023-02-09: 301")).version != version
