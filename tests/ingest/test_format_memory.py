"""What stateful formats remember survives the process, and a credential in a topic never passes the collector's door."""

import psycopg

from ingest import format_memory
from ingest.series import SeriesTable
from ingest.topics import Bindings, RouteSpec
from tests.ingest.world import message, registry


def test_what_is_remembered_is_read_again_changed_and_forgotten(connection: psycopg.Connection) -> None:
    format_memory.save(connection, {("spb", "birth/e"): {"1": "Volt\0age"}, ("spb", "seq/e"): 7}, 1)
    format_memory.save(connection, {("spb", "seq/e"): None, ("ha", "seq/e"): [1]}, 2)
    assert format_memory.load(connection) == {("spb", "birth/e"): {"1": "Volt\ufffdage"}, ("ha", "seq/e"): [1]}


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
