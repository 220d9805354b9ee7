"""How many requests one caller may make: a rate that a short burst may exceed."""

import threading
import time
from collections.abc import Callable


class Limiter:
    """Counts in memory, by the generic cell rate algorithm (ITU-T I.371): one number per caller.

    Args:
        per_minute: requests of one caller in a minute, of which all may come at once.
        clock: monotonic time [s].
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 60.0 / per_minute
        self._clock = clock
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait_s(self, caller: str) -> float:
        """Count a request; returns how long the caller has to wait before it would be taken [s], 0: it is taken."""
        now = self._clock()
        with self._lock:
            if len(self._free_at) > 10_000:
                self._free_at = {name: at for name, at in self._free_at.items() if at > now}
            at = max(self._free_at.get(caller, now), now)
            early_s = at + self._interval_s - 60.0 - now
            if early_s > 1e-9:
                return early_s
            self._free_at[caller] = at + self._interval_s
        return 0.0
