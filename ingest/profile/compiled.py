"""A profile made ready for use: which key means what, found once per key."""

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.profile.rules import HOLE, Rule, rules, token
from ingest.profile.spec import KeySpec, ListSpec, Meaning, Profile
from ingest.profile.spec import Type as RegisterType

#: Keys remembered per profile before the memory starts anew: whoever may publish may invent keys without end.
KEYS_KEPT = 20_000
#: A longer key path is nobody's: it is neither remembered nor compared with patterns. Our choice.
LONGEST_KEY = 256
#: Layout of a register type for `struct`, big-endian.
LAYOUTS: Final[Mapping[RegisterType, str]] = {
    RegisterType.INT16: "h", RegisterType.UINT16: "H", RegisterType.INT32: "i", RegisterType.UINT32: "I",
    RegisterType.INT64: "q", RegisterType.UINT64: "Q", RegisterType.FLOAT32: "f", RegisterType.FLOAT64: "d",
}  # fmt: skip
_WILDCARD = re.compile(r"\*\*|\*")


@dataclass(frozen=True, slots=True)
class Element:
    """A key inside an element of a declared list."""

    spec: ListSpec
    name: str  #: of the list and the element, `history[3]`
    rest: str  #: key path within the element
    rules: tuple[Rule, ...]
    known: bool  #: a rule, the time, or ignored on purpose


IGNORED: Final = ()
Entry = tuple[Rule, ...] | Element | None


class Compiled:
    """A profile ready for use."""

    def __init__(self, spec: Profile) -> None:
        self.spec = spec
        self._exact = {key: entry for key, entry in spec.keys.items() if "*" not in key}
        self._patterns = [(pattern(key), key, entry) for key, entry in spec.keys.items() if "*" in key]
        self._lists = [(re.compile(rf"({_expression(name)}\[(\d+)\])\.?(.*)"), one) for name, one in spec.lists.items()]
        self._ignored = [pattern(key) for key in spec.ignore]
        self._named = {name for entry in spec.keys.values() for name in _beside(entry)}
        self._spanned = {place for key, entry in spec.keys.items() for place in _spanned(key, entry)}
        self.time, self.since = spec.time, spec.since
        self.embedded = spec.embedded
        self.good = {key: frozenset(map(token, values)) for key, values in spec.good.items()}
        self._known: dict[str, Entry] = {}
        for key, entry in spec.keys.items():
            rules(key, key, entry, ["1"] * len(_WILDCARD.findall(key)))
        for one in spec.lists.values():
            for key, entry in (one.keys or {}).items():
                rules(key, key, entry, ["1"] * len(_WILDCARD.findall(key)))

    def entry(self, key: str) -> Entry:
        """What a key means: rules (none: ignored on purpose), an element of a list, or None: nobody knows."""
        try:
            return self._known[key]
        except KeyError:
            if len(key) > LONGEST_KEY:
                return None
            if len(self._known) >= KEYS_KEPT:
                self._known.clear()
            found = self._known[key] = self._find(key)
            return found

    def _find(self, key: str) -> Entry:
        if key not in self._exact and key in self.spec.ignore:
            return IGNORED
        rules = self._rules_of(key, self._exact, self._patterns)
        if rules is not None:
            return rules
        for expression, one in self._lists:
            if (match := expression.fullmatch(key)) is not None:
                name, _, rest = match[1], match[2], match[match.re.groups]
                return self._element(one, name, rest)
        if (
            key in {self.time, self.since}
            or key in self.good
            or key in self._named
            or key in self._spanned
            or any(expression.fullmatch(key) for expression in self._ignored)
        ):
            return IGNORED
        return None

    def _element(self, one: ListSpec, name: str, rest: str) -> Element:
        if one.keys is None:
            rules = self._rules_of(rest, self._exact, self._patterns)
        else:
            exact = {key: entry for key, entry in one.keys.items() if "*" not in key}
            rules = self._rules_of(rest, exact, [(pattern(k), k, e) for k, e in one.keys.items() if "*" in k])
        named = set(HOLE.findall(one.channel))
        ignored = (
            rest in {one.time, one.since}
            or rest in named
            or rest in {name for entry in (one.keys or self.spec.keys).values() for name in _beside(entry)}
            or any(expression.fullmatch(f"{name}.{rest}") or expression.fullmatch(rest) for expression in self._ignored)
        )
        return Element(one, name, rest, rules or (), ignored or rules is not None)

    @staticmethod
    def _rules_of(
        key: str, exact: Mapping[str, KeySpec], patterns: Sequence[tuple[re.Pattern[str], str, KeySpec]]
    ) -> tuple[Rule, ...] | None:
        if (entry := exact.get(key)) is not None:
            return rules(key, key, entry, [])
        for expression, declared, entry in patterns:
            if (match := expression.fullmatch(key)) is not None:
                return rules(key, declared, entry, list(match.groups()))
        return None


def pattern(path: str) -> re.Pattern[str]:
    """A key path with wildcards: `*` is part of one level, `**` anything; each is a group."""
    return re.compile(_expression(path), re.DOTALL)


def _expression(path: str) -> str:
    parts, end = [], 0
    for match in _WILDCARD.finditer(path):
        parts += [re.escape(path[end : match.start()]), "(.*)" if match[0] == "**" else r"([^.\[\]]+)"]
        end = match.end()
    return "".join([*parts, re.escape(path[end:])])


def _beside(entry: KeySpec) -> Iterator[str]:
    """Keys that a meaning reads beside its own: those that name units or stand in a channel."""
    for meaning in (entry, *entry.cases, *entry.all):
        if meaning.unit_key is not None:
            yield meaning.unit_key
        yield from (name for name in HOLE.findall(meaning.channel) if not name[0].isdigit())


def _spanned(key: str, meaning: Meaning) -> Sequence[str]:
    """The registers behind the first that a key takes too."""
    if meaning.register is None or not (match := re.fullmatch(r"(.*\[)(\d+)\]", key)):
        return ()
    steps = range(1, struct.calcsize(LAYOUTS[meaning.register.type]) // 2)
    return [f"{match[1]}{int(match[2]) + step}]" for step in steps]
