"""Strangers in quarantine are told by what they sent; what cannot be read is said, and no name breaks the proposal."""

import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from ingest.adopt import Stranger, strangers
from ingest.catalogue import propose
from ingest.keeper import Keeper
from ingest.model import Message
from ingest.profile import shipped
from ingest.seal import Opener, pair
from ingest.series import SeriesTable
from ingest.store import Store
from ingest.topics import RouteSpec
from ingest.yaml_document import value_of
from tests.ingest.test_quarantine import register
from tests.ingest.world import NOON, SECOND, decoder, message, native

KEYS = pair()
ROUTES = (RouteSpec("lorawan", "application/+/device/{device}/event/+", "chirpstack-v4", "d", "gw"),)
DEVICE = "24e124136a000001"


def sent(minute: int, **values: object) -> Message:
    body = {"time": f"2026-11-23T12:{minute:02}:00Z", "deviceInfo": {"devEui": DEVICE}, "object": values}
    return message(json.dumps(body).encode(), f"application/a/device/{DEVICE}/event/up", NOON + minute * 60 * SECOND)


def kept(connection: psycopg.Connection, folder: Path, *messages: Message) -> None:
    """Refused with all that is foreign sealed."""
    register(connection, folder, "door-1")
    table = SeriesTable()
    store = Store(connection, table, "c0", keeper=Keeper(public_key=KEYS.public))
    store.write(decoder(table=table, routes=ROUTES).decode(messages), store.number(), revision=1)


def look(connection: psycopg.Connection, opener: Opener | None = None) -> list[Stranger]:
    return strangers(connection, routes=ROUTES, profiles=shipped(), opener=opener)


def test_a_sealed_message_tells_its_sender_and_with_the_key_what_it_says(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    kept(connection, tmp_path, *(sent(10 * n, line_1_total_in=n, line_1_total_out=n) for n in range(4)))
    [blind] = look(connection)
    assert (blind.name, blind.messages, blind.unread, blind.feed, blind.profile) == (DEVICE, 4, 4, None, None)
    [told] = look(connection, Opener(KEYS.private))
    assert (told.unread, told.feed, told.interval_s, told.quantities) == (
        0, "foot_traffic", 600, ("people.in_total", "people.out_total"),
    )  # fmt: skip


def test_keys_that_no_profile_knows_are_named_and_left_to_a_person(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    kept(connection, tmp_path, sent(0, zorb=1), sent(1, frob=2))
    [one] = look(connection, Opener(KEYS.private))
    assert (one.profile, one.unexplained, one.interval_s) == (None, ("frob", "zorb"), None)
    text = proposal(one)
    assert "profile: fill-in   # none knows the keys frob, zorb; see docs/profiles.md" in text
    assert "space: fill-in   # where it measures: hall, yard" in text


def test_devices_that_are_registered_are_no_strangers(connection: psycopg.Connection, tmp_path: Path) -> None:
    bad = message(native(people_in="x"))
    kept(connection, tmp_path, bad, message(native(people_in=1), "district/v1/d/gw/foot_traffic/door-9"))
    assert [one.name for one in look(connection)] == ["door-9"]


def proposal(*found: Stranger, taken: tuple[str, ...] = ()) -> str:
    return propose.entries(
        found, zones={"d": "Asia/Shanghai"}, spaces={"d": ["hall", "yard"]}, taken={("d", name) for name in taken}
    )


@pytest.mark.parametrize("name", ["12", "true", "1e5", 'a"b', "x\ny: z", "é\u2028b", "- [a", "北门 1"])
def test_whatever_a_device_calls_itself_stays_one_text(name: str) -> None:
    noon = int(datetime(2026, 11, 23, 4, tzinfo=UTC).timestamp() * 1_000_000)
    one = Stranger(
        "d",
        "gw",
        "lorawan",
        name,
        "energy",
        None,
        (f"k\n  - id: {name}",),
        60,
        (f"alarm.{name}\nevil: 1",),
        3,
        0,
        noon,
        noon,
    )
    first, second = value_of(proposal(one, one, taken=("device",)), "p.yaml")["devices"]
    assert first["addresses"] == [{"route": "lorawan", "address": name}]
    assert isinstance(first["id"], str)
    assert first["id"] != second["id"]
    assert "device" not in {first["id"], second["id"]}
    assert first["since"] == "2026-11-23T12:00:00+08:00"
