import re
from pathlib import Path

import pytest

from ingest.quantities import load as quantities
from simulators.replay import check
from simulators.replay.keys import MappingError
from simulators.replay.mapping import Unlisted
from tests.simulators.replay.cases import mapping_text

SHIPPED = sorted((Path(check.__file__).parents[1] / "mappings").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_mapping_loads(path: Path) -> None:
    assert check.load(path, quantities()).values


def test_seven_mappings_are_shipped() -> None:
    assert len(SHIPPED) == 7


def test_texts_of_the_file_stay_texts() -> None:
    mapping = check.parse(mapping_text("missing: [NO, -999, 1.0, null, 12:30]\ndevice: {column: on}"), quantities())
    assert mapping.missing == ("NO", "-999", "1.0", "null", "12:30")
    assert mapping.device.column == ("on",)
    assert mapping.device.unlisted is Unlisted.SLUG


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ("colour: red", "$.colour: unknown key with 'red'; known here: why, district"),
        ("file: {seperator: ';'}", "$.file.seperator: unknown key with ';'; known here: encoding, separator"),
        ("interval: 5 m", "$.interval: expected a duration like 60s, 5min or 1h, got '5 m'; for example 15min"),
        ("interval: 0s", "$.interval: expected a duration above zero, got '0s'"),
        ("feed: air", "$.feed: expected one of foot_traffic, parking"),
        ("gateway: Replay", "$.gateway: expected an id of a-z, 0-9, _ and -, at most 64 characters, got 'Replay'"),
        ("device: {column: a, constant: b}", "$.device: expected either column or constant, got both"),
        ("device: {}", "$.device: missing; say whose the rows are"),
        ("device: {column: a, ids: {A: A 1}}", "$.device.ids.A: expected an id"),
        ("device: {column: a, pattern: '.*'}", "$.device.pattern: expected a group (?P<device>...)"),
        ("device: {column: a, pattern: '('}", "$.device.pattern: expected a regular expression"),
        ("device: {column: a, unlisted: drop}", "$.device.unlisted: expected one of slug, refuse, ignore, got 'drop'"),
        ("time: {columns: t, formats: '%Y-%m-%d'}", "$.time.zone: missing"),
        ("time: {columns: t, formats: '%Y-%m-%d', zone: Europe/Lundon}", "$.time.zone: expected an IANA zone like Europe/London"),
        ("time: {columns: t, formats: '%H', zone: UTC}", "$.time.formats[0]: expected a year"),
        ("time: {columns: t, zone: UTC}", "$.time.formats: missing; for example formats: "),
        ("time: {columns: t, formats: iso, zone: UTC, stamp: start, midnight_closes_day: true}", "$.time.midnight_closes_day: expected with stamp: end"),
        ("time: {columns: t, formats: iso, zone: UTC, ambiguous: both}", "$.time.ambiguous: both needs stamp"),
        ("time: {columns: t, formats: iso, zone: UTC, stamp: start, ambiguous: both}", "$.time.ambiguous: both is for amounts"),
        ("time: {columns: t, formats: iso, zone: UTC, other_end: {columns: u}}", "$.time.stamp: expected start or end with other_end"),
        ("time: {columns: t, formats: iso, zone: UTC, months: [a]}", "$.time.months: expected twelve names, got 1"),
        ("file: {header: 0}", "$.file.columns: missing; without a header"),
        ("file: {encoding: utf-88}", "$.file.encoding: expected a name such as utf-8"),
        ("file: {thousands: '.'}", "$.file.thousands: expected another mark than the decimal one"),
        ("file: {trim: yes}", "$.file.trim: expected true or false, got 'yes'"),
        ("values: []", "$.values: expected a list with at least one item"),
        ("values: [{column: n, columns: m, quantity: env.co, kind: gauge, unit: mg/m3}]", "$.values[0]: expected either column or columns"),
        ("values: [{column: n, quantity: env.CO, kind: gauge, unit: mg/m3}]", "$.values[0].quantity: 'env.CO' is not in the vocabulary; near it: env.temperature"),
        ("values: [{column: n, quantity: env.co, kind: gauge, unit: ppm}]", "$.values[0].unit: expected mg/m3 or ug/m3"),
        ("values: [{column: n, quantity: people.in, kind: counter, unit: '{people}'}]", "$.values[0].kind: people.in is a delta, got counter; the counter of this flow is people.in_total"),
        ("values: [{column: n, quantity: people.in, kind: delta, unit: '{people}'}]", "people.in covers an interval; $.time.stamp must be start or end, got instant"),
        ("values: [{column: n, quantity: env.co, kind: gauge, unit: mg/m3, factor: [1, 0]}]", "$.values[0].factor: expected two whole numbers other than 0"),
        ("values: [{column: n, quantity: env.co, kind: gauge, unit: mg/m3, words: {low: few}}]", "$.values[0].words.low: expected a number such as 1, got 'few'"),
        ("ignore_rows: [{why: x}]", "$.ignore_rows[0]: expected a column and equals or matches"),
        ("why: a\nwhy: b", "the key 'why' is given twice"),
        ("why: [", "not YAML"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_told_with_key_path_bad_value_and_a_good_one(changes: str, problem: str) -> None:
    text = changes if changes.startswith("why:") else mapping_text(changes)
    with pytest.raises(MappingError, match=re.escape(problem)):
        check.parse(text, quantities())


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "town.yaml"
    path.write_text(mapping_text("interval: 5 m"))
    with pytest.raises(MappingError, match=r"town\.yaml \$\.interval: expected a duration"):
        check.load(path, quantities())
    with pytest.raises(MappingError, match=r"none\.yaml: cannot be read"):
        check.load(tmp_path / "none.yaml", quantities())
