"""A YAML file as dataclasses; a mistake in it is reported as file, key, what was expected, and what stood there.

Reads the core schema of YAML 1.2: `no`, `10:30` and `2026-11-23` are texts until a field's type says otherwise.

    >>> parse("capacity: many", dict[str, int], "hall.yaml")
    Traceback (most recent call last):
    ingest.yaml_document.DocumentError: hall.yaml $.capacity: expected a whole number, got 'many'
"""

import dataclasses
import difflib
import re
import types
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """What a key means, and a value that is right; stands in the `Annotated` of a field."""

    meaning: str
    #: example as it would stand in the file; empty: that of the type
    like: str = ""
    #: with its article: "a duration"; empty: named after the field's type
    noun: str = ""


class Strict:
    """Base of dataclasses read from our own files: a key they do not know is an error."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


class DocumentError(Exception):
    """One or more mistakes in a file, a line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class _Loader(yaml.SafeLoader):
    """Safe loader without the guesses of YAML 1.1, and with duplicate keys refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def value_of(text: str, file: str) -> Any:
    """What YAML `text` says, as dictionaries, lists and scalars; `file` is what errors call it."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark
        where = f" line {at.line + 1}, column {at.column + 1}" if at else ""
        raise DocumentError([f"{file}{where}: expected YAML, got: {error.problem or error}"]) from None
    except yaml.YAMLError as error:
        raise DocumentError([f"{file}: expected YAML, got: {error}"]) from None


def parse(text: str, shape: type[T], file: str) -> T:
    """The dataclass `shape` filled from YAML `text`; `file` is what errors call it."""
    document = value_of(text, file)
    try:
        return TypeAdapter(shape).validate_python(document)
    except ValidationError as error:
        problems = [f"{file} {path(location)}: {text}" for location, text in mistakes(error, shape)]
        raise DocumentError(problems) from None


def path(location: Sequence[object]) -> str:
    """Where in a document: ``$.devices[3].interval``, ``$['people.in'].unit``."""
    plain = re.compile(r"[\w-]+")
    return "$" + "".join(
        f".{step}" if isinstance(step, str) and plain.fullmatch(step) else f"[{step!r}]" for step in location
    )


def suggestion(word: str, known: Sequence[str], most: int = 20) -> str:
    """`` (did you mean 'x'?)`` where one of the known words is near, else up to `most` of the words themselves."""
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f" (did you mean {near[0]!r}?)"
    return f" (known: {', '.join(known)})" if 0 < len(known) <= most else ""


def keys(shape: type) -> Iterator[tuple[str, Key, Any, bool]]:
    """Each key of a dataclass: name, its `Key`, its bare type, and whether it may be left out."""
    hints = get_type_hints(shape, include_extras=True)
    for field in dataclasses.fields(shape):
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        bare, key = _unwrap(hints[field.name])
        yield field.name, key or Key(""), bare, optional


def _unwrap(hint: Any) -> tuple[Any, Key | None]:
    if get_origin(hint) is Annotated:
        wrapped, *extras = get_args(hint)
        bare, key = _unwrap(wrapped)
        for extra in extras:
            if isinstance(extra, Key):
                inner = key or Key("")
                key = Key(extra.meaning, extra.like or inner.like, extra.noun or inner.noun)
        return bare, key
    if get_origin(hint) in {Union, types.UnionType}:
        known = [member for member in get_args(hint) if member is not type(None)]
        if len(known) == 1:
            return _unwrap(known[0])
    return hint, None


def mistakes(error: ValidationError, shape: type) -> list[tuple[tuple[object, ...], str]]:
    """What is wrong, each as its location in the document and the sentence from there on."""
    return list(dict.fromkeys(_mistake(shape, detail) for detail in error.errors(include_url=False)))


def _mistake(shape: type, detail: Any) -> tuple[tuple[object, ...], str]:
    location = tuple(step for step in detail["loc"] if not str(step).startswith(("function-", "[key]")))
    kind, got = detail["type"], detail["input"]
    if kind in {"unexpected_keyword_argument", "extra_forbidden"}:
        owner, _ = _find(shape, location[:-1])
        word = str(location[-1])
        known = [name for name, *_ in keys(owner)]
        return location, f"expected a known key, got {word!r}{suggestion(word, known)}"
    bare, key = _find(shape, location)
    if kind in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        name = location[-1]
        like = f" like `{name}: {key.like.split(' or ')[0]}`" if key and key.like else ""
        return location[:-1], f"expected the key {name!r}{like}, got none"
    return location, f"expected {expectation(bare, key)}, got {_shown(got)}"


def _find(shape: Any, location: Sequence[object]) -> tuple[Any, Key | None]:
    """Type and key at a location of the document."""
    bare, key = _unwrap(shape)
    for step in location:
        if isinstance(bare, type) and dataclasses.is_dataclass(bare):
            found = {name: (kind, about) for name, about, kind, _ in keys(bare)}
            if step not in found:
                return bare, key
            bare, key = found[str(step)]
        elif get_origin(bare) in {tuple, list}:
            bare, inner = _unwrap(get_args(bare)[0])
            key = inner or key
        elif get_args(bare):
            bare, inner = _unwrap(get_args(bare)[-1])
            key = inner or key
        else:
            break
    return bare, key


def expectation(bare: Any, key: Key | None) -> str:
    """What a key wants, in words: ``a duration like 60s``."""
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return "one of " + ", ".join(bare)
    noun = key.noun if key and key.noun else _noun(bare)
    return f"{noun} like {key.like}" if key and key.like else noun


def _noun(bare: Any) -> str:
    if isinstance(bare, type) and dataclasses.is_dataclass(bare):
        return "a mapping with the keys " + ", ".join(name for name, *_ in keys(bare))
    origin = get_origin(bare)
    if origin in {tuple, list}:
        return "a list"
    if origin in {dict, Mapping}:
        return "a mapping"
    nouns: dict[Any, str] = {
        bool: "true or false", int: "a whole number", float: "a number", Decimal: "a number",
        str: "a text", date: "a date", datetime: "an instant with its offset",
    }  # fmt: skip
    return nouns.get(bare, "a value")


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
