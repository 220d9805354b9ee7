"""Where rubrics, rules and sentences are read from: the package, and a folder of one's own beside it.

`DISTRICT_SCORING` names a folder with `rubrics/<id>.yaml`, `rules/<id>/<code>.yaml` and, where its rules say something new,
`texts.yaml`. Another city or a later year is such a folder, and no Python.
"""

import os
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from scoring.source import SourceError

#: Environment variable with the folder of one's own.
FOLDER = "DISTRICT_SCORING"


def folders() -> tuple[Traversable, ...]:
    """The package's own folder, and the one that the environment names."""
    own = os.environ.get(FOLDER)
    if own and not Path(own).is_dir():
        raise SourceError(f"{FOLDER}: expected a folder like /etc/district/scoring, got {own!r}")
    return (files("scoring"), *((Path(own),) if own else ()))


def rubrics() -> Mapping[str, Traversable]:
    """Files of all rubrics by id; an id must be in one folder only."""
    found: dict[str, Traversable] = {}
    for folder in folders():
        if not (folder / "rubrics").is_dir():
            continue
        for entry in (folder / "rubrics").iterdir():
            if not entry.name.endswith(".yaml"):
                continue
            name = entry.name.removesuffix(".yaml")
            if name in found:
                raise SourceError(f"rubrics/{name}.yaml: expected an id of its own, got one that the platform ships")
            found[name] = entry
    return dict(sorted(found.items()))


def rules_of(rubric: str) -> Traversable:
    """The folder with the rules of a rubric."""
    for folder in reversed(folders()):
        if (folder / "rules" / rubric).is_dir():
            return folder / "rules" / rubric
    raise SourceError(f"rules/{rubric}: there is no such folder, and the rubric {rubric} needs its rules")


def sentences() -> tuple[Traversable, ...]:
    """The files of sentences; a later one adds to the first."""
    own = [folder / "texts.yaml" for folder in folders()]
    return tuple(file for file in own if file.is_file())
