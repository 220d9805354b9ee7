"""Has the plant on which rounds follow each other."""

from contextlib import ExitStack

from tests.faults.plant import Plant, plant, wait_until
from tests.faults.turn import Fault, Outcome, play


class Hall:
    """One plant at a time; one that broke its promise is torn down, so that the next round finds another."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._plant: Plant | None = None
        #: played on this plant
        self.rounds = 0

    def plant(self) -> Plant:
        """A plant with a collector that has subscribed."""
        if self._plant is None:
            self._plant = running = self._stack.enter_context(plant(wired=True))
            running.start_collector()
            wait_until(lambda: running.wire.watch.subscriptions > 0, "the collector")
        return self._plant

    def play(self, fault: Fault, seed: int, outage_s: float = 0.5) -> Outcome:
        """The next round on the plant."""
        running = self.plant()
        self.rounds += 1
        return play(running, self.rounds, fault, seed, outage_s=outage_s)

    def close(self) -> None:
        """Tear it down."""
        self._stack.close()
        self._plant, self.rounds = None, 0
