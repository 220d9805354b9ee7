"""How the house is built: what may import what, whose the names are, and what every folder and function has."""

import ast
import os
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("ingest", "metrics", "scoring", "dashboards", "district")
PARTS = (*ORDER, "simulators")
#: Part -> parts that it may import.
ALLOWED = {part: {*ORDER[: position + 1]} for position, part in enumerate(ORDER)} | {
    "simulators": {"ingest", "simulators"}
}
ALLOWED["district"] |= {"simulators"}
#: Names that say nothing about what a module is for.
VAGUE = {"utils", "util", "common", "helpers", "helper", "misc", "base", "manager", "core"}
OURS = "district-platform"


def modules(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT) for path in found)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            assert node.module is not None
            yield node.module


def against_the_order(path: Path) -> set[str]:
    parts = {name.split(".")[0] for name in imported(path)} & {*PARTS, "tests"}
    return parts - ALLOWED[path.parts[0]]


def test_imports_point_one_way() -> None:
    wrong = {str(path): parts for path in modules(*PARTS) if (parts := against_the_order(path))}
    assert wrong == {}


def test_no_other_distribution_claims_our_names() -> None:
    claimed = metadata.packages_distributions()
    assert {part: {*claimed.get(part, [])} - {OURS} for part in PARTS} == {part: set() for part in PARTS}


@pytest.mark.parametrize("folder", ["tests", *PARTS])
def test_every_folder_with_modules_is_a_package(folder: str) -> None:
    """Without the one at the top, `tests/ingest` would shadow `ingest`."""
    with_modules = {(ROOT / path).parent for path in modules(folder)}
    packages = {
        parent for place in with_modules for parent in (place, *place.parents) if parent.is_relative_to(ROOT / folder)
    }
    assert [str(place.relative_to(ROOT)) for place in sorted(packages) if not (place / "__init__.py").is_file()] == []


def test_tests_mirror_the_parts() -> None:
    """`tests/<part>/...` follows the folders of the part, so that a test is found where one looks for it."""
    places = {path.parent for path in modules(*(f"tests/{part}" for part in PARTS))}
    known = {Path("tests") / path.parent for path in modules(*PARTS)} | {Path("tests") / part for part in PARTS}
    assert {str(place) for place in places - known} == set()


def test_no_module_has_a_vague_name() -> None:
    assert [str(path) for path in modules(*PARTS, "tests") if path.stem in VAGUE] == []


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                inner = (child for child in node.body if isinstance(child, ast.FunctionDef))
                yield from (child for child in inner if not child.name.startswith("_"))


def test_everything_public_says_what_it_is() -> None:
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path in modules(*PARTS)
        for node in public(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_part_is_typed_and_shipped() -> None:
    assert [part for part in PARTS if not (ROOT / part / "py.typed").is_file()] == []
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{part}"' in project.partition("[tool.hatch.build.targets.wheel]")[2].split("]")[0] for part in PARTS)


def test_no_file_names_a_registry() -> None:
    """Whoever installs has their own index; locks carry hashes, not addresses."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "://" in line or line.startswith(("-i ", "--index", "--extra-index"))] == []
    assert any("--hash=sha256:" in line for line in lines)


def test_scripts_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
