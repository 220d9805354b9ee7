"""Rounds of every fault, with outages of any length: `make faults ROUNDS=20`. A line of JSON per round, a table at the end.

Each round has a seed of its own, printed with it: `--fault NAME --seed SEED` and one round do the same again, as far as
the machine lets them.
"""

import argparse
import logging
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

import orjson

from tests.faults.faults import FAULTS
from tests.faults.hall import Hall
from tests.faults.turn import Outcome

#: Of ten outages two are longer than every patience the collector has with a lock (10 s) or a silent link (5 s here).
LONG_SHARE, LONG_S, SHORT_S = 0.2, (11.0, 20.0), (0.2, 3.0)
#: Rounds on one plant: then everything is made anew.
ROUNDS_PER_PLANT = 50


class Campaign:
    """Plays rounds, each on the plant of the one before as long as that keeps its promises."""

    def __init__(self, result: Path) -> None:
        self.hall = Hall()
        self._result = result
        self.outcomes: dict[str, list[Outcome]] = defaultdict(list)
        self.broken: list[str] = []

    def play(self, name: str, seed: int) -> None:
        """One round; what it came to is written down."""
        random = Random(seed)
        outage_s = round(random.uniform(*(LONG_S if random.random() < LONG_SHARE else SHORT_S)), 1)
        try:
            outcome = self.hall.play(FAULTS[name], seed, outage_s)
        except (AssertionError, OSError) as error:
            self.broken.append(f"{name}, seed {seed}: {error}")
            self._write({"fault": name, "seed": seed, "outage_s": outage_s, "broken": str(error)})
            self.hall.close()
            return
        self.outcomes[name].append(outcome)
        self._write({**asdict(outcome), "fault": name})
        if self.hall.rounds == ROUNDS_PER_PLANT:
            self.hall.close()

    def _write(self, line: dict[str, object]) -> None:
        text = orjson.dumps(line).decode()
        with self._result.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        sys.stdout.write(f"{text[:300]}\n")
        sys.stdout.flush()


def table(outcomes: dict[str, list[Outcome]]) -> str:
    """What the rounds came to, a line per fault, in Markdown."""
    lines = [
        "| fault | rounds | messages | came twice | lost | back after, median and worst [s] |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in outcomes.items():
        messages, twice = sum(one.acknowledged for one in found), sum(one.duplicate for one in found)
        lost = [sum(last - first + 1 for first, last in one.lost) for one in found]
        back = [one.recovered_s for one in found]
        told = f"{sum(lost)} in {sum(map(bool, lost))} rounds, at most {max(lost)}" if any(lost) else "0"
        lines.append(
            f"| {name} | {len(found)} | {messages:,} | {twice:,} | {told} | {median(back):.1f}, {max(back):.1f} |"
        )
    return "\n".join(lines)


def main(words: Sequence[str]) -> int:
    """Play, and print what it came to; 1: a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, help="of every fault")
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each further one has the next")
    parser.add_argument("--fault", choices=list(FAULTS), help="only this one")
    parser.add_argument("--result", type=Path, default=Path("faults.jsonl"), help="file that gets a line per round")
    chosen = parser.parse_args(words)
    campaign = Campaign(chosen.result)
    seed = chosen.seed
    begun = datetime.now(UTC)
    try:
        for _ in range(chosen.rounds):
            for name in [chosen.fault] if chosen.fault else FAULTS:
                campaign.play(name, seed)
                seed += 1
    finally:
        campaign.hall.close()
    sys.stdout.write(
        f"\nbegun {begun:%Y-%m-%d %H:%M} UTC, seeds {chosen.seed} to {seed - 1}\n{table(campaign.outcomes)}\n"
    )
    for line in campaign.broken:
        sys.stdout.write(f"broken: {line}\n")
    return 1 if campaign.broken else 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    # As Ctrl-C does: nothing that was started stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
