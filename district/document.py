"""Parts of docs/ made from code: every setting and every column. `python -m district.document` renews them."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from district import reference, settings
from district.http import application
from district.migrate import migrations
from ingest.formats import FORMATS
from ingest.profile import shipped

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- made by district/document.py -->", "<!-- end -->"
#: `reading` is made from a shape, since it is a hypertable in one place and partitioned in another.
RENAMED = {"ingest.reading_shape": "ingest.reading"}

_TABLE = re.compile(
    r"(?P<comment>(?:^--[^\n]*\n)*)^CREATE TABLE (?P<name>\w+\.\w+) \(\n(?P<body>.*?)^\);", re.DOTALL | re.MULTILINE
)
_ALTER = re.compile(r"^(?: *IF .*THEN\n)?ALTER TABLE (?P<name>\w+\.\w+)\s(?P<body>[^;]*);", re.MULTILINE)
_ADDED = re.compile(r"^\s*(?:ALTER TABLE \S+ )?ADD COLUMN (?P<column>[^\n]*)$", re.MULTILINE)
_UNIQUE = re.compile(r"^CREATE UNIQUE INDEX (?:\w+ )?ON (\w+\.\w+) \(([^)]*)\)", re.MULTILINE)
_COLUMN = re.compile(r"^    (?P<name>[a-z]\w*) +(?P<rest>[a-z].*)$")
_ENDS = re.compile(r"\b(NOT NULL|NULL|DEFAULT|GENERATED|PRIMARY KEY|REFERENCES|UNIQUE|CHECK)\b")


class Column(NamedTuple):
    """A column as its migration has it."""

    name: str
    type: str
    null: bool
    comment: str


class Table(NamedTuple):
    """A table as its migration has it."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]


def tables() -> Iterator[Table]:
    """Every table of the migrations, in their order."""
    added = _added()
    for _, _, text in migrations():
        for match in _TABLE.finditer(text):
            name = RENAMED.get(match["name"], match["name"])
            comment = " ".join(line.removeprefix("--").strip() for line in match["comment"].splitlines())
            lines = match["body"].splitlines()
            columns = tuple(column for line in lines if (column := _column(line))) + tuple(added.get(name, ()))
            keys = [f"PRIMARY KEY ({column.name})" for column, line in _declared(lines) if "PRIMARY KEY" in line]
            keys += re.findall(r"^    ((?:PRIMARY KEY|UNIQUE) \([^)]*\))", match["body"], re.MULTILINE)
            keys += [f"UNIQUE ({listed})" for of, listed in _UNIQUE.findall(text) if of == name]
            yield Table(name, comment, columns, tuple(keys))


def _added() -> Mapping[str, list[Column]]:
    """Columns that later migrations add, by table."""
    found: dict[str, list[Column]] = {}
    for _, _, text in migrations():
        # A semicolon in a comment does not end a statement.
        for match in _ALTER.finditer(re.sub(r"--[^\n]*", lambda comment: comment[0].replace(";", "\x01"), text)):
            for line in _ADDED.finditer(match[0]):
                column = _column("    " + line["column"].replace("\x01", ";").replace(",    --", "    --").rstrip(","))
                if column is not None:
                    found.setdefault(match["name"], []).append(column)
    return found


def columns_page() -> str:
    """A section per table, in Markdown."""
    parts = []
    for table in tables():
        head = [f"### `{table.name}`", "", *([table.comment, ""] if table.comment else [])]
        keys = [f"Keys: {', '.join(f'`{key}`' for key in table.keys)}.", ""] if table.keys else []
        rows = [
            f"| `{column.name}` | {column.type} | {'yes' if column.null else ''} | {_cell(column.comment)} |"
            for column in table.columns
        ]
        parts += [*head, *keys, "| column | type | null | meaning |", "|---|---|---|---|", *rows, ""]
    return "\n".join(parts).rstrip()


def settings_page() -> str:
    """Every setting with its default, its variable, and the sample file, in Markdown."""
    variables = {path: name for name, path in settings.ENVIRONMENT.items()}
    rows = [
        f"| `{'.'.join(path)}` | `{_default(value)}` | {f'`{variables[path]}`' if path in variables else ''} |"
        for path, value in walk(settings.Settings())
    ]
    table = ["| setting | default | environment |", "|---|---|---|", *rows]
    file = ["The sample file, `district/sample.yaml`:", "", "```yaml", settings.sample().rstrip(), "```"]
    return "\n".join([*table, "", *file])


def walk(section: BaseModel, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every setting below a section with its path and value."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from walk(value, (*path, name))
        else:
            yield (*path, name), value


def _renewer(part: Callable[[], str]) -> Callable[[str], str]:
    def renew(page: str) -> str:
        before, rest = page.split(BEGIN)
        return f"{before}{BEGIN}\n\n{part()}\n\n{END}{rest.split(END)[1]}"

    return renew


def formats_page() -> str:
    """Every foreign format with what its module says of itself, in Markdown."""
    parts = []
    for name, form in sorted(FORMATS.items()):
        about = inspect.getdoc(inspect.getmodule(form.decode)) or ""
        own = f" Default profile: `{form.profile}`." if form.profile else ""
        parts += [f"## `{name}`", "", about.strip() + own, ""]
    return "\n".join(parts).rstrip()


def profiles_page() -> str:
    """Every shipped device profile, and every format, in Markdown."""
    profiles = shipped()
    rows = [
        f"| `{name}` | {_cell(profiles.spec(name).title)} | {', '.join(profiles.spec(name).formats) or 'any'} |"
        for name in sorted(profiles)
    ]
    formats = "Formats: " + ", ".join(f"`{name}`" for name in sorted(FORMATS)) + "."
    return "\n".join(["| profile | device | formats |", "|---|---|---|", *rows, "", formats])


def routes_page() -> str:
    """Every operation of the API with its role, in Markdown."""
    # No connection is made before the service starts.
    made = reference.document(application("postgresql://127.0.0.1/none"))
    rows = [
        f"| {method} | `{path}` | {operation.get('x-role') or 'open'} | {_cell(operation['summary'])} |"
        for path, method, operation in reference.operations(made)
    ]
    return "\n".join(["| | address | role | |", "|---|---|---|---|", *rows])


#: Page -> what renews its generated part.
PAGES: Mapping[str, Callable[[str], str]] = {
    "api.md": _renewer(routes_page),
    "schema.md": _renewer(columns_page),
    "configuration.md": _renewer(settings_page),
    "formats.md": _renewer(formats_page),
    "profiles.md": _renewer(profiles_page),
}


def _declared(lines: list[str]) -> Iterator[tuple[Column, str]]:
    for line in lines:
        if column := _column(line):
            yield column, line.partition("--")[0]


def _column(line: str) -> Column | None:
    code, _, comment = line.partition("--")
    match = _COLUMN.match(code.rstrip().rstrip(","))
    if match is None:
        return None
    rest = match["rest"]
    kind = _ENDS.split(rest)[0].strip()
    required = "NOT NULL" in rest or "PRIMARY KEY" in rest or "GENERATED ALWAYS AS IDENTITY" in rest
    return Column(match["name"], kind, not required, comment.strip())


def _default(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for name, renew_page in PAGES.items():
        file = DOCS / name
        file.write_text(renew_page(file.read_text(encoding="utf-8")), encoding="utf-8")
