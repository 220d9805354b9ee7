"""The constants of the roll-ups, from `rules.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Generic, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, with_config

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US

Value = TypeVar("Value")


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Generic[Value]):
    """One value with its unit and where it comes from."""

    value: Value
    unit: str
    reference: str


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the roll-ups take for granted; the file explains each."""

    #: how many declared intervals a value holds, unless the device declares `hold_s`
    hold_intervals: Constant[int]
    #: longest gap whose increase is shared over its hours [h]
    share_limit: Constant[int]
    #: largest fall of a counter that is no reset [units of the quantity's resolution]
    dip: Constant[int]
    #: upper edges of the classes of `metrics.hour.lateness`, the last class being open [s]
    lateness_edges: Constant[tuple[int, ...]]
    #: quantity -> how long a real sensor may show one value [h]
    frozen_after: Constant[Mapping[str, int]]
    #: how long one of them may do so before what it shows is doubted [h]
    doubted_after: Constant[int]


@cache
def rules() -> Rules:
    """The rules shipped with this package."""
    text = resources.files("metrics.rollup").joinpath("rules.yaml").read_text(encoding="utf-8")
    return TypeAdapter(Rules).validate_python(yaml.safe_load(text))
