"""Each fault alone, and all together: every figure is what happened, or says that it cannot be.

`test_metrics_tell_the_truth` does the same for a whole district without faults, and for a week with the shipped rates;
here a dozen devices suffer each fault so often that it cannot be missed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import psycopg
import pytest

from district import truthful
from ingest import ledger
from simulators import faults
from simulators.demo import demo
from simulators.faults import Fault, Rate
from simulators.series import stamps
from simulators.truth import Truth, truth
from simulators.truth.view import View, hold_s
from simulators.world import World
from tests import collected

from .worlds import DAY, HOUR, MONDAY

#: Three hours of history before the window, one after it.
SENT = (MONDAY - 3 * HOUR, MONDAY + 2 * DAY + HOUR)
END = MONDAY + 2 * DAY

#: Rates at which a fault strikes most of a dozen devices within two days.
OFTEN: Mapping[str, Rate] = {
    "gap": Rate(chance_percent=70),
    "stuck": Rate(chance_percent=100),
    "late": Rate(chance_percent=70),
    "duplicate": Rate(chance_permille=100),
    "malformed": Rate(chance_permille=30),
    "unknown": Rate(chance_permille=30),
    "reset": Rate(block_days=1),
}
#: What the account must show of a fault that leaves a trace in it.
TRACES: Mapping[str, Callable[[ledger.Entry], bool]] = {
    "duplicate": lambda entry: entry.readings_duplicate > 100,
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


def _is_judged(item: Truth, chosen: Sequence[Fault]) -> bool:
    """Whether a reader of the reports can know that the figure is wrong, if it is.

    Particles that stand still look true until they have stood for too long. A counter's report on the edge of a window
    that was lost is `_shared_out`.
    """
    if item.exact:
        return True
    bent = any(fault.name == "stuck" for fault in chosen)
    return item.metric != "energy_use" and not (bent and item.metric == "air_quality_index")


def _shared_out(connection: psycopg.Connection, view: View, truths: Sequence[Truth]) -> Iterator[str]:
    """Energy that is wrong, looks good, and is not merely shared out over an edge whose report was lost.

    What passed between two reports at most three intervals (15 min) apart is shared evenly over the hours on both sides
    and counts as covered: an hour is off by less than a quarter of itself, a day by less than a forty-eighth. Over a
    longer silence the figure of a meter must be excused by its coverage.
    """
    rows = connection.execute(
        "SELECT subject, grain, window_start, numerator / denominator FROM metrics.value WHERE metric = 'energy_use'"
        " AND coverage_numerator = coverage_denominator AND quality = 'good' AND numerator IS NOT NULL"
    ).fetchall()
    derived = {(subject, grain, start): Fraction(value) for subject, grain, start, value in rows}
    for item in truths:
        value = derived.get((item.subject, item.grain, item.start))
        if item.value is None or value is None:
            continue
        allowed = item.value / (4 if item.grain == "hour" else 48) if _bridged(view, item) else 0
        if abs(value - item.value) > allowed:
            yield f"{item.metric} of {item.subject}, {item.start}: {item.value} happened, {value} was derived"


def _bridged(view: View, item: Truth) -> bool:
    """Whether the meter's reports around both edges of the window are close enough for the increase to be shared."""
    kind, _, name = item.subject.partition(":")
    if kind != "device":
        return True
    meter = view.world.devices[name]
    at = view.arrived(meter)
    for edge in (int(item.start.timestamp()), int(item.end.timestamp())):
        before, after = at[at <= edge], at[at >= edge]
        if not before.size or not after.size or after[0] - before[-1] > hold_s(meter):
            return False
    return True


@pytest.mark.parametrize("names", [*((name,) for name in faults.NAMES), faults.NAMES], ids=[*faults.NAMES, "all"])
def test_with_this_fault_no_figure_is_silently_wrong(
    connection: psycopg.Connection, tmp_path: Path, names: tuple[str, ...]
) -> None:
    file = collected.catalogue(tmp_path)
    world = demo(7, file)
    chosen = [_often(world, name) for name in names]
    account = collected.collect(connection, file, world, *SENT, faults=chosen)
    for fault in chosen:
        assert _struck(world, fault) > 0, fault.name
        trace = TRACES.get(fault.name)
        assert trace is None or trace(account), (fault.name, account)
    assert list(ledger.check(connection)) == []
    found = [item for item in truth(world, MONDAY, END, faults=chosen, sent=SENT) if item.grain != "window"]
    judged = [item for item in found if _is_judged(item, chosen)]
    told = list(truthful.differences(connection, world.district, judged))
    view = View(world=world, start=MONDAY, end=END, faults=tuple(chosen), sent=SENT)
    told += _shared_out(connection, view, [item for item in found if item.metric == "energy_use" and not item.exact])
    assert not told, f"{len(told)} of {len(found)}\n" + "\n".join(told[:: max(1, len(told) // 25)])
    # What nothing was lost of must be exact, and that is nearly everything.
    assert sum(item.exact for item in found) > len(found) // (2 if len(names) == 1 else 4)
