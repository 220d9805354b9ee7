"""Which language a page speaks, and its words: texts.yaml holds every text of every page in Chinese and English."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml

COOKIE = "district_lang"


class Language(StrEnum):
    """Languages of the pages; the first is the default."""

    ZH = "zh"
    EN = "en"

    @property
    def tag(self) -> str:
        """BCP 47 tag for the `lang` attribute."""
        return "zh-Hans" if self is Language.ZH else "en"


def choose(query: str | None, cookie: str | None, accept: str | None) -> Language:
    """The language asked for by the address, else remembered, else the browser's first that we speak.

    >>> choose(None, None, "fr;q=0.9, en-GB;q=0.8, zh;q=0.7")
    <Language.EN: 'en'>
    """
    for wish in (query, cookie):
        if wish in set(Language):
            return Language(wish)
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate((accept or "").split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        ranked.append((-quality, position, tag.split("-")[0].lower()))
    return next((Language(tag) for _, _, tag in sorted(ranked) if tag in set(Language)), Language.ZH)


class Words:
    """The texts of one language; called with a key and the values of its placeholders."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key`. A key that texts.yaml does not hold is a bug: KeyError."""
        return catalogue()[key][self.language].format_map(values)

    def pick(self, zh: str, en: str) -> str:
        """The one of two texts that this language wants."""
        return zh if self.language is Language.ZH else en


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """All texts: dotted key -> language -> text."""
    document = yaml.safe_load(resources.files(__package__).joinpath("texts.yaml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {f"{group}.{key}": entry for group, keys in document.items() for key, entry in keys.items()}
    )
