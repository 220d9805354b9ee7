"""Our own YAML files, read strictly: numbers stay exact, keys are known and unique, errors show what to write."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NoReturn, TypeAlias, TypeVar

import yaml

Plain: TypeAlias = "str | bool | int | Decimal | date | list[Plain] | dict[str, Plain] | None"
Choice = TypeVar("Choice", bound=StrEnum)


class SourceError(Exception):
    """A file of ours says something it must not: file, key, bad value and a good one."""


class _Loader(yaml.SafeLoader):
    """YAML without floats and without keys that silently replace each other."""


def _decimal(loader: _Loader, node: yaml.ScalarNode) -> Decimal:
    text = loader.construct_scalar(node)
    try:
        return Decimal(text)
    except InvalidOperation:
        raise yaml.constructor.ConstructorError(
            None, None, f"expected a plain number like 0.95, got {text!r}", node.start_mark
        ) from None


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Plain]:
    own = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
    for key in own:
        if own.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands here twice", node.start_mark)
    loader.flatten_mapping(node)  # `<<` puts the keys of an anchor before our own, so that our own win
    return {str(loader.construct_object(key)): loader.construct_object(value, deep=True) for key, value in node.value}


_Loader.add_constructor("tag:yaml.org,2002:float", _decimal)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse(text: str, file: str) -> "Node":
    """The document in `text`; `file` is the name that errors will quote."""
    try:
        return Node(file=file, path="$", value=yaml.load(text, Loader=_Loader))  # noqa: S506  subclass of SafeLoader
    except yaml.YAMLError as error:
        raise SourceError(f"{file}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value of a file, and where it stands."""

    #: name that errors quote
    file: str
    #: ``$.groups.classes.parts.video``
    path: str
    value: Plain

    def refuse(self, expected: str) -> NoReturn:
        """Raise the error of this place: what was expected (with an example), and what stands there."""
        raise SourceError(f"{self.file} {self.path}: expected {expected}, got {_shown(self.value)}")

    def mapping(self, *, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> "dict[str, Node]":
        """The entries by key, where every key must be one of those named and the required ones are present."""
        entries = dict(self.entries())
        known = (*required, *optional)
        for key in entries:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1) or [", ".join(known)]
                raise SourceError(f"{self.file} {self.path}.{key}: unknown key {key!r}, did you mean {near[0]}?")
        for key in required:
            if key not in entries:
                raise SourceError(f"{self.file} {self.path}: key {key!r} is missing")
        return entries

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """The entries of a mapping whose keys are the author's own."""
        if not isinstance(self.value, dict):
            self.refuse("a mapping like {points: 1}")
        for key, value in self.value.items():
            yield key, Node(file=self.file, path=f"{self.path}.{key}", value=value)

    def elements(self) -> "tuple[Node, ...]":
        """The elements of a list."""
        if not isinstance(self.value, list):
            self.refuse("a list like [first, second]")
        return tuple(
            Node(file=self.file, path=f"{self.path}[{position}]", value=value)
            for position, value in enumerate(self.value)
        )

    def text(self, example: str = "some words") -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.refuse(f"text like {example!r}")
        return self.value

    def texts(self, example: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(element.text(example) for element in self.elements())

    def decimal(self, example: str = "0.95") -> Decimal:
        """An exact number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | Decimal):
            self.refuse(f"a number like {example}")
        return Decimal(self.value)

    def integer(self, example: str = "30") -> int:
        """A whole number above zero."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value <= 0:
            self.refuse(f"a whole number like {example}")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.refuse("true or false")
        return self.value

    def day(self) -> date:
        """A date."""
        if not isinstance(self.value, date):
            self.refuse("a date like 2023-02-09")
        return self.value

    def choice(self, choices: type[Choice]) -> Choice:
        """One word of a closed set."""
        try:
            return choices(self.value)  # type: ignore[arg-type]
        except ValueError:
            self.refuse(f"one of {', '.join(choices)}")


def _shown(value: Plain) -> str:
    text = f"{value}" if isinstance(value, Decimal | date) else f"{value!r}"
    return text if len(text) <= 80 else f"{text[:77]}..."
