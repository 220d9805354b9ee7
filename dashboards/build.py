"""Builds every dashboard in every language, and compares with the files that are committed."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import health, overview
from dashboards.house import PLUGINS, Target
from dashboards.texts import Locale

#: Every dashboard, by the name of its file.
DASHBOARDS: Mapping[str, Callable[[Target], Dashboard]] = {overview.TOPIC: overview.build, health.TOPIC: health.build}
GENERATED = Path(__file__).parent / "generated"


def render(plugin: str = PLUGINS[0]) -> dict[str, str]:
    """JSON text of every dashboard by its path below `generated`: ``zh/overview.json``. Same input, same bytes."""
    if plugin not in PLUGINS:
        raise ValueError(f"plugin id: expected {' or '.join(PLUGINS)}, got {plugin!r}")
    return {
        f"{locale}/{name}.json": json.dumps(
            build(Target(locale=locale, plugin=plugin)).build(),
            cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False,
        ) + "\n"
        for locale in Locale
        for name, build in DASHBOARDS.items()
    }  # fmt: skip


def write(folder: Path = GENERATED, plugin: str = PLUGINS[0]) -> list[Path]:
    """Write every dashboard below `folder`; returns the files."""
    written = []
    for name, text in render(plugin).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def stale(folder: Path = GENERATED) -> list[str]:
    """Files below `folder` that are missing, differ from what the code builds, or belong to no dashboard."""
    wanted = render()
    there = {str(path.relative_to(folder)): path for path in folder.glob("*/*.json")}
    differing = [name for name, text in wanted.items() if name not in there or there[name].read_text("utf-8") != text]
    return sorted([*differing, *(name for name in there if name not in wanted)])
