from pathlib import Path

import pytest

from simulators.replay.reference import renew
from tests.simulators.replay.recipes import DOCS, Recipe, recipes, show

PAGE = DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("recipe", recipes(PAGE), ids=lambda recipe: recipe.title)
def test_every_recipe_gives_what_the_page_shows(recipe: Recipe, tmp_path: Path) -> None:
    assert show(recipe, tmp_path) == recipe.shown


def test_the_page_has_all_its_recipes() -> None:
    assert len(recipes(PAGE)) == PAGE.count("\n### ") == 12


def test_the_reference_of_keys_is_current() -> None:
    assert renew(PAGE) == PAGE
