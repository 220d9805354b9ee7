import json
from pathlib import Path

from ingest.quantities import load
from simulators.backlog import OBJECTS
from simulators.replay.check import parse
from simulators.replay.pack import CELLS, pack
from tests.simulators.replay.cases import convert, mapping_text

CHANGES = """
    feed: foot_traffic
    time: {columns: time, formats: iso, zone: UTC, stamp: start}
    values:
      - {column: n, quantity: people.in, kind: delta, unit: "{people}"}
      - {column: m, quantity: people.out, kind: delta, unit: "{people}"}
      - {column: t, quantity: people.present, kind: gauge, unit: "{people}", channel: hall}
    """


def test_a_row_becomes_one_object_per_time_and_digits_below_a_millisecond_stay(tmp_path: Path) -> None:
    data = "station,time,n,m,t\nA,2020-01-01T00:00:00.000001,1,2,3\n"
    found = convert(tmp_path, CHANGES, data)
    (message,) = pack(parse(mapping_text(CHANGES), load()), [found.readings])
    assert message.topic == "district/v1/town/replay/foot_traffic/a"
    assert json.loads(message.payload) == [
        {
            "ts": "2020-01-01T01:00:00.000001+00:00",
            "from": "2020-01-01T00:00:00.000001+00:00",
            "values": {"people_in": 1, "people_out": 2},
        },
        {"ts": "2020-01-01T00:00:00.000001+00:00", "values": {"people_present_hall": 3}},
    ]


def test_messages_are_bounded_and_keep_the_order_of_each_device(tmp_path: Path) -> None:
    rows = [f"{'AB'[i % 2]},2020-01-{1 + i // 24:02}T{i % 24:02}:00,{i},0,0\n" for i in range(700)]
    found = convert(tmp_path, CHANGES, "station,time,n,m,t\n" + "".join(rows))
    per_row = [found.readings[i : i + 3] for i in range(0, len(found.readings), 3)]
    sent: dict[str, list[int]] = {}
    for message in pack(parse(mapping_text(CHANGES), load()), per_row):
        objects = json.loads(message.payload)
        assert len(objects) == message.objects <= OBJECTS
        assert sum(len(item["values"]) for item in objects) <= CELLS
        sent.setdefault(message.topic[-1], []).extend(item["values"]["people_in"] for item in objects if "from" in item)
    assert sent == {"a": list(range(0, 700, 2)), "b": list(range(1, 700, 2))}
