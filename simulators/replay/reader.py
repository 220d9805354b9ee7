"""Bytes of a file -> rows of cells with the line number each begins at."""

import codecs
import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, TextIO, cast

from simulators.replay.keys import MappingError, show
from simulators.replay.mapping import File, ShortRows

#: The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class Row(NamedTuple):
    """One record of the table; `cells` may be fewer or more than the columns."""

    line: int  #: physical line, from 1, at which the record begins
    cells: list[str]


class Table(NamedTuple):
    """The columns of a file and its rows, read as they are asked for."""

    columns: tuple[str, ...]
    extra: tuple[str, ...]  #: cells that every row gets at its end: groups of the file name and of the preamble
    rows: Iterator[Row]

    def cells(self, row: Row, short: ShortRows) -> list[str] | None:
        """The row's cells, one per column; None where their number is wrong."""
        own = len(self.columns) - len(self.extra)
        cells = row.cells
        while len(cells) > own and not cells[-1]:
            cells = cells[:-1]
        if len(cells) < own and short is ShortRows.EMPTY:
            cells = [*cells, *[""] * (own - len(cells))]
        return [*cells, *self.extra] if len(cells) == own else None


@contextmanager
def open_table(path: Path, file: File) -> Iterator[Table]:
    """The table in the file at `path`.

    Raises:
        MappingError: the file and `file` of the mapping do not fit.
    """
    try:
        data = path.open("rb")
    except OSError as error:
        raise MappingError(f"{path}: cannot be read: {error.strerror}") from error
    with data, _text(path, data, file) as stream:
        try:
            yield _table(path, stream, file)
        except (csv.Error, UnicodeError, EOFError, gzip.BadGzipFile) as error:
            raise MappingError(
                f"{path}: {error}; the mapping says encoding {file.encoding}, separator {file.separator!r}, "
                f"quote {file.quote} (quote: none where quotes are ordinary characters)"
            ) from error


def _text(path: Path, data: io.BufferedReader, file: File) -> TextIO:
    raw: gzip.GzipFile | IO[bytes] = data
    if data.peek(4)[:2] == _GZIP:
        raw = gzip.GzipFile(fileobj=data)
    elif data.peek(4)[:4] == _ZIP:
        try:
            archive = zipfile.ZipFile(data)
        except zipfile.BadZipFile as error:
            raise MappingError(f"{path}: a broken zip archive: {error}") from error
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise MappingError(f"{path}: a zip archive with {len(members)} files; expected one, unpack it first")
        raw = archive.open(members[0])
    start = raw.read(4)
    raw.seek(0)
    encoding = next((name for mark, name in _MARKS if start.startswith(mark)), file.encoding)
    # Bytes that are no text become lone surrogates here, and a refusal of their row in convert.
    return io.TextIOWrapper(cast("IO[bytes]", raw), encoding=encoding, errors="surrogateescape", newline="")


class _Lines(Iterator[str]):
    """Lines of the table for the csv module: preamble, comments and footers left out, quoted line ends left alone."""

    def __init__(self, stream: TextIO, file: File) -> None:
        self._stream, self._file = stream, file
        self._inside = file.section is None
        self._to_skip = file.skip_lines
        self._started = file.starts_at is None
        self._finished = False
        self._rows_begun = False
        self.fresh = True  #: set by the reader between records; False while a quoted cell spans lines
        self.number = 0
        self.begin = 0  #: line at which the record begins
        self.learned: dict[str, str] = {}

    def __next__(self) -> str:
        while not self._finished:
            line = next(self._stream)
            self.number += 1
            if not self.fresh:
                return line
            if self._belongs(line.removeprefix("\ufeff") if self.number == 1 else line):
                self.fresh, self.begin, self._rows_begun = False, self.number, True
                return line.removeprefix("\ufeff") if self.number == 1 else line
        raise StopIteration

    def missing_part(self) -> str | None:
        """What the mapping names and the file has not."""
        if not self._inside and self._file.section is not None:
            return f"$.file.section.heading: no line is {self._file.section.heading!r}"
        if not self._started:
            return f"$.file.starts_at: no line begins with {self._file.starts_at!r}"
        return None

    def _belongs(self, line: str) -> bool:
        text, file = line.strip(), self._file
        if not self._inside:
            self._inside = file.section is not None and text == file.section.heading
            return self._learn(text)
        if self._to_skip:
            self._to_skip -= 1
            return self._learn(text)
        if not self._started:
            self._started = text.startswith(file.starts_at or "")
            if not self._started:
                return self._learn(text)
        if self._ends(text):
            self._finished = True
            return False
        return bool(text) and not (file.comment and text.startswith(file.comment))

    def _ends(self, text: str) -> bool:
        section = self._file.section
        if section is not None and (
            text in section.ends_at or (section.ends_at_blank and self._rows_begun and not text)
        ):
            return True
        return bool(self._file.stops_at) and text.startswith(self._file.stops_at)

    def _learn(self, text: str) -> bool:
        for pattern in self._file.preamble:
            if match := pattern.fullmatch(text):
                self.learned.update({name: value or "" for name, value in match.groupdict().items()})
        return False


def _table(path: Path, stream: TextIO, file: File) -> Table:
    named = _name_groups(path, file)
    lines = _Lines(stream, file)
    records = _records(lines, file)
    header = [row.cells for row in _take(records, file.header)]
    first = next(records, None)
    if (missing := lines.missing_part()) is not None:
        raise MappingError(f"{path}: {missing}")
    names = _names(header, file)
    width = max(len(line) for line in header) if header else len(first.cells) if first else len(names)
    if file.columns and len(file.columns) != width:
        raise MappingError(
            f"{path}: $.file.columns: {len(file.columns)} names, but line {lines.begin} has {width} cells"
        )
    groups = [name for pattern in file.preamble for name in pattern.groupindex]
    if absent := [name for name in groups if name not in lines.learned]:
        raise MappingError(f"{path}: $.file.preamble: no line above the table gave {', '.join(absent)}")
    extra = named | {name: lines.learned[name] for name in groups}
    if twice := [name for name in extra if name in names]:
        raise MappingError(f"{path}: the named group {show(twice[0])} is also a column; give it another name")
    return Table((*names, *extra), tuple(extra.values()), _again(first, records))


def _name_groups(path: Path, file: File) -> dict[str, str]:
    if file.name is None:
        return {}
    match = file.name.fullmatch(path.name)
    if match is None:
        raise MappingError(f"{path}: $.file.name: {file.name.pattern!r} does not match the file name {path.name!r}")
    return {name: value or "" for name, value in match.groupdict().items()}


def _records(lines: _Lines, file: File) -> Iterator[Row]:
    source = _split(lines, file)
    while True:
        lines.fresh = True
        try:
            cells = next(source)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(f"line {lines.begin}: {error}") from error
        if file.trim:
            cells = [cell.strip() for cell in cells]
        if any(cells):  # spreadsheets leave rows of separators behind
            yield Row(lines.begin, cells)


def _split(lines: _Lines, file: File) -> Iterator[list[str]]:
    separator = {"tab": "\t"}.get(file.separator, file.separator)
    if separator == "whitespace":
        return (line.split() for line in lines)
    if len(separator) > 1:
        return (line.rstrip("\r\n").split(separator) for line in lines)
    quoted = file.quote != "none"
    return csv.reader(
        lines,
        delimiter=separator,
        quotechar=file.quote if quoted else None,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        escapechar=None if file.escape == "none" else file.escape,
        doublequote=file.escape == "none",
        skipinitialspace=file.trim and separator != "\t",
        strict=True,  # an open quote must not swallow the rest of the file unseen
    )


def _names(header: list[list[str]], file: File) -> tuple[str, ...]:
    if file.columns or not header:
        return file.columns
    if file.header_fill:
        header = [*(_filled(line) for line in header[:-1]), header[-1]]
    width = max(len(line) for line in header)
    names: list[str] = []
    for position in range(width):
        parts = [line[position].strip() for line in header if position < len(line)]
        name = " ".join(part for part in parts if part) or f"#{position + 1}"
        again = sum(1 for other in names if other == name or other.startswith(f"{name}#"))
        names.append(f"{name}#{again + 1}" if again else name)
    return tuple(names)


def _filled(line: list[str]) -> list[str]:
    last = ""
    return [last := cell or last for cell in line]


def _take(records: Iterator[Row], count: int) -> Iterator[Row]:
    for _ in range(count):
        row = next(records, None)
        if row is None:
            return
        yield row


def _again(first: Row | None, records: Iterator[Row]) -> Iterator[Row]:
    if first is not None:
        yield first
    yield from records
