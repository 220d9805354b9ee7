"""The native payload: what is taken, what is refused and why, and that neighbours land."""

import math
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.draft import Draft
from ingest.formats import native as native_format
from ingest.model import Flag, Origin, Reason
from ingest.times import from_datetime
from ingest.topics import Backfill
from tests.ingest.world import NOON, SECOND, decoder, device, message, native, registry


def decoded(*payloads: object, **options: object) -> Draft:
    return decoder().decode([message(payload, **options) for payload in payloads])  # type: ignore[arg-type]


def test_one_object_becomes_one_run_with_its_values() -> None:
    draft = decoded(native(people_in=3, people_out=1))
    assert draft.values == [3, 1]
    assert draft.run_time == [NOON]
    assert draft.run_count == [2]
    assert draft.refusals == []


def test_the_documented_example_is_taken() -> None:
    item = {
        "ts": "2026-11-23T08:15:00+08:00", "from": "2026-11-23T08:14:00+08:00", "seq": 8123, "boot": 3,
        "values": {"people_in": 3, "people_out": 1}, "event": None,
    }  # fmt: skip
    draft = decoder().decode([message(item)])
    assert draft.run_time == [from_datetime(datetime(2026, 11, 23, 0, 15, tzinfo=UTC))]
    assert draft.run_span == [60 * SECOND]
    assert draft.unknown_keys == [0]


@pytest.mark.parametrize(
    ("stamp", "microseconds"),
    [
        ("2026-11-23T20:00:00+08:00", 0),
        ("2026-11-23T12:00:00.123456789Z", 123_456),
        ("2026-11-23T12:00:00.9999999Z", 999_999),
        (NOON // 1000, 0),
    ],
)
def test_times_are_read_to_the_microsecond_and_cut_below_it(stamp: object, microseconds: int) -> None:
    assert decoded({"ts": stamp, "values": {"people_in": 1}}).run_time == [NOON + microseconds]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", Reason.BAD_JSON),
        (b"", Reason.BAD_JSON),
        (b"\xff\xfe", Reason.BAD_ENCODING),
        (b"[" * 5000, Reason.BAD_JSON),
        (b"3", Reason.BAD_SHAPE),
        (b"{}", Reason.BAD_SHAPE),
        (b'{"ts": 1795435200000, "values": [1]}', Reason.BAD_SHAPE),
        (b'{"ts": 1795435200, "values": {"people_in": 1}}', Reason.BAD_TIME),
        (b'{"ts": 1795435200000.5, "values": {"people_in": 1}}', Reason.BAD_TIME),
        (b'{"ts": "2026-11-23T12:00:00", "values": {"people_in": 1}}', Reason.BAD_TIME),
        (b'{"ts": "noon", "values": {"people_in": 1}}', Reason.BAD_TIME),
        (b'{"ts": "10000-01-01T00:00:00Z", "values": {"people_in": 1}}', Reason.BAD_TIME),
        (b'{"ts": true, "values": {"people_in": 1}}', Reason.BAD_TIME),
        (b'{"ts": "2026-11-23T12:02:01Z", "values": {"people_in": 1}}', Reason.CLOCK),
        (b'{"ts": "2026-10-24T11:59:59Z", "values": {"people_in": 1}}', Reason.CLOCK),
        (b'{"ts": "2026-11-23T12:00:00Z", "from": "2026-11-23T12:00:00Z", "values": {"people_in": 1}}', Reason.BAD_TIME),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"people_in": "3"}}', Reason.WRONG_TYPE),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"people_in": true}}', Reason.WRONG_TYPE),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"people_in": null}}', Reason.WRONG_TYPE),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"people_in": 1.5}}', Reason.WRONG_TYPE),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"people_in": NaN}}', Reason.NOT_FINITE),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"env_co2": -Infinity}}', Reason.NOT_FINITE),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"env_co2": 1e999}}', Reason.NOT_FINITE),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"env_co2": 1' + b"0" * 400 + b"}}", Reason.NOT_FINITE),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"people_sideways": 1}}', Reason.UNKNOWN_QUANTITY),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"equipment_state": "asleep"}}', Reason.UNKNOWN_STATE),
        (b'{"ts": "2026-11-23T12:00:00Z", "values": {"equipment_state": 77}}', Reason.UNKNOWN_STATE),
        (b'{"ts": "2026-11-23T12:00:00Z", "event": {"id": 1}}', Reason.BAD_SHAPE),
        (b'{"ts": "2026-11-23T12:00:00Z", "event": {"type": "sos", "text": "a\\u0000b"}}', Reason.BAD_ENCODING),
        (b'{"ts": "2026-11-23T12:00:00Z", "event": {"type": "\\ud800"}}', Reason.BAD_ENCODING),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_reason_and_its_neighbours_land(payload: bytes, reason: Reason) -> None:
    good = native(people_in=1)
    draft = decoded(good, payload, good)
    assert [(number, refusal.reason) for number, refusal in draft.refusals] == [(1, reason)]
    assert draft.run_message == [0, 2]
    try:
        item = payload.decode().strip()
        assert item[:1] == "{"
        assert item[-1:] == "}"
    except (UnicodeDecodeError, AssertionError):
        return
    inside = decoded(b"[" + orjson.dumps(good) + b"," + payload + b"]")
    assert [refusal.part for _, refusal in inside.refusals] == [1]
    assert inside.values == [1]


def test_one_bad_value_is_kept_apart_with_what_is_needed_to_replay_it() -> None:
    draft = decoded({"ts": "2026-11-23T12:00:00Z", "seq": 4, "values": {"people_in": 2, "people_out": "x"}})
    assert draft.values == [2]
    ((_, refusal),) = draft.refusals
    assert refusal.body is not None
    assert orjson.loads(refusal.body) == {"ts": "2026-11-23T12:00:00Z", "seq": 4, "values": {"people_out": "x"}}
    assert draft.not_stored == [(0, 1)]


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("some/where/else", Reason.UNKNOWN_TOPIC),
        ("district/v1/d/gw/foot_traffic/door-1/more", Reason.UNKNOWN_TOPIC),
        ("district/v1/d/gw/foot_traffic/DOOR", Reason.UNKNOWN_TOPIC),
        ("district/v1/other/gw/foot_traffic/door-1", Reason.UNKNOWN_TOPIC),
        ("district/v1/d/gw/weather/door-1", Reason.UNKNOWN_TOPIC),
        ("district/v1/d/gw9/foot_traffic/door-1", Reason.UNKNOWN_GATEWAY),
        ("district/v1/d/gw/foot_traffic/door-9", Reason.UNKNOWN_DEVICE),
        ("district/v1/d/gw/energy/door-1", Reason.FEED_MISMATCH),
    ],
)
def test_a_topic_that_does_not_fit_the_catalogue_is_refused(topic: str, reason: Reason) -> None:
    draft = decoded(native(people_in=1), topic=topic)
    assert [refusal.reason for _, refusal in draft.refusals] == [reason]


def test_a_payload_over_the_limit_is_refused_before_it_is_parsed() -> None:
    draft = decoded(b"[" + b" " * 262_144)
    assert [refusal.reason for _, refusal in draft.refusals] == [Reason.TOO_LARGE]


def test_a_channel_is_what_follows_the_longest_quantity() -> None:
    decode = decoder()
    draft = decode.decode([message(native(energy_import_total_l1=5.0), "district/v1/d/gw/energy/meter-1")])
    assert draft.refusals == []
    assert decode.table.get("d", "meter-1", "energy.import_total", "l1") is not None
    assert draft.series == [decode.table.get("d", "meter-1", "energy.import_total", "l1").number]  # type: ignore[union-attr]


def test_objects_without_time_take_distinct_times_of_receipt() -> None:
    draft = decoded([native(None, people_in=1), native(None, people_in=2)])
    assert draft.run_time == [NOON, NOON + 1]
    assert all(flags & Flag.TIME_FROM_RECEIPT for flags in draft.run_flags)
    assert draft.untimed == [0]


def test_a_retained_object_without_time_is_a_snapshot_and_no_reading() -> None:
    draft = decoded(native(None, people_in=4), retain=True)
    assert draft.values == []
    assert [value for _, value, _ in draft.snapshots] == [4.0]
    timed = decoded(native(people_in=4), retain=True)
    assert timed.values == [4]


def test_sent_stands_in_for_the_arrival_only_in_a_demo() -> None:
    old = {"ts": "2026-09-01T00:00:00Z", "sent": "2026-09-01T00:00:04Z", "values": {"people_in": 1}}
    simulated = device("door-1", origin=Origin.SIMULATED)
    taken = decoder(registry(simulated, demo=True)).decode([message(old)])
    assert [arrival - time for arrival, time in zip(taken.run_arrival, taken.run_time, strict=True)] == [4 * SECOND]
    for entries in (registry(simulated, demo=False), registry(device("door-1"), demo=True)):
        refused = decoder(entries).decode([message(old)])
        assert [refusal.reason for _, refusal in refused.refusals] == [Reason.CLOCK]


def test_a_declared_backfill_lifts_the_limit_for_its_own_period_and_is_marked() -> None:
    start = from_datetime(datetime(2014, 10, 1, tzinfo=UTC))
    decode = decoder(backfill=Backfill(start, start + 3600 * SECOND))
    times = [datetime(2014, 10, 1, tzinfo=UTC) + timedelta(minutes=minutes) for minutes in (-1, 0, 59, 60)]
    draft = decode.decode([message(native(time.isoformat(), people_in=1)) for time in times])
    assert draft.run_message == [1, 2]
    assert all(flags & Flag.BACKFILL for flags in draft.run_flags)
    assert [(number, refusal.reason) for number, refusal in draft.refusals] == [(0, Reason.CLOCK), (3, Reason.CLOCK)]


def test_events_get_the_key_of_their_source_else_their_sequence_else_their_content() -> None:
    draft = decoded(
        [
            {"ts": NOON // 1000, "event": [{"type": "alarm", "id": "A7", "severity": "high"}, {"type": "test"}]},
            {"ts": NOON // 1000, "seq": 9, "boot": 2, "event": {"type": "alarm", "refers_to": "A7"}},
        ]
    )
    keys = [event.key for event in draft.events]
    assert keys[0] == "A7"
    assert len(keys[1]) == 32
    assert keys[2] == "2:9:0"
    assert draft.events[2].refers_to == "A7"


def test_unknown_keys_are_tolerated_and_counted() -> None:
    draft = decoded({"ts": NOON // 1000, "values": {"people_in": 1}, "firmware": "1.2", "x": 0})
    assert draft.unknown_keys == [2]
    assert draft.refusals == []


_NUMBERS = st.one_of(st.integers(0, 20_000), st.booleans(), st.none(), st.text(max_size=3), st.floats())


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["people_in", "people_out", "env_co2", "space_occupied", "zz"]), _NUMBERS),
        max_size=5,
    )
)
def test_every_value_is_either_taken_or_refused_and_none_is_lost(parts: list[dict[str, object]]) -> None:
    finite = [
        {key: value for key, value in part.items() if not isinstance(value, float) or math.isfinite(value)}
        for part in parts
    ]
    draft = decoded(
        native_format.encode([{"ts": "2026-11-23T12:00:00Z", "values": part} for part in finite]) if finite else b"[]"
    )
    assert len(draft.values) + sum(count for _, count in draft.not_stored) == sum(len(part) for part in finite)
    assert sum(draft.run_count) == len(draft.values) == len(draft.series)
    assert all(math.isfinite(value) for value in draft.values)
