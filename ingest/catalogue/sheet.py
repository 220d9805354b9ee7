"""Lists of devices as tables, CSV or Excel, or as the `devices` of a YAML file: rows of raw cells with where they stand."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from ingest.yaml_document import DocumentError, value_of

#: What ends a column of a CSV; the one that its first line has most of.
_SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry, its cells by column; an empty cell is None."""

    #: as errors call it: ``row 7``, or ``$.devices[3]``
    where: str
    cells: Mapping[str, object]

    def cell(self, column: str) -> str:
        """Where one of its cells stands, for errors."""
        return f"{self.where}.{column}" if self.where.startswith("$") else f"{self.where}, column {column}"


def rows(file: Path) -> list[Row]:
    """The rows of a file named .csv, .xlsx, .yaml or .yml.

    Raises:
        DocumentError: the file is none of these, or has no table.
        OSError: it cannot be read.
    """
    match file.suffix.lower():
        case ".csv":
            return list(_table(_csv(file), file.name))
        case ".xlsx":
            return list(_table(_excel(file), file.name))
        case ".yaml" | ".yml":
            return _yaml(file)
    raise DocumentError(
        [f"{file.name}: expected a file named .csv, .xlsx or .yaml, got {file.suffix or 'no suffix'!r}"]
    )


def _csv(file: Path) -> Iterator[Sequence[object]]:
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            [f"{file.name} row {row}: expected UTF-8, got byte 0x{raw[error.start]:02x}; save it as 'CSV UTF-8'"]
        ) from None
    head = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    # strict: a quotation mark that never ends would swallow the rest of the file.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise DocumentError([f"{file.name} row {reader.line_num}: expected CSV, got: {error}"]) from None


def _excel(file: Path) -> Iterator[Sequence[object]]:
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError) as error:
        raise DocumentError([f"{file.name}: expected an Excel workbook (.xlsx), got: {error}"]) from None
    try:
        sheet = book.worksheets[0]
        yield from sheet.iter_rows(values_only=True)
    finally:
        book.close()


def _table(lines: Iterable[Sequence[object]], file: str) -> Iterator[Row]:
    """Rows under a first line of names; lines without anything in them are left out."""
    columns: list[str] = []
    for number, line in enumerate(lines, 1):
        cells = [_plain(cell) for cell in line]
        if not any(cell is not None for cell in cells):
            continue
        if not columns:
            columns = ["" if cell is None else str(cell) for cell in cells]
            twice = sorted({name for name in columns if name and columns.count(name) > 1})
            if twice:
                raise DocumentError(
                    [f"{file} row {number}: expected a name of its own for each column, got {twice[0]!r} twice"]
                )
            continue
        for position, cell in enumerate(cells):
            if cell is not None and (position >= len(columns) or not columns[position]):
                raise DocumentError(
                    [
                        f"{file} row {number}, column {position + 1}: expected a column with a name, got {cell!r} under none"
                    ]
                )
        found = dict(zip(columns, [*cells, *[None] * len(columns)], strict=False))
        yield Row(where=f"row {number}", cells={name: cell for name, cell in found.items() if name})
    if not columns:
        raise DocumentError(
            [f"{file} row 1: expected the names of the columns like id, feed, space, interval, got nothing"]
        )


def _plain(cell: object) -> object:
    """A cell as it would stand in YAML: texts without blanks around, days as texts, whole numbers without a point."""
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell


def _yaml(file: Path) -> list[Row]:
    try:
        document = value_of(file.read_text(encoding="utf-8-sig"), file.name)
    except UnicodeDecodeError as error:
        raise DocumentError([f"{file.name}: expected UTF-8, got byte 0x{error.object[error.start]:02x}"]) from None
    entries = document.get("devices") if isinstance(document, dict) else None
    if not isinstance(entries, list) or set(document) != {"devices"}:
        raise DocumentError(
            [f"{file.name} $: expected the key 'devices' with a list, and no other, got {_shape(document)}"]
        )
    found = []
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise DocumentError(
                [f"{file.name} $.devices[{position}]: expected a mapping like `id: door-1`, got {entry!r}"]
            )
        found.append(Row(where=f"$.devices[{position}]", cells={str(key): value for key, value in entry.items()}))
    return found


def _shape(document: object) -> str:
    return f"the keys {', '.join(map(str, document))}" if isinstance(document, dict) else "no mapping"
