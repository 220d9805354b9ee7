"""docs/catalogue.md: the reference of `district.yaml`, its tables of keys made from the dataclasses.

Run `python -m ingest.catalogue.document > docs/catalogue.md` after a change of the model.
"""

import sys
from collections.abc import Iterator
from enum import StrEnum
from importlib import resources
from typing import Any, get_args

from ingest.catalogue import model
from ingest.yaml_document import keys


def text() -> str:
    """The whole page."""
    head = resources.files("ingest.catalogue").joinpath("document.md").read_text(encoding="utf-8")
    return head.replace("<!-- keys -->\n", "\n".join(_sections()))


def _sections() -> Iterator[str]:
    yield from _table("The file", model.Catalogue)
    shown: set[type] = {model.Catalogue}
    for name, _, bare, _ in keys(model.Catalogue):
        for shape in _shapes(bare):
            if shape not in shown:
                shown.add(shape)
                yield from _table(f"`{name}`", shape)
    for shape in (model.Name, model.Bay, model.Address, model.Counter, model.ClockLimits):
        yield from _table(f"{shape.__name__}, inside of others", shape)


def _table(title: str, shape: type) -> Iterator[str]:
    yield f"### {title}\n"
    yield f"{(shape.__doc__ or '').strip()}\n"
    yield "| key | needed | meaning | example |"
    yield "|---|---|---|---|"
    for name, key, bare, optional in keys(shape):
        words = _words(bare)
        example = f"one of {', '.join(f'`{word}`' for word in words)}" if words else f"`{key.like}`" if key.like else ""
        yield f"| `{name}` | {'' if optional else 'yes'} | {key.meaning} | {example} |"
    yield ""


def _shapes(bare: Any) -> list[type]:
    """The dataclasses of ours that a type is made of."""
    if isinstance(bare, type) and hasattr(bare, "__dataclass_fields__"):
        return [bare]
    return [shape for inner in get_args(bare) for shape in _shapes(inner)]


def _words(bare: Any) -> list[str]:
    return list(bare) if isinstance(bare, type) and issubclass(bare, StrEnum) else []


if __name__ == "__main__":
    sys.stdout.write(text())
