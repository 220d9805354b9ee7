"""Simulated days through decoder, store and roll-ups: figures equal what happened, or their coverage says why not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from importlib import resources
from pathlib import Path

import psycopg
import pytest
import yaml

from ingest import registry
from ingest.catalogue import apply
from ingest.decode import Decoder
from ingest.formats.clock import Clock
from ingest.model import Message
from ingest.series import SeriesTable
from ingest.store import Store
from ingest.topics import Bindings
from metrics.definition import Grain
from metrics.evaluate import evaluate
from metrics.model import MetricValue, Quality
from metrics.refresh import refresh
from simulators import faults
from simulators.backlog import backlog
from simulators.demo import demo
from simulators.faults import Fault
from simulators.truth import Truth, truth
from simulators.world import World
from tests import collected

from .worlds import DAY, HOUR, MONDAY

#: Ratios may differ by this much, counts by nothing.
TOLERANCE = Fraction(1, 10**9)
#: Three hours of history before the window, one after it.
BEFORE, AFTER = 3 * HOUR, HOUR

SPARED = {"ap-b-f1-3", "ap-b-f1-4", "ap-plaza-2", "ap-plaza-3", "ap-plaza-4", "corridor-plaza"}


def _catalogue(folder: Path, *, whole: bool) -> Path:
    """The demo's catalogue, or only what is in one of its malls and car parks, for weeks that are quickly told."""
    document = yaml.safe_load(resources.files("simulators").joinpath("demo_district.yaml").read_text(encoding="utf-8"))
    if not whole:
        kept = {"mall-b", "mall-b-f1", "parking-lake", "plaza"}
        collected.only(document, {d["id"] for d in document["devices"] if d["space"] in kept} - SPARED)
        document["car_parks"] = [park for park in document["car_parks"] if park["space"] in kept]
    file = folder / "district.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return file


def _store(
    connection: psycopg.Connection, file: Path, world: World, start: int, end: int, wrappers: Sequence[Fault]
) -> None:
    """What a collector does with the district's backlog."""
    began = datetime.fromtimestamp(start, UTC)
    apply(connection, file, who="test", now=began - timedelta(days=1))
    connection.commit()
    table = SeriesTable()
    decoder = Decoder(Bindings(registry.load(connection), table, {}, ()), table, Clock(120, 30 * DAY), 262_144)
    store = Store(connection, table, "test")
    batch: list[Message] = []
    for place, message in enumerate(backlog(world, start, end, wrappers)):
        batch.append(Message(message.topic, message.payload, place % 65_535 + 1, 1, False, False, message.sent * 1000))
        if len(batch) == 50:
            store.write(decoder.decode(batch), store.number(), revision=1)
            batch = []
    store.write(decoder.decode(batch), store.number(), revision=1)
    connection.commit()
    refresh(connection, datetime.fromtimestamp(end, UTC) + timedelta(hours=3))


def _wrong(connection: psycopg.Connection, world: World, truths: Sequence[Truth]) -> list[str]:
    wrong = []
    for metric, grain in sorted({(item.metric, item.grain) for item in truths}):
        mine = [item for item in truths if (item.metric, item.grain) == (metric, grain)]
        start, end = min(item.start for item in mine), max(item.end for item in mine)
        values = evaluate(connection, metric, world.district, start, end, grain=Grain(grain))
        derived = {(value.subject, value.start): value for value in values}
        for item in mine:
            value = derived.get((item.subject, item.start))
            if not _agree(item, value):
                shown = value and (value.ratio, value.coverage, str(value.quality))
                wrong.append(f"{item} but {shown}")
    return wrong


def _agree(item: Truth, value: MetricValue | None) -> bool:
    """Equal, or lacking reports and saying so."""
    ratio = None if value is None else value.ratio
    if item.value is None or ratio is None:
        same = item.value is ratio
    else:
        same = abs(ratio - item.value) <= (0 if item.value.denominator == 1 else TOLERANCE)
    if same or item.exact:
        return same
    return value is None or value.quality is not Quality.GOOD or (value.coverage is not None and value.coverage < 1)


@pytest.mark.parametrize(("days", "names"), [(2, ()), (7, faults.NAMES)], ids=["no fault", "every fault"])
def test_every_figure_is_what_happened_or_says_why_not(
    connection: psycopg.Connection, tmp_path: Path, days: int, names: tuple[str, ...]
) -> None:
    file = _catalogue(tmp_path, whole=not names)
    world = demo(7, file)
    end = MONDAY + days * DAY
    chosen = [faults.make(name, world, until=end + AFTER) for name in names]
    sent = (MONDAY - BEFORE, end + AFTER)
    _store(connection, file, world, *sent, chosen)
    found = truth(world, MONDAY, end, faults=chosen, sent=sent)
    wrong = _wrong(connection, world, found)
    assert not wrong, f"{len(wrong)} of {len(found)}\n" + "\n".join(wrong[:: max(1, len(wrong) // 25)])
    exact = sum(item.exact for item in found)
    assert exact == len(found) if not names else len(found) * 2 // 3 < exact < len(found)
