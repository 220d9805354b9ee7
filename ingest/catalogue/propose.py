"""Entries for devices that nobody registered, as YAML that a person completes, checks and imports."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from ingest.adopt import Stranger
from ingest.times import to_datetime
from ingest.yaml_document import value_of

#: Stands where only a person knows; it is no space, so that an entry left as it is cannot be imported.
UNKNOWN_SPACE = "fill-in"
#: Spaces and keys that a comment names.
_SHOWN = 8
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_NOT_ID = re.compile(r"[^a-z0-9_-]+")


def entries(
    found: Sequence[Stranger],
    *,
    zones: Mapping[str, str],
    spaces: Mapping[str, Sequence[str]],
    taken: Collection[tuple[str, str]],
    space: str | None = None,
) -> str:
    """The proposal for strangers of one district.

    Args:
        found: not empty.
        zones: IANA zone by district.
        spaces: ids of the spaces by district.
        taken: (district, id) of devices that are registered.
        space: where all of them measure; None: each entry is left to be completed.
    """
    return "\n".join(_lines(found, zones, spaces, {*taken}, space)) + "\n"


def _lines(
    found: Sequence[Stranger],
    zones: Mapping[str, str],
    spaces: Mapping[str, Sequence[str]],
    taken: set[tuple[str, str]],
    space: str | None,
) -> Iterator[str]:
    yield "# Devices that send and that nobody registered. All but ids and addresses is guessed from their messages: check it, then"
    yield "#   district catalogue import FILE --dry-run     shows the difference"
    yield "#   district catalogue import FILE --replay      records it, and stores what was kept in its true time"
    yield "devices:"
    for stranger in found:
        yield ""
        yield from _entry(stranger, zones[stranger.district], spaces[stranger.district], taken, space)


def _entry(
    one: Stranger, zone: str, spaces: Sequence[str], taken: set[tuple[str, str]], space: str | None
) -> Iterator[str]:
    first, last = to_datetime(one.first), to_datetime(one.last)
    unread = f", {one.unread} of them unread" if one.unread else ""
    yield (
        f"  # gateway {one.gateway}: {one.messages} messages{unread}, {first:%Y-%m-%d %H:%M:%SZ} to {last:%Y-%m-%d %H:%M:%SZ}"
    )
    if one.quantities:
        yield f"  # says {_comment(', '.join(one.quantities))}"
    name = one.name if one.route is None else _free(one.district, one.name, taken)
    taken.add((one.district, name))
    yield f"  - id: {_text(name)}"
    yield f"    feed: {one.feed}" if one.feed else "    feed: fill-in   # its messages do not tell"
    if space is not None:
        yield f"    space: {_text(space)}"
    else:
        known = ", ".join(spaces[:_SHOWN]) + (", ..." if len(spaces) > _SHOWN else "")
        yield f"    space: {UNKNOWN_SPACE}   # where it measures: {known}"
    if one.interval_s is not None:
        yield f"    interval: {duration(one.interval_s)}"
    else:
        yield "    interval: fill-in   # 60s or 5min: too few messages to tell"
    if one.profile is not None:
        yield f"    profile: {one.profile}"
    elif one.unexplained:
        keys = ", ".join(one.unexplained[:_SHOWN]) + (", ..." if len(one.unexplained) > _SHOWN else "")
        yield f"    profile: fill-in   # none knows the keys {_comment(keys)}; see docs/profiles.md"
    # Facts hold from here on: what was kept is then counted where it belongs.
    hour = first.astimezone(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0)
    yield f"    since: {hour.isoformat()}"
    if one.route is not None:
        yield "    addresses:"
        yield f"      - {{route: {one.route}, address: {_quoted(one.name)}}}"


def duration(seconds: int) -> str:
    """A duration as it stands in a district.yaml.

    >>> duration(600), duration(90)
    ('10min', '90s')
    """
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{timedelta(seconds=seconds) // timedelta(seconds=size)}{unit}"


def _free(district: str, address: str, taken: Collection[tuple[str, str]]) -> str:
    """An id made of an address that no other device has."""
    stem = _NOT_ID.sub("-", address.casefold()).strip("-_")[:56] or "device"
    number, name = 1, stem
    while (district, name) in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def _text(word: str) -> str:
    """A text as YAML: quoted where it would be read as a number or as nothing."""
    return word if value_of(word, "") == word else _quoted(word)


def _quoted(text: str) -> str:
    """In quotation marks; what cannot be printed as an escape, for whoever may publish may send what breaks lines."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
