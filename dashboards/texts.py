"""Texts and colours of the dashboards, from texts.yaml and thresholds.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

import yaml


class Locale(StrEnum):
    """Languages the dashboards are built in."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Colours by value."""

    #: UCUM code of the values
    unit: str
    #: colour below the first step
    base: str
    #: (value, colour), rising
    steps: tuple[tuple[float, str], ...]
    reference: str


def text(group: str, key: str, locale: Locale) -> str:
    """One text; a key that texts.yaml does not hold is a bug: KeyError."""
    found: str = _document("texts.yaml")[group][key][locale]
    return found


@cache
def thresholds() -> Mapping[str, Thresholds]:
    """Every table of colours by its name."""
    return {
        name: Thresholds(
            unit=entry["unit"],
            base=entry["base"],
            steps=tuple(map(tuple, entry["steps"])),
            reference=entry["reference"],
        )
        for name, entry in _document("thresholds.yaml").items()
    }


@cache
def _document(name: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = yaml.safe_load(
        resources.files("dashboards").joinpath(name).read_text(encoding="utf-8")
    )
    return document


def query(name: str, locale: Locale) -> str:
    """The SQL of `queries/<name>.sql` for a locale, without the comment above it."""
    raw = resources.files("dashboards").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")
    sql = "\n".join(line for line in raw.splitlines() if not line.startswith("--")).strip()
    for token, words in (("_LANG", f"_{locale}"), ("IN_WORD", ""), ("OUT_WORD", "")):
        if token in sql:
            sql = sql.replace(token, words or text("dashboard", token.split("_")[0].lower(), locale))
    return sql
