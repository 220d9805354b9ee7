from pathlib import Path

from metrics.definition import definitions
from metrics.document import document

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_of_metrics_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run: python -m metrics.document > docs/metrics.md"


def test_the_page_explains_every_metric() -> None:
    for name in definitions():
        assert f"\n## {name}\n" in document()
