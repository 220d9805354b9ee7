"""Datastreams as a collector sees them: dense numbers, with what decides about a value in parallel arrays."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import psycopg

from ingest import quantities
from ingest.model import Kind
from ingest.quantities import Quantity


class Accept(IntEnum):
    """What a value of the quantity may be."""

    REAL = 0
    COUNT = 1
    BOOL = 2
    ENUM = 3


class Key(NamedTuple):
    """What makes a datastream."""

    district: str
    device: str
    quantity: str
    channel: str


class Series(NamedTuple):
    """A datastream's dense number, and what its values may be."""

    number: int
    accept: Accept
    codes: Mapping[str, int]  #: enum: word -> code


_ACCEPT = {"real": Accept.REAL, "count": Accept.COUNT, "bool": Accept.BOOL, "enum": Accept.ENUM}


class SeriesTable:
    """All datastreams a process has met. Numbers are dense and local; database ids are found when first written."""

    def __init__(self) -> None:
        self._quantities = quantities.load()
        self._natives = _native_names(self._quantities)
        self._by_key: dict[Key, Series] = {}
        self._keys: list[Key] = []
        self._minimum: list[float] = []
        self._maximum: list[float] = []
        self._delta: list[bool] = []
        #: database ids by number, 0: not looked up
        self._ids = np.zeros(0, dtype=np.int32)
        self._arrays: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]] | None = None

    def get(self, district: str, device: str, quantity: str, channel: str) -> Series | None:
        """The series of a datastream, made when new; None: no such quantity."""
        key = Key(district, device, quantity, channel)
        if series := self._by_key.get(key):
            return series
        meaning = self._quantities.get(quantity)
        if meaning is None:
            return None
        series = Series(len(self._keys), _ACCEPT[meaning.type], _words(meaning))
        self._by_key[key] = series
        self._keys.append(key)
        self._minimum.append(float(meaning.minimum))
        self._maximum.append(float(meaning.maximum))
        self._delta.append(meaning.kind == Kind.DELTA)
        self._arrays = None
        return series

    def keys_from(self, number: int) -> Sequence[Key]:
        """The keys of the series from this number on."""
        return self._keys[number:]

    def split(self, name: str) -> tuple[str, str] | None:
        """Quantity and channel of a native key: `people_in` or `energy_import_total_l1`; None: no such quantity."""
        return _split(name, self._natives)

    def limits(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Plausible minimum and maximum, and whether the kind is delta, each of shape (series,)."""
        if self._arrays is None:
            self._arrays = np.array(self._minimum), np.array(self._maximum), np.array(self._delta)
        return self._arrays

    def database_ids(self, connection: psycopg.Connection, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """Database ids of series, shape (n,); rows of ingest.datastream are made where missing, in order of their key."""
        if len(self._ids) < len(self._keys):
            self._ids = np.concatenate([self._ids, np.zeros(len(self._keys) - len(self._ids), dtype=np.int32)])
        ids = self._ids[numbers]
        if len(ids) and not ids.all():
            self._look_up(connection, sorted(set(numbers[ids == 0].tolist()), key=lambda n: self._keys[n]))
            ids = self._ids[numbers]
        return ids

    def _look_up(self, connection: psycopg.Connection, missing: Sequence[int]) -> None:
        keys = [self._keys[n] for n in missing]
        columns = [list(column) for column in zip(*keys, strict=True)]
        connection.execute(
            "INSERT INTO ingest.datastream (district, device, quantity, channel)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING",
            columns,
        )
        found = connection.execute(
            "SELECT d.district, d.device, d.quantity, d.channel, d.id FROM ingest.datastream d"
            " JOIN unnest(%s::text[], %s::text[], %s::text[], %s::text[]) k (district, device, quantity, channel)"
            " USING (district, device, quantity, channel)",
            columns,
        ).fetchall()
        for *key, number in found:
            self._ids[self._by_key[Key(*key)].number] = number

    def forget_ids(self) -> None:
        """Look ids up again: the transaction that made some of them was rolled back, or the database was replaced."""
        self._ids[:] = 0


def _words(meaning: Quantity) -> dict[str, int]:
    return {word: code for code, word in meaning.codes.items()} if meaning.codes else {}


def _native_names(vocabulary: Mapping[str, Quantity]) -> Mapping[str, str]:
    names = {}
    for name, meaning in vocabulary.items():
        for spelling in (name, *meaning.aliases):
            names[spelling.replace(".", "_")] = name
    return names


def _split(name: str, natives: Mapping[str, str]) -> tuple[str, str] | None:
    stem = name
    while stem:
        if stem in natives:
            return natives[stem], name[len(stem) + 1 :]
        stem = stem.rpartition("_")[0]
    return None
