from pathlib import Path

from scoring import rubric
from scoring.document import document

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_rules_is_current() -> None:
    assert (DOCS / "rules.md").read_text(encoding="utf-8") == document(), "python -m scoring.document > docs/rules.md"


def test_the_page_of_rules_names_every_item() -> None:
    page = document()
    assert all(f"#### {item.code} (" in page for item in rubric.load("hangzhou-city-2023").items())
