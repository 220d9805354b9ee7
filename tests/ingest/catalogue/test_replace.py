"""Hardware is swapped and the device stays: each address speaks for it in its own time, and totals go on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import orjson
import psycopg
import pytest

from ingest import registry
from ingest.catalogue import CatalogueError, apply
from ingest.catalogue.replace import Swap, Swapped, replace, told
from ingest.decode import Decoder
from ingest.draft import Draft
from ingest.formats.clock import Clock
from ingest.model import Message
from ingest.series import SeriesTable
from ingest.store import Store
from ingest.times import from_datetime
from ingest.topics import Bindings, RouteSpec

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ROUTE = RouteSpec("lora", "application/a/device/{device}/event/up", "chirpstack-v4", "d", "gw")
FILE = """\
district: {id: d, name: {zh: 区, en: D}, zone: Asia/Shanghai}
spaces: [{id: hall, name: {zh: 厅, en: Hall}}]
gateways: [{id: gw}]
devices:
  - {id: climate, feed: air_quality, space: hall, interval: 60s, profile: temperature-humidity, addresses: [{route: lora, address: "AA:00:00:00:00:00:00:01"}]}
  - {id: socket, feed: energy, space: hall, interval: 60s, profile: milesight-ws52x, addresses: [{route: lora, address: "BB:00:00:00:00:00:00:01"}, {route: mail, address: lamp}]}
  - {id: wrapping, feed: energy, space: hall, interval: 60s, counters: {energy.import_total: {policy: wrap, wrap: 1000}}}
"""


class Town:
    """A district with a catalogue, and messages through hops 2 to 4."""

    def __init__(self, connection: psycopg.Connection, file: Path) -> None:
        self.connection, self.file = connection, file
        file.write_text(FILE, encoding="utf-8")
        self.apply(NOON - 30 * DAY)

    def apply(self, now: datetime) -> int | None:
        return apply(self.connection, self.file, now=now, who="desk").revision

    def swap(self, old: str, new: str | None, at: datetime = NOON, *, route: str | None = None, last: str = "",
             first: str = "") -> Swapped:  # fmt: skip
        readings = (told([word] if word else [], option) for word, option in ((last, "--last"), (first, "--first")))
        swap = Swap(old=old, new=new, at=at, route=route, last=next(readings), first=next(readings))
        return replace(self.connection, swap, now=NOON, who="desk")

    def decode(self, *sent: tuple[str, datetime, dict[str, object]]) -> tuple[Draft, SeriesTable]:
        table = SeriesTable()
        bindings = Bindings(registry.load(self.connection, NOON), table, {}, (ROUTE,))
        decoder = Decoder(bindings, table, Clock(120, 30 * 86_400), 262_144)
        arrival = from_datetime(NOON + 30 * MINUTE)
        messages = [
            Message(topic, orjson.dumps({"time": at.isoformat(), "deviceInfo": {"devEui": topic.split("/")[3]}, "object": values}
                                        if topic.startswith("application") else {"ts": at.isoformat(), "values": values}),
                    1, 1, False, False, arrival)
            for topic, at, values in sent
        ]  # fmt: skip
        return decoder.decode(messages), table

    def store(self, *sent: tuple[str, datetime, dict[str, object]]) -> None:
        draft, table = self.decode(*sent)
        store = Store(self.connection, table, "c0")
        store.write(draft, store.number(), revision=1)

    def speaks(self, address: str, at: datetime) -> bool | str:
        """Whether a reading of this time is taken; else why not."""
        draft, _ = self.decode((f"application/a/device/{address}/event/up", at, {"temperature": 21, "humidity": 40}))
        return bool(draft.values) or draft.refusals[0][1].detail


@pytest.fixture
def town(connection: psycopg.Connection, tmp_path: Path) -> Town:
    return Town(connection, tmp_path / "district.yaml")


def test_each_address_speaks_for_the_device_in_its_own_time(town: Town) -> None:
    assert town.speaks("aa00000000000001", NOON + MINUTE) is True
    done = town.swap("climate", "AA:00:00:00:00:00:00:02")
    assert (done.district, done.device, done.before, done.after) == (
        "d",
        "climate",
        ("AA:00:00:00:00:00:00:01",),
        "AA:00:00:00:00:00:00:02",
    )
    # What the old hardware had kept arrives late, and is its own; on the test bench afterwards it is nobody's.
    assert town.speaks("aa00000000000001", NOON - MINUTE) is True
    assert town.speaks("aa00000000000001", NOON) == "hardware of climate until 2026-11-23T12:00:00+00:00 only"
    assert town.speaks("aa00000000000002", NOON) is True
    assert town.speaks("aa00000000000002", NOON - MINUTE) == "hardware of climate since 2026-11-23T12:00:00+00:00 only"


def test_the_device_and_its_facts_stay_and_the_file_does_not_undo_the_exchange(town: Town) -> None:
    town.swap("climate", "AA:00:00:00:00:00:00:02")
    assert town.apply(NOON + DAY) is None
    town.file.write_text(FILE.replace("AA:00:00:00:00:00:00:01", "AA:00:00:00:00:00:00:02"), encoding="utf-8")
    town.apply(NOON + DAY)
    assert [town.speaks(*one) is True for one in (("aa00000000000001", NOON - MINUTE), ("aa00000000000001", NOON), ("aa00000000000002", NOON))] == [
        True, False, True,
    ]  # fmt: skip


def test_hardware_is_exchanged_again_and_again(town: Town) -> None:
    town.swap("climate", "AA:00:00:00:00:00:00:02", NOON - MINUTE)
    done = town.swap("aa-00-00-00-00-00-00-02", "AA:00:00:00:00:00:00:03")  # named by its address
    assert (done.device, done.before) == ("climate", ("AA:00:00:00:00:00:00:02",))
    spoken = [
        [town.speaks(address, NOON + shift * MINUTE) is True for shift in (-2, -1, 0)]
        for address in ("aa00000000000001", "aa00000000000002", "aa00000000000003")
    ]
    assert spoken == [[True, False, False], [False, True, False], [False, False, True]]


def test_new_hardware_of_a_native_device_may_have_another_id_in_its_topics(town: Town) -> None:
    town.swap("wrapping", "meter-b", last="", first="")
    town.store(("district/v1/d/gw/energy/meter-b", NOON, {"power_active": 5}))
    assert town.connection.execute("SELECT public_id FROM ingest.datastream").fetchall() == [
        ("d/wrapping/power.active",)
    ]


def socket(town: Town, address: str, minutes: int, *readings: float) -> None:
    for number, reading in enumerate(readings):
        at = NOON + (minutes + number) * MINUTE
        town.store(
            (f"application/a/device/{address}/event/up", at, {"socket_status": "on", "power_consumption": reading})
        )


def energy(town: Town) -> list[float]:
    rows = town.connection.execute(
        "SELECT value::float8 FROM ingest.in_force((SELECT array_agg(id) FROM ingest.datastream"
        " WHERE quantity = 'energy.import_total'), '-infinity', 'infinity') ORDER BY time"
    ).fetchall()
    return [value for (value,) in rows]


def test_with_both_readings_a_running_total_goes_on_and_raw_readings_stay(town: Town) -> None:
    socket(town, "bb00000000000001", -2, 5000, 5100)
    done = town.swap(
        "socket",
        "BB:00:00:00:00:00:00:02",
        route="lora",
        last="energy.import_total=5.15",
        first="energy.import_total=0.2",
    )
    assert done.shifted == {"d/socket/energy.import_total": Decimal("4.95")}
    socket(town, "bb00000000000002", 0, 250, 300)
    assert energy(town) == [5.0, 5.1, 5.2, 5.25]
    raw = "SELECT value FROM ingest.readings WHERE quantity = 'energy.import_total' ORDER BY time"
    assert [value for (value,) in town.connection.execute(raw).fetchall()] == [5.0, 5.1, 0.25, 0.3]
    # The next exchange goes on from what counts, not from what the meter shows.
    town.swap("socket", "BB:00:00:00:00:00:00:03", NOON + 5 * MINUTE, route="lora", last="energy.import_total=0.35")
    socket(town, "bb00000000000003", 5, 50)
    assert energy(town)[-1] == 5.35


def test_without_the_old_reading_new_hardware_that_did_not_start_at_zero_does(town: Town) -> None:
    socket(town, "bb00000000000001", -1, 5000)
    town.swap("socket", "BB:00:00:00:00:00:00:02", route="lora", first="energy.import_total=700")
    socket(town, "bb00000000000002", 0, 700_250)
    assert energy(town) == [5.0, 0.25]


def test_a_total_whose_falls_mean_something_else_needs_the_old_reading(town: Town) -> None:
    town.store(("district/v1/d/gw/energy/wrapping", NOON - MINUTE, {"energy_import_total": 990}))
    with pytest.raises(CatalogueError, match=r"--last: expected what the old hardware showed like .* policy 'wrap'"):
        town.swap("wrapping", None)
    assert town.swap("wrapping", None, last="energy.import_total=991").shifted == {
        "d/wrapping/energy.import_total": Decimal(991)
    }


@pytest.mark.parametrize(
    ("old", "new", "options", "said"),
    [
        ("climat", "x", {}, "OLD: expected a device like door-1, or an address of one, got 'climat' (did you mean 'climate'?)"),
        ("climate", "bb-00-00-00-00-00-00-01", {}, "NEW: expected an address of its own, got 'bb-00-00-00-00-00-00-01', which belongs to d/socket"),
        ("climate", "::", {}, "NEW: expected a name with letters or digits like 24:E1:24, got '::'"),
        ("wrapping", "socket", {}, "NEW: expected an address of its own, got 'socket', which belongs to d/socket"),
        ("socket", "BB:00:00:00:00:00:00:02", {}, "--route: expected one of lora, mail, got none"),
        ("climate", "x", {"last": "energy.import_total=1"}, "--last: expected a running total of climate like energy.import_total,"),
        ("climate", "x", {"first": "energy.import_total"}, "--first: expected a total and its reading like energy.import_total=1234.5"),
    ],
)  # fmt: skip
def test_an_exchange_that_cannot_be_is_refused(
    town: Town, old: str, new: str, options: dict[str, str], said: str
) -> None:
    with pytest.raises(CatalogueError) as caught:
        town.swap(old, new, **options)  # type: ignore[arg-type]
    assert str(caught.value).startswith(said)


def test_an_exchange_before_a_recorded_one_is_refused(town: Town) -> None:
    town.swap("climate", "AA:00:00:00:00:00:00:02")
    with pytest.raises(CatalogueError, match=r"--at: expected an instant after 2026-11-23T12:00:00\+00:00"):
        town.swap("climate", "AA:00:00:00:00:00:00:03", NOON - DAY)
