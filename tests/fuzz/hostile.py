"""Values that break decoders, and trees and texts made of them and of a format's own words."""

import json
from collections.abc import Sequence
from random import Random

#: Leaves: what devices send when something is wrong, and what nobody should.
LEAVES: Sequence[object] = (
    None, True, False, 0, 1, -1, 0.0, -0.0, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**40, 10**400, 1e308, -1e-308,
    5e-324, float("nan"), float("inf"), float("-inf"), "", " ", "NULL", "n/a", "read failed", "NaN", "inf", "-", "1,", "+27.0",
    "0x1F", "1e999", "9" * 400, "-80.000000", "1.5.2", "true", "ON", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "é" * 300,
    "漢字", "\u202e", "🚶", "../..", "/", "//", "$", "#", "+", "{1}", "%s", "a" * 5000, "0001-01-01T00:00:00Z", "1970-01-01",
    "1111-11-11T11:11:11Z", "2026-02-30 12:00:00", "2026-11-23T12:00:60Z", "2026-11-23T12:00:00+99:99", "99991231T235959Z",
    "2026-11-23T12:00:00.1234567890123Z", 1795435200, 1795435200000, 1795435200000000, 1795435200123456789, "1795435200",
    253402300800, -62135596800, 1e300, 0.1, 327.67, -32768, 65535, "////", "AAAAAAAAAAA=", "ZZZZ", "24e124fffef00001",
    [], {}, [[]], [{}], {"": ""}, [None], {"value": None}, {"value": 1, "unit": "m"}, {"value": {"value": 1}}, {"time": 1, "value": 2},
)  # fmt: skip

DEEP = 60


def leaf(rng: Random, words: Sequence[object]) -> object:
    """A value: mostly one that the format's examples use, else a hostile one."""
    return rng.choice(words) if words and rng.random() < 0.5 else rng.choice(LEAVES)


def tree(rng: Random, keys: Sequence[str], words: Sequence[object], depth: int = 0) -> object:
    """A document of the format's own keys, nested anyhow."""
    kind = rng.random()
    if depth >= 4 or kind < 0.35:
        return leaf(rng, words)
    if kind < 0.85:
        size = rng.randrange(7)
        return {key(rng, keys): tree(rng, keys, words, depth + 1) for _ in range(size)}
    if kind < 0.99:
        return [tree(rng, keys, words, depth + 1) for _ in range(rng.randrange(5))]
    nest: object = leaf(rng, words)
    for _ in range(rng.randrange(DEEP)):
        nest = [nest] if rng.random() < 0.5 else {key(rng, keys): nest}
    return nest


def key(rng: Random, keys: Sequence[str]) -> str:
    """A key: mostly one of the format's."""
    if keys and rng.random() < 0.9:
        return rng.choice(keys)
    return rng.choice(
        ("", "\x00", "a.b", "a[0]", "*", "**", "{1}", "value", "time", "ts", "é" * 40, "k" * 2000, "history")
    )


def dumped(document: object) -> bytes:
    """As JSON that may hold NaN, huge numbers and half surrogates."""
    return json.dumps(document, ensure_ascii=True).encode()


def changed(rng: Random, document: object, keys: Sequence[str], words: Sequence[object]) -> object:
    """A document with one place changed: replaced, dropped, doubled, wrapped, or under another key."""
    if isinstance(document, dict) and document and rng.random() < 0.85:
        name = rng.choice(list(document))
        rest = dict(document)
        match rng.randrange(12):
            case 0:
                del rest[name]
            case 1:
                rest[key(rng, keys)] = rest.pop(name)
            case 2:
                rest[key(rng, keys)] = tree(rng, keys, words, 3)
            case 3:
                rest[name] = [rest[name]]
            case 4:
                rest[name] = {"value": rest[name]}
            case 5:
                rest[name] = str(rest[name])
            case _:
                rest[name] = changed(rng, rest[name], keys, words)
        return rest
    if isinstance(document, list) and document and rng.random() < 0.85:
        place, some = rng.randrange(len(document)), list(document)
        match rng.randrange(5):
            case 0:
                del some[place]
            case 1:
                some.insert(place, some[place])
            case 2:
                rng.shuffle(some)
            case _:
                some[place] = changed(rng, some[place], keys, words)
        return some
    return tree(rng, keys, words, 3) if rng.random() < 0.3 else leaf(rng, words)


def cut(rng: Random, payload: bytes, other: bytes) -> bytes:
    """Bytes with a few of them changed, gone, doubled, or replaced by a part of another message."""
    body = bytearray(payload)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        at = rng.randrange(len(body) + 1)
        match rng.randrange(8):
            case 0:
                del body[at:]
            case 1:
                del body[at : at + rng.randrange(1, 9)]
            case 2:
                body[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 3:
                body[at:at] = body[at : at + rng.randrange(1, 64)]
            case 4:
                start = rng.randrange(len(other) + 1)
                body[at : at + 16] = other[start : start + rng.randrange(64)]
            case 5:
                body[at : at + 1] = rng.choice(
                    (b'"', b"{", b"}", b"[", b"]", b",", b":", b"\x00", b"\xff", b"\\", b"|", b"=", b"<")
                )
            case _:
                if at < len(body):
                    body[at] ^= 1 << rng.randrange(8)
    return bytes(body)
