"""What of a document may be kept: a shape that names it, key by key. What the shape does not name is dropped."""

from collections.abc import Callable, Mapping

import orjson

from ingest.formats.report import Sent

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


#: A mapping keeps the keys it names; a list of one shape keeps every element in it.
Shape = str | Mapping[str, "Shape"] | list["Shape"] | Anonymous | Numbered | Each

_Numbers = dict[str, int]


def kept(document: object, shape: Shape) -> object:
    """The parts of a document that its shape names.

    >>> kept({"ap": "a1", "clients": [{"mac": "02:..", "rssi": -60}]}, {"ap": KEEP, "clients": [{"rssi": NUMBER}]})
    {'ap': 'a1', 'clients': [{'rssi': -60}]}
    """
    return _kept(document, shape, {})


def json_redaction(shape: Shape) -> Callable[[Sent], bytes]:
    """How to redact payloads of JSON: what cannot be parsed is dropped whole."""

    def redact(sent: Sent) -> bytes:
        try:
            return orjson.dumps(kept(orjson.loads(sent.payload), shape))
        except orjson.JSONDecodeError:
            return b""

    return redact


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
        case list():
            elements = document if isinstance(document, list) else []
            return [_kept(element, shape[0], numbers) for element in elements]
        case _:
            if not isinstance(document, dict):
                return None
            return {key: _kept(document[key], inner, numbers) for key, inner in shape.items() if key in document}
