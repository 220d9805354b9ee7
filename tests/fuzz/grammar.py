"""Messages made up in the language of each format: JSON, XML, protobuf, CBOR, pairs, plain words."""

import struct
from collections.abc import Callable, Mapping, Sequence
from random import Random

import cbor2

from tests.fuzz.hostile import dumped, key, leaf, tree

#: Keys and values that the format's examples use.
Vocabulary = tuple[Sequence[str], Sequence[object]]
Maker = Callable[[Random, Vocabulary], bytes]


def json_document(rng: Random, vocabulary: Vocabulary) -> bytes:
    """An object, a list, or anything else in JSON; several lines of it now and then."""
    keys, words = vocabulary
    if rng.random() < 0.03:
        return b"\n".join(dumped(tree(rng, keys, words, 1)) for _ in range(rng.randrange(1, 4)))
    return dumped(tree(rng, keys, words))


def xml(rng: Random, vocabulary: Vocabulary) -> bytes:
    """An alert with elements of the format's names, nested anyhow."""

    def element(depth: int) -> str:
        name = key(rng, vocabulary[0]) or "a"
        if depth > 4 or rng.random() < 0.5:
            inner = str(leaf(rng, vocabulary[1]))[:200]
            inner = inner if rng.random() < 0.1 else inner.replace("&", "&amp;").replace("<", "&lt;")
        else:
            inner = "".join(element(depth + 1) for _ in range(rng.randrange(6)))
        attribute = ' a="1"' if rng.random() < 0.05 else ""
        return f"<{name}{attribute}>{inner}</{name}>"

    head = rng.choice(
        (
            "",
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<?xml version="1.0" encoding="utf-16"?>',
            '<!DOCTYPE a [<!ENTITY x "y">]>',
            "--boundary\r\n\r\n",
        )
    )
    space = rng.choice(("", ' version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema"'))
    body = "".join(element(0) for _ in range(rng.randrange(9)))
    return f"{head}<EventNotificationAlert{space}>{body}</EventNotificationAlert>".encode("utf-8", "replace")


def protobuf(rng: Random, vocabulary: Vocabulary, depth: int = 0) -> bytes:
    """Fields of any number and wire type, lengths that may lie."""
    body = bytearray()
    for _ in range(rng.randrange(8)):
        number, wire = rng.randrange(1, 21), rng.choice((0, 0, 1, 2, 2, 2, 2, 5, rng.randrange(8)))
        body += varint(number << 3 | wire)
        match wire:
            case 0:
                body += varint(rng.choice((0, 1, 5, 7, 10, 1795435200000, 2**63, 2**64 - 1, rng.randrange(2**32))))
            case 1:
                body += struct.pack("<d", rng.choice((0.0, 21.5, float("nan"), float("inf"), 1e300)))
            case 5:
                body += struct.pack("<f", rng.choice((0.0, -57.5, float("nan"), float("-inf"))))
            case 2:
                inner = (
                    protobuf(rng, vocabulary, depth + 1)
                    if depth < 4 and rng.random() < 0.6
                    else str(leaf(rng, [*vocabulary[0], *vocabulary[1]])).encode("utf-8", "replace")[:300]
                )
                length = len(inner) if rng.random() < 0.97 else rng.randrange(2**31)
                body += varint(length) + inner
            case _:
                pass
    return bytes(body)


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    body = bytearray()
    while number > 0x7F:
        body.append(number & 0x7F | 0x80)
        number >>= 7
    body.append(number)
    return bytes(body)


def cbor(rng: Random, vocabulary: Vocabulary) -> bytes:
    """A pack of SenML as CBOR, with the labels of RFC 8428 and others."""
    if rng.random() < 0.3:
        return cbor2.dumps(_plain(tree(rng, *vocabulary)))
    pack = [
        {
            rng.choice((-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "n_", "x")): _plain(
                leaf(rng, vocabulary[1])
            )
            for _ in range(rng.randrange(6))
        }
        for _ in range(rng.randrange(5))
    ]
    return cbor2.dumps(pack)


def pairs(rng: Random, vocabulary: Vocabulary) -> bytes:
    """`key=value` lines and `key|value` groups."""
    join, end = rng.choice((("=", "\r\n"), ("|", "|"), ("|", "#"), ("=", "&"), (":", ";")))
    text = end.join(f"{key(rng, vocabulary[0])}{join}{leaf(rng, vocabulary[1])}"[:400] for _ in range(rng.randrange(8)))
    return text.encode("utf-8", "replace")


def word(rng: Random, vocabulary: Vocabulary) -> bytes:
    """One plain value."""
    return str(leaf(rng, vocabulary[1])).encode("utf-8", "replace")


#: Languages of a format beside JSON.
LANGUAGES: Mapping[str, Sequence[Maker]] = {
    "chirpstack-v4": (protobuf,),
    "dahua": (pairs,),
    "fiware-ul": (pairs, pairs, word),
    "frigate": (word,),
    "hikvision": (xml, xml),
    "home-assistant": (word,),
    "senml": (cbor,),
    "shelly-gen2": (word,),
    "smart-meter": (pairs, word),
    "sparkplug-b": (protobuf, protobuf, protobuf),
    "tasmota": (word,),
    "thingpark": (xml,),
    "zigbee2mqtt": (word,),
}


def _plain(value: object) -> object:
    """Without half surrogates, which CBOR cannot write."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_plain(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
