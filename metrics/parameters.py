"""Dated thresholds of the figures, from parameters.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

FILE = "metrics/parameters.yaml"


class ParameterError(ValueError):
    """A parameter is missing or wrong; the message names file, key, bad value and a good one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a threshold is for, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One threshold with its history."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    #: UCUM code
    unit: str
    meaning: Meaning
    #: local day of effect to value
    values: Mapping[date, Decimal]
    #: source, or "our choice"
    reference: str


def parse(text: str, path: str = FILE) -> Mapping[str, Parameter]:
    """Returns the parameters of a YAML text.

    Raises:
        ParameterError: naming file, key and bad value.
    """
    try:
        found = TypeAdapter(dict[str, Parameter]).validate_python(yaml.safe_load(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ParameterError(
            f"{path} $.{where}: {first['msg']}, got {first['input']!r:.80}; a good one: "
            "{unit: '1', meaning: {zh: .., en: ..}, values: {1970-01-01: 0.9}, reference: our choice}"
        ) from error
    for name, parameter in found.items():
        if not parameter.values:
            raise ParameterError(f"{path} $.{name}.values: expected a value by date like 1970-01-01: 0.9, got {{}}")
    return MappingProxyType(found)


@cache
def load() -> Mapping[str, Parameter]:
    """Returns every parameter by name."""
    return parse(resources.files("metrics").joinpath("parameters.yaml").read_text(encoding="utf-8"))


def on(day: date) -> Mapping[str, Decimal]:
    """Returns the values in force on a local day; before the first date of effect the first one holds."""
    return MappingProxyType(
        {
            name: parameter.values[max((d for d in parameter.values if d <= day), default=min(parameter.values))]
            for name, parameter in load().items()
        }
    )
