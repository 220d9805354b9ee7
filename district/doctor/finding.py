"""What the doctor says of one thing it looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. `bad`: data can be lost, or are not processed."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    what: str
    level: Level
    found: str
    #: what to change; '' where nothing has to be
    do: str = ""


def duration(seconds: float) -> str:
    """A length of time in the two units a person would say.

    >>> duration(11_400), duration(50)
    ('3 h 10 min', '50 s')
    """
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")) if n]
    return " ".join(parts[:2]) or "0 s"


def judged(
    what: str,
    good: bool,  # noqa: FBT001 - a sentence at each call
    found: str,
    do: str,
    *,
    otherwise: Level = Level.BAD,
) -> Finding:
    """A finding that is good, or `otherwise` with what to do."""
    return Finding(what=what, level=Level.OK if good else otherwise, found=found, do="" if good else do)


def bad(what: str, found: str, do: str) -> Finding:
    """A finding by which data can be lost, or are not processed."""
    return Finding(what=what, level=Level.BAD, found=found, do=do)
