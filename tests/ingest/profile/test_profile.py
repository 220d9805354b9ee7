"""The language of device profiles, by small profiles of our own."""

import math
import re
from pathlib import Path

import pytest

from ingest.formats.numbers import convert, number
from ingest.formats.report import Naive, Report
from ingest.formats.stamps import from_number, from_text, resolve
from ingest.guess import candidates, guess
from ingest.model import Flag
from ingest.profile import Compiled, Profiles, checked, explain, read, shipped
from ingest.profile.examples import mistakes
from ingest.yaml_document import DocumentError

HEAD = "id: hall\ntitle: Hall\n"


def compiled(text: str) -> Compiled:
    return checked("hall", Profiles({"hall": read(HEAD + text, "hall.yaml")}), "hall.yaml")


def values(text: str, **sent: object) -> dict[str, float]:
    said = explain(Report("", None, sent), compiled(text))
    return {f"{q}.{c}" if c else q: v for run in said.runs for q, c, v in run.values}


def reasons(text: str, **sent: object) -> list[str]:
    return [reason.value for reason, _ in explain(Report("", None, sent), compiled(text)).problems]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_examples_in_a_shipped_profile_come_out_as_written(name: str) -> None:
    profile = checked(name, shipped(), f"{name}.yaml")
    assert {example.title: problems for example, problems in mistakes(profile) if problems} == {}
    assert profile.spec.examples


def test_a_factor_is_exact() -> None:
    text = "keys: {p: {quantity: env.pressure, unit: hPa, factor: 0.1}, t: {quantity: env.temperature, unit: '[degF]'}}"
    assert values(text, p=10133, t="+68.9") == {"env.pressure": 101330.0, "env.temperature": 20.5}


def test_what_a_wildcard_stands_for_becomes_the_channel() -> None:
    text = "keys: {'line_*_in[*]': {quantity: people.in, channel: 'l{1}_{2+1}'}}"
    assert values(text, **{"line_4_in[0]": 2, "line_x": 1}) == {"people.in.l4_1": 2}


def test_an_unknown_word_is_refused_and_a_star_takes_the_rest() -> None:
    assert reasons("keys: {s: {quantity: state.open, words: {AJAR: 1}}}", s="broken") == ["unknown_state"]
    assert values("keys: {s: {quantity: device.fault, words: {0: ok, '*': fault}}}", s=7) == {"device.fault": 1}
    assert values("keys: {s: {quantity: state.open, words: {unknown: null}}}", s="Unknown") == {}


def test_missing_values_are_none_in_any_spelling() -> None:
    text = "keys: {t: {quantity: env.temperature, unit: Cel, missing: [327.67]}}"
    assert [values(text, t=sent) for sent in (327.67, "327.67", None, "", "NaN")] == [{}] * 5


def test_a_unit_of_the_message_wins_and_without_any_the_value_is_refused() -> None:
    profile = compiled("keys: {t: {quantity: env.temperature}}")
    assert explain(Report("", None, {"t": 294.15}, {"t": "K"}), profile).runs[0].values[0][2] == 21.0
    assert [reason for reason, _ in explain(Report("", None, {"t": 21}), profile).problems] == ["unit_undeclared"]
    assert [r for r, _ in explain(Report("", None, {"t": 21}, {"t": "bananas"}), profile).problems] == [
        "unit_undeclared"
    ]


def test_one_key_may_mean_several_things() -> None:
    text = """
keys:
  v:
    cases:
      - {when: {kind: [T]}, quantity: env.temperature, unit: Cel}
      - {when: {kind: [H]}, quantity: env.humidity, unit: "%"}
"""
    assert values(text, v=20, kind="t") == {"env.temperature": 20}
    assert values(text, v=40, kind="H") == {"env.humidity": 40}
    assert values(text, v=40, kind="X") == {}


@pytest.mark.parametrize(
    ("order", "words"),
    [("abcd", [0x42F6, 0xE979]), ("cdab", [0xE979, 0x42F6]), ("badc", [0xF642, 0x79E9]), ("dcba", [0x79E9, 0xF642])],
)
def test_registers_make_a_number_in_every_order(order: str, words: list[int]) -> None:
    text = f"keys: {{'r[2]': {{quantity: power.active, unit: W, register: {{type: float32, order: {order}}}}}}}"
    found = values(text, **{"r[2]": words[0], "r[3]": words[1]})
    assert found["power.active"] == pytest.approx(123.456, rel=1e-6)
    assert reasons(text, **{"r[2]": words[0]}) == ["wrong_type"]


def test_all_meanings_of_a_word_are_read_and_of_cases_the_first() -> None:
    both = "[{quantity: state.open, bit: 0}, {quantity: device.fault, bit: 3}]"
    assert values(f"keys: {{s: {{all: {both}}}}}", s=9) == {"state.open": 1, "device.fault": 1}
    assert values(f"keys: {{s: {{cases: {both}}}}}", s=9) == {"state.open": 1}


def test_two_keys_that_contradict_each_other_are_refused_and_their_neighbours_land() -> None:
    keys = "a: {quantity: env.temperature, unit: Cel}, b: {quantity: env.temperature, unit: '[degF]'}"
    text = f"keys: {{{keys}, h: {{quantity: env.humidity, unit: '%'}}}}"
    assert values(text, a=20, b=68, h=40) == {"env.temperature": 20, "env.humidity": 40}
    for sent in ({"a": 20, "b": 69, "h": 40}, {"b": 69, "h": 40, "a": 20}):
        assert values(text, **sent) == {"env.humidity": 40}
        assert reasons(text, **sent) == ["bad_shape"] * 2  # one per reading that is not stored
    (_, said), _ = explain(Report("", None, {"a": 20, "b": 69}), compiled(text)).problems
    assert said == "env.temperature: several keys give different values; give each a `channel` of its own"


def test_what_a_wildcard_stands_for_tells_keys_apart_only_where_the_channel_says_it() -> None:
    sent: dict[str, object] = {"line_1": 3, "line_2": 4, "line_3": 3}
    assert values("keys: {'line_*': {quantity: people.in}}", **sent) == {}
    assert reasons("keys: {'line_*': {quantity: people.in}}", **sent) == ["bad_shape"] * 2
    assert len(values("keys: {'line_*': {quantity: people.in, channel: '{1}'}}", **sent)) == 3


def test_elements_of_a_list_do_not_contradict_the_message_they_stand_in() -> None:
    text = "keys: {t: {quantity: env.temperature, unit: Cel}}\nlists: {log: {time: at}}"
    report = Report("", None, {"t": 20, "log[0].t": 19, "log[0].at": 1795392900})
    said = explain(report, compiled(text))
    assert ([run.values[0][2] for run in said.runs], said.problems) == ([20, 19], [])


def test_a_pattern_takes_a_part_of_a_text_and_none_of_it_is_no_value() -> None:
    text = "keys: {s: {pattern: 'T:([-0-9.]+)', quantity: env.temperature, unit: Cel}}"
    assert values(text, s="at 3, T:-3.5c") == {"env.temperature": -3.5}
    assert (values(text, s="no sensor"), reasons(text, s="no sensor"), values(text, s=21)) == ({}, [], {})


def test_a_pattern_takes_a_number_as_its_text() -> None:
    text = "keys: {v: {pattern: '^([0-9.]+)', quantity: device.battery_voltage, unit: V}}"
    assert [values(text, v=sent) for sent in (3.6, "2.4(low battery)")] == [
        {"device.battery_voltage": 3.6}, {"device.battery_voltage": 2.4},
    ]  # fmt: skip
    assert values(text, v=True) == {}


def test_a_base_reads_digits_and_a_whole_number_gives_its_bits_to_a_register() -> None:
    text = (
        "keys: {h: {quantity: pulse.total, base: 16, missing: [FFFF]}, "
        "t: {quantity: env.temperature, unit: Cel, register: {type: int16}, factor: 0.1}, "
        "p: {quantity: power.active, unit: W, register: {type: float32, order: cdab}}}"
    )
    assert values(text, h="00FF", t=65436, p=0x00004148) == {
        "pulse.total": 255, "env.temperature": -10, "power.active": 12.5
    }  # fmt: skip
    assert (values(text, h="ffff"), reasons(text, h="ffff")) == ({}, [])
    assert reasons(text, h="xyz", t=70000) == ["wrong_type", "wrong_type"]


def test_another_key_names_the_unit_and_the_channel() -> None:
    text = "keys: {v: {quantity: env.temperature, unit_key: u, channel: 'zone_{zone}'}}"
    assert values(text, v=68, u="°F", zone="North 2") == {"env.temperature.zone_north_2": 20}
    assert reasons(text, v=68, u="bananas") == ["unit_undeclared"]
    said = explain(Report("", None, {"v": 68, "u": "°F", "zone": "x", "more": 1}), compiled(text))
    assert said.unknown == 1


def test_an_interval_begins_where_a_key_says() -> None:
    sent: dict[str, object] = {"from": 1795392600, "to": 1795392900, "n": 3}
    profile = compiled("keys: {n: {quantity: people.in}}\ntime: to\nsince: from")
    (run,) = explain(Report("", None, sent), profile).runs
    assert (run.time, run.span_us) == (1795392900_000000, 300_000_000)
    (run,) = explain(Report("", None, {**sent, "from": 1795392901}), profile).runs
    assert run.span_us is None


def test_json_in_a_text_is_read_and_its_neighbours_land_where_it_cannot_be() -> None:
    text = "keys: {d.t: {quantity: env.temperature, unit: Cel}, n: {quantity: people.in}}\nembedded: [d]"
    assert values(text, d='{"t": 21.5}', n=2) == {"env.temperature": 21.5, "people.in": 2}
    assert (values(text, d="{", n=2), reasons(text, d="{", n=2)) == ({"people.in": 2}, ["bad_json"])


def test_a_number_that_no_double_holds_is_refused() -> None:
    text = "keys: {t: {quantity: env.temperature, unit: Cel}, h: {quantity: env.humidity, unit: '%', missing: [-1]}}"
    assert reasons(text, t=10**400, h=-(10**400)) == ["not_finite", "not_finite"]


def test_keys_and_units_without_end_are_nobodys_and_are_not_remembered() -> None:
    profile = compiled("keys: {'a_*_b_*_c': {quantity: people.in}, t: {quantity: env.temperature, unit: Cel}}")
    assert profile.entry("a_" + "_b_" * 100_000) is None
    assert explain(Report("", None, {"t": 1}, {"t": "C" * 100_000}), profile).problems[0][0] == "unit_undeclared"
    assert not profile._known.keys() - {"t"}


def test_an_element_of_a_list_has_its_own_time_channel_and_flag() -> None:
    profile = compiled("lists: {h: {time: at, channel: 'z{n}', keys: {c: {quantity: people.present}}}}")
    sent = {"h[0].at": 1795392900, "h[0].n": 3, "h[0].c": 5, "h[1].at": 0, "h[1].c": 9}
    said = explain(Report("", None, sent), profile)
    assert [(run.time, run.flags, run.values) for run in said.runs] == [
        (1795392900_000000, int(Flag.HISTORICAL), [("people.present", "z3", 5.0)])
    ]
    assert [reason for reason, _ in said.problems] == ["bad_time"]
    assert said.unknown == 0


def test_a_status_that_does_not_vouch_marks_the_readings() -> None:
    profile = compiled("keys: {v: {quantity: people.present}}\ngood: {status: [0]}")
    flags = [explain(Report("", None, {"v": 1, "status": sent}), profile).runs[0].flags for sent in (0, "0", 3)]
    assert flags == [0, 0, int(Flag.SOURCE_BAD)]


def test_a_bit_and_an_event() -> None:
    assert values("keys: {b: {quantity: alarm.active, bit: 3}}", b=8) == {"alarm.active": 1}
    profile = compiled("keys: {a: {event: alarm.crowd, words: {none: null}}}")
    said = [
        [e.type for e in explain(Report("", None, {"a": sent}), profile).events] for sent in ("full", "none", False)
    ]
    assert said == [["alarm.crowd"], [], []]


def test_what_is_not_finite_or_not_whole_is_refused_and_neighbours_land() -> None:
    text = "keys: {n: {quantity: people.in}, t: {quantity: env.temperature, unit: Cel}, h: {quantity: env.humidity, unit: '%'}}"
    assert reasons(text, n=2.5, t=math.inf, h=40) == ["wrong_type", "not_finite"]
    assert values(text, n=2.5, t=math.inf, h=40) == {"env.humidity": 40}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keys: {a: {quantity: people.in, kind: counter}}", "people.in_total"),
        ("keys: {a: {quantity: env.temprature}}", "did you mean 'env.temperature'?"),
        ("keys: {a: {quantity: env.temperature, unit: kg}}", "$.keys.a.unit: expected Cel or K"),
        ("keys: {a: {quantity: people.in, channel: '{1}'}}", "$.keys.a.channel"),
        ("keys: {a: {quantity: state.open, words: {x: 2}}}", "expected 0 or 1, got 2"),
        ("keys: {a: {quantity: people.in, factr: 2}}", "did you mean 'factor'?"),
        ("keys: {a: {quantity: people.in, pattern: 'x('}}", "$.keys.a.pattern: expected a regular expression"),
        ("keys: {a: {quantity: people.in, pattern: x}}", "$.keys.a.pattern: expected one group"),
        ("keys: {a: {quantity: people.in, base: 99}}", "$.keys.a.base: expected a base like 16"),
        ("keys: {a: {quantity: people.in, all: [{quantity: people.out}]}}", "within `all`"),
        ("formats: [chirpstack]", "did you mean 'chirpstack-v4'?"),
        ("primary: {people.in: env.co2}", "$.primary.people.in"),
        ("extends: other", "$.extends"),
        (
            "keys: {s: {all: [{quantity: state.open, bit: 0}, {quantity: state.open, bit: 1}]}}",
            "$.keys.s.all[1].channel: expected another than that of all[0], which is state.open too, like `channel: b1`",
        ),
    ],
)
def test_a_mistake_names_file_key_and_a_better_value(text: str, said: str) -> None:
    with pytest.raises(DocumentError) as error:
        compiled(text)
    assert "hall.yaml $" in str(error.value)
    assert said in str(error.value)


def test_a_profile_of_ones_own_extends_a_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "our-am307.yaml"
    file.write_text(
        "id: our-am307\ntitle: ours\nextends: milesight-am300\nkeys: {tvoc: {quantity: env.tvoc_mass, unit: mg/m3}}"
    )
    profile = shipped().with_folder(tmp_path)["our-am307"]
    said = explain(Report("", None, {"tvoc": 0.5, "co2": 600}), profile)
    assert said.runs[0].values == [("env.tvoc_mass", "", 500.0), ("env.co2", "", 600.0)]


def test_the_likeliest_profile_is_proposed_and_none_where_keys_are_strange() -> None:
    assert guess("tts-v3", ["line_1_total_in", "line_1_total_out"]) == "milesight-vs133"
    assert guess("tts-v3", {"temperature": "warm", "humidity": 40, "light_level": 1}) is None
    assert guess("senml", ["line_1_total_in", "line_1_total_out"]) is None
    assert guess("tts-v3", ["x", "w"]) is None


def test_a_message_of_nothing_but_history_is_recognised_by_the_keys_of_its_elements() -> None:
    assert (
        guess("tts-v3", ["history[0].magnet_status", "history[0].humidity", "history[0].timestamp"])
        == "milesight-em300"
    )


def test_candidates_say_which_keys_they_do_not_know() -> None:
    best, second, *_ = candidates("lorawan-decoded", {"battery": 92, "temperature": 20, "humidity": 30, "pulse": 4})
    assert (best.profile, best.unknown) == ("milesight-em300", [])
    assert (second.profile, second.unknown) == ("temperature-humidity", ["pulse"])


def test_magnitude_tells_the_unit_of_a_time_and_false_times_are_none() -> None:
    wanted = 1795392900_000000
    assert [from_number(wanted * 1000 // 10**n) for n in (0, 3, 6, 9)] == [wanted] * 4
    assert [from_number(false) for false in (0, -1, 946684805, True, math.nan)] == [None] * 5
    assert [
        from_text(text) for text in ("0001-01-01T00:00:00Z", "1111-11-11 11:11:11", "NULL", "2026-02-30T00:00:00Z")
    ] == [None] * 4
    assert from_text("20261123T001500Z") == from_text("2026-11-23T08:15:00.000000999+0800") == wanted
    assert resolve(from_text("2026/11/23 08:15:00"), "Asia/Shanghai") == wanted
    assert isinstance(from_text("2026-11-23 08:15:00"), Naive)


def test_numbers_as_text_are_read_and_nothing_is_guessed() -> None:
    assert [number(text) for text in ("+27.0", "1,", " -80.000000 ", "1e3")] == [27.0, 1.0, -80.0, 1000.0]
    assert [number(text) for text in ("1,5", "0x10", "1_000", "inf", "NaN", "", "12 V", True, None, 10**400)] == [
        None
    ] * 10
    assert convert(0.1, "kW.h", "kW.h") == 0.1
    assert convert(2.675, "kW", "W") == 2675.0


def test_the_profiles_in_the_documentation_are_profiles() -> None:
    page = (Path(__file__).parents[3] / "docs" / "profiles.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n((?:lists|keys|embedded):.*?)```", page, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        compiled(block)
