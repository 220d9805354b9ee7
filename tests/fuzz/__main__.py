"""`python -m tests.fuzz --number 1000000 [--seed 1] [--formats senml,hikvision] [--only 4711] [--keep FOLDER]`."""

import argparse
import hashlib
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.maker import Maker
from tests.fuzz.trial import Fault, Trial

#: Growth of the resident set over a run above which memory counts as unbounded [MB]. Our choice.
GROWTH_MB = 150
_WARM = 50_000
#: Messages in a batch; the formats change at multiples of it.
BATCH = 25


def main() -> int:
    """Run; exit status 1 where a message broke something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--number", type=int, default=100_000, help="messages")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--formats", default="", help="some formats, separated by commas")
    parser.add_argument("--only", type=int, help="print the message of one number, and try it alone")
    parser.add_argument("--keep", type=Path, help="folder in which each fault becomes a golden folder without readings")
    options = parser.parse_args()
    maker, trial = Maker(options.seed, [name for name in options.formats.split(",") if name]), Trial()
    if options.only is not None:
        form, sent = maker.message(options.only)
        print(form, sent.topic, sent.payload)
        return _reported([*trial.batch(form, [(options.only, sent)])], options.keep)
    started, faults, warm = time.monotonic(), list[Fault](), 0
    for first in range(0, options.number, BATCH):
        numbers = range(first, min(first + BATCH, options.number))
        made = [(number, *maker.message(number)) for number in numbers]
        faults += trial.batch(made[0][1], [(number, sent) for number, _, sent in made])
        if numbers[0] <= _WARM:
            warm = _resident()
    taken, growth = time.monotonic() - started, _resident() - warm
    print(
        f"{options.number:,} messages, seed {options.seed}, {taken:.0f} s, {len(faults)} faults, memory grew by {growth} MB"
    )
    if growth > GROWTH_MB:
        print(f"memory: expected at most {GROWTH_MB} MB of growth")
        return 1
    return _reported(faults, options.keep)


def _reported(faults: list[Fault], keep: Path | None) -> int:
    kinds = Counter((fault.form, fault.what) for fault in faults)
    for fault in faults:
        if kinds.pop((fault.form, fault.what), 0):
            print(f"{fault.number} {fault.form} {fault.sent.topic[:80]!r} {fault.sent.payload[:200]!r}: {fault.what}")
            if keep is not None:
                _kept(fault, keep)
    return 1 if faults else 0


def _kept(fault: Fault, keep: Path) -> None:
    folder = keep / fault.form / f"fuzz_{hashlib.sha256(fault.sent.payload).hexdigest()[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "topic").write_text(fault.sent.topic + "\n")
    (folder / "payload.hex").write_text(fault.sent.payload.hex() + "\n")


def _resident() -> int:
    """The largest resident set so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
