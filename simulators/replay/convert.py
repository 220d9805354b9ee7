"""Rows of a table -> readings, and an account of every cell on the way."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ingest.model import Kind
from ingest.quantities import Quantity
from ingest.times import EARLIEST, LATEST
from simulators.replay.account import FileAccount, Refusal
from simulators.replay.devices import DeviceRefusedError, Names
from simulators.replay.keys import MappingError
from simulators.replay.mapping import IgnoredRows, ReplayMapping
from simulators.replay.quantify import Bound, CellRefusedError, bind, number_reader, quantify
from simulators.replay.reader import Row, Table
from simulators.replay.times import Clock, Moment, TimeIgnoredError, TimeRefusedError


class Reading(NamedTuple):
    """One cell, ready to be sent."""

    line: int
    device: str
    name: str  #: in the native payload
    value: int | float  #: in the quantity's canonical unit
    time: int  #: µs since 1970 UTC
    start: int | None  #: of a delta's interval


class _Column(NamedTuple):
    """A column with a quantity: the values it may hold (several where `where` tells them apart)."""

    position: int
    name: str
    choices: tuple[tuple[Bound, str | None], ...]  #: with the device id, None: that of the row


class Converter:
    """Makes readings of the rows of one file."""

    def __init__(
        self,
        mapping: ReplayMapping,
        table: Table,
        names: Names,
        quantities: Mapping[str, Quantity],
        *,
        latest: int = LATEST,
    ) -> None:
        """Binds the mapping to the columns of a file. Times after `latest`, in µs since 1970 UTC, are refused.

        Raises:
            MappingError: a column is not there, not named anywhere, or named twice.
        """
        self._mapping, self._table, self._names = mapping, table, names
        self._at = {name: position for position, name in enumerate(table.columns)}
        for path, name in _named(mapping):
            if name not in self._at:
                raise MappingError(f"{path}: no column {name!r} in this file; it has {', '.join(table.columns)}")
        self._columns = _value_columns(mapping, table, names, quantities)
        self._time = [self._at[name] for name in mapping.time.columns]
        self._end = [self._at[name] for name in mapping.time.other_end.columns] if mapping.time.other_end else []
        self._device = [self._at[name] for name in mapping.device.column]
        self._number = number_reader(mapping.file)
        self._latest = latest
        self.clock = Clock(mapping.time, mapping.interval)
        self.account = FileAccount()

    def rows(self) -> Iterator[tuple[list[Reading], list[Refusal]]]:
        """Readings and refusals of each row; the account grows with them."""
        for row in self._table.rows:
            refusals: list[Refusal] = []
            readings = self._row(row, refusals)
            account = self.account
            account.rows += 1
            account.read += len(self._columns)
            account.sent += len(readings)
            account.refused += sum(refusal.cells for refusal in refusals)
            for reading in readings:
                start = reading.time if reading.start is None else reading.start
                account.first = start if account.first is None else min(account.first, start)
                account.last = reading.time if account.last is None else max(account.last, reading.time)
            yield readings, refusals

    def _row(self, row: Row, refusals: list[Refusal]) -> list[Reading]:
        every = len(self._columns)
        for rule in self._mapping.ignore_rows:
            if self._applies(rule, row.cells):
                self.account.ignored[rule.why] += every
                return []
        cells = self._table.cells(row, self._mapping.file.short_rows)
        if cells is None:
            own = len(self._table.columns) - len(self._table.extra)
            refusals.append(Refusal(row.line, "", every, f"{len(row.cells)} cells, expected {own}"))
            return []
        try:
            device = self._row_device(cells)
            if device is None and self._device:
                self.account.ignored["device ignored"] += every
                return []
            moment = self._moment(cells, device or "")
            self._check_calendar(moment)
        except TimeIgnoredError as error:
            self.account.ignored[str(error)] += every
            return []
        except (TimeRefusedError, DeviceRefusedError) as error:
            refusals.append(Refusal(row.line, "", every, str(error)))
            return []
        return [
            reading
            for column in self._columns
            if (reading := self._cell(row.line, column, cells, device, moment, refusals)) is not None
        ]

    def _applies(self, rule: IgnoredRows, cells: list[str]) -> bool:
        position, own = self._at[rule.column or ""], len(self._table.columns) - len(self._table.extra)
        if position >= own:
            text = self._table.extra[position - own]
        else:
            text = cells[position] if position < len(cells) else ""
        equal = not rule.equals or text in rule.equals
        return equal and (rule.matches is None or rule.matches.fullmatch(text) is not None)

    def _row_device(self, cells: list[str]) -> str | None:
        if self._mapping.device.constant is not None:
            return self._mapping.device.constant
        if not self._device:
            return None
        return self._names.id_of(_readable(" ".join(cells[position] for position in self._device)))

    def _moment(self, cells: list[str], device: str) -> Moment:
        text = " ".join(cells[position] for position in self._time)
        other = " ".join(cells[position] for position in self._end) if self._end else None
        # A long table repeats the time for each quantity; only rows of the same one follow each other in time.
        who = device
        for column in self._columns:
            for bound, _ in column.choices:
                who += "".join(f"\n{cells[self._at[name]]}" for name in bound.value.where)
                if bound.value.where:
                    return self.clock.moment(_readable(text), other, who)
        return self.clock.moment(_readable(text), other, who)

    def _check_calendar(self, moment: Moment) -> None:
        if not EARLIEST <= (moment.stamp if moment.start is None else moment.start) < LATEST:
            raise TimeRefusedError("the time is outside the years 2000 to 2099")
        if (moment.stamp if moment.end is None else moment.end) > self._latest:
            raise TimeRefusedError("the time is in the future")

    def _cell(
        self, line: int, column: _Column, cells: list[str], device: str | None, moment: Moment, refusals: list[Refusal]
    ) -> Reading | None:
        try:
            bound, own = self._choice(column, cells)
            value = quantify(_readable(cells[column.position]), bound, self._number)
        except (CellRefusedError, TimeRefusedError) as error:
            refusals.append(Refusal(line, column.name, 1, str(error)))
            return None
        if value is None:
            self.account.missing += 1
            return None
        time, start = _when(bound, moment)
        return Reading(line, own or device or "", bound.native, value, time, start)

    def _choice(self, column: _Column, cells: list[str]) -> tuple[Bound, str | None]:
        for choice in column.choices:
            if all(cells[self._at[name]] == wanted for name, wanted in choice[0].value.where.items()):
                return choice
        asked = sorted({name for bound, _ in column.choices for name in bound.value.where})
        found = ", ".join(f"{name} {cells[self._at[name]]!r}" for name in asked)
        raise CellRefusedError(f"no value is declared for {found}")


def _when(bound: Bound, moment: Moment) -> tuple[int, int | None]:
    """(time, start of the interval): a delta ends at its time; a mean holds from the start of its interval on."""
    if bound.covers_interval and moment.start is not None and moment.end is not None:
        return (moment.end, moment.start) if bound.quantity.kind is Kind.DELTA else (moment.start, None)
    return moment.stamp, None


def _readable(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise TimeRefusedError(f"{text!r} holds bytes that are no text in this encoding; declare $.file.encoding")
    return text


def _named(mapping: ReplayMapping) -> Iterator[tuple[str, str]]:
    """(key path, column) of every column that the mapping names."""
    yield from (("$.time.columns", name) for name in mapping.time.columns)
    yield from (
        ("$.time.other_end.columns", name)
        for name in (mapping.time.other_end.columns if mapping.time.other_end else ())
    )
    yield from (("$.device.column", name) for name in mapping.device.column)
    yield from (("$.ignore", name) for name in mapping.ignore)
    yield from (
        (f"$.ignore_rows[{i}].column", rule.column) for i, rule in enumerate(mapping.ignore_rows) if rule.column
    )
    for position, value in enumerate(mapping.values):
        yield from ((f"$.values[{position}].where", name) for name in value.where)
        if value.column is not None:
            yield f"$.values[{position}].column", value.column


def _value_columns(
    mapping: ReplayMapping, table: Table, names: Names, quantities: Mapping[str, Quantity]
) -> tuple[_Column, ...]:
    named = {name for path, name in _named(mapping)}
    dropped = {name for name in table.columns if mapping.ignore_pattern and mapping.ignore_pattern.fullmatch(name)}
    dropped.update(table.columns[len(table.columns) - len(table.extra) :])
    choices: dict[str, list[tuple[Bound, str | None]]] = {}
    for position, value in enumerate(mapping.values):
        bound = bind(value, quantities[value.quantity], mapping.missing)
        if value.columns is None:
            choices.setdefault(value.column or "", []).append((bound, value.device))
            continue
        wide = [name for name in table.columns if name not in named | dropped and value.columns.fullmatch(name)]
        if not wide:
            raise MappingError(
                f"$.values[{position}].columns: {value.columns.pattern!r} matches none of {', '.join(table.columns)}"
            )
        for name in wide:
            device = _column_device(name, bound, names)
            choices.setdefault(name, []).extend([(bound, device)] if device is not None else [])
    _check_choices(choices)
    for name in table.columns:
        if name not in named | dropped and name not in choices:
            raise MappingError(
                f"$.ignore: the column {name!r} is named nowhere; give it a quantity in $.values or list it here"
            )
    at = {name: position for position, name in enumerate(table.columns)}
    return tuple(_Column(at[name], name, tuple(of)) for name in table.columns if (of := choices.get(name)))


def _column_device(column: str, bound: Bound, names: Names) -> str | None:
    groups = bound.value.columns.fullmatch(column) if bound.value.columns is not None else None
    name = groups["device"] if groups is not None and "device" in groups.re.groupindex else column
    try:
        return names.id_of(_readable(name))
    except (DeviceRefusedError, TimeRefusedError) as error:
        raise MappingError(f"$.device: column {column!r}: {error}") from error


def _check_choices(choices: Mapping[str, list[tuple[Bound, str | None]]]) -> None:
    for column, of in choices.items():
        plain = [bound for bound, _ in of if not bound.value.where]
        if len(of) > 1 and plain:
            raise MappingError(
                f"$.values: the column {column!r} has {len(of)} values; keep one, or tell them apart with where: "
                f"{{parameter: pm25}}"
            )
