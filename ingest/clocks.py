"""How far the times of devices are from their arrival, added up by a collector and filed once a minute.

Whole batches at a time and a sample of large ones: some 40 ns a reading looked at, and never more than `SAMPLE` of a batch.
"""

import re
import time
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import psycopg

from ingest.columns import Columns
from ingest.draft import Draft
from ingest.formats.clock import SKEW
from ingest.model import Flag, Refusal
from ingest.series import SeriesTable
from ingest.statements import statement

Int = npt.NDArray[np.int64]

#: Readings of one batch that are looked at. Our choice: more than devices report in a tenth of a second.
SAMPLE = 4_096
FILED_EVERY_S = 60.0
_HOUR_US = 3_600_000_000
_UNTIMED = int(Flag.TIME_FROM_RECEIPT)
#: What says nothing of a clock: declared imports, what a device had kept, what had waited at the broker.
_NOT_LIVE = int(Flag.BACKFILL | Flag.HISTORICAL | Flag.AFTER_RECONNECT)
#: What the database has room for [s]: 68 years.
_FARTHEST_S = np.iinfo(np.int32).max
_NEVER = np.iinfo(np.int64).max


class Clocks:
    """One collector's view of the clocks. `seen` after each batch that was committed; `file` within a transaction."""

    def __init__(self, collector: str) -> None:
        self._collector = collector
        self._numbers: dict[tuple[str, str], int] = {}
        #: by series: the device's number
        self._device = np.zeros(0, dtype=np.int64)
        #: by device: readings, untimed; least and greatest lateness [s]; least and greatest time [µs]
        self._sums = np.zeros((2, 0), dtype=np.int64)
        self._least = np.zeros((2, 0), dtype=np.int64)
        self._most = np.zeros((2, 0), dtype=np.int64)
        self._hour: int | None = None
        self._filed_at = time.monotonic()
        self._filing = False

    def seen(self, columns: Columns, table: SeriesTable, arrival_us: int) -> None:
        """Take up a batch that was committed, whose first message came at `arrival_us` [µs since 1970 UTC]."""
        if self._filing:
            self._filing = False
            self._filed_at = time.monotonic()
            self._forget()
        hour = arrival_us // _HOUR_US
        if self._hour is None:
            self._hour = hour
        if hour != self._hour or not len(columns):
            return  # the hour that ended is filed first
        step = -(-len(columns) // SAMPLE)
        self._grow(table)
        device, flags = self._device[columns.series[::step]], columns.flags[::step]
        live = (flags & _NOT_LIVE) == 0
        timed = live & ((flags & _UNTIMED) == 0)
        np.add.at(self._sums[0], device[live], 1)
        np.add.at(self._sums[1], device[live & ~timed], 1)
        self._spread(device[timed], columns.late[::step][timed], columns.time[::step][timed])

    def refused_again(self, draft: Draft, again: Iterable[tuple[int, Refusal]]) -> None:
        """Take up messages of a batch that was committed, refused for their time like the same bytes before them.

        Quarantine keeps such bytes once, so nothing else tells that a clock goes on saying one time.
        """
        for number, refusal in again:
            message, device = draft.messages[number], draft.device[number]
            told = re.match(SKEW, refusal.detail)
            if told is None or device is None or message.dup or message.received_at // _HOUR_US != self._hour:
                continue
            late = min(int(told[1]), _FARTHEST_S) if told[2] == "before" else -min(int(told[1]), _FARTHEST_S)
            of = np.array([self._number(draft.group[number].district, device)])
            np.add.at(self._sums[0], of, 1)
            self._spread(of, np.array([late]), np.array([message.received_at - late * 1_000_000]))

    def file(self, connection: psycopg.Connection, arrival_us: int) -> None:
        """Write what was seen, where it is time to: once a minute, and when an hour ends."""
        ended = self._hour is not None and arrival_us // _HOUR_US != self._hour
        if not ended and time.monotonic() - self._filed_at < FILED_EVERY_S:
            return
        self._filing = True
        if (rows := self._rows()) is not None:
            connection.execute(statement("device_clock"), rows)

    def _rows(self) -> Mapping[str, object] | None:
        found = np.flatnonzero(self._sums[0])
        if not len(found) or self._hour is None:
            return None
        names = list(self._numbers)
        timed = self._sums[0, found] > self._sums[1, found]

        def column(values: Int) -> list[int | None]:
            return [
                value if known else None for value, known in zip(values[found].tolist(), timed.tolist(), strict=True)
            ]

        return {
            "hour": self._hour, "collector": self._collector,
            "district": [names[number][0] for number in found.tolist()],
            "device": [names[number][1] for number in found.tolist()],
            "readings": self._sums[0, found].tolist(), "untimed": self._sums[1, found].tolist(),
            "least_s": column(self._least[0]), "most_s": column(self._most[0]),
            "first_us": column(self._least[1]), "last_us": column(self._most[1]),
        }  # fmt: skip

    def _spread(self, of: Int, late: Int, time: Int) -> None:
        for row, values in enumerate((late, time)):
            np.minimum.at(self._least[row], of, values)
            np.maximum.at(self._most[row], of, values)

    def _forget(self) -> None:
        self._sums[:] = 0
        self._least[:] = _NEVER
        self._most[:] = -_NEVER
        self._hour = None

    def _grow(self, table: SeriesTable) -> None:
        """Room for series that are new since the last batch."""
        known = table.keys_from(len(self._device))
        if not known:
            return
        numbers = [self._number(key.district, key.device) for key in known]
        self._device = np.concatenate([self._device, np.array(numbers, dtype=np.int64)])

    def _number(self, district: str, device: str) -> int:
        """The device's number, with room for what is seen of it."""
        number = self._numbers.setdefault((district, device), len(self._numbers))
        if number >= self._sums.shape[1]:
            self._make_room(max(64, number))
        return number

    def _make_room(self, new: int) -> None:
        self._sums = np.pad(self._sums, ((0, 0), (0, new)))
        self._least = np.pad(self._least, ((0, 0), (0, new)), constant_values=_NEVER)
        self._most = np.pad(self._most, ((0, 0), (0, new)), constant_values=-_NEVER)
