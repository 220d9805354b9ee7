"""Whether a time can be believed, given when it came."""

from ingest.model import Reason
from ingest.registry import DeviceEntry
from ingest.topics import Backfill

#: A regular expression of PostgreSQL for the sentence of `clock_refusal`: seconds, and `before` or `after`.
SKEW = "^the time is ([0-9]+) s (before|after) its arrival$"
#: Part of the sentence with which a time is refused that no clock shows.
OUTSIDE_YEARS = "outside the years"


class Clock:
    """How far a time may be from its arrival, in µs."""

    def __init__(self, ahead_s: int, behind_s: int) -> None:
        self.ahead = ahead_s * 1_000_000
        self.behind = behind_s * 1_000_000

    def of(self, device: DeviceEntry) -> "Clock":
        """The limits of a device: its own, and these where it declares none."""
        if device.ahead_us is None and device.behind_us is None:
            return self
        own = Clock(0, 0)
        own.ahead = self.ahead if device.ahead_us is None else device.ahead_us
        own.behind = self.behind if device.behind_us is None else device.behind_us
        return own


def clock_refusal(time: int | None, arrival: int, backfill: Backfill | None, clock: Clock) -> tuple[Reason, str] | None:
    """Why a time cannot be taken; None: it can. A declared import lifts the limits for its own period."""
    if time is None or arrival - clock.behind <= time <= arrival + clock.ahead:
        return None
    if backfill is not None and backfill.start <= time < backfill.stop:
        return None
    seconds = abs(time - arrival) // 1_000_000
    return Reason.CLOCK, f"the time is {seconds} s {'after' if time > arrival else 'before'} its arrival"
