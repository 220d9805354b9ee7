"""The vocabulary says what each quantity is, and refuses to contradict itself."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from ingest import quantities
from ingest.model import Kind
from ingest.quantities import AmbiguousViewError, UnknownQuantityError
from ingest.yaml_document import DocumentError

ENTRY = (
    "a.b: {kind: gauge, type: real, unit: s, range: [0, 1], resolution: 0.1, combine: none, meaning: {zh: 甲, en: A}}"
)


def test_every_quantity_has_a_meaning_in_both_languages() -> None:
    for quantity in quantities.load().values():
        assert re.search(r"[\u4e00-\u9fff]|PM1", quantity.meaning_zh), quantity.name
        assert re.search(r"[a-z]", quantity.meaning_en), quantity.name
    meanings = [quantity.meaning_zh for quantity in quantities.load().values()]
    assert len(meanings) == len(set(meanings))


def test_counts_step_by_one_and_energy_by_a_millionth() -> None:
    known = quantities.load()
    assert known["people.in"].resolution == 1
    assert known["energy.import_total"].resolution == Decimal("0.000001")
    assert {q.resolution for q in known.values() if q.type != "real"} == {Decimal(1)}


@pytest.mark.parametrize(
    ("name", "quantity", "channel"),
    [
        ("people.in", "people.in", ""),
        ("people.in_total", "people.in_total", ""),
        ("people.in.line_1", "people.in", "line_1"),
        ("power.active.l1", "power.active", "l1"),
        ("power.active_export", "power.active_export", ""),
        ("state.input_3", "state.input", "3"),
        ("parking.occupied_spaces", "parking.used", ""),
        ("current.l12", "current", "l12"),
    ],
)
def test_a_name_is_the_longest_known_quantity_and_a_channel(name: str, quantity: str, channel: str) -> None:
    found, rest = quantities.parse(name)
    assert (found.name, rest) == (quantity, channel)


@pytest.mark.parametrize("name", ["people.inn", "people", "people.in.", "state.input.3", "power.active_l1", ""])
def test_a_name_that_is_no_quantity_is_refused(name: str) -> None:
    with pytest.raises(UnknownQuantityError):
        quantities.parse(name)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownQuantityError, match=r"got 'people.inn' \(did you mean 'people.in'\?\)"):
        quantities.parse("people.inn")


def test_a_longer_quantity_wins_over_a_shorter_one_with_a_channel() -> None:
    vocabulary = quantities.read(f"{ENTRY}\n{ENTRY.replace('a.b', 'a.b.c')}", "q.yaml")
    assert [quantities.parse(name, vocabulary)[0].name for name in ("a.b.c", "a.b.d")] == ["a.b.c", "a.b"]


@pytest.mark.corpus
def test_every_name_of_the_corpus_parses(shared: Path) -> None:
    cases = json.loads((shared / "payloads" / "EXPECTED.json").read_text(encoding="utf-8"))
    names = {
        reading["canonical"]
        for case in cases
        for reading in case["expected"]
        if reading["kind"] in set(Kind) and re.fullmatch(r"[a-z0-9_.]+", reading["canonical"])
    }
    assert len(names) > 100
    for name in sorted(names):
        quantities.parse(name)


def test_the_primary_view_is_the_declared_one() -> None:
    sent = ["energy.import_total", "energy.import_today"]
    declared = {"energy.import": "energy.import_today"}
    assert quantities.primary_view("energy.import", declared, sent).name == "energy.import_today"


def test_the_only_view_that_is_sent_needs_no_declaration() -> None:
    assert quantities.primary_view("people.in", {}, ["people.in_total"]).name == "people.in_total"


@pytest.mark.parametrize("sent", [["people.in", "people.in_total"], []])
def test_among_several_views_or_none_nothing_is_chosen_silently(sent: list[str]) -> None:
    with pytest.raises(AmbiguousViewError, match=r"expected a declared primary view of people\.in, people\.in_total"):
        quantities.primary_view("people.in", {}, sent)


def test_the_views_of_a_flow_leave_out_its_parts() -> None:
    assert [quantity.name for quantity in quantities.views("people.in")] == ["people.in", "people.in_total"]
    assert quantities.load()["people.child_in_total"].flow is None


@pytest.mark.parametrize(
    ("old", "new", "report"),
    [
        ("kind: gauge", "kind: gouge", "['a.b'].kind: expected one of gauge, counter, delta, state, got 'gouge'"),
        ("[0, 1]", "[1, 0]", "['a.b'].range: expected lowest below highest like [0, 100], got [1.0, 0.0]"),
        ("type: real", "type: count", "['a.b'].resolution: expected 1 for count and more than 0 for real, got 0.1"),
        ("type: real", "type: enum", "['a.b'].resolution: expected 1 for enum"),
        ("unit: s", "unit: s, flow: x", "['a.b'].flow: expected a counter or a delta as view of a flow, got a gauge"),
        ("unit: s", "unit: s, codes: {0: ok}", "['a.b'].codes: expected a table like {0: \"off\"} for an enum"),
        ("kind: gauge", "kind: state", "['a.b'].type: expected bool or enum for a state"),
        (
            "unit: s",
            "unit: s, alias: [x]",
            "['a.b'].alias: expected a known key, got 'alias' (did you mean 'aliases'?)",
        ),
        ("a.b:", "A b:", "['A b']: expected a name like people.in_total, got 'A b'"),
    ],
)
def test_a_contradiction_in_the_file_is_named(old: str, new: str, report: str) -> None:
    with pytest.raises(DocumentError) as caught:
        quantities.read(ENTRY.replace(old, new), "q.yaml")
    assert f"q.yaml ${report}" in str(caught.value)


def test_two_quantities_with_one_native_key_are_refused() -> None:
    with pytest.raises(DocumentError, match=r"expected a name of its own, got 'a_b', which is a\.b"):
        quantities.read(f"{ENTRY}\n{ENTRY.replace('a.b', 'a_b')}", "q.yaml")
