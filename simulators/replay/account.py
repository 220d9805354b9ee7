"""The account of a replay, in cells: what was read is what was sent, missing, refused or ignored."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Refusal(NamedTuple):
    """Cells that were not sent because they could not be understood."""

    line: int  #: physical line at which the row begins, from 1
    column: str  #: '' where the whole row is refused
    cells: int
    reason: str

    def __str__(self) -> str:
        place = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{place}: {self.reason} ({self.cells} cell{'s' * (self.cells != 1)})"


@dataclass(slots=True, kw_only=True)
class FileAccount:
    """What became of the cells of one file. A cell is one cell of a column that has a quantity."""

    rows: int = 0
    read: int = 0
    sent: int = 0
    missing: int = 0
    ignored: Counter[str] = field(default_factory=Counter)  #: cells by reason
    refused: int = 0
    first: int | None = None  #: earliest instant a sent cell speaks of, µs since 1970 UTC
    last: int | None = None  #: latest

    @property
    def balanced(self) -> bool:
        """Whether every cell that was read has exactly one fate."""
        return self.read == self.sent + self.missing + self.refused + self.ignored.total()

    def equation(self) -> str:
        """The account as one line."""
        return (
            f"read {self.read} {'=' if self.balanced else '≠'} sent {self.sent} + missing {self.missing} "
            f"+ refused {self.refused} + ignored {self.ignored.total()}"
        )


class Arrived(NamedTuple):
    """What the collector made of the cells that were sent, recounted from its ledger and quarantine."""

    messages: int
    stored: int
    duplicate: int
    conflict: int
    quarantined: int

    @property
    def cells(self) -> int:
        """All cells that arrived."""
        return self.stored + self.duplicate + self.conflict + self.quarantined

    def __sub__(self, other: "Arrived") -> "Arrived":
        return Arrived(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    def twice(self, sent: int, messages: int) -> int:
        """Cells that arrived once more, after a lost connection made somebody send some of `messages` again."""
        return max(0, self.cells - sent) if self.messages > messages else 0

    def balances(self, sent: int, messages: int) -> bool:
        """Whether each cell that was sent, in `messages` messages, arrived."""
        return sent == self.cells - self.twice(sent, messages)

    def equation(self, sent: int, messages: int) -> str:
        """The account as one line."""
        again = self.twice(sent, messages)
        return (
            f"sent {sent} {'=' if self.balances(sent, messages) else '≠'} stored {self.stored} "
            f"+ duplicate {self.duplicate} + conflict {self.conflict} + quarantined {self.quarantined}"
            + (f" - delivered twice {again}" if again else "")
        )
