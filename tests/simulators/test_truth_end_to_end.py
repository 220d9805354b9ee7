"""Each fault alone, and all together: every figure is what happened, or says that it cannot be.

`test_metrics_tell_the_truth` does the same for a whole district without faults, and for a week with the shipped rates;
here a dozen devices suffer each fault so often that it cannot be missed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from district import truthful
from ingest import ledger
from simulators import faults
from simulators.demo import demo
from simulators.faults import Fault, Rate
from simulators.series import stamps
from simulators.truth import truth
from simulators.world import World
from tests import collected

from .worlds import DAY, HOUR, MONDAY

#: Three hours of history before the window, one after it.
SENT = (MONDAY - 3 * HOUR, MONDAY + 2 * DAY + HOUR)
END = MONDAY + 2 * DAY

#: Besides the dozen devices: one of each feed that has none among them.
OTHER_FEEDS = {"cam-b-f1", "thermal-switchgear-1", "kiosk-b-f1-screen", "road-east", "sos-plaza", "dispatch-hub"}

#: Rates at which a fault strikes most of a dozen devices within two days.
OFTEN: Mapping[str, Rate] = {
    "gap": Rate(chance_percent=70),
    "stuck": Rate(chance_percent=100),
    "late": Rate(chance_percent=70),
    "spike": Rate(chance_permille=30),
    "duplicate": Rate(chance_permille=100),
    "conflict": Rate(chance_permille=100),
    "malformed": Rate(chance_permille=30),
    "unknown": Rate(chance_permille=30),
    "reset": Rate(block_days=1),
    "wrap": Rate(),
    "clock": Rate(chance_percent=70),
}
#: What the account must show of a fault that leaves a trace in it.
TRACES: Mapping[str, Callable[[ledger.Entry], bool]] = {
    "duplicate": lambda entry: entry.readings_duplicate > 100,
    "conflict": lambda entry: entry.readings_conflict > 100,
    "clock": lambda entry: entry.quarantined + entry.partly_stored > 10,
    "malformed": lambda entry: entry.quarantined + entry.partly_stored > 100,
    "unknown": lambda entry: entry.quarantined > 100,
}


def _often(world: World, name: str) -> Fault:
    fault = faults.make(name, world, until=SENT[1])
    often = OFTEN[name]
    rate = replace(
        fault.rate,
        chance_percent=often.chance_percent,
        chance_permille=often.chance_permille,
        block_days=often.block_days,
    )
    return replace(fault, rate=rate)


def _struck(world: World, fault: Fault) -> int:
    """How many reports the fault alters."""
    return sum(int(fault.hits(d, stamps(world, d, MONDAY, END)).sum()) for d in world.devices.values())


@pytest.mark.parametrize("names", [*((name,) for name in faults.NAMES), faults.NAMES], ids=[*faults.NAMES, "all"])
def test_with_this_fault_no_figure_is_silently_wrong(
    connection: psycopg.Connection, tmp_path: Path, names: tuple[str, ...]
) -> None:
    file = collected.catalogue(tmp_path, collected.DEVICES | OTHER_FEEDS)
    world = demo(7, file)
    chosen = [_often(world, name) for name in names]
    account = collected.collect(connection, file, world, *SENT, faults=chosen)
    for fault in chosen:
        assert _struck(world, fault) > 0, fault.name
        trace = TRACES.get(fault.name)
        assert trace is None or trace(account), (fault.name, account)
    assert list(ledger.check(connection)) == []
    found = [item for item in truth(world, MONDAY, END, faults=chosen, sent=SENT) if item.grain != "window"]
    told = list(truthful.differences(connection, world.district, found))
    assert not told, f"{len(told)} of {len(found)}\n" + "\n".join(told[:: max(1, len(told) // 25)])
    # What nothing was lost of must be exact, and that is nearly everything.
    assert sum(item.exact for item in found) > len(found) // (2 if len(names) == 1 else 4)
