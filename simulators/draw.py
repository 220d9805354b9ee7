"""Chance without state: the same (seed, words, counters) give the same numbers, in any order and on any machine.

Integers only, so that no floating-point unit can make two machines differ. The mixer is SplitMix64's (Steele, Lea,
Flood: Fast Splittable Pseudorandom Number Generators, 2014).
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Whole: TypeAlias = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def key(seed: int, *words: str) -> int:
    """The 64-bit key of one source of chance, for example ``key(7, "visits", "north-mall")``."""
    return int.from_bytes(blake2b("\x1f".join((str(seed), *words)).encode(), digest_size=8).digest(), "big")


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))


def bits(source: int, *counters: Whole | int) -> NDArray[np.uint64]:
    """64 fair bits for each element of `counters`, which broadcast against each other."""
    state = np.array(source, dtype=np.uint64).reshape(1)
    for counter in counters:
        state = _mix((state ^ np.atleast_1d(counter).astype(np.int64).view(np.uint64)) * _GOLDEN + _GOLDEN)
    return state


def below(source: int, limit: Whole | int, *counters: Whole | int) -> Whole:
    """Whole numbers in [0, limit), one for each element of `counters`; `limit` at most 2^31."""
    scaled = (bits(source, *counters) >> np.uint64(32)) * np.asarray(limit, dtype=np.uint64)
    return (scaled >> np.uint64(32)).astype(np.int64)


def between(source: int, low: int, high: int, *counters: Whole | int) -> Whole:
    """Whole numbers in [low, high), one for each element of `counters`."""
    return low + below(source, high - low, *counters)


def from_profile(source: int, knots: Sequence[int], weights: Sequence[int], *counters: Whole | int) -> Whole:
    """Whole numbers spread over ``[knots[0], knots[-1])`` so that ``weights[i]`` go between knot i and i + 1."""
    edges = np.concatenate(([0], np.cumsum(np.asarray(weights, dtype=np.int64)))) * 1000
    at = below(source, int(edges[-1]), *counters)
    piece = np.searchsorted(edges, at, side="right") - 1
    left = np.asarray(knots, dtype=np.int64)
    width = left[piece + 1] - left[piece]
    found: Whole = left[piece] + (at - edges[piece]) * width // (edges[piece + 1] - edges[piece])
    return found
