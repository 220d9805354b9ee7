"""Keys of a mapping file: each is declared once, and read, explained in an error and documented from there.

Every scalar of the YAML arrives as the text that was written (`NO` is the word NO, `-999` the text -999), because
YAML's own guesses would turn missing markers and month numbers into something else.
"""

import dataclasses
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

import yaml

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Read = Callable[[object, str], T]

_DURATION = re.compile(r"(-?\d+)(ms|s|min|h|d)")
_UNIT_OF_DURATION = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


class MappingError(Exception):
    """A mapping file says something we cannot follow; the text names key path, bad value and a good one."""


class _Text(yaml.BaseLoader):
    """YAML in which every scalar stays text and a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            name = self.construct_object(key_node, deep=True)
            if name in seen:
                raise MappingError(f"line {key_node.start_mark.line + 1}: the key {name!r} is given twice; keep one")
            seen.add(name)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> object:
    """The document as dicts, lists and text.

    Raises:
        MappingError: not YAML, or a key given twice.
    """
    try:
        return yaml.load(text, _Text)  # noqa: S506 -- derived from BaseLoader, which builds nothing but text
    except yaml.YAMLError as error:
        raise MappingError(f"not YAML: {' '.join(str(error).split())}") from error


def key(read: Read[T], doc: str, *, example: str, default: Any = dataclasses.MISSING) -> Any:
    """A dataclass field that is read from a mapping file by `read`, with its line of the reference.

    `example` is YAML as it would stand after the colon; errors show it as the good value.
    """
    metadata = {"read": read, "doc": doc, "example": example, "default": default}
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default_factory=lambda: default, metadata=metadata)


def show(node: object) -> str:
    """The value as an error quotes it: one line, at most 80 characters."""
    text = repr(node)
    return text if len(text) <= 80 else text[:77] + "..."


class object_of(Generic[T]):  # noqa: N801 -- reads like the functions beside it
    """Reads an instance of a dataclass whose fields were made by `key`; unknown keys are errors."""

    def __init__(self, cls: type[T]) -> None:
        self.cls = cls

    def __call__(self, node: object, path: str) -> T:
        """The instance that the keys of `node` make."""
        known = {field.name: field for field in _fields(self.cls)}
        if not isinstance(node, dict):
            good = next(iter(known.values()))
            raise MappingError(
                f"{path}: expected keys and values such as {good.name}: {good.metadata['example']}, got {show(node)}"
            )
        for name, value in node.items():
            if name not in known:
                raise MappingError(f"{path}.{name}: unknown key with {show(value)}; known here: {', '.join(known)}")
        values = {}
        for name, field in known.items():
            if name in node:
                values[name] = _read_field(field, node[name], f"{path}.{name}")
            elif field.metadata["default"] is dataclasses.MISSING:
                raise MappingError(f"{path}.{name}: missing; for example {name}: {field.metadata['example']}")
        return self.cls(**values)


class list_of(Generic[T]):  # noqa: N801 -- reads like the functions beside it
    """Reads a list of such instances."""

    def __init__(self, item: object_of[T]) -> None:
        self.item = item

    def __call__(self, node: object, path: str) -> tuple[T, ...]:
        """The instances, in their order."""
        if not isinstance(node, list) or not node:
            raise ValueError("expected a list with at least one item (lines that begin with a dash)")
        return tuple(self.item(entry, f"{path}[{position}]") for position, entry in enumerate(node))


def _read_field(field: "dataclasses.Field[Any]", node: object, path: str) -> object:
    try:
        return field.metadata["read"](node, path)
    except ValueError as error:
        raise MappingError(f"{path}: {error}, got {show(node)}; for example {field.metadata['example']}") from error


def _fields(cls: Any) -> "Iterator[dataclasses.Field[Any]]":
    return (field for field in dataclasses.fields(cls) if "read" in field.metadata)


def text(node: object, path: str) -> str:
    """One text, at least one character."""
    del path
    if not isinstance(node, str) or not node:
        raise ValueError("expected a text")
    return node


def texts(node: object, path: str) -> tuple[str, ...]:
    """One text or a list of texts."""
    if isinstance(node, list):
        if not all(isinstance(item, str) for item in node):
            raise ValueError("expected a list of texts")
        return tuple(node)
    return (text(node, path),)


def integer(node: object, path: str) -> int:
    """A whole number from 0 on."""
    del path
    if not isinstance(node, str) or not re.fullmatch(r"\d{1,9}", node):
        raise ValueError("expected a whole number")
    return int(node)


def flag(node: object, path: str) -> bool:
    """`true` or `false`."""
    del path
    if node not in ("true", "false"):
        raise ValueError("expected true or false")
    return node == "true"


def one_of(words: type[E]) -> Read[E]:
    """One of a closed set of words."""

    def read(node: object, path: str) -> E:
        del path
        try:
            return words(str(node))
        except ValueError:
            raise ValueError(f"expected one of {', '.join(words)}") from None

    return read


def duration(node: object, path: str) -> timedelta:
    """A length of time: a whole number with ms, s, min, h or d."""
    del path
    match = _DURATION.fullmatch(node) if isinstance(node, str) else None
    if match is None:
        raise ValueError("expected a duration like 60s, 5min or 1h")
    return int(match[1]) * _UNIT_OF_DURATION[match[2]]


def positive_duration(node: object, path: str) -> timedelta:
    """A length of time above zero."""
    length = duration(node, path)
    if length <= timedelta(0):
        raise ValueError("expected a duration above zero")
    return length


def pattern(node: object, path: str) -> "re.Pattern[str]":
    """A regular expression that has to match the whole text."""
    try:
        return re.compile(text(node, path))
    except re.error as error:
        raise ValueError(f"expected a regular expression ({error})") from None


def patterns(node: object, path: str) -> "tuple[re.Pattern[str], ...]":
    """One regular expression or a list of them."""
    return tuple(pattern(item, path) for item in texts(node, path))


def words(node: object, path: str) -> Mapping[str, str]:
    """Texts by text."""
    del path
    if not isinstance(node, dict) or not all(isinstance(value, str) for value in node.values()):
        raise ValueError("expected keys and texts")
    return dict(node)


def integer_pair(node: object, path: str) -> tuple[int, int]:
    """Two whole numbers, numerator and denominator, neither of them 0."""
    del path
    if isinstance(node, list) and len(node) == 2 and all(re.fullmatch(r"-?0*[1-9]\d*", str(item)) for item in node):
        return int(node[0]), int(node[1])
    raise ValueError("expected two whole numbers other than 0, numerator and denominator")


def reference(cls: Any, path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """One row per key, in the order of the file: (key, default, example, meaning)."""
    for field in _fields(cls):
        read, name = field.metadata["read"], f"{path}{field.name}"
        default = field.metadata["default"]
        default = "required" if default is dataclasses.MISSING else _default(default)
        yield name, default, field.metadata["example"], field.metadata["doc"]
        if isinstance(read, object_of):
            yield from reference(read.cls, f"{name}.")
        elif isinstance(read, list_of):
            yield from reference(read.item.cls, f"{name}[].")


def _default(value: object) -> str:
    match value:
        case None | () | "" | {}:
            return "none"
        case bool():
            return str(value).lower()
        case tuple():
            return "[" + ", ".join(value) + "]"
        case timedelta():
            return f"{int(value.total_seconds())}s"
        case str() | int():
            return str(value)
        case _:
            return "as below"
