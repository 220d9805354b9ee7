"""Each fault does what its name says, only to the reports it names, the same way every time."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import orjson
import pytest

from ingest.model import Reason
from simulators import faults, series
from simulators.backlog import Pair, pack, wrapped
from simulators.faults import Effect, Fault
from simulators.series import Report
from simulators.world import Device, World

from .worlds import DAY, MONDAY, busy, small

END = MONDAY + 30 * DAY


def _stream(world: World, name: str) -> list[tuple[Device, Report]]:
    device = world.devices[name]
    return [(device, report) for report in series.reports(world, device, MONDAY, END)]


def _through(fault: Fault, pairs: list[tuple[Device, Report]]) -> list[Pair]:
    return list(wrapped(pairs, [fault]))


def _hits(fault: Fault, pairs: list[tuple[Device, Report]]) -> list[bool]:
    device = pairs[0][0]
    return list(fault.hits(device, series.stamps(fault.world, device, MONDAY, END)))


def test_every_fault_is_the_same_every_time() -> None:
    for name in faults.NAMES:
        first, again = small(), small()
        once = _through(faults.make(name, first, until=END), _stream(first, "incomer"))
        twice = _through(faults.make(name, again, until=END), _stream(again, "incomer"))
        assert [item for _, item in once] == [item for _, item in twice]


def test_a_gap_leaves_out_exactly_the_reports_it_names() -> None:
    world = small()
    fault = faults.make("gap", world)
    lost = 0
    for name in world.devices:
        pairs = _stream(world, name)
        kept = [pair for pair, hit in zip(pairs, _hits(fault, pairs), strict=True) if not hit]
        assert _through(fault, pairs) == kept
        lost += (len(pairs) - len(kept)) * world.devices[name].interval_s
    assert 0.001 < lost / (30 * DAY * len(world.devices)) < 0.02


def test_a_stuck_station_repeats_its_particles_while_the_rest_goes_on() -> None:
    world = small()
    fault = faults.make("stuck", world)
    pairs = _stream(world, "station")
    out, hits = _through(fault, pairs), _hits(fault, pairs)
    stuck = [item for (_, item), hit in zip(out, hits, strict=True) if hit]
    assert len(stuck) >= 96  # eight hours
    for (_, before), (_, after), hit in zip(pairs, out, hits, strict=True):
        assert isinstance(after, dict)
        assert {**after, "values": None} == {**before, "values": None}
        changed = {name for name, value in _values(after).items() if value != _values(before)[name]}
        assert changed <= ({"env_pm2_5", "env_pm10"} if hit else set())
    first = hits.index(True)
    assert len({_values(item)["env_pm2_5"] for _, item in out[first : first + 96]}) == 1
    assert len({_values(item)["env_o3"] for _, item in out[first : first + 96]}) > 1


def test_a_duplicate_is_the_same_report_twice_in_a_row() -> None:
    world = small()
    fault = faults.make("duplicate", world)
    pairs = _stream(world, "gate")
    expected = [pair for pair, hit in zip(pairs, _hits(fault, pairs), strict=True) for _ in range(1 + hit)]
    assert _through(fault, pairs) == expected
    assert len(pairs) < len(expected) < len(pairs) * 1.02


def test_late_reports_come_a_day_later_among_those_of_that_day() -> None:
    world = small()
    fault = faults.make("late", world, until=END)
    pairs = _stream(world, "ap-1")
    out, hits = _through(fault, pairs), _hits(fault, pairs)
    assert Counter(str(_stamp(item)) for _, item in out) == Counter(str(_stamp(item)) for _, item in pairs)
    late = {_stamp(item) for (_, item), hit in zip(pairs, hits, strict=True) if hit}
    assert late
    newest = 0
    for _, item in out:
        assert isinstance(item, dict)
        sent = item["sent"]
        assert isinstance(sent, int)
        assert (sent - _stamp(item) >= DAY * 1000) == (_stamp(item) in late)
        if _stamp(item) in late:
            assert newest >= _stamp(item) + (DAY - world.devices["ap-1"].interval_s) * 1000
        newest = max(newest, _stamp(item))
    assert max(late) + DAY * 1000 < END * 1000


def test_a_counter_that_starts_again_loses_nothing() -> None:
    world = small()
    fault = faults.make("reset", world)
    pairs = _stream(world, "incomer")
    before = [_values(item)["energy_import_total"] for _, item in pairs]
    out = [item for _, item in _through(fault, pairs)]
    after = [_values(item)["energy_import_total"] for item in out]
    drops = [place for place in range(1, len(after)) if after[place] < after[place - 1]]
    assert len(drops) in {1, 2}
    for place in range(1, len(after)):
        increase = after[place] if place in drops else after[place] - after[place - 1]
        assert increase == pytest.approx(before[place] - before[place - 1], abs=1e-6)
    at = drops[0]
    assert isinstance(out[at], dict)
    assert isinstance(out[at - 1], dict)
    restarted = out[at]
    assert isinstance(restarted, dict)
    assert restarted["seq"] == 1
    boots = [item["boot"] for item in out if isinstance(item, dict)]
    assert [place for place in range(1, len(boots)) if boots[place] != boots[place - 1]] == drops


def test_malformed_reports_replace_good_ones_and_come_in_every_kind() -> None:
    world = small()
    fault = faults.make("malformed", world)
    pairs = [pair for name in ("door-b", "gate", "count") for pair in _stream(world, name)]
    out = _through(fault, pairs)
    hit = [fault.touches(device, _stamp(item) // 1000) for device, item in pairs]
    assert len(out) == len(pairs)
    assert [a == b for a, b in zip(out, pairs, strict=True)] == [not touched for touched in hit]
    assert 50 < sum(hit) < len(hit) // 100
    spoilt = [item for (_, item), touched in zip(out, hit, strict=True) if touched]
    assert {type(item) for item in spoilt} == {bytes, dict}
    for item in spoilt:
        if isinstance(item, bytes):
            with pytest.raises(orjson.JSONDecodeError):
                orjson.loads(item)


def test_every_kind_of_malformed_report_has_the_shape_its_reason_names() -> None:
    world = small()
    report = series.report(world, world.devices["door-a"], MONDAY)
    made = {reason: make(report) for reason, make in faults.MALFORMED.items()}
    assert set(made) == {
        Reason.BAD_JSON, Reason.BAD_SHAPE, Reason.WRONG_TYPE,
        Reason.NOT_FINITE, Reason.UNKNOWN_QUANTITY, Reason.BAD_TIME,
    }  # fmt: skip
    assert made[Reason.NOT_FINITE].endswith(b'"values":{"people_in":NaN,"people_out":NaN}}')  # type: ignore[union-attr]
    assert _values_of(made[Reason.WRONG_TYPE]) == {"people_in": "n/a", "people_out": "n/a"}
    assert isinstance(_values_of(made[Reason.BAD_SHAPE]), list)


def test_a_spike_is_out_of_every_range_and_touches_nothing_else() -> None:
    world = small()
    fault = faults.make("spike", world)
    pairs = _stream(world, "station")
    hits = _hits(fault, pairs)
    for (_, before), (_, after), hit in zip(pairs, _through(fault, pairs), hits, strict=True):
        changed = {name: value for name, value in _values(after).items() if value != _values(before)[name]}
        assert changed == ({"env_pm2_5": 99_999.0} if hit else {})
    assert 5 < sum(hits) < len(hits) // 100


def test_a_conflict_is_a_report_and_then_another_of_the_same_time() -> None:
    world = small()
    fault = faults.make("conflict", world)
    pairs = _stream(world, "door-a")
    out = _through(fault, pairs)
    second = [item for place, (_, item) in enumerate(out) if place and _stamp(out[place - 1][1]) == _stamp(item)]
    assert len(second) == len(out) - len(pairs) == sum(_hits(fault, pairs)) > 20
    first = {_stamp(item): _values(item) for _, item in pairs}
    assert all(_values(item)["people_in"] == first[_stamp(item)]["people_in"] + 1 for item in second)


def test_a_counter_with_a_limit_starts_again_there_and_one_without_does_not() -> None:
    world = small()
    short = replace(world.devices["meter-1"], wrap_wh=1_000_000)
    world = replace(world, devices={**world.devices, "meter-1": short})
    wrap, reset = faults.make("wrap", world), faults.make("reset", world)
    pairs = _stream(world, "meter-1")
    before = [_values(item)["energy_import_total"] for _, item in pairs]
    after = [_values(item)["energy_import_total"] for _, item in _through(wrap, pairs)]
    assert after == [pytest.approx(value % 1000, abs=1e-6) for value in before]
    assert sum(b < a for a, b in pairwise(after)) >= 5
    assert _through(reset, pairs) == pairs
    assert _through(wrap, _stream(world, "incomer")) == _stream(world, "incomer")


def test_a_clock_that_is_fast_is_ahead_of_the_sending_by_more_than_is_believed() -> None:
    world = small()
    fault = faults.make("clock", world)
    pairs = [pair for name in world.devices for pair in _stream(world, name)]
    out = _through(fault, pairs)
    ahead = [item for (_, item), (_, before) in zip(out, pairs, strict=True) if item != before]
    assert len(ahead) > 100
    for item in ahead:
        assert isinstance(item, dict)
        assert isinstance(item["sent"], int)
        assert _stamp(item) - item["sent"] > 120_000


def test_what_happens_between_two_reports_shares_the_fate_of_the_first() -> None:
    world = busy()
    fault = faults.make("gap", world)
    panel = world.devices["alarms-sos"]
    pairs: list[tuple[Device, Report]] = [(panel, report) for report in series.reports(world, panel, MONDAY, END)]
    kept = {id(item) for _, item in _through(fault, pairs)}
    report_is_kept = True
    events = 0
    for _, item in pairs:
        if "event" in item:
            events += 1
            assert (id(item) in kept) == report_is_kept
        else:
            report_is_kept = id(item) in kept
    assert events > 700


def test_an_unknown_device_repeats_what_a_known_one_says() -> None:
    world = small()
    fault = faults.make("unknown", world)
    pairs = _stream(world, "door-b")
    out = _through(fault, pairs)
    strangers = [(device, item) for device, item in out if device.id not in world.devices]
    assert [pair for pair in out if pair[0].id in world.devices] == pairs
    assert len(strangers) > 10
    assert {device.id for device, _ in strangers} == {"stranger-door-b"}
    assert {message.topic for message in pack(world, strangers)} == {
        "district/v1/small/gw/foot_traffic/stranger-door-b"
    }


def test_faults_can_be_laid_around_each_other() -> None:
    world = small()
    pairs = _stream(world, "door-a")
    chosen = [faults.make(name, world, until=END) for name in faults.NAMES]
    out = list(wrapped(pairs, chosen))
    losing = [fault for fault in chosen if fault.effect is Effect.LOST]
    assert [fault.name for fault in losing] == ["gap", "malformed", "clock"]
    readable = {_stamp(item) for device, item in out if device.id == "door-a" and _good(item)}
    lost = {_stamp(item) for device, item in pairs if any(f.touches(device, _stamp(item) // 1000) for f in losing)}
    assert readable == {_stamp(item) for _, item in pairs} - lost


def test_a_fault_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match=r"such as 'gap' .known: gap, stuck, .*got 'gabs'"):
        faults.make("gabs", small())


def _good(item: Report | bytes) -> bool:
    if not isinstance(item, dict) or _stamp(item) < MONDAY * 1000:
        return False
    values = item["values"]
    return isinstance(values, dict) and set(values) == {"people_in", "people_out"} and "n/a" not in values.values()


def _stamp(item: Report | bytes) -> int:
    assert isinstance(item, dict)
    stamp = item["ts"]
    assert isinstance(stamp, int)
    return stamp


def _values_of(item: Report | bytes) -> object:
    assert isinstance(item, dict)
    return item["values"]


def _values(item: Report | bytes) -> dict[str, float]:
    values = _values_of(item)
    assert isinstance(values, dict)
    return values
