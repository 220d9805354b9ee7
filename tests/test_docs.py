"""What the pages claim: files, names and links exist, lists are complete, values are what the code gives."""

import ast
import re
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import orjson
import psycopg
import pytest
import typer
from typer.core import TyperGroup

from district import cli, document
from ingest import catalogue, quantities, registry
from ingest.decode import Decoder
from ingest.formats import FORMATS
from ingest.formats.clock import Clock
from ingest.ledger import MessageClass, check
from ingest.model import Message, Reason
from ingest.profile import shipped
from ingest.series import SeriesTable
from ingest.store import Store
from ingest.topics import FEEDS, Bindings
from metrics.evaluate import evaluate
from metrics.refresh import refresh
from scoring import evidence, rule
from scoring.model import Outcome, Suggestion
from simulators import series
from simulators.backlog import pack, topic
from simulators.demo import demo
from simulators.world import World

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
EVERY = [*PAGES, *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY"))]
#: The gateway's report that docs/one-reading.md follows.
STAMP = datetime(2026, 11, 1, 10, 14, tzinfo=UTC)
HOUR = datetime(2026, 11, 1, 10, tzinfo=UTC)

PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|sql|yaml|md|conf|json))(?::(\w+))?`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(#[^)]*)?\)")


def ids(path: Path) -> str:
    return path.name


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def defined(path: Path) -> set[str]:
    """Names that a module defines or imports at its top level."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


@pytest.mark.parametrize("page", EVERY, ids=ids)
def test_every_file_and_name_of_the_code_that_a_page_mentions_exists(page: Path) -> None:
    for path, name in PATH.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / path).is_file(), f"{page.name} mentions {path}"
        assert not name or name in defined(ROOT / path), f"{page.name} mentions {path}:{name}"


@pytest.mark.parametrize("page", EVERY, ids=ids)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, _ in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def commands() -> dict[str, set[str]]:
    """Verbs of the command, each with those of its group."""
    root = typer.main.get_command(cli.app)
    assert isinstance(root, TyperGroup)
    return {name: {*getattr(root.get_command(None, name), "commands", {})} for name in cli.COMMANDS}  # type: ignore[arg-type]


@pytest.mark.parametrize("page", EVERY, ids=ids)
def test_every_command_of_a_page_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    code = [*re.findall(r"`([^`\n]+)`", text), *"".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()]
    known = commands()
    for line in code:
        for verb, inner in re.findall(r"(?:^|[\w/]/|\| )district (?:--config \S+ )?([a-z]+)(?: ([a-z]+)\b)?", line):
            assert verb in known, f"{page.name}: {line}"
            assert not known[verb] or inner in known[verb] or not inner, f"{page.name}: {line}"


def test_the_readme_counts_the_rules() -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    rules = rule.load("hangzhou-city-2023").values()
    figures = sum(found.basis is rule.Basis.MEASURES for found in rules)
    assert f"**All {len(rules)} items have a rule, and {figures} of them follow from figures**" in readme
    assert f"The other {len(rules) - figures} are shown by papers" in readme


def test_the_index_lists_every_page() -> None:
    index = read("index.md")
    assert {page.name for page in PAGES if f"({page.name})" not in index} == {"index.md"}


def test_generated_parts_are_current() -> None:
    for page, renew in document.PAGES.items():
        assert renew(read(page)) == read(page), "run python -m district.document"


def test_the_page_of_the_quarantine_explains_every_reason() -> None:
    assert re.findall(r"^## `(\w+)`", read("quarantine.md"), re.MULTILINE) == [reason.value for reason in Reason]


def test_the_glossary_has_every_outcome_and_every_class_of_message() -> None:
    glossary = read("glossary.md")
    assert [word for word in (*Outcome, *MessageClass) if f"`{word.value}`" not in glossary] == []


def test_the_page_of_the_native_format_lists_every_feed() -> None:
    assert [feed for feed in FEEDS if f"`{feed}`" not in read("native.md")] == []


def test_the_page_of_profiles_lists_every_format_and_profile() -> None:
    assert [name for name in (*FORMATS, *shipped()) if f"`{name}`" not in read("profiles.md")] == []


def test_the_page_of_the_schema_lists_every_table_and_column(connection: psycopg.Connection) -> None:
    page = read("schema.md")
    rows = connection.execute(
        "SELECT c.table_schema || '.' || c.table_name, c.column_name FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE table_schema IN ('ingest', 'metrics', 'scoring', 'dashboards', 'district') AND t.table_type = 'BASE TABLE'"
    ).fetchall()
    partitions = {table for table, _ in rows if re.search(r"reading_\d{4}_\d\d$", table)}
    parts = dict(part.split("\n", 1) for part in re.split(r"^### ", page, flags=re.MULTILINE)[1:])
    for table, column in rows:
        if table in partitions:
            continue
        assert f"`{table}`" in parts, f"docs/schema.md has no section `{table}`"
        assert f"| `{column}` |" in parts[f"`{table}`"], f"docs/schema.md: {table} without {column}"


# One reading, all the way.


@pytest.fixture(scope="module")
def world() -> World:
    return demo(1)


def test_the_report_of_the_page_is_what_the_device_sends(world: World) -> None:
    device = world.devices["gate-north"]
    page = read("one-reading.md")
    assert f"topic     {topic(world, device)}\n" in page
    payload = orjson.dumps(series.report(world, device, int(STAMP.timestamp()))).decode()
    assert f"payload   {payload}\n" in page


def test_the_quantities_of_the_page_are_those_of_the_vocabulary() -> None:
    vocabulary = quantities.load()
    rows = re.findall(r"^\| `(parking\.\w+)` \| \d+ \| `([^`]+)` \| (\w+) \|$", read("one-reading.md"), re.MULTILINE)
    assert len(rows) == 4
    assert [(name, vocabulary[name].unit, vocabulary[name].kind.value) for name, _, _ in rows] == rows


def one_hour(connection: psycopg.Connection, world: World) -> None:
    """The hour of the page as the devices of the car park send it, through hops 2 to 5."""
    file = ROOT / "simulators/demo_district.yaml"
    catalogue.apply(connection, file, now=datetime(2026, 10, 1, tzinfo=UTC), who="test")
    entries = registry.load(connection, HOUR)
    connection.commit()
    table = SeriesTable()
    decoder = Decoder(Bindings(entries, table, {}), table, Clock(120, 2_592_000), 262_144)
    start = int(HOUR.timestamp())
    north = (world.devices[name] for name in ("gate-north", "spaces-north"))
    reports = (
        (device, report) for device in north for report in series.reports(world, device, start + 1, start + 3601)
    )
    messages = [
        Message(sent.topic, sent.payload, 1, 1, False, False, sent.sent * 1000) for sent in pack(world, reports)
    ]
    store = Store(connection, table, "collector-0")
    store.write(decoder.decode(messages), store.number(), revision=entries.revision)
    refresh(connection, datetime(2026, 11, 1, 11, 5, tzinfo=UTC))


def test_rows_figures_and_suggestion_of_the_page_are_what_the_code_gives(
    connection: psycopg.Connection, world: World
) -> None:
    one_hour(connection, world)
    page = read("one-reading.md")
    assert list(check(connection)) == []
    stream = "lakeside-demo/gate-north/parking.in"
    row = connection.execute(
        "SELECT r.time, r.value, r.late_s, r.flags, r.span_us FROM ingest.reading r"
        " JOIN ingest.datastream d ON d.id = r.datastream_id WHERE d.public_id = %s AND r.time = %s",
        (stream, STAMP),
    ).fetchone()
    assert row is not None
    time, value, late_s, flags, span_us = row
    assert f"| datastream | `{stream}` |" in page
    assert f"| `time` | {time.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00 |" in page
    for name, stored in (("value", f"{value:.0f}"), ("late_s", late_s), ("flags", flags)):
        assert f"| `{name}` | {stored} |" in page
    assert span_us is None
    hour = connection.execute(
        "SELECT h.received, h.valid, h.slots, h.expected, h.covered_us, h.amount FROM metrics.hour h"
        " JOIN ingest.datastream d ON d.id = h.datastream_id WHERE d.public_id = %s AND h.hour = %s",
        (stream, HOUR),
    ).fetchone()
    assert hour is not None
    received, valid, slots, expected, covered_us, amount = hour
    assert f"| `received`, `valid` | {received}, {valid} |" in page
    assert f"| `slots` of `expected` | {slots} of {expected} |" in page
    assert f"| `covered_us` | {covered_us} |" in page
    assert f"| `amount` | {amount} |" in page
    end = datetime(2026, 11, 1, 11, tzinfo=UTC)
    (figure,) = evaluate(connection, "parking_in", "lakeside-demo", HOUR, end, subjects=["car_park:p-north"])
    assert figure.numerator is not None
    exact = Fraction(figure.numerator) / Fraction(figure.denominator)
    coverage = Fraction(figure.coverage_numerator) / Fraction(figure.coverage_denominator)
    line = f"| 2026-11-01 10:00 UTC | {exact} {figure.unit} | {coverage} | {figure.quality} |"
    assert f"| `{figure.metric}` | `{figure.subject}` {line}" in page
    suggested = {found.item: found for found in evidence.assess(connection, "lakeside-demo", end)}
    found: Suggestion = suggested["2.2.5.2"]
    assert (found.outcome, found.points, found.demo) == (Outcome.UNDETERMINED, None, True)
    assert found.reason.zh.startswith("【演示】")
