"""Device profiles: what the keys of one device model mean. One YAML file each (docs/profiles.md); examples inside are tests."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Annotated, NamedTuple

from ingest import quantities
from ingest.model import Reason
from ingest.quantities import Quantity
from ingest.units import SAME, Conversion, conversion
from ingest.yaml_document import DocumentError, Key, Strict, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpec(Strict):
    """What one key means."""

    quantity: Annotated[str, Key("name of the vocabulary", "env.temperature")]
    channel: Annotated[str, Key("which of several, where the device has more than one", "probe")] = ""
    unit: Annotated[str | None, Key("UCUM code of the value as sent", "Cel")] = None
    missing: Annotated[tuple[float | str, ...], Key("values that mean no value", "[327.67]")] = ()
    words: Annotated[Mapping[str, int | str], Key("the maker's words for our states", "{FREE: 0, BUSY: 1}")] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Strict):
    """The keys of one device model."""

    id: Annotated[str, Key("the file's name without .yaml", "dragino-lht52")]
    title: Annotated[str, Key("maker and model", "Dragino LHT52 temperature and humidity sensor")]
    keys: Annotated[
        Mapping[str, KeySpec], Key("meaning by key path", "{TempC_SHT: {quantity: env.temperature, unit: Cel}}")
    ]
    ignore: Annotated[tuple[str, ...], Key("key paths that are no measurement", "[Systimestamp]")] = ()
    source: Annotated[str | None, Key("where the maker explains the keys", "https://example.org/manual")] = None


class Meant(NamedTuple):
    """A value with its meaning, or the reason why it has none."""

    quantity: str
    channel: str
    value: float | None  #: canonical unit; None with a reason, or where the device says 'no value'
    reason: Reason | None
    detail: str


class Meaning(NamedTuple):
    """A key's meaning, ready to use."""

    spec: KeySpec
    quantity: Quantity
    conversion: Conversion | None  #: None: the profile declares no unit


def shipped() -> Mapping[str, Mapping[str, Meaning]]:
    """Meanings by key, of every profile in ingest/profiles, by profile id."""
    return _loaded()[0]


def ignored(name: str) -> frozenset[str]:
    """Key paths that a shipped profile declares to be no measurement."""
    return _loaded()[1][name]


@cache
def _loaded() -> tuple[Mapping[str, Mapping[str, Meaning]], Mapping[str, frozenset[str]]]:
    folder = resources.files("ingest").joinpath("profiles")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    profiles = [load(entry.read_text(encoding="utf-8"), entry.name) for entry in files]
    meanings = {profile.id: meanings for profile, meanings in profiles}
    return meanings, {profile.id: frozenset(profile.ignore) for profile, _ in profiles}


def load(text: str, name: str) -> tuple[Profile, Mapping[str, Meaning]]:
    """A profile from YAML.

    Raises:
        DocumentError: names the file, the key, what was expected and what stood there.
    """
    profile = parse(text, Profile, name)
    vocabulary = quantities.load()
    meanings = {}
    for key, spec in profile.keys.items():
        quantity = vocabulary.get(spec.quantity)
        if quantity is None:
            raise DocumentError(
                f"{name} $.keys.{key}.quantity: expected a name like env.temperature, got {spec.quantity!r}"
            )
        known = SAME if quantity.codes or quantity.unit == "1" or quantity.unit.startswith("{") else None
        try:
            how = known if spec.unit is None else conversion(spec.unit, quantity.unit)
        except ValueError as error:
            raise DocumentError(f"{name} $.keys.{key}.unit: {error}") from error
        meanings[key] = Meaning(spec, quantity, how)
    return profile, meanings


def meant(meaning: Meaning, value: object) -> Meant | None:
    """The canonical value of what was sent under a key; None: the device says it has no value."""
    spec, quantity, how = meaning
    if value is None or value in spec.missing:
        return None
    if isinstance(value, str) and value in spec.words:
        value = spec.words[value]
    if isinstance(value, str) and quantity.codes:
        codes = {word: code for code, word in quantity.codes.items()}
        value = codes.get(value, value)
    if isinstance(value, str):
        reason = Reason.UNKNOWN_STATE if spec.words or quantity.codes else Reason.WRONG_TYPE
        return Meant(quantity.name, spec.channel, None, reason, f"{quantity.name}: {value[:64]!r}")
    if not isinstance(value, bool | int | float):
        return Meant(quantity.name, spec.channel, None, Reason.WRONG_TYPE, f"{quantity.name}: {type(value).__name__}")
    if not math.isfinite(value):
        return Meant(quantity.name, spec.channel, None, Reason.NOT_FINITE, f"{quantity.name}: {value}")
    if how is None:
        return Meant(
            quantity.name, spec.channel, None, Reason.UNIT_UNDECLARED, f"{quantity.name}: the profile declares no unit"
        )
    exact = float(how.apply(Fraction(str(value)))) if how is not SAME and not isinstance(value, bool) else float(value)
    return Meant(quantity.name, spec.channel, exact, None, "")
