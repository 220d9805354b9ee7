"""The cookbook of docs/replay.md as cases: mapping, file, what a dry run shows."""

import re
from pathlib import Path
from typing import NamedTuple

from ingest.quantities import load
from ingest.times import to_datetime
from simulators.replay.check import parse
from simulators.replay.run import look

DOCS = Path(__file__).parents[3] / "docs" / "replay.md"
_RECIPE = re.compile(
    r"^### (?P<title>.+?)\n.*?^```yaml\n(?P<mapping>.+?)^```\n+```csv ?(?P<name>[^\n]*)\n(?P<data>.+?)^```\n+"
    r"(?:```text\n(?P<shown>.*?)^```|@@)",
    re.MULTILINE | re.DOTALL,
)


class Recipe(NamedTuple):
    title: str
    mapping: str
    name: str
    data: str
    shown: str


def recipes(document: str) -> list[Recipe]:
    return [
        Recipe(m["title"], m["mapping"], m["name"] or "data.csv", m["data"], m["shown"] or "")
        for m in _RECIPE.finditer(document)
    ]


def show(recipe: Recipe, folder: Path) -> str:
    """What a dry run says of the recipe's file, in the form of the page."""
    mapping = parse(recipe.mapping, load())
    path = folder / recipe.name
    path.write_bytes(recipe.data.encode(mapping.file.encoding))
    (file,) = look(mapping, [path], load()).files
    lines = [file.account.equation()]
    for reading in file.first:
        begin = f", from {to_datetime(reading.start).isoformat()}" if reading.start is not None else ""
        at = to_datetime(reading.time).isoformat()
        lines.append(f"line {reading.line}: {reading.device} {reading.name} = {reading.value} at {at}{begin}")
    lines += [f"refused, {refusal}" for refusal in file.refusals]
    return "".join(f"{line}\n" for line in lines)
