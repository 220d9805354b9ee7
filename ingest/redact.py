"""What of a native message may wait in quarantine: what its decoder reads, and no text that it does not ask for."""

import json
import re
from collections.abc import Mapping
from functools import cache

import orjson

from ingest import quantities
from ingest.formats.native import EVENT_KEYS, KNOWN_KEYS

#: Stands for a text where a number or a state word is expected.
TEXT = "(text)"
#: As the vocabulary spells states; a maker's word or a name is none.
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")
#: Longer than any time, id or number.
_LONGEST = 64


def native(payload: bytes) -> bytes | None:
    """The payload with nothing but the structure of docs/native.md; None: it has not got that structure, or too many levels.

    >>> native(b'{"ts": 1, "user": "Li Lei", "values": {"people_in": "x", "env_co2": 4}}')
    b'{"ts":1,"values":{"people_in":"(text)","env_co2":4}}'
    """
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _tolerant(payload)
    found = _document(document)
    try:
        return None if found is None else orjson.dumps(found)
    except orjson.JSONEncodeError:
        return None  # nested deeper than can be written: orjson reads 1,024 levels and writes 254


def _tolerant(payload: bytes) -> bytes | None:
    """The same of what only the standard parser reads: NaN, huge numbers, half of a surrogate pair."""
    try:
        found = _document(json.loads(payload))
        return None if found is None else json.dumps(found, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return None


def _document(document: object) -> object | None:
    items = document if type(document) is list else [document]
    kept = [_object(item) for item in items if isinstance(item, dict)]
    if not items or len(kept) < len(items):
        return None
    return kept if type(document) is list else kept[0]


def _object(item: Mapping[str, object]) -> dict[str, object]:
    kept: dict[str, object] = {}
    for key in KNOWN_KEYS & item.keys():
        value = item[key]
        if key == "values":
            kept[key] = (
                {name[:_LONGEST]: _value(name, one) for name, one in value.items()} if type(value) is dict else None
            )
        elif key == "event":
            entries = value if type(value) is list else [value]
            events = [{name: one[name] for name in EVENT_KEYS & one.keys()} for one in entries if type(one) is dict]
            kept[key] = events if type(value) is list else events[0] if events else None
        else:
            kept[key] = _plain(value)
    return {key: kept[key] for key in ("ts", "from", "sent", "seq", "boot", "values", "event") if key in kept}


def _value(name: str, value: object) -> object:
    if type(value) is str:
        return value if _is_state(name) and _WORD.fullmatch(value) else TEXT
    return _plain(value)


def _plain(value: object) -> object:
    if type(value) is str:
        return value if len(value) <= _LONGEST else TEXT
    return None if type(value) in {dict, list} else value


def _is_state(name: str) -> bool:
    """Whether a native key names a state; with a channel it begins with the name of one."""
    return any(name == state or name.startswith(f"{state}_") for state in _states())


@cache
def _states() -> frozenset[str]:
    return frozenset(
        spelling.replace(".", "_")
        for quantity in quantities.load().values()
        if quantity.codes
        for spelling in (quantity.name, *quantity.aliases)
    )
