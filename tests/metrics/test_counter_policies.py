"""What a running total counted is right over restarts, wraps, daily resets, exchanges and dips; readings stay as they came."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from ingest.catalogue.replace import Swap, replace
from tests.metrics import readings as put
from tests.metrics.readings import DISTRICT, Row, at
from tests.metrics.rollup.test_recompute import roll

HOUR = timedelta(hours=1)


class Meter:
    """A device with one running total, a reading every ten minutes."""

    def __init__(self, connection: psycopg.Connection, quantity: str, policy: dict[str, object] | None = None) -> None:
        self.connection = connection
        put.register(connection, "district", DISTRICT, {"zone": "Asia/Shanghai", "demo": False})
        body = {"interval_s": 600, "origin": "real", "feed": "energy"}
        counters = {} if policy is None else {"counters": {quantity: policy}}
        put.register(connection, "device", "dev", {**body, **counters})
        self.quantity, self.stream = quantity, put.datastream(connection, quantity)

    def reads(self, values: Sequence[float | None], start: float = 0, every: float = 10) -> None:
        """Readings from START plus `start` minutes on; None: one that is missing."""
        rows = [Row(at=at(start + every * n), value=v) for n, v in enumerate(values) if v is not None]
        put.insert(self.connection, self.stream, rows)

    def hours(self) -> list[tuple[float, int, int]]:
        """Amount, resets and dips of each hour."""
        self.connection.commit()
        roll(self.connection, at(6_000))
        rows = self.connection.execute(
            "SELECT h.amount::float8 + coalesce(h.gap_amount, 0)::float8, h.resets, h.dips"
            " FROM metrics.hour h ORDER BY h.hour"
        ).fetchall()
        self.connection.commit()
        return [(row[0], row[1], row[2]) for row in rows]

    def total(self) -> tuple[float, int, int]:
        """The same over all hours."""
        found = self.hours()
        return round(sum(hour[0] for hour in found), 6), sum(hour[1] for hour in found), sum(hour[2] for hour in found)

    def raw(self) -> list[float]:
        rows = self.connection.execute("SELECT value FROM ingest.reading ORDER BY time").fetchall()
        return [value for (value,) in rows]


RESTART: dict[str, object] = {"policy": "restart"}


@pytest.mark.parametrize(
    ("quantity", "policy", "values", "total"),
    [
        # Restarted by a power cut: what it shows then was counted since.
        ("people.in_total", RESTART, [100, 110, 3, 8], (18, 1, 0)),
        ("people.in_total", None, [100, 110, 3, 8], (18, 1, 0)),  # the policy when nothing is said
        ("people.in_total", RESTART, [100, 0, 5, 0, 2], (7, 2, 0)),  # twice within an hour
        ("people.in_total", RESTART, [100, 100, 100], (0, 0, 0)),
        # Nothing is known of what an `ignore` fall hides; counting goes on from there.
        ("people.in_total", {"policy": "ignore"}, [100, 110, 60, 64], (14, 1, 0)),
        # A register of 16 bits, and a meter with five digits and a half.
        ("people.in_total", {"policy": "wrap", "wrap": "65536"}, [65_530, 4, 10], (16, 1, 0)),
        ("energy.import_total", {"policy": "wrap", "wrap": "100000"}, [99_999.5, 0.4, 1.1], (1.6, 1, 0)),
        # Noise of the last digit is no reset: it adds nothing, and what rises again counts once.
        ("people.in_total", {"policy": "restart", "dip": "1"}, [100, 99, 100, 105], (5, 0, 1)),
        ("people.in_total", {"policy": "wrap", "wrap": "65536", "dip": "2"}, [100, 98, 101], (1, 0, 1)),
        ("energy.import_total", {"policy": "restart", "dip": "0.1"}, [500.0, 499.95, 499.9, 500.2], (0.2, 0, 2)),
        # A fall larger than the dip is one.
        ("people.in_total", {"policy": "restart", "dip": "1"}, [100, 98, 100], (100, 1, 0)),
    ],
)
def test_a_fall_is_read_as_the_policy_says_and_raw_readings_stay(
    connection: psycopg.Connection,
    quantity: str,
    policy: dict[str, object] | None,
    values: list[float],
    total: tuple[float, int, int],
) -> None:
    meter = Meter(connection, quantity, policy)
    meter.reads(values)
    assert meter.total() == total
    assert meter.raw() == [float(value) for value in values]


def test_a_daily_reset_at_local_midnight_gives_each_day_what_the_display_showed(connection: psycopg.Connection) -> None:
    meter = Meter(connection, "people.in_total", RESTART)
    midnight = datetime(2026, 3, 2, 16, tzinfo=UTC)  # 3 March in Shanghai
    start = (midnight - at(0)).total_seconds() / 60
    # Two people every ten minutes; at midnight the display shows 0.
    meter.reads([2 * n for n in range(144)], start - 1_440)
    meter.reads([2 * n for n in range(144)], start)
    meter.hours()
    rows = connection.execute(
        "SELECT hour >= %s, sum(amount)::int, sum(resets)::int FROM metrics.hour GROUP BY 1 ORDER BY 1", (midnight,)
    ).fetchall()
    # The last two of a day come after its last report, and the display forgets them.
    assert rows == [(False, 286, 1), (True, 286, 0)]


def test_a_reset_in_a_gap_counts_what_came_after_it(connection: psycopg.Connection) -> None:
    meter = Meter(connection, "people.in_total", RESTART)
    meter.reads([1_000, 1_010, *[None] * 12, 40, 46])
    assert meter.total() == (56, 1, 0)


@pytest.mark.parametrize("late", [0, 1])
def test_over_an_exchange_the_total_counts_what_both_meters_counted(connection: psycopg.Connection, late: int) -> None:
    meter = Meter(connection, "energy.import_total", RESTART)
    old, new = [1_000.0, 1_001.0, 1_002.0], [700.5, 701.5]
    meter.reads(old[: 3 - late])
    swap = Swap(
        old="dev", new=None, at=at(25), last={"energy.import_total": Decimal("1002.5")},
        first={"energy.import_total": Decimal(700)},
    )  # fmt: skip
    connection.commit()
    assert replace(connection, swap, now=at(25), who="electrician", district=DISTRICT).shifted == {
        f"{DISTRICT}/dev/energy.import_total": Decimal("302.5")
    }
    meter.reads(new, start=30)
    if late:  # what the old one had kept comes when the new one runs
        meter.hours()
        meter.reads(old[2:], start=20)
    # 2 until the last report, 0.5 until it was taken down, 0.5 and 1 of the new one.
    assert meter.total() == (4.0, 0, 0)
    assert meter.raw() == [*old, *new]


def test_new_hardware_that_begins_at_zero_needs_no_word(connection: psycopg.Connection) -> None:
    meter = Meter(connection, "people.in_total", RESTART)
    meter.reads([1_000, 1_010])
    connection.commit()
    swap = Swap(old="dev", new="dev-b", at=at(15), last={}, first={})
    assert replace(connection, swap, now=at(15), who="w", district=DISTRICT).shifted == {}
    meter.reads([3, 8], start=20)
    assert meter.total() == (18, 1, 0)
