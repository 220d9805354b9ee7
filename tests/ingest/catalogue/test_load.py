"""A mistake in a district.yaml is reported as file, key, what was expected, and what stood there."""

from collections import Counter
from pathlib import Path

import pytest

from ingest.catalogue import load, read
from ingest.yaml_document import DocumentError

ROOT = Path(__file__).parents[3]
GOOD = """\
district: {id: d, name: {zh: 区, en: D}, zone: Asia/Shanghai}
spaces:
  - {id: mall, name: {zh: 楼, en: Mall}}
  - {id: floor, name: {zh: 层, en: Floor}, parent: mall}
entrances:
  - {id: gate, space: mall, name: {zh: 门, en: Gate}, clear_width_m: 2.5}
car_parks:
  - {id: p1, name: {zh: 库, en: P1}, space: mall, public: true, spaces: 10, bays: [{id: p1-1}]}
gateways:
  - {id: gw}
devices:
  - {id: c1, feed: foot_traffic, space: mall, interval: 60s, entrance: gate, sign: 1}
  - {id: m1, feed: energy, space: mall, interval: 5min}
  - {id: m2, feed: energy, space: floor, interval: 1h, submeter_of: m1, addresses: [{route: r, address: A-1}]}
"""


def problem(old: str, new: str) -> str:
    """The report about the good file with one place changed."""
    assert old in GOOD
    with pytest.raises(DocumentError) as caught:
        read(GOOD.replace(old, new, 1), "f.yaml")
    return str(caught.value)


def test_the_good_file_of_these_tests_is_good() -> None:
    assert [device.id for device in read(GOOD, "f.yaml").devices] == ["c1", "m1", "m2"]


@pytest.mark.parametrize(
    ("old", "new", "report"),
    [
        ("interval: 60s", "interval: 5 m", "$.devices[0].interval: expected a duration like 60s or 5min, got '5 m'"),
        ("interval: 60s", "interval: 60", "$.devices[0].interval: expected a duration like 60s or 5min, got 60"),
        ("interval: 60s", "interval: 0s", "$.devices[0].interval: expected a duration like 60s or 5min, got '0s'"),
        (
            "interval: 60s",
            "intervall: 60s",
            (
                "$.devices[0]: expected the key 'interval' like `interval: 60s`, got none\n"
                "f.yaml $.devices[0].intervall: expected a known key, got 'intervall' (did you mean 'interval'?)"
            ),
        ),
        (
            "id: gw}",
            "id: GW 1}",
            "$.gateways[0].id: expected an id of a-z, 0-9, _ and - (at most 64) like gw-north, got 'GW 1'",
        ),
        (
            "clear_width_m: 2.5",
            "clear_width_m: -1",
            "$.entrances[0].clear_width_m: expected a number above 0 like 3.6, got -1",
        ),
        ("spaces: 10", "spaces: ten", "$.car_parks[0].spaces: expected a whole number, 0 or more like 420, got 'ten'"),
        ("public: true", "public: maybe", "$.car_parks[0].public: expected true or false like true, got 'maybe'"),
        ("feed: energy", "feed: power", "$.devices[1].feed: expected one of foot_traffic, parking, wifi, energy, "),
        (
            "parent: mall",
            "parent: mal",
            "$.spaces[1].parent: expected an id of $.spaces, got 'mal' (did you mean 'mall'?)",
        ),
        ("parent: mall", "parent: floor", "$.spaces[1].parent: expected a tree, got the circle floor > floor"),
        ("sign: 1", "sign: 0", "$.devices[0].sign: expected 1 or -1, got 0"),
        (", sign: 1", "", "$.devices[0]: expected the key 'sign' like `sign: 1` beside 'entrance', got none"),
        (
            "entrance: gate",
            "entrance: gata",
            "$.devices[0].entrance: expected an id of $.entrances, got 'gata' (did you mean 'gate'?)",
        ),
        ("id: m1", "id: c1", "$.devices[1].id: expected an id of its own, got 'c1', which is $.devices[0]"),
        (
            "interval: 5min",
            'interval: 5min, addresses: [{route: r, address: "a_1"}]',
            "$.devices[2].addresses[0].address: expected an address of its own, got 'A-1', which belongs to m1",
        ),
        (
            "Asia/Shanghai",
            "Asia/Shangai",
            (
                "$.district.zone: expected an IANA time zone like Asia/Shanghai, "
                "got 'Asia/Shangai' (did you mean 'Asia/Shanghai'?)"
            ),
        ),
        (
            "Asia/Shanghai",
            "Australia/Lord_Howe",
            (
                "$.district.zone: expected a time zone whose clock only ever moves by whole hours, like Asia/Shanghai, "
                "got 'Australia/Lord_Howe'"
            ),
        ),
        (
            "interval: 5min",
            "interval: 5min, counters: {people.in: {policy: restart}}",
            (
                "$.devices[1].counters['people.in']: expected a running total like people.in_total, "
                "got 'people.in', which is a delta (did you mean 'people.in_total'?)"
            ),
        ),
        (
            "interval: 5min",
            "interval: 5min, counters: {energy.import_total: {policy: wrap}}",
            (
                "$.devices[1].counters['energy.import_total'].wrap: expected a limit like 1000000 with policy wrap "
                "and only there, got nothing"
            ),
        ),
        (
            "interval: 5min",
            "interval: 5min, primary: {energy.import: power.active}",
            (
                "$.devices[1].primary['energy.import']: expected a view of energy.import (energy.import_total, "
                "energy.import_today, energy.import_period), got 'power.active'"
            ),
        ),
        (
            "interval: 5min",
            "interval: 5min, hold: 60s",
            "$.devices[1].hold: expected at least the interval like 300s, got 60s",
        ),
        (
            "interval: 5min",
            "interval: 5min, since: 2026-10-01",
            "$.devices[1].since: expected an instant with its offset like 2026-10-01T08:00:00+08:00, got '2026-10-01'",
        ),
        (
            "interval: 5min",
            "interval: 5min, commissioned_on: 20261001",
            "$.devices[1].commissioned_on: expected a date like 2026-10-01, got 20261001",
        ),
        (
            "id: p1-1}]",
            "id: p1-1}, {id: p1-1}]",
            "$.car_parks[0].bays[1].id: expected an id of its own, got 'p1-1', which is ",
        ),
        ("gateways:", "gateway:", "$.gateway: expected a known key, got 'gateway' (did you mean 'gateways'?)"),
    ],
)
def test_each_mistake_is_named_with_a_good_value(old: str, new: str, report: str) -> None:
    assert problem(old, new).startswith(f"f.yaml {report}")


def test_a_key_that_stands_twice_is_refused_with_its_line() -> None:
    with pytest.raises(
        DocumentError, match=r"f\.yaml line 15, column 1: expected YAML, got: key 'spaces' stands twice"
    ):
        read(GOOD + "spaces: []\n", "f.yaml")


def test_words_that_older_yaml_takes_for_something_else_stay_words() -> None:
    catalogue = read(GOOD.replace("en: Mall", "en: no").replace("en: Gate", "en: 10:30"), "f.yaml")
    assert (catalogue.spaces[0].name.en, catalogue.entrances[0].name.en) == ("no", "10:30")


def test_a_register_without_its_list_is_refused() -> None:
    signed = GOOD + "registers: {carriers: {signer: A, signed_on: 2026-10-01}}\n"
    with pytest.raises(DocumentError, match=r"\$.registers.carriers: expected a list at \$.carriers that was signed"):
        read(signed, "f.yaml")


def test_a_zone_of_a_half_hour_offset_is_welcome() -> None:
    assert read(GOOD.replace("Asia/Shanghai", "Asia/Kolkata"), "f.yaml").district.zone == "Asia/Kolkata"


def test_the_small_example_is_real_and_signed() -> None:
    catalogue = load(ROOT / "district" / "examples" / "small.yaml")
    assert {device.origin for device in catalogue.devices} == {"real"}
    assert len(catalogue.registers) == 2
    assert not catalogue.district.demo


def test_the_demo_district_has_what_the_demo_needs() -> None:
    catalogue = load(ROOT / "simulators" / "demo_district.yaml")
    count = Counter(device.feed for device in catalogue.devices)
    assert catalogue.district.demo
    assert {device.origin for device in catalogue.devices} == {"simulated"}
    assert count == {
        "foot_traffic": 16, "parking": 6, "wifi": 16, "energy": 12, "air_quality": 6, "video": 9, "thermal": 2,
        "equipment": 17, "traffic": 5, "alarms": 5, "deliveries": 2,
    }  # fmt: skip
    assert sum(device.role == "gate" for device in catalogue.devices) == len(catalogue.car_parks) == 3
    assert {"spaces", "entrances", "car_parks", "devices"} <= set(catalogue.registers)
    assert all(any(d.entrance == entrance.id for d in catalogue.devices) for entrance in catalogue.entrances)
    assert len(catalogue.gateways) == 4
