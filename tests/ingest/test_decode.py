"""The quick way through a batch says what the thorough way says, message by message."""

from dataclasses import fields

import orjson
from hypothesis import given
from hypothesis import strategies as st

from ingest.decode import Decoder
from ingest.draft import Draft
from ingest.formats import native as thorough
from ingest.model import Message
from tests.ingest.world import NOON, decoder, message

TOPIC = "district/v1/d/gw/foot_traffic/door-1"
_stamps: st.SearchStrategy[object] = st.sampled_from(
    [
        "2026-11-23T12:00:00Z", "2026-11-23T11:59:59.123Z", "2026-11-23T11:59:59.12x", "2026-11-23T19:00:00.5+08:00", "noon",
        "2026-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "", NOON // 1000, 0, None, True, [], {"a": 1},
    ]
)  # fmt: skip
_values = st.one_of(
    st.none(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text(max_size=2),
    st.integers(2**63, 2**64 - 1),
)  # fmt: skip
_numbers = st.dictionaries(
    st.sampled_from(["people_in", "people_out", "env_co2", "equipment_state", "people_sideways"]), _values, max_size=4
)
_objects = st.one_of(
    st.fixed_dictionaries(
        {"ts": _stamps, "values": st.one_of(_numbers, _values)},
        optional={
            "seq": _values,
            "boot": _values,
            "from": _stamps,
            "sent": _stamps,
            "event": _values,
            "other": _values,
        },
    ),
    st.fixed_dictionaries({}, optional={"ts": _stamps, "values": _numbers}),
    _values,
)
_documents = st.one_of(_objects, st.lists(_objects, max_size=3)).map(orjson.dumps)
_payloads = st.one_of(
    _documents,
    st.binary(max_size=8),
    st.sampled_from(
        [b"", b"1],[2", b"{},{}", b"[1", b"2]", b'{"ts":"2026-11-23T12:00:00Z","values":{"people_in":NaN}}']
    ),
    st.tuples(_documents, st.integers(0, 40)).map(lambda cut: cut[0][: cut[1]]),
)


def one_by_one(decode: Decoder, messages: list[Message]) -> Draft:
    draft = Draft()
    for each in messages:
        binding = decode.bindings.get(each.topic)
        thorough.decode(each, binding, decode.table, decode.clock, draft)
    return draft


@given(st.lists(st.tuples(_payloads, st.booleans()), max_size=12))
def test_any_batch_gives_the_draft_that_its_messages_give_one_by_one(sent: list[tuple[bytes, bool]]) -> None:
    quick = decoder()
    warm = message({"ts": "2026-11-23T12:00:00Z", "values": {"people_in": 1, "people_out": 1, "env_co2": 1}})
    messages = [warm, *(message(payload, at=NOON + n, retain=retained) for n, (payload, retained) in enumerate(sent))]
    assert quick.decode([warm]).values == [1, 1, 1]  # from here on the topic is known
    same = quick.decode(messages)
    other = one_by_one(quick, messages)
    for field in fields(Draft):
        assert getattr(same, field.name) == getattr(other, field.name), field.name
