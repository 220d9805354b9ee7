"""What of a document may be kept: a shape that names it, key by key. What the shape does not name is dropped."""

import json
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache

from ingest.formats import json_document, stamps
from ingest.formats.numbers import number
from ingest.formats.report import Sent

#: Stands for a text that may name a person: it is no value, so that a replay refuses it instead of passing it over.
TEXT = "(text)"
#: Keep a number, a truth value, a null, and a text.
KEEP = "keep"
#: Keep whether something stands there: null stays null, anything else becomes `true`.
PRESENT = "present"
#: Keep numbers, truth values and nulls; a text is dropped.
NUMBER = "number"


class Anonymous:
    """An object whose keys name persons: its entries are kept under 1, 2, 3."""

    def __init__(self, shape: "Shape") -> None:
        self.shape = shape


class Numbered:
    """Values that name persons or things, of which only sameness counts: each becomes its number in the message."""


class Each:
    """An object with keys that a configuration chose: every entry is kept in one shape."""

    def __init__(self, shape: "Shape") -> None:
        self.shape = shape


class Own:
    """What a device, a codec or a configuration put there under keys of its own choice, at any depth.

    Numbers, truth values, times and words stay. What stands under a key that speaks of a person, a phone, a card, a
    credential or a place is dropped; a text that is neither number, time nor word becomes `(text)`. The keys that name
    device, value and unit are the format's own: they stay whole.
    """

    def __init__(self, *identity: str) -> None:
        self.identity = frozenset(identity)


#: A mapping keeps the keys it names; a list of one shape keeps every element in it.
Shape = str | Mapping[str, "Shape"] | list["Shape"] | Anonymous | Numbered | Each | Own

#: Words of keys, as they are written in camelCase or with separators, under which a person may stand. Our choice.
_PERSONAL = frozenset(
    {
        "mac", "macs", "bssid", "ssid", "wifi", "ibeacon", "imei", "imsi", "iccid", "phone", "mobile", "msisdn", "ip", "ipv4", "ipv6",
        "username", "email", "mail", "tag", "card", "badge", "rfid", "nfc", "uuid", "plate", "license", "licence", "photo", "picture",
        "password", "passwd", "pwd", "secret", "token", "credential", "credentials", "hostname", "nickname",
        "lat", "latitude", "lon", "lng", "longitude", "gps", "gnss", "geo", "coordinates",
    }
)  # fmt: skip
#: Words under which a number counts people, and anything else names one.
_PEOPLE = frozenset(
    {"user", "owner", "person", "visitor", "customer", "driver", "keeper", "employee", "face", "gender", "sex"}
)
#: Whole keys of the same kind.
_PERSONAL_KEYS = frozenset(
    {"name", "fullname", "firstname", "lastname", "key", "apikey", "text", "note", "remark", "comment"}
)
_KEY_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
#: A maker's word or code: further words in lower case, for a name has capitals.
_WORD = re.compile(r"[A-Za-z0-9%°µ³²/_.+:-]{1,32}(?: [a-z0-9%/_.+:-]{1,32}){0,4}")
#: Addresses of hardware and long numbers, also of phones and cards.
_ADDRESS = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){3,}[0-9A-Fa-f]{2}|(?=.*[0-9])[0-9A-Fa-f]{8,}")

_Numbers = dict[str, int]
#: Letters of a phone number are more than those of a measurement; and of the longest time with nanoseconds.
_LONGEST_NUMBER, _LONGEST_TIME = 20, 40
#: A longer key is no name of a value. Our choice.
_LONGEST_KEY = 256


def kept(document: object, shape: Shape) -> object:
    """The parts of a document that its shape names.

    >>> kept({"ap": "a1", "clients": [{"mac": "02:..", "rssi": -60}]}, {"ap": KEEP, "clients": [{"rssi": NUMBER}]})
    {'ap': 'a1', 'clients': [{'rssi': -60}]}
    """
    return _kept(document, shape, {})


def json_redaction(shape: Shape) -> Callable[[Sent], bytes]:
    """How to redact payloads of JSON; what cannot be parsed raises `PayloadError`, and is sealed or kept by its hash."""

    def redact(sent: Sent) -> bytes:
        return dumped(kept(json_document.read(sent.payload), shape))

    return redact


def dumped(document: object) -> bytes:
    """As JSON. NaN, numbers without limit and half of a surrogate pair, which JSON has not, stay what they were."""
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(document, separators=(",", ":")).encode()


def own(value: object, identity: AbstractSet[str] = frozenset()) -> object:
    """A document under keys of a device's own choice, without what may name a person.

    >>> own({"state": "read failed", "tagId": "1F", "who": "Li Lei", "t": "+21.5", "gps": {"lat": 1.5}})
    {'state': 'read failed', 'who': '(text)', 't': '+21.5'}
    """
    if isinstance(value, dict):
        return {
            key: inner if key in identity and isinstance(inner, str) else own(inner, identity)
            for key, inner in value.items()
            if key in identity or (len(str(key)) <= _LONGEST_KEY and not personal(str(key), count=_counts(inner)))
        }
    if isinstance(value, list):
        return [own(inner, identity) for inner in value]
    return word(value) if isinstance(value, str) else value if _counts(value) else TEXT


def word(text: str) -> str:
    """A text that is a number, a time, or a maker's word; else `(text)`."""
    if number(text) is not None and len(text) <= _LONGEST_NUMBER:
        return text
    if _ADDRESS.fullmatch(text) is None and (_WORD.fullmatch(text) or text == ""):
        return text
    return text if len(text) <= _LONGEST_TIME and stamps.from_text(text) is not None else TEXT


def _counts(value: object) -> bool:
    return value is None or isinstance(value, int | float)


@lru_cache(20_000)
def personal(key: str, *, count: bool) -> bool:
    """Whether what stands under this key may name a person; `count`: it is a number, a truth value, or nothing."""
    words = {part.lower() for part in _KEY_WORD.findall(key)}
    if key.strip().lower() in _PERSONAL_KEYS or not _PERSONAL.isdisjoint(words):
        return True
    return not _PEOPLE.isdisjoint(words) and ("id" in words or not count)


def _kept(document: object, shape: Shape, numbers: _Numbers) -> object:
    match shape:
        case "present":
            return None if document is None else True
        case "number":
            return document if isinstance(document, int | float) else None
        case str():
            return document if isinstance(document, str | int | float) else None
        case Numbered():
            return None if document is None else numbers.setdefault(repr(document), len(numbers) + 1)
        case Anonymous():
            values = document.values() if isinstance(document, dict) else ()
            return {str(n): _kept(value, shape.shape, numbers) for n, value in enumerate(values, 1)}
        case Each():
            entries = document.items() if isinstance(document, dict) else ()
            return {key: _kept(value, shape.shape, numbers) for key, value in entries}
        case Own():
            return own(document, shape.identity)
        case list():
            elements = document if isinstance(document, list) else []
            return [_kept(element, shape[0], numbers) for element in elements]
        case _:
            if not isinstance(document, dict):
                return None
            return {key: _kept(document[key], inner, numbers) for key, inner in shape.items() if key in document}
