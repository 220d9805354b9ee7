"""The reference page is made from the model."""

from dataclasses import fields, is_dataclass
from pathlib import Path

from ingest.catalogue import document, model


def test_the_page_is_current() -> None:
    page = Path(__file__).parents[3] / "docs" / "catalogue.md"
    assert page.read_text(encoding="utf-8") == document.text()


def test_every_key_is_explained() -> None:
    text = document.text()
    shapes = [shape for shape in vars(model).values() if is_dataclass(shape) and shape.__module__ == model.__name__]
    assert len(shapes) > 15
    for shape in shapes:
        for field in fields(shape):
            row = next(line for line in text.splitlines() if line.startswith(f"| `{field.name}` |"))
            assert row.split("|")[3].strip(), f"{shape}.{field.name} has no meaning"
