"""UCUM codes of unit words as they stand in messages."""

from functools import cache
from importlib.resources import files

import yaml


def ucum(word: str) -> str:
    """The UCUM code of a unit as sent; the word itself where no code is known for it.

    >>> ucum("°C"), ucum("kWh"), ucum("GQ"), ucum("kW.h"), ucum("bananas")
    ('Cel', 'kW.h', 'ug/m3', 'kW.h', 'bananas')
    """
    word = word.strip()
    return _words().get(word, word)


@cache
def _words() -> dict[str, str]:
    text = files("ingest").joinpath("unit_words.yaml").read_text(encoding="utf-8")
    return {word: code for code, words in yaml.safe_load(text).items() for word in words}
