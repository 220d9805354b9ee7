"""Units as people and Grafana write them, by UCUM code: one table for pages and panels."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit."""

    #: UCUM code, or ``share`` for a ratio of 0 to 1
    code: str
    #: unit id of Grafana
    grafana: str
    #: word behind a number
    zh: str
    en: str
    #: digits after the point that a screen shows
    digits: int

    @property
    def share(self) -> bool:
        """Whether numbers of 0 to 1 are shown in percent."""
        return self.grafana == "percentunit"


@cache
def units() -> Mapping[str, Unit]:
    """Every unit of units.yaml by its code."""
    text = resources.files("dashboards").joinpath("units.yaml").read_text(encoding="utf-8")
    return MappingProxyType({code: Unit(code=code, **entry) for code, entry in yaml.safe_load(text).items()})
