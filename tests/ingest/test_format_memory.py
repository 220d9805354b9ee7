"""What stateful formats remember survives the process, and a credential in a topic never passes the collector's door."""

import psycopg
import pytest

from ingest import format_memory
from ingest.formats import FORMATS, sparkplug_wire
from ingest.formats.report import Sent
from ingest.series import SeriesTable
from ingest.topics import Bindings, RouteSpec
from tests.ingest.world import message, registry

AT = 1_795_392_900_000


def test_what_is_remembered_is_read_again_changed_and_forgotten(connection: psycopg.Connection) -> None:
    format_memory.save(connection, {("spb", "birth/e"): {"1": "Volt\0age"}, ("spb", "seq/e"): 7}, 1)
    format_memory.save(connection, {("spb", "seq/e"): None, ("ha", "seq/e"): [1]}, 2)
    assert format_memory.load(connection) == {("spb", "birth/e"): {"1": "Volt\ufffdage"}, ("ha", "seq/e"): [1]}


#: What a format is told before the restart, what it reads after it, and the address and value that it then knows.
RESTARTS: list[tuple[str, list[tuple[str, bytes]], tuple[str, bytes], tuple[str, str, float]]] = [
    (
        "sparkplug-b",
        [
            (
                "spBv1.0/g/NBIRTH/e",
                sparkplug_wire.encode([{"name": "bdSeq", "long_value": 4}, {"name": "V", "alias": 1}], AT, 0),
            ),
            ("spBv1.0/g/DBIRTH/e/d", sparkplug_wire.encode([{"name": "A", "alias": 2}], AT, 1)),
        ],
        ("spBv1.0/g/NDEATH/e", sparkplug_wire.encode([{"name": "bdSeq", "long_value": 4}])),
        ("g/e/d", "device.online", 0.0),
    ),
    (
        "home-assistant",
        [
            (
                "homeassistant/sensor/a/config",
                b'{"stat_t": "m/s", "dev_cla": "power", "unit_of_meas": "kW", "val_tpl": "{{ value_json.p }}"}',
            )
        ],
        ("m/s", b'{"p": 1.5}'),
        ("m/s", "power.active", 1500.0),
    ),
    (
        "ocpp",
        [
            ("cp", b'[2, "1", "StartTransaction", {"connectorId": 2, "meterStart": 0}]'),
            ("cp", b'[3, "1", {"transactionId": 7}]'),
        ],
        ("cp", b'[2, "2", "StopTransaction", {"transactionId": 7, "meterStop": 500}]'),
        ("/connector 2", "energy.import_total", 0.5),
    ),
]


@pytest.mark.parametrize(("form", "before", "after", "known"), RESTARTS, ids=[restart[0] for restart in RESTARTS])
def test_a_new_process_reads_by_what_the_old_one_was_told(
    connection: psycopg.Connection,
    form: str,
    before: list[tuple[str, bytes]],
    after: tuple[str, bytes],
    known: tuple[str, str, float],
) -> None:
    decode = FORMATS[form].decode
    for batch, (topic, payload) in enumerate(before):
        memory = format_memory.load(connection)
        told = decode(Sent(topic, payload, recall=lambda key, memory=memory: memory.get(("r", key))))  # type: ignore[misc]
        format_memory.save(connection, {("r", key): value for key, value in told.remember.items()}, batch)
    memory = format_memory.load(connection)
    found = decode(Sent(*after, recall=lambda key: memory.get(("r", key))))
    assert known in [(one.address, one.quantity, one.value) for one in found.direct]


def test_the_alias_of_a_birth_is_read_after_a_restart(connection: psycopg.Connection) -> None:
    decode = FORMATS["sparkplug-b"].decode
    born = decode(Sent("spBv1.0/g/NBIRTH/e", sparkplug_wire.encode([{"name": "V", "alias": 1, "datatype": 3}], AT, 0)))
    format_memory.save(connection, {("r", key): value for key, value in born.remember.items()}, 1)
    data = Sent("spBv1.0/g/NDATA/e", sparkplug_wire.encode([{"alias": 1, "int_value": (1 << 32) - 5}], AT, 1))
    assert decode(data).problems[0][0] == "no_birth"
    memory = format_memory.load(connection)
    found = decode(data._replace(recall=lambda key: memory.get(("r", key))))
    assert (found.problems, found.commands) == ([], [])
    assert [report.values for report in found.reports] == [{"V": -5}]


def test_a_rebirth_is_asked_for_once_until_the_birth_comes() -> None:
    decode = FORMATS["sparkplug-b"].decode
    memory: dict[str, object | None] = {}
    asked = []
    for seq in (1, 2, 3):
        payload = sparkplug_wire.encode([{"alias": 1, "float_value": 1.0}], AT, seq)
        found = decode(Sent("spBv1.0/g/NDATA/e", payload, recall=memory.get))
        memory |= found.remember
        asked += [topic for topic, _ in found.commands]
    assert asked == ["spBv1.0/g/NCMD/e"]


def test_the_copy_in_memory_follows_what_was_committed() -> None:
    memory: dict[format_memory.Place, object] = {("a", "x"): 1, ("a", "y"): 2}
    format_memory.recalled(memory, {("a", "x"): None, ("a", "z"): 3})
    assert memory == {("a", "y"): 2, ("a", "z"): 3}


def test_a_credential_in_a_topic_is_masked_and_its_route_still_found() -> None:
    route = RouteSpec("ul", "/ul/{secret}/{device}/attrs", "fiware-ul", "d", "gw")
    bindings = Bindings(registry(), SeriesTable(), {}, (route,))
    (masked,) = bindings.masked([message(b"t|1", "/ul/s3cr3t/dev7/attrs")])
    assert masked.topic == "/ul/***/dev7/attrs"
    assert bindings.get(masked.topic).address == "dev7"
    assert route.subscription() == "/ul/+/+/attrs"
