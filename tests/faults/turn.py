"""One round: a load, a fault in the middle of it, and the account of every message afterwards."""

import logging
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from random import Random

import psycopg

from district.cli.collect import STAGES
from ingest import ledger, quarantine, sequences
from ingest.seal import Opener
from tests.faults.load import Load
from tests.faults.plant import KEYS, Plant, wait_until
from tests.faults.publisher import DEVICES, bad

logger = logging.getLogger(__name__)

#: The collector is back by itself so soon after the cause has ended [s].
RECOVERED_S = 10.0
#: Times of a round's messages begin so far apart; a round has fewer messages than this has milliseconds.
APART_MS = 100_000
#: Nothing new for so long: what is missing by then is lost [s].
QUIET_S = 1.0
#: Messages before and after the fault, and how many of them a second.
BEFORE, AFTER, RATE = 1_600, 300, 2_000
#: A load lasts so long [s].
LOAD_S = BEFORE / RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that happens under load, and how its round differs from the others."""

    #: does it; returns when the cause has ended
    happens: "Callable[[Turn], None]"
    #: the gateway waits for commit receipts
    receipts: bool = False
    #: no message of the load belongs into quarantine, so that the devices' own counting names what is missing
    clean: bool = False
    #: the broker forgets messages that a gateway without receipts has got acknowledged
    loses: bool = False
    #: what is committed may come again
    redelivers: bool = True


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a round came to; a line of the campaign's result file."""

    fault: str
    seed: int
    at: str
    #: where the collector stood when it happened (idle: between two batches), and messages delivered and not acknowledged
    hits: list[tuple[str, int]] = field(default_factory=list)
    #: how long the cause lasted, and from its end to the commit of a message that came afterwards [s]
    outage_s: float = 0.0
    recovered_s: float = 0.0
    acknowledged: int = 0
    resent: int = 0
    stored: int = 0
    quarantined: int = 0
    duplicate: int = 0
    #: acknowledged to a gateway without receipts and gone with the broker: runs of them, both ends included; the holes in
    #: the devices' own counting (`seq`) name the same ones
    lost: sequences.Runs = field(default_factory=list)
    redelivered: int = 0


class Turn:
    """The round under way, as a fault sees it."""

    def __init__(self, plant: Plant, number: int, fault: Fault, seed: int, outage_s: float) -> None:
        self.plant, self.wire = plant, plant.wire
        self.number, self.random, self.outage_s = number, Random(seed), outage_s
        self.start_ms = plant.epoch_ms + number * APART_MS
        self.fault = fault
        self.load = Load(
            plant.broker.port, self.start_ms, boot=number, receipts=fault.receipts, clean=fault.clean
        )  # fmt: skip
        self.hits: list[tuple[str, int]] = []
        #: messages of the fault's own that belong into quarantine
        self.extra = 0
        with self.database() as connection:
            row = connection.execute(
                "SELECT (SELECT coalesce(max(id), 0) FROM ingest.quarantine), (SELECT coalesce(max(id), 0) FROM ingest.batch)"
            ).fetchone()
        assert row is not None
        #: the last entry in quarantine, and the last batch, before the round
        self.quarantined, self.batch = row

    def database(self) -> psycopg.Connection:
        """A connection in which every statement stands by itself."""
        return psycopg.connect(self.plant.server.dsn(), autocommit=True)

    def stored(self) -> Counter[int]:
        """How often each message of this round is stored."""
        return self.plant.stored(self.start_ms, APART_MS)

    def begin(self, messages: int = BEFORE, rate: int | None = RATE) -> None:
        """Send, and wait until some of it, chosen at random, is stored."""
        enough = self.stored().total() + self.random.randint(1, messages // 8)
        self.load.send(messages, rate)
        wait_until(lambda: self.stored().total() >= enough, f"{enough} messages\n{self.plant.log()}")

    def hit(self, wanted: str | None = None, *, freeze: bool = False) -> None:
        """Wait for a stage of the collector, chosen at random, or after a while any with messages in hand; note what was hit."""
        wanted = wanted or self.random.choice(STAGES)
        with self.plant.stage() as stage:
            begun = time.monotonic()
            while (waited := time.monotonic() - begun) < LOAD_S:
                name, in_hand = stage()
                if (in_hand or self.wire.outstanding()) and (name == wanted or waited > LOAD_S / 3):
                    break
                time.sleep(0.0005)
            if freeze:
                self.plant.freeze()
            self.hits.append((stage()[0], self.wire.outstanding()))

    def last(self) -> None:
        """Let the cause last as long as this round has it."""
        time.sleep(self.outage_s)


def play(plant: Plant, number: int, fault: Fault, seed: int, *, outage_s: float) -> Outcome:
    """A round on a plant with a collector that runs and a wire: a fault, and its account.

    Args:
        plant: where.
        number: of the round on this plant.
        fault: what happens.
        seed: of the round's random choices.
        outage_s: how long the cause lasts, where it lasts.

    Raises:
        AssertionError: a promise was broken.
    """
    begun = datetime.now(UTC)
    turn = Turn(plant, number, fault, seed, outage_s)
    stale = len(turn.wire.watch.stale)
    redelivered = turn.wire.watch.redelivered
    outcome = Outcome(fault=fault.happens.__name__, seed=seed, at=begun.isoformat(timespec="seconds"))
    with turn.load:
        cause = time.monotonic()
        fault.happens(turn)
        ended, before = time.monotonic(), turn.load.asked
        outcome.outage_s = round(ended - cause, 2)
        turn.load.send(AFTER, RATE)
        outcome.recovered_s = _recovered(turn, ended, before)
        asked = turn.load.asked
        outcome.acknowledged, outcome.resent = turn.load.finish()
    assert outcome.acknowledged == asked
    outcome.hits = turn.hits
    _examine(turn, outcome, asked)
    outcome.redelivered = turn.wire.watch.redelivered - redelivered
    assert turn.wire.watch.stale[stale:] == [], "a stale acknowledgement"
    if not fault.redelivers:
        assert outcome.duplicate == 0, f"{outcome.duplicate} committed messages were not acknowledged"
    logger.warning("round %d: %s", number, asdict(outcome))
    return outcome


def _recovered(turn: Turn, ended: float, first: int) -> float:
    """Wait until one of the messages is stored that were sent after the cause had ended, `first` and later ones [s]."""
    wait_until(
        lambda: any(number >= first for number in turn.stored()), f"the collector\n{turn.plant.log()}", RECOVERED_S
    )
    return round(time.monotonic() - ended, 2)


def _examine(turn: Turn, outcome: Outcome, asked: int) -> None:
    wrong = Counter(number for number in range(asked) if bad(number) and not turn.fault.clean)
    expected = Counter(range(asked)) - wrong
    with turn.database() as connection:
        _settle(turn, connection, asked)
        stored, (kept, others) = turn.stored(), _kept(turn, connection)
        outcome.stored, outcome.quarantined = stored.total(), kept.total() + others
        lost = sorted((expected - stored).elements())
        outcome.lost = sequences.runs(lost)
        assert turn.fault.loses or not lost, f"lost {outcome.lost}\n{turn.plant.log()}"
        assert stored - expected == Counter(), "stored and never sent, or stored twice"
        assert (kept, others) == (wrong, turn.extra), "quarantine"
        if turn.fault.clean:
            assert _holes(turn, connection) == lost
        assert list(ledger.check(connection)) == []
        row = connection.execute(
            "SELECT coalesce(sum(l.duplicate), 0), coalesce(sum(l.conflict), 0)"
            " FROM ingest.ledger l JOIN ingest.batch b ON b.id = l.batch_id WHERE b.id > %s",
            (turn.batch,),
        ).fetchone()
        assert row is not None
        outcome.duplicate = int(row[0])
        assert row[1] == 0, "a conflict"


def _settle(turn: Turn, connection: psycopg.Connection, asked: int) -> None:
    """Wait until all is there, or, where something may be lost, until nothing more comes; and nothing is in hand."""
    seen, since = -1, time.monotonic()

    def settled() -> bool:
        nonlocal seen, since
        rows = turn.stored().total() + _kept(turn, connection)[0].total()
        if rows != seen:
            seen, since = rows, time.monotonic()
        quiet = time.monotonic() - since > QUIET_S
        return turn.wire.outstanding() == 0 and (quiet if turn.fault.loses else rows >= asked)

    try:
        wait_until(settled, "all of it", 20)
    except AssertionError:
        raise AssertionError(
            f"{seen} of {asked} messages, {turn.wire.outstanding()} in hand\n{turn.plant.log()}"
        ) from None


def _kept(turn: Turn, connection: psycopg.Connection) -> tuple[Counter[int], int]:
    """What of the load is in quarantine by number, and how many other messages are."""
    opener = Opener(KEYS.private)
    row = connection.execute(
        "SELECT coalesce(array_agg(id), '{}') FROM ingest.quarantine WHERE id > %s", (turn.quarantined,)
    ).fetchone()
    numbers, others = Counter[int](), 0
    for item in quarantine.find(connection, ids=row[0] if row else []):
        match = re.search(rb'"ts": ?([0-9]+)', quarantine.body_of(item, opener) or b"")
        number = int(match[1]) - turn.start_ms if match else -1
        if 0 <= number < APART_MS:
            numbers[number] += 1
        else:
            others += 1
    return numbers, others


def _holes(turn: Turn, connection: psycopg.Connection) -> list[int]:
    """What never arrived, by the devices' own counting."""
    return sorted(
        seq * DEVICES + int(hole.device.removeprefix("dev"))
        for hole in sequences.holes(connection)
        if hole.boot == turn.number
        for seq in range(hole.first, hole.last + 1)
    )
