"""What a metric is: its header as a type, read from the file that computes it.

One file of `metrics/catalogue` is one metric. A `.sql` file opens with its header as a YAML comment block; a `.py` file
has it in the docstring below a line `---`. The SQL, or the function `rows` of the Python file, gives the terms of the
formula; the formula itself stands in the header, so that the figure and its explanation come from one text.
"""

import ast
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from string import Template
from types import MappingProxyType
from typing import Annotated, Literal

import yaml
from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from metrics.expression import ExpressionError, names_in

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

#: Shown beside the bad value, so that the author of a header sees what is wanted.
EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "name": "parking_turnover",
        "title": "{zh: 车位周转率, en: Parking turnover}",
        "unit": "'1' or kW.h (a UCUM code)",
        "grains": "[hour, day, window]",
        "subjects": "[district, car_park]",
        "inputs": "[parking.in]",
        "terms": "{vehicles: {unit: '{vehicle}', meaning: vehicles that drove in}}",
        "formula": "vehicles / spaces",
        "store": "{hour: [district], day: [district, car_park]}",
    }
)


#: Columns that the SELECT of a metric gives besides its terms.
COLUMNS = frozenset(
    {
        "subject", "window_start", "window_end", "key", "device", "datastream_id", "hour", "covered", "expected",
        "origins", "backfilled", "shared",
    }
)  # fmt: skip


class Grain(StrEnum):
    """Length of the window of one value."""

    HOUR = "hour"
    DAY = "day"
    WINDOW = "window"


class Reach(StrEnum):
    """Hours that a value looks at."""

    WINDOW = "window"  # its own
    DAY = "day"  # from the local midnight before its end: balances are reset there
    PARTICLE_MEAN = "particle_mean"  # as many as the AQI edition of its day averages particles over


class SubjectKind(StrEnum):
    """What a figure is about; a subject is written ``kind:id``, the district just ``district``."""

    DISTRICT = "district"
    SPACE = "space"
    CAR_PARK = "car_park"
    DEVICE = "device"
    FEED = "feed"
    FEED_SPACE = "feed_space"  # written ``feed:NAME/space:ID``


class DefinitionError(ValueError):
    """A header is wrong; the message names file, key, bad value and a good one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """Name for people."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    zh: Text
    en: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One named quantity of the formula, summed over the rows of a subject and window."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    #: UCUM code
    unit: str
    meaning: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """Which devices a metric looks at."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    feed: str | None = None
    #: what a device does, by itself or by the facility it belongs to
    role: str | None = None
    #: a key that it must have in the register
    has: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A named range of the value."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    #: exclusive; None: no limit
    below: Decimal | None = None
    label: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A metric as its file declares it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Name
    title: Title
    #: what the figure says, one sentence each
    meaning: Title
    #: UCUM code; shares are '1' and run from 0 to 1
    unit: str
    #: windows it can be computed for
    grains: Annotated[tuple[Grain, ...], Field(min_length=1)]
    #: kinds of subject it exists for
    subjects: Annotated[tuple[SubjectKind, ...], Field(min_length=1)]
    #: quantities and flows read; ``*`` stands for every quantity of the devices
    inputs: Annotated[tuple[str, ...], Field(min_length=1)]
    terms: Annotated[Mapping[Name, Term], Field(min_length=1)]
    #: method to expression over terms and parameters; the first method whose terms are there is taken. A header with
    #: one expression means one method without a name
    formula: Annotated[Mapping[str, str], Field(min_length=1)]
    #: dated parameters (metrics/parameters.yaml) that the formula or the SQL reads
    parameters: tuple[Name, ...] = ()
    #: how values of hours become a value of days, and of devices one of a space
    over_time: Text
    over_devices: Text
    #: what counts as covered
    coverage: Text
    source: Text
    #: values kept in metrics.value: grain to kinds of subject
    store: Mapping[Grain, tuple[SubjectKind, ...]] = field(default_factory=dict)
    reach: Reach = Reach.WINDOW
    #: only these devices are looked at
    devices: Devices = field(default_factory=Devices)
    #: "devices": covered is what their valid slots are of the expected ones; else the rows themselves say what they cover
    covered_by: Literal["rows", "devices"] = "rows"
    #: labels of ranges of the value by upper edge, in order; the last has none. The method names the one it lies in
    bands: tuple[Band, ...] = ()
    #: file of metrics/shapes that computes it, and what it is given for its names
    shape: Name | None = None
    given: Mapping[Name, str] = field(default_factory=dict)
    #: a lower value cannot be: it is shown and called bad
    lowest: int | None = None
    #: digits after the point that a screen shows
    decimals: Annotated[int, Field(ge=0, le=6)] = 2

    #: set from the file, not from the header
    path: str = ""
    body: str = ""
    #: SHA-256 of header and body: the version of the metric
    version: str = ""

    @property
    def reads_everything(self) -> bool:
        """Whether it reads every quantity of its devices."""
        return "*" in self.inputs

    @property
    def flows(self) -> tuple[str, ...]:
        """Quantities and flows that it names."""
        return tuple(name for name in self.inputs if name != "*")

    @property
    def shares(self) -> bool:
        """Whether its rows tell how far amounts may be off at the edges of the window."""
        return re.search(r"\bshared\b", self.body) is not None


_HEADER = TypeAdapter(Definition)
_SQL = re.compile(r"\A\s*/\*(?P<header>.*?)\*/(?P<body>.*)\Z", re.DOTALL)


def parse(text: str, path: str) -> Definition:
    """Returns the definition that the text of one catalogue file declares.

    Raises:
        DefinitionError: naming file, key, bad value and a good one.
    """
    header, body = _split(text, path)
    try:
        raw = yaml.safe_load(header)
    except yaml.YAMLError as error:
        raise DefinitionError(f"{path}: the header is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise DefinitionError(f"{path}: expected a header with keys like name: parking_turnover, got {header!r:.60}")
    for key in ("path", "body", "version"):
        if key in raw:
            raise DefinitionError(f"{path} $.{key}: is set from the file; leave it out, got {raw[key]!r}")
    if isinstance(raw.get("formula"), str):
        raw["formula"] = {"": raw["formula"]}
    shape = ""
    if raw.get("shape"):
        body, shape = _shaped(raw, body, path)
    version = hashlib.sha256((text + shape).replace("\r\n", "\n").encode()).hexdigest()
    try:
        definition = _HEADER.validate_python({**raw, "path": path, "body": body, "version": version})
    except ValidationError as error:
        raise DefinitionError(_describe(error, path)) from error
    _check(definition)
    return definition


def _shaped(raw: Mapping[str, object], body: str, path: str) -> tuple[str, str]:
    """Body and text of the shape that a header names."""
    if body:
        raise DefinitionError(f"{path} $.shape: a metric with a shape has no query of its own, got {body[:40]!r}")
    file = resources.files("metrics") / "shapes" / f"{raw['shape']}.sql"
    if not file.is_file():
        known = ", ".join(
            sorted(f.name[:-4] for f in (resources.files("metrics") / "shapes").iterdir() if f.name.endswith(".sql"))
        )
        raise DefinitionError(f"{path} $.shape: expected one of {known}, got {raw['shape']!r}")
    shape = file.read_text(encoding="utf-8")
    given = raw.get("given")
    names = {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    template = Template(shape)
    if differs := sorted(set(names) ^ set(template.get_identifiers())):
        raise DefinitionError(
            f"{path} $.given: expected the names {', '.join(sorted(template.get_identifiers()))}, {differs[0]!r} is "
            + ("too many" if differs[0] in names else "missing")
        )
    return template.substitute(names).strip(), shape


def _split(text: str, path: str) -> tuple[str, str]:
    """Header and body of a catalogue file."""
    if path.endswith(".sql"):
        match = _SQL.match(text)
        if match is None:
            raise DefinitionError(f"{path}: expected a comment block /* name: ... */ at the top, got {text[:40]!r}")
        return match["header"], match["body"].strip()
    docstring = ast.get_docstring(ast.parse(text)) or ""
    _, mark, header = docstring.partition("\n---\n")
    if not mark:
        raise DefinitionError(f"{path}: expected a docstring with a line --- and the header below it")
    return header, text


def _describe(error: ValidationError, path: str) -> str:
    """First error as ``file $.key: what was expected, what was there, a good value``."""
    first = error.errors()[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    key = str(first["loc"][0]) if first["loc"] else ""
    good = f"; a good one: {EXAMPLES[key]}" if key in EXAMPLES else ""
    found = "nothing" if first["type"] == "missing" else repr(first["input"])[:80]
    return f"{path} ${where}: {first['msg']}, got {found}{good}"


def _check(definition: Definition) -> None:
    """What types cannot say: names agree, formulas use only what is declared, stored values can exist."""
    stem = definition.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if definition.name != stem:
        raise DefinitionError(f"{definition.path} $.name: expected the file's name {stem!r}, got {definition.name!r}")
    if clash := sorted(COLUMNS & set(definition.terms)):
        raise DefinitionError(
            f"{definition.path} $.terms.{clash[0]}: is a column that every row has; a good one: vehicles"
        )
    known = set(definition.terms) | set(definition.parameters)
    used: set[str] = set()
    for method, text in definition.formula.items():
        key = f"{definition.path} $.formula" + (f".{method}" if method else "")
        try:
            names = names_in(text)
        except ExpressionError as error:
            raise DefinitionError(f"{key}: {error}; a good one: vehicles / spaces") from error
        if unknown := sorted(names - known):
            raise DefinitionError(f"{key}: {unknown[0]!r} is neither a term nor a parameter; known: {sorted(known)}")
        used |= names
    if unused := sorted(set(definition.terms) - used):
        raise DefinitionError(f"{definition.path} $.terms.{unused[0]}: no formula uses it")
    for grain, kinds in definition.store.items():
        if grain is Grain.WINDOW or grain not in definition.grains:
            raise DefinitionError(f"{definition.path} $.store: {grain} cannot be stored; grains: {definition.grains}")
        for kind in kinds:
            if kind not in definition.subjects:
                raise DefinitionError(f"{definition.path} $.store.{grain}: {kind} is not among $.subjects")


def _files(folder: Traversable) -> list[Traversable]:
    return sorted(
        (file for file in folder.iterdir() if file.name.endswith((".sql", ".py")) and not file.name.startswith("_")),
        key=lambda file: file.name,
    )


@cache
def definitions() -> Mapping[str, Definition]:
    """Returns every metric of the catalogue by name, in the order of the names."""
    folder = resources.files("metrics") / "catalogue"
    found = [parse(file.read_text(encoding="utf-8"), f"metrics/catalogue/{file.name}") for file in _files(folder)]
    return MappingProxyType({definition.name: definition for definition in sorted(found, key=lambda d: d.name)})
