"""A part of the demo's district, simulated, decoded, stored and rolled up: all hops but the broker."""

import random
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import yaml

from ingest import ledger, registry
from ingest.catalogue import apply
from ingest.decode import Decoder
from ingest.formats.clock import Clock
from ingest.model import Message
from ingest.series import SeriesTable
from ingest.store import Store
from ingest.topics import Bindings
from metrics.refresh import refresh
from simulators.backlog import backlog
from simulators.faults import Fault
from simulators.world import World

DAY = 86_400
MESSAGES = 50
#: One of everything: two doors of a mall, a car park, an access point, an incomer with sub-meters, a station.
DEVICES = {
    "count-b-north", "count-b-south", "gate-lake", "spaces-lake", "ap-b-f1-1", "ap-plaza-1",
    "meter-b", "meter-b-light", "meter-b-f1", "air-b-f1", "air-plaza",
}  # fmt: skip


def only(document: dict[str, Any], devices: AbstractSet[str]) -> None:
    """Leave no other device in a catalogue, and nothing that names one."""
    document["devices"] = [device for device in document["devices"] if device["id"] in devices]
    for entry in (*document["kitchens"], *document["facilities"]):
        if entry.get("device") not in devices:
            entry.pop("device", None)


def catalogue(folder: Path, devices: AbstractSet[str] = DEVICES) -> Path:
    """The demo's catalogue with a dozen of its devices, and an evaluation that ends with 14 October 2026."""
    document = yaml.safe_load(resources.files("simulators").joinpath("demo_district.yaml").read_text(encoding="utf-8"))
    only(document, devices)
    document["car_parks"] = [park for park in document["car_parks"] if park["id"] == "p-lake"]
    document["assessments"][0]["period_end"] = "2026-10-14T00:00:00+08:00"
    file = folder / "district.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return file


def collect(
    connection: psycopg.Connection, file: Path, world: World, start: int, end: int, *,
    faults: Sequence[Fault] = (), shuffled: bool = False, later: timedelta = timedelta(),
) -> ledger.Entry:  # fmt: skip
    """Store what the district sent in [start, end) [s since 1970 UTC] and refresh once a day of it; returns the account.

    Args:
        connection: to a migrated database.
        file: the catalogue.
        world: the district of `file`.
        start: begin.
        end: end.
        faults: what goes wrong on the way.
        shuffled: messages arrive in any order.
        later: everything arrives, and every refresh runs, by so much another clock.
    """
    began = datetime.fromtimestamp(start, UTC)
    apply(connection, file, who="test", now=began - timedelta(days=10) + later)
    connection.commit()
    table = SeriesTable()
    decoder = Decoder(Bindings(registry.load(connection), table, {}, ()), table, Clock(120, 30 * DAY), 262_144)
    store = Store(connection, table, "test")
    sent = list(backlog(world, start, end, faults))
    if shuffled:
        random.Random(1).shuffle(sent)
    lines: list[ledger.Entry] = []
    late_us = later // timedelta(microseconds=1)
    refreshed = start
    for place in range(0, len(sent), MESSAGES):
        batch = [
            Message(one.topic, one.payload, n + 1, 1, False, False, one.sent * 1000 + late_us)
            for n, one in enumerate(sent[place : place + MESSAGES])
        ]
        lines += store.write(decoder.decode(batch), store.number(), revision=1)
        reached = sent[min(place + MESSAGES, len(sent)) - 1].sent // 1000
        if reached >= refreshed + DAY:
            refreshed = reached
            refresh(connection, datetime.fromtimestamp(reached, UTC) + later)
    refresh(connection, datetime.fromtimestamp(end, UTC) + timedelta(days=2) + later)
    return ledger.total(lines)
