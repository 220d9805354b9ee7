"""The demo district with one hour of two parking devices: readings, a contradiction, and two messages in quarantine."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg

from ingest import catalogue, registry
from ingest.decode import Decoder
from ingest.formats.clock import Clock
from ingest.model import Message
from ingest.series import SeriesTable
from ingest.store import Store
from ingest.topics import Bindings
from metrics.refresh import refresh
from simulators import series
from simulators.backlog import pack, topic
from simulators.demo import demo

DISTRICT = "lakeside-demo"
HOUR = datetime(2026, 11, 1, 10, tzinfo=UTC)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
STREAM = f"{DISTRICT}/gate-north/parking.in"


def build(connection: psycopg.Connection, *, derive: bool = True) -> None:
    """Catalogue and readings of the hour; with `derive` its roll-ups and figures too."""
    file = Path(catalogue.__file__).parents[2] / "simulators" / "demo_district.yaml"
    catalogue.apply(connection, file, now=datetime(2026, 10, 1, tzinfo=UTC), who="test")
    entries = registry.load(connection, HOUR)
    connection.commit()
    world = demo(1)
    table = SeriesTable()
    decoder = Decoder(Bindings(entries, table, {}), table, Clock(120, 2_592_000), 262_144)
    store = Store(connection, table, "collector-0")
    start = int(HOUR.timestamp())
    north = [world.devices[name] for name in ("gate-north", "spaces-north")]
    reports = [
        (device, report) for device in north for report in series.reports(world, device, start + 1, start + 3601)
    ]
    packed = list(pack(world, reports))
    at = (start + 3700) * 1_000_000
    address = topic(world, north[0])
    batches = [
        [Message(sent.topic, sent.payload, 1, 1, False, False, sent.sent * 1000) for sent in packed],
        [
            Message(address, b'{"ts": "2026-11-01T10:14:00Z", "values": {"parking_in": 99}}', 1, 1, False, False, at),
            Message(address, b"{", 1, 1, False, False, at),
            Message(f"{address}-2", b'{"values": {"parking_in": 1}}', 1, 1, False, False, at),
        ],
    ]
    for messages in batches:
        store.write(decoder.decode(messages), store.number(), revision=entries.revision)
    if derive:
        refresh(connection, NOW)
    connection.commit()
