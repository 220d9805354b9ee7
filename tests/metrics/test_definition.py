import re
from importlib import resources

import pytest

from metrics import parameters
from metrics.definition import DefinitionError, Grain, definitions, parse
from metrics.parameters import ParameterError

GOOD = """/*
name: turnover
title: {zh: 周转率, en: Turnover}
meaning: {zh: 周转, en: Vehicles per space}
unit: '1'
grains: [day]
subjects: [district]
inputs: [parking.in]
terms:
  vehicles: {unit: '{vehicle}', meaning: vehicles in}
  spaces: {unit: '{space}', meaning: spaces}
formula: vehicles / spaces
over_time: added up
over_devices: added up
coverage: time
source: our choice
*/
SELECT 1
"""
PATH = "metrics/catalogue/turnover.sql"


def test_a_header_becomes_a_definition_whose_version_is_its_content() -> None:
    definition = parse(GOOD, PATH)
    assert definition.formula == {"": "vehicles / spaces"}
    assert definition.body == "SELECT 1"
    assert parse(GOOD.replace("SELECT 1", "SELECT 2"), PATH).version != definition.version
    assert parse(GOOD.replace("\n", "\r\n"), PATH).version == definition.version


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("unit: '1'", "units: '1'", "$.unit: Field required, got nothing; a good one: '1' or kW.h"),
        ("source:", "sources: x\nsource:", "$.sources: Unexpected keyword argument, got 'x'"),
        ("grains: [day]", "grains: [week]", "or 'window', got 'week'; a good one: [hour, day, window]"),
        ("vehicles / spaces", "vehicles / space", "$.formula: 'space' is neither a term nor a parameter"),
        ("vehicles / spaces", "vehicles / (spaces / 2)", "$.formula: 'spaces / 2' may not stand in the formula"),
        ("vehicles / spaces", "vehicles ! spaces", "got 'vehicles ! spaces'; a good one: vehicles / spaces"),
        ("vehicles / spaces", "vehicles", "$.terms.spaces: no formula uses it"),
        ("vehicles / spaces", "argmax(vehicles) / spaces", "argmax takes 2 names, got 'argmax(vehicles)'"),
        ("name: turnover", "name: parking", "$.name: expected the file's name 'turnover', got 'parking'"),
        ("source:", "store: {hour: [district]}\nsource:", "$.store: hour cannot be stored"),
        ("source:", "store: {day: [device]}\nsource:", "$.store.day: device is not among $.subjects"),
        ("source:", "version: '1'\nsource:", "$.version: is set from the file"),
        ("source: our choice\n", "", "$.source: Field required, got nothing"),
        ("/*", "--", "expected a comment block /* name: ... */ at the top"),
        ("vehicles: {unit", "device: {unit", "$.terms.device: is a column that every row has"),
    ],
)  # fmt: skip
def test_a_wrong_header_names_file_key_bad_value_and_a_good_one(old: str, new: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(message)) as caught:
        parse(GOOD.replace(old, new), PATH)
    assert str(caught.value).startswith(PATH)


def test_every_file_of_the_catalogue_is_a_metric() -> None:
    files = [
        file.name for file in (resources.files("metrics") / "catalogue").iterdir() if not file.name.startswith("_")
    ]
    assert sorted(name.rsplit(".", 1)[0] for name in files) == list(definitions())


def test_metrics_of_the_catalogue_read_parameters_that_exist_and_state_them() -> None:
    for definition in definitions().values():
        assert set(definition.parameters) <= set(parameters.load()), definition.name
        read = set(re.findall(r"%\((\w+)\)s", definition.body)) & set(parameters.load())
        assert read <= set(definition.parameters), definition.name


def test_only_sums_that_a_screen_needs_are_stored_and_never_windows() -> None:
    for definition in definitions().values():
        assert Grain.WINDOW not in definition.store


def test_a_wrong_parameter_names_file_key_and_bad_value() -> None:
    with pytest.raises(ParameterError, match=r"metrics/parameters.yaml \$.share.values.*a good one"):
        parameters.parse(
            "share: {unit: '1', meaning: {zh: 占比, en: share}, values: {1970-01-01: much}, reference: our choice}"
        )
    with pytest.raises(ParameterError, match=r"\$.share.values: expected a value by date"):
        parameters.parse("share: {unit: '1', meaning: {zh: 占比, en: share}, values: {}, reference: our choice}")
