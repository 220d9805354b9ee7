"""The readings of a draft as arrays, and as the bytes of a binary COPY."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ingest.draft import Draft
from ingest.model import Flag
from ingest.series import SeriesTable

Int = npt.NDArray[np.int64]

#: 2000-01-01, from which PostgreSQL's binary timestamps count, in µs since 1970.
POSTGRES_EPOCH = 946_684_800_000_000
_FIELDS = [("n", ">i2"), ("l0", ">i4"), ("time", ">i8"), ("l1", ">i4"), ("value", ">f8"), ("l2", ">i4"), ("batch", ">i8"),
           ("l3", ">i4"), ("series", ">i4"), ("l4", ">i4"), ("late", ">i4"), ("l5", ">i4"), ("flags", ">i2"), ("l6", ">i4")]  # fmt: skip
#: One row of a binary COPY, without and with a span.
ROW = np.dtype(_FIELDS)
ROW_SPAN = np.dtype([*_FIELDS, ("span", ">i8")])
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TAIL = b"\xff\xff"
#: The columns of such a row, in order.
COLUMNS = "time, value, batch_id, datastream_id, late_s, flags, span_us"


class Columns:
    """The readings of a draft as arrays of shape (readings,), in canonical units and µs."""

    def __init__(self, draft: Draft, table: SeriesTable) -> None:
        count = integers(draft.run_count)
        self.series = integers(draft.series)
        self.message: Int = np.repeat(integers(draft.run_message), count)
        time, arrival = integers(draft.run_time), integers(draft.run_arrival)
        self.time: Int = np.repeat(time, count)
        late = np.clip(-((time - arrival) // 1_000_000), -(2**31), 2**31 - 1)
        self.late: Int = np.repeat(late, count)
        self.value = np.fromiter(draft.values, np.float64, len(draft.values)) + 0.0  # -0 becomes 0
        self.flags: Int = np.repeat(integers(draft.run_flags), count)
        self.span: Int = np.repeat(integers(draft.run_span), count)
        if len(self.series):
            minimum, maximum, delta = table.limits()
            outside = (self.value < minimum[self.series]) | (self.value > maximum[self.series])
            self.flags[outside] |= int(Flag.OUT_OF_RANGE)
            self.span[~delta[self.series]] = 0

    def __len__(self) -> int:
        return len(self.series)

    def copy_rows(self, ids: npt.NDArray[np.int32], batch: int) -> bytes:
        """The rows of a binary COPY into ingest.reading."""
        spanned = self.span > 0
        parts = [COPY_HEAD]
        for rows, layout in ((np.flatnonzero(~spanned), ROW), (np.flatnonzero(spanned), ROW_SPAN)):
            out = np.empty(len(rows), dtype=layout)
            out["n"] = 7
            out["l0"] = out["l1"] = out["l2"] = 8
            out["l3"] = out["l4"] = 4
            out["l5"] = 2
            out["time"] = self.time[rows] - POSTGRES_EPOCH
            out["value"] = self.value[rows]
            out["batch"] = batch
            out["series"] = ids[rows]
            out["late"] = self.late[rows]
            out["flags"] = self.flags[rows]
            out["l6"] = 8 if layout is ROW_SPAN else -1
            if layout is ROW_SPAN:
                out["span"] = self.span[rows]
            parts.append(out.tobytes())
        parts.append(COPY_TAIL)
        return b"".join(parts)

    def ordered(self) -> Int:
        """Positions of the rows in the order of `copy_rows`."""
        spanned = self.span > 0
        return np.concatenate([np.flatnonzero(~spanned), np.flatnonzero(spanned)])


def integers(numbers: Iterable[int]) -> Int:
    """An array of them, shape (n,)."""
    return np.fromiter(numbers, np.int64)
